"""Specimens: what an async iterator gives after one of its steps was cancelled."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_iterator.ending import CountsForEver
from tests.subjects import Ticker

ITERATOR = Protocol.ASYNC_ITERATOR


@violates(
    "AI008",
    ITERATOR,
    items=[0, 1, 2],
    cancel_safe=True,
    says=(
        "cancelled by a cancel scope at suspension 1, and used again after that, it gave "
        "[1, 2] in all, then raised StopAsyncIteration; expected [0, 1, 2]"
    ),
)
class TakesBeforeItAwaits(Ticker):
    """Takes the item before its last await."""

    async def __anext__(self) -> int:
        if not self.left:
            raise StopAsyncIteration
        item = self.left.pop(0)
        await anyio.sleep(1)
        return item


@violates(
    "AI008",
    ITERATOR,
    items=[0, 1, 2],
    cancel_safe=True,
    says=(
        "cancelled by a cancel scope at suspension 2, and used again after that, it gave "
        "[0, 0, 1, 2] in all, then raised StopAsyncIteration; expected [0, 1, 2]"
    ),
)
class RepeatsAfterCancellation(Ticker):
    """Starts anew where a step was cancelled."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            raise
        except BaseException:
            self.left = [0, 1, 2]
            raise


@violates(
    "AI008",
    ITERATOR,
    items=[0, 1, 2],
    cancel_safe=True,
    says=(
        "__anext__ #2 hangs: it waits at ... in HangsAfterCancellation.__anext__ for "
        "Semaphore.acquire, and nothing is left that could wake it"
    ),
)
class HangsAfterCancellation(Ticker):
    """Stays locked where a step was cancelled."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = anyio.Semaphore(1)

    async def __anext__(self) -> int:
        await self.lock.acquire()
        if not self.left:
            self.lock.release()
        item = await super().__anext__()
        self.lock.release()
        return item


@violates(
    "AI008",
    ITERATOR,
    items=[0, 1, 2],
    cancel_safe=True,
    says=(
        "cancelled by a cancel scope at suspension 1, and used again after that, it gave "
        "[0, 1, 2] in all, then raised BrokenResourceError; expected the end"
    ),
)
class FailsAtItsEndOnceCancelled(Ticker):
    """Gives all items after a cancellation, and reports that one late, in place of the end."""

    cancelled = False

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            if self.cancelled:
                raise anyio.BrokenResourceError from None
            raise
        except BaseException:
            self.cancelled = True
            raise


@conforms("AI008", ITERATOR, items=[0, 1, 2], cancel_safe=True)
class TakesAfterItAwaited(Ticker):
    """Takes the item after its last await."""


@violates(
    "AI008",
    ITERATOR,
    items=[0, 1, 2],
    infinite=True,
    cancel_safe=True,
    says=(
        "cancelled by a cancel scope at suspension 2, and used again after that, it gave "
        "[1, 2, 3] in all; expected [0, 1, 2]"
    ),
)
class LeavesOutWhatWasCancelled(CountsForEver):
    """Has no end, and counts before its last await."""

    async def __anext__(self) -> int:
        number = await super().__anext__()
        await anyio.lowlevel.checkpoint()
        return number


@violates(
    "AI008",
    ITERATOR,
    items=[0, 1, 2],
    cancel_safe=True,
    says=(
        "cancelled by a cancel scope at suspension 1, and used again after that, it gave "
        "[0, 1, 2, 3] in all, then raised StopAsyncIteration; expected [0, 1, 2]"
    ),
)
class GivesOneMoreWhenCancelled(Ticker):
    """Makes up for a step that was cancelled, though it lost nothing by that."""

    async def __anext__(self) -> int:
        left = len(self.left)
        try:
            return await super().__anext__()
        except BaseException:
            self.left += [3] * (left > 0)
            raise


@conforms("AI008", ITERATOR, items=[0, 1], infinite=True, cancel_safe=True)
class CountsOnAfterCancellation(CountsForEver):
    """Has no end, and goes on where it was cancelled."""


@conforms("AI008", ITERATOR, items=[0, 1, 2], cancel_safe=True)
class PutsItBack(Ticker):
    """Takes the item first, and puts it back where the await is cancelled."""

    async def __anext__(self) -> int:
        if not self.left:
            raise StopAsyncIteration
        item = self.left.pop(0)
        try:
            await anyio.sleep(1)
        except BaseException:
            self.left.insert(0, item)
            raise
        return item


@violates(
    "AI009",
    ITERATOR,
    items=[0, 1],
    cancel_safe=True,
    says=(
        "cancelled by a cancel scope at suspension 1, and used again after that, it gave "
        "[] in all, then raised StopAsyncIteration; expected 2 more, or an error"
    ),
)
async def generator_said_to_be_safe() -> AsyncIterator[int]:
    """Is finished by its cancellation, as every generator is."""
    for item in range(2):
        await anyio.sleep(1)
        yield item


@violates(
    "AI009",
    ITERATOR,
    items=[1, 0],
    ordered=False,
    cancel_safe=True,
    says=(
        "cancelled by a cancel scope at suspension 1, and used again after that, it gave "
        "[0] in all, then raised StopAsyncIteration; expected 1 more, or an error"
    ),
)
async def generator_with_one_item_at_hand() -> AsyncIterator[int]:
    """Suspends behind its first item only, and is finished by a cancellation there."""
    yield 0
    await anyio.sleep(1)
    yield 1


@violates(
    "AI009",
    ITERATOR,
    cancel_safe=True,
    says=(
        "cancelled by a cancel scope at suspension 1, and used again after that, it gave "
        "[] in all, then raised StopAsyncIteration; expected 3 more, or an error"
    ),
)
class EndsWhenCancelled(Ticker):
    """Throws its items away where a step is cancelled."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except BaseException:
            self.left.clear()
            raise


@conforms("AI009", ITERATOR, says="undeclared: cancel_safe= would enable it")
async def generator_that_promises_nothing() -> AsyncIterator[int]:
    """Ends by its cancellation too, but nobody said that it would not."""
    for item in range(2):
        await anyio.sleep(1)
        yield item


@conforms("AI009", ITERATOR, cancel_safe=True)
class BeginsAgainWhenCancelled(Ticker):
    """Repeats its items after a cancellation, if it had any left; nobody said what they are."""

    async def __anext__(self) -> int:
        left = list(self.left)
        try:
            return await super().__anext__()
        except BaseException:
            self.left = [0, 1, 2] if left else []
            raise


@conforms("AI009", ITERATOR, cancel_safe=True)
class FailsOnceCancelled(Ticker):
    """Says by an error that it can't go on after a cancellation."""

    broken = False

    async def __anext__(self) -> int:
        if self.broken:
            raise anyio.BrokenResourceError
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            raise
        except BaseException:
            self.broken = True
            raise


@violates(
    "AI008",
    ITERATOR,
    items=[1, 2, 3],
    cancel_safe=True,
    says=(
        "cancelled by a cancel scope at suspension 2, and used again after that, it gave "
        "[2, 3] in all, then raised StopAsyncIteration; expected [1, 2, 3]"
    ),
)
class LosesTheItemBehindItsAcknowledgement:
    """Looks safely, takes, and then acknowledges: python-websockets/websockets#486."""

    def __init__(self) -> None:
        self.items = [1, 2, 3]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if not self.items:
            raise StopAsyncIteration
        item = self.items.pop(0)
        await checkpoint()
        return item
