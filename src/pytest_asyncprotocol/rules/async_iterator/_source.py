"""Async iterators over given items, for a wrapper to read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, cast

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.snippets import inners


class Source:
    """Gives *items*, and ends by a StopAsyncIteration that can be told from every other one.

    ``taken`` are the items that it gave so far; ``ended`` says that it raised ``end``.
    """

    def __init__(self, items: Sequence[Any]) -> None:
        self.taken: list[Any] = []
        self.end = StopAsyncIteration()
        self.ended = False
        self._left = list(items)

    def __aiter__(self) -> Source:
        return self

    async def __anext__(self) -> Any:
        await checkpoint()
        if not self._left:
            self.ended = True
            raise self.end
        self.taken.append(self._left.pop(0))
        return self.taken[-1]

    async def aclose(self) -> None:
        """Give nothing more."""
        await checkpoint()
        self._left.clear()

    def as_source(self) -> Argument:
        """What makes one with the items that are left."""
        items = [each.as_source() if isinstance(each, Source) else each for each in self._left]
        return call_as_source(inners.Source, *items)


def holds(value: object, item: object) -> bool:
    """Whether *value* is *item* itself, or a collection with it inside."""
    if value is item:
        return True
    if isinstance(value, Mapping):
        value = list(cast("Any", value).values())
    if isinstance(value, (Sequence, AbstractSet)) and not isinstance(value, (str, bytes)):
        return any(holds(each, item) for each in cast("Sequence[Any]", value))
    return False
