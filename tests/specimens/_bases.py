"""Classes that specimens of several modules are made of."""

from __future__ import annotations

from typing import Any


class Alike(Exception):
    """Equals every other error."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BaseException)

    __hash__ = Exception.__hash__


class Holder:
    """Counts what it holds."""

    held = 0


def holds_nothing(holder: Any) -> bool:
    """What the specimens that hold something declare as released."""
    return holder.held == 0
