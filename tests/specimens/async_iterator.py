"""Specimens for the rules about async iterators."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Generator
from typing import Any

import anyio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates

ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR


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


@conforms("AI001", ITERATOR)
class PlainTicker(Ticker):
    """Has its methods in the class."""


@violates("AI001", ITERATOR, says="OnlyOnTheInstance has no __anext__ on its type")
class OnlyOnTheInstance:
    """Has __anext__ as an attribute of the object, where the language does not look."""

    def __init__(self) -> None:
        self.__anext__ = Ticker().__anext__

    def __aiter__(self) -> OnlyOnTheInstance:
        return self


@violates("AI001", ITERATOR, says="__anext__ returned 0; expected an awaitable")
class GivesPlainValues(Ticker):
    """Returns its items themselves, where an awaitable is due."""

    def __anext__(self) -> int:
        return self.left.pop(0)


@violates(
    "AI001",
    ITERATOR,
    says=(
        "__anext__ returned <async_generator object YieldsInAnext.__anext__>; expected an awaitable"
    ),
)
class YieldsInAnext(Ticker):
    """Has a yield in __anext__, so that a call gives an async generator."""

    async def __anext__(self) -> AsyncIterator[int]:
        for item in self.left:
            yield item


@conforms("AI001", ITERATOR, items=[0, 1, 2])
class ReturnsACoroutine(Ticker):
    """Has a plain method that returns a coroutine."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        return super().__anext__()


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


@violates("AI004", ITERATOR, says="aiter() of it gave another object; expected the iterator itself")
class MakesANewOne(Ticker):
    """Gives a fresh iterator to whoever calls aiter()."""

    def __aiter__(self) -> Ticker:
        return Ticker()


@violates("AI004", ITERATOR, says="aiter() of it, after one item, started again: it went on with 0")
class StartsAgainByAiter(Ticker):
    """Resets itself in __aiter__."""

    def __aiter__(self) -> Ticker:
        self.left = [0, 1, 2]
        return self


@violates(
    "AI004",
    ITERATOR,
    says="without aiter() it gave no item, and 3 after it; expected anext() alone to be enough",
)
class NeedsAiter(Ticker):
    """Has no items before __aiter__ was called."""

    def __init__(self) -> None:
        self.left = []
        self.prepared = False

    def __aiter__(self) -> Ticker:
        if not self.prepared:
            self.prepared = True
            self.left = [0, 1, 2]
        return self


@violates(
    "AI004",
    ITERATOR,
    infinite=True,
    says="aiter() of it, after one item, started again: it went on with 0",
)
class CountsAnewByAiter(CountsForEver):
    """Counts for ever, and from zero again after __aiter__."""

    def __aiter__(self) -> Ticker:
        self.left = [0, 1, 2]
        return self


@conforms("AI004", ITERATOR)
class IsItsOwnIterator(Ticker):
    """Returns itself, and does nothing else."""


@conforms("AI004", ITERATOR, infinite=True)
class AlwaysTheSame(CountsForEver):
    """Looks the same from wherever one starts."""

    async def __anext__(self) -> int:
        await anyio.lowlevel.checkpoint()
        return 7


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
    "AI012",
    ITERATOR,
    says=(
        "__anext__ #4 raised StopAsyncIteration at the call, before there was anything to "
        "await; expected an awaitable that raises"
    ),
)
class RaisesItsEndAtTheCall(Ticker):
    """Raises StopAsyncIteration before there is anything to await."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        if not self.left:
            raise StopAsyncIteration
        return super().__anext__()


@violates(
    "AI012",
    ITERATOR,
    raises=ValueError,
    says=(
        "__anext__ #4 raised ValueError: the source failed at the call, before there was "
        "anything to await; expected an awaitable that raises"
    ),
)
class RaisesItsErrorAtTheCall(RaisesItsEndAtTheCall):
    """Raises the declared error before there is anything to await."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        if not self.left:
            raise ValueError("the source failed")
        return super().__anext__()


