"""Specimens: what an async iterator gives, and how it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.subjects import Ticker

ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR


@conforms("AI005", ITERATOR, items=[0, 1, 2])
class Sticky(Ticker):
    """Ends, and stays at its end."""


@violates(
    "AI005", ITERATOR, says="__anext__ #5, after the end, returned 0; expected StopAsyncIteration"
)
class StartsAgain(Ticker):
    """Gives items again after its end."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.left = [0, 1, 2]
            raise


@violates(
    "AI005",
    ITERATOR,
    items=[1],
    says=(
        "__anext__ #3 hangs: it waits at ... in WaitsForTheSentinel.__anext__ for "
        "MemoryObjectReceiveStream.receive, and nothing is left that could wake it"
    ),
)
class WaitsForTheSentinel:
    """Takes its sentinel once, and waits for ever afterwards."""

    def __init__(self) -> None:
        self.send, self.receive = anyio.create_memory_object_stream[int | None](9)
        self.send.send_nowait(1)
        self.send.send_nowait(None)

    def __aiter__(self) -> WaitsForTheSentinel:
        return self

    async def __anext__(self) -> int:
        value = await self.receive.receive()
        if value is None:
            raise StopAsyncIteration
        return value


@conforms("AI005", ITERATOR, resumable=True, says="not applicable: declared resumable=True")
class DeclaredResumable(StartsAgain):
    """Says that it may go on."""


@conforms("AI005", ITERATOR)
class RaisesAnotherErrorAfterTheEnd(Ticker):
    """Closes itself at its end, as anyio's streams do when they are closed."""

    ended = False

    async def __anext__(self) -> int:
        if self.ended:
            await anyio.lowlevel.checkpoint()
            raise anyio.ClosedResourceError
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.ended = True
            raise


@violates(
    "AI002",
    ITERATOR,
    says=(
        "__anext__ #4 raised RuntimeError: coroutine raised StopIteration; expected "
        "StopAsyncIteration"
    ),
)
class LetsStopIterationOut(Ticker):
    """Calls next() and does not catch its end."""

    def __init__(self) -> None:
        self.iterator = iter([0, 1, 2])

    async def __anext__(self) -> int:
        await anyio.lowlevel.checkpoint()
        return next(self.iterator)


@violates(
    "AI002",
    ITERATOR,
    says=(
        "__anext__ #4 raised StopIteration at the call, before there was anything to "
        "await; expected StopAsyncIteration"
    ),
)
class RaisesStopIterationAtTheCall(Ticker):
    """Raises the end of the other protocol, before there is anything to await."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        if not self.left:
            raise StopIteration
        return super().__anext__()


@violates(
    "AI002",
    ITERATOR,
    says=(
        "__anext__ #3 raised RuntimeError: async generator raised StopIteration; expected "
        "StopAsyncIteration"
    ),
)
async def generator_that_calls_next() -> AsyncIterator[int]:
    """Calls next() and does not catch its end, in the body of a generator."""
    iterator = iter([0, 1])
    while True:
        yield next(iterator)


@conforms("AI002", ITERATOR)
class EndsByStopAsyncIteration(Ticker):
    """Ends by the exception that is made for it."""


@conforms("AI002", ITERATOR, raises=RuntimeError)
class RaisesRuntimeErrorAsDeclared(Ticker):
    """Makes an error of its own out of a StopIteration, and says so."""

    async def __anext__(self) -> int:
        try:
            return next(iter(()))
        except StopIteration as error:
            raise RuntimeError("no page") from error


@violates(
    "AI003",
    ITERATOR,
    items=[0, 1, 2],
    says="item 4 was None; expected the end, after all 3 declared items",
)
class GivesNoneForEver(Ticker):
    """Never ends, and gives None after its items."""

    async def __anext__(self) -> int | None:
        await anyio.lowlevel.checkpoint()
        return self.left.pop(0) if self.left else None


@violates(
    "AI003", ITERATOR, items=[0, 1, 2, 3], says="it ended where item 4 of 4 was due; expected 3"
)
class LeavesOneOut(Ticker):
    """Ends before the last item."""


@violates("AI003", ITERATOR, items=[2, 1, 0], says="item 1 was 0; expected 2")
class OtherWayRound(Ticker):
    """Gives its items in another order than declared."""


@violates(
    "AI003",
    ITERATOR,
    items=[0, 0, 1],
    ordered=False,
    says="it did not give [0], and gave [2] in excess",
)
class OthersInWhateverOrder(Ticker):
    """Gives other items than declared, were it in another order."""


@violates(
    "AI003",
    ITERATOR,
    items=[3, 2, 1, 0],
    ordered=False,
    says="it did not give [3], and gave [] in excess",
)
class LeavesOneOutInWhateverOrder(Ticker):
    """Ends before its last item, whichever that is."""


@violates(
    "AI003",
    ITERATOR,
    items=lambda items: len(items) == 4,
    says="it gave [0, 1, 2], which items= does not accept",
)
class NotWhatTheJudgeExpects(Ticker):
    """Gives a list that its author's judge refuses."""


@violates(
    "AI003",
    ITERATOR,
    infinite=True,
    says="__anext__ #4 raised StopAsyncIteration; infinite=True was declared, so expected no end",
)
class NotInfinite(Ticker):
    """Ends, though it was declared infinite."""


@violates(
    "AI003",
    ITERATOR,
    items=[0, 1, 2, 3],
    raises=ValueError,
    says="it ended where item 4 of 4 was due; expected 3",
)
class FailsTooEarly(Ticker):
    """Raises the declared error one item too early."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            raise ValueError("the source failed") from None


@violates("AI003", ITERABLE, items=[0, 1, 2], says="it ended where item 3 of 3 was due; expected 2")
class GivesTwoOfThree:
    """An iterable whose pass leaves an item out."""

    async def __aiter__(self) -> AsyncIterator[int]:
        yield 0
        yield 1


@conforms("AI003", ITERABLE, items=[0, 1])
class GivesTwoOfTwo(GivesTwoOfThree):
    """An iterable whose pass gives what it should."""


@conforms("AI003", ITERATOR, items=[0, 1, 2])
class GivesWhatIsDeclared(Ticker):
    """Gives its items in their order, and ends."""


@conforms("AI003", ITERATOR, items=[2, 0, 1], ordered=False)
class InWhateverOrder(Ticker):
    """Gives its items in an order that is left free."""


@conforms("AI003", ITERATOR, items=lambda items: sum(items) == 3)
class WhatTheJudgeExpects(Ticker):
    """Gives a list that its author's judge accepts."""


@conforms("AI003", ITERATOR, items=[0, 1, 2], raises=ValueError)
class FailsAfterItsItems(FailsTooEarly):
    """Raises the declared error after its items."""


@conforms("AI003", ITERATOR, items=[0, 1], infinite=True)
class CountsForEver(Ticker):
    """Has no end, and says so."""

    async def __anext__(self) -> int:
        await anyio.lowlevel.checkpoint()
        self.left.append(self.left[-1] + 1)
        return self.left.pop(0)


@violates(
    "AI005",
    ITERATOR,
    items=[1, 2],
    says="__anext__ #5, after the end, returned 1; expected StopAsyncIteration",
)
class EndsOnceOnly:
    """Says that it is over, once; then it starts again: ray-project/ray#62998."""

    def __init__(self) -> None:
        self.count = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        self.count += 1
        if self.count in {3, 4}:
            raise StopAsyncIteration
        return (self.count - 1) % 4 + 1
