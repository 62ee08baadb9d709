"""Classes that specimens of several modules are made of."""

from __future__ import annotations

from typing import Any

import anyio


class Alike(Exception):
    """Equals every other error."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BaseException)

    __hash__ = Exception.__hash__


class Ticker:
    """Counts to three, and suspends before each item: the plain conforming iterator."""

    def __init__(self) -> None:
        self.left = [0, 1, 2]

    def __aiter__(self) -> Ticker:
        return self

    async def __anext__(self) -> int:
        await anyio.lowlevel.checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


class Holder:
    """Counts what it holds."""

    held = 0


def holds_nothing(holder: Any) -> bool:
    """What the specimens that hold something declare as released."""
    return holder.held == 0