@violates(
    "AI012",
    ITERATOR,
    says=(
        "__anext__ #1 raised StopAsyncIteration at the call, before there was anything to "
        "await; expected an awaitable that raises"
    ),
)
class IsEmptyAtTheCall(Ticker):
    """Has no item at all, and says so at the first call."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        raise StopAsyncIteration


@conforms("AI012", ITERATOR)
class RaisesWhenAwaited(Ticker):
    """Raises in its coroutine."""


@violates(
    "AI013",
    ITERATOR,
    says=(
        "its second __anext__() gave <coroutine object Ticker.__anext__> again, which was "
        "awaited already: that raised RuntimeError: cannot reuse already awaited coroutine"
    ),
)
class GivesOneCoroutineAgain(Ticker):
    """Makes one coroutine, and returns it from every call."""

    def __init__(self) -> None:
        super().__init__()
        self.coroutine: Coroutine[Any, Any, int] | None = None

    def __anext__(self) -> Coroutine[Any, Any, int]:
        if self.coroutine is None:
            self.coroutine = super().__anext__()
        return self.coroutine


@violates(
    "AI013",
    ITERATOR,
    backends=("asyncio",),
    infinite=True,
    says="its second __anext__() gave <Future finished result=1> again, which is done",
)
class GivesOneFutureAgain(Ticker):
    """Makes one future, and returns it from every call."""

    def __init__(self) -> None:
        self.future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.future.set_result(1)

    def __anext__(self) -> asyncio.Future[int]:
        return self.future


@violates(
    "AI013",
    ITERATOR,
    items=[0, 1, 2],
    says=(
        "an __anext__() whose coroutine was closed unused took 0; expected it to take "
        "nothing before it is awaited"
    ),
)
class TakesAtTheCall(Ticker):
    """Takes its item at the call, whether that is awaited or not."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        return self.deliver(self.left.pop(0) if self.left else None)

    async def deliver(self, item: int | None) -> int:
        """Give the item, or the end."""
        await anyio.lowlevel.checkpoint()
        if item is None:
            raise StopAsyncIteration
        return item


@violates(
    "AI013",
    ITERATOR,
    infinite=True,
    says=(
        "an __anext__() whose coroutine was closed unused took 0; expected it to take "
        "nothing before it is awaited"
    ),
)
class CountsAtTheCall(TakesAtTheCall):
    """Counts for ever, at the call."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        self.left.append(self.left[-1] + 1)
        return super().__anext__()


@conforms("AI013", ITERATOR)
class GivesFreshCoroutines(Ticker):
    """Makes a coroutine at every call."""


@conforms("AI013", ITERATOR, items=[0, 1, 2])
class IsItsOwnAwaitable(Ticker):
    """Returns itself, and can be awaited for each item."""

    def __anext__(self) -> IsItsOwnAwaitable:
        return self

    def __await__(self) -> Generator[Any, Any, int]:
        return super().__anext__().__await__()


@conforms("AI013", ITERATOR, backends=("asyncio",), items=[0, 1, 2])
class ReadsAhead(Ticker):
    """Starts a task at the call, and gives that task until it is done."""

    task: asyncio.Task[int] | None = None

    def __anext__(self) -> asyncio.Task[int]:
        if self.task is None or self.task.done():
            self.task = asyncio.ensure_future(super().__anext__())
        return self.task


class Closing(Ticker):
    """Ends when it is closed."""

    async def aclose(self) -> None:
        """Give nothing more."""
        await anyio.lowlevel.checkpoint()
        self.left.clear()


@violates(
    "AI017",
    ITERATOR,
    says=(
        "aclose #1, on an iterator that was never started, raised TypeError: object "
        "NoneType can't be used in 'await' expression; expected it to succeed"
    ),
)
class ClosesWithoutAwait(Ticker):
    """Has an aclose() that can't be awaited."""

    def aclose(self) -> None:
        """Give nothing more."""
        self.left.clear()


@violates(
    "AI017",
    ITERATOR,
    says=(
        "aclose #2, on an iterator that was never started, raised KeyError: 'connection'; "
        "expected it to succeed"
    ),
)
class ClosesOnce(Closing):
    """Throws its connection away at the first aclose(), and misses it at the second."""

    connection = None

    def __init__(self) -> None:
        super().__init__()
        self.connection = object()

    async def aclose(self) -> None:
        """Give the connection back."""
        del self.__dict__["connection"]
        await super().aclose()


