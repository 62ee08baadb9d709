"""Which async generators are left to the garbage collector."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from pytest_asyncprotocol.model.text import name_of


@contextmanager
def left_to_the_collector() -> Generator[list[str]]:
    """Give the names of the generators that began in this block, and were dropped unfinished.

    The list grows as the garbage collector finds them. The loop finalises them as ever.
    """
    dropped: list[str] = []
    finalizer = sys.get_asyncgen_hooks().finalizer

    def note(generator: Any) -> None:
        dropped.append(name_of(generator))
        if finalizer is not None:
            finalizer(generator)

    sys.set_asyncgen_hooks(finalizer=note)
    try:
        yield dropped
    finally:
        sys.set_asyncgen_hooks(finalizer=finalizer)
