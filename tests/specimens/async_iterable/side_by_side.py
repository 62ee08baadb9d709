"""Specimens: iterators of one async iterable that are open at the same time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Self

from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_iterable._bases import Numbers

ITERABLE = Protocol.ASYNC_ITERABLE


@conforms("AB006", ITERABLE, independent=True, infinite=True)
class CountsForEver:
    """Never ends, for each of its iterators by itself."""

    async def __aiter__(self) -> AsyncIterator[int]:
        number = 0
        while True:
            await checkpoint()
            yield number
            number += 1


@violates(
    "AB006",
    ITERABLE,
    independent=True,
    says="with one pass inside of the other, one gave [1, 2]; alone it gave [0, 1, 2]",
)
class DividesItsItems:
    """Gives each of its items to one of its iterators only, as a queue does."""

    def __init__(self) -> None:
        self.left = [0, 1, 2]

    async def __aiter__(self) -> AsyncIterator[int]:
        while self.left:
            await checkpoint()
            yield self.left.pop(0)


@violates(
    "AB006",
    ITERABLE,
    independent=True,
    says={
        "asyncio": (
            "with a pass in each of two tasks, one gave ['item aa', 'item bb', 'item cc']; "
            "alone it gave ['item a', 'item b', 'item c']"
        ),
        "trio": (
            "with a pass in each of two tasks, one gave ['item aa', 'item ', 'item cc']; alone "
            "it gave ['item a', 'item b', 'item c']"
        ),
    },
)
class MixesUpTwoTasks:
    """Puts its items together in one place: two passes in turns are right, two at once are not."""

    text = ""

    async def __aiter__(self) -> AsyncIterator[str]:
        for item in "abc":
            self.text = "item "
            await checkpoint()
            self.text += item
            await checkpoint()
            yield self.text


class Connected:
    """Has one connection, which all its iterators use."""

    open = True

    def __aiter__(self) -> Any:
        self.open = True
        return Receiving(self)


class Receiving(Numbers):
    """Gives items as long as the connection is open."""

    def __init__(self, connection: Connected) -> None:
        super().__init__()
        self.connection = connection

    async def __anext__(self) -> int:
        if not self.connection.open:
            raise StopAsyncIteration
        return await super().__anext__()

    async def aclose(self) -> None:
        """Close the connection."""
        await checkpoint()
        self.connection.open = False


@violates(
    "AB006",
    ITERABLE,
    independent=True,
    says=(
        "with one of two iterators closed after its first item, one gave [0]; alone it "
        "gave [0, 1, 2]"
    ),
)
class ClosesForAll(Connected):
    """Closes what all its iterators use with the first of them."""


@violates(
    "AB006",
    ITERABLE,
    items=[1, 2, 3],
    reiterable=True,
    independent=True,
    says="with one pass inside of the other, one gave [1]; alone it gave [1, 2, 3]",
)
class ResetsItself:
    """Two passes in a row are right, two at once are not: micropython/micropython#6267."""

    def __aiter__(self) -> Self:
        self.count = 0
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if self.count == 3:
            raise StopAsyncIteration
        self.count += 1
        return self.count