@violates(
    "AI017",
    ITERATOR,
    says=(
        "aclose #1, on an iterator that was never started, raised AssertionError; expected "
        "it to succeed"
    ),
)
class ClosesWhatItStarted(Closing):
    """Can be closed only after its first item."""

    handle: list[str] | None = None

    async def __anext__(self) -> int:
        self.handle = ["open"]
        return await super().__anext__()

    async def aclose(self) -> None:
        """Close the handle."""
        assert self.handle is not None
        self.handle.clear()
        await super().aclose()


@violates(
    "AI017", ITERATOR, says="aclose #1, at its end, raised AssertionError; expected it to succeed"
)
class LetsGoAtItsEnd(Closing):
    """Lets go of its connection at its end, and misses it when it is closed then."""

    connected = True

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.connected = False
            raise

    async def aclose(self) -> None:
        """Close the connection."""
        assert self.connected
        await super().aclose()


@violates("AI017", ITERATOR, closes=True, says="closes=True was declared, but it has no aclose()")
class SaysThatItCloses(Ticker):
    """Has no aclose(), though it was declared to close."""


@conforms("AI017", ITERATOR, closes=True)
class ClosesWhenever(Closing):
    """Can be closed at any time, any number of times."""


@conforms("AI017", ITERATOR)
class ReturnsTheCoroutineThatCloses(Closing):
    """Has a plain method that returns a coroutine."""

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Give nothing more."""
        return super().aclose()


@violates(
    "AI018", ITERATOR, says="__anext__ #2, after aclose(), returned 1; expected StopAsyncIteration"
)
class GoesOnWhenClosed(Ticker):
    """Sets a flag at which nobody looks."""

    async def aclose(self) -> None:
        """Set the flag."""
        self.closed = True


@violates(
    "AI018",
    ITERATOR,
    says=(
        "__anext__ #2 hangs: it waits at ... in HangsWhenClosed.__anext__ for Event.wait, "
        "and nothing is left that could wake it"
    ),
)
class HangsWhenClosed(Closing):
    """Waits for ever for an item once it is closed."""

    closed = False

    async def __anext__(self) -> int:
        if self.closed:
            await anyio.Event().wait()
        return await super().__anext__()

    async def aclose(self) -> None:
        """Set the flag."""
        self.closed = True


@conforms("AI018", ITERATOR)
class EndsWhenClosed(Closing):
    """Raises StopAsyncIteration once it is closed."""


@conforms("AI018", ITERATOR)
class RefusesWhenClosed(Closing):
    """Raises ClosedResourceError once it is closed, as anyio's and trio's streams do."""

    closed = False

    async def __anext__(self) -> int:
        if self.closed:
            raise anyio.ClosedResourceError
        return await super().__anext__()

    async def aclose(self) -> None:
        """Set the flag."""
        self.closed = True


@conforms("AI018", ITERATOR, closes=False, says="not applicable: declared closes=False")
class IsBorrowed(GoesOnWhenClosed):
    """Leaves the closing to its owner, and says so."""


class Handle:
    """Something that an iterator holds."""

    open = False


@conforms("AB008", ITERATOR, released=lambda iterator: not iterator.handle.open)
class LetsGo(Ticker):
    """Lets go of its handle when it is closed, or has come to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.handle = Handle()

    async def __anext__(self) -> int:
        self.handle.open = True
        try:
            return await super().__anext__()
        except BaseException:
            self.handle.open = False
            raise

    async def aclose(self) -> None:
        """Close."""
        self.left.clear()
        self.handle.open = False


@violates(
    "AB008",
    ITERATOR,
    released=lambda iterator: not iterator.handle.open,
    says="left after one item and closed by aclose(), it is not released",
)
class ForgetsItsHandle(LetsGo):
    """Ends when it is closed, and keeps its handle."""

    async def aclose(self) -> None:
        """Close, in a way."""
        self.left.clear()
