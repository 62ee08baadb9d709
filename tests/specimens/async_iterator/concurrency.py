"""Specimens: an async iterator that several tasks use at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.subjects import Ticker

ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR
ASYNCIO = ("asyncio",)


async def counting() -> AsyncGenerator[int, Any]:
    """Count to three, with a suspension before each number."""
    for number in range(3):
        await checkpoint()
        yield number


@conforms("AI007", ITERATOR, items=[0, 1, 2], concurrent="safe")
class TakesInOneGo(Ticker):
    """Takes its item without an await between reading and advancing."""


@conforms("AI007", ITERATOR, items=[0, 1, 2], concurrent="safe", raises=ValueError)
class FailsForBoth(Ticker):
    """Ends by the declared error, in whichever task."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            raise ValueError("the source failed") from None


@conforms("AI007", ITERATOR, items=[0, 1, 2], concurrent="safe", infinite=True)
class CountsForBoth(Ticker):
    """Has no end."""

    def __init__(self) -> None:
        self.number = -1

    async def __anext__(self) -> int:
        await checkpoint()
        self.number += 1
        return self.number


@conforms("AI007", ITERATOR, items=[0, 1, 2], concurrent="safe", ordered=False)
class ServesInTurn(Ticker):
    """Reads, awaits and advances, under a lock."""

    def __init__(self) -> None:
        self.lock = anyio.Lock()
        self.number = 0

    async def __anext__(self) -> int:
        async with self.lock:
            number = self.number
            await checkpoint()
            if number == 3:
                raise StopAsyncIteration
            self.number = number + 1
            return number


@conforms("AI007", GENERATOR, items=[0, 1, 2], concurrent="refused")
async def refuses_by_nature() -> AsyncIterator[int]:
    """Refuses the second task, as every generator does."""
    for number in range(3):
        await checkpoint()
        yield number


@conforms("AI007", ITERATOR, items=[0, 1, 2], concurrent="refused")
class IsBusy(Ticker):
    """Raises BusyResourceError, as trio's streams do, but only from where it really waits."""

    busy = False

    async def __anext__(self) -> int:
        await checkpoint()
        if self.busy:
            raise anyio.BusyResourceError("reading from")
        self.busy = True
        try:
            return await super().__anext__()
        finally:
            self.busy = False


class Channel:
    """Gives each number to all that wait for it."""

    def __init__(self) -> None:
        self.number = -1
        self.waiting: anyio.Event | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        if self.waiting is None:
            self.waiting = waiting = anyio.Event()
            try:
                await anyio.sleep(1)
                self.number += 1
            finally:
                self.waiting = None
                waiting.set()
        else:
            await self.waiting.wait()
        number = self.number
        await checkpoint()
        if number > 2:
            raise StopAsyncIteration
        return number


@conforms("AI007", ITERATOR, items=[0, 1, 2], concurrent="broadcast")
class GivesToAll(Channel):
    """Broadcasts."""


@conforms("AI007", ITERATOR, items=[2, 0, 1], concurrent="broadcast", ordered=False)
class GivesToAllInWhateverOrder(Channel):
    """Broadcasts, and promises nothing about the order."""


@conforms("AI007", ITERATOR, items=[0, 1, 2], concurrent="broadcast", infinite=True)
class BroadcastsForEver(Channel):
    """Broadcasts, and has no end."""

    async def __anext__(self) -> int:
        self.number = min(self.number, 1)
        return await super().__anext__()


@conforms("AI007", ITERATOR, items=list(range(12)), concurrent="safe")
class GivesADozen(Ticker):
    """Suspends more often than a second task is begun at."""

    def __init__(self) -> None:
        self.left = list(range(12))


@conforms("AI007", ITERATOR, items=[0, 1, 2], says="undeclared: concurrent= would enable it")
class PromisesNothing(Ticker):
    """Loses items to a second task, of which nobody said anything: so do files of aiofiles."""

    def __init__(self) -> None:
        self.number = 0

    async def __anext__(self) -> int:
        number = self.number
        await checkpoint()
        if number == 3:
            raise StopAsyncIteration
        self.number = number + 1
        return number


@conforms(
    "AI007",
    ITERATOR,
    concurrent="refused",
    closes=True,
    says="its steps never suspend, so two of them can't meet",
)
class NeverSuspends:
    """Leaves no room for a second call."""

    number = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        self.number += 1
        if self.number > 3:
            raise StopAsyncIteration
        return self.number

    async def aclose(self) -> None:
        """End."""
        self.number = 3


@violates(
    "AI007",
    ITERATOR,
    items=[0, 1, 2],
    concurrent="safe",
    says=(
        "concurrent='safe' was declared, but with two tasks __anext__ #2 raised "
        "RuntimeError: anext(): asynchronous generator is already running"
    ),
)
async def generator_said_to_be_shared() -> AsyncIterator[int]:
    """Refuses the second task, though it was declared to serve it."""
    for number in range(3):
        await checkpoint()
        yield number


@violates(
    "AI007",
    ITERATOR,
    items=[0, 1, 2],
    concurrent="refused",
    says="concurrent='refused' was declared, but of two calls at once none was",
)
class ServesBoth(Ticker):
    """Serves both tasks, though it was declared to refuse one."""


@violates(
    "AI007",
    ITERATOR,
    items=[0, 1, 2],
    concurrent="broadcast",
    says="concurrent='broadcast' was declared, but no item came to both tasks",
)
class SharesInsteadOfBroadcasting(Ticker):
    """Gives each item to one task, though it was declared to give it to both."""


@violates(
    "AI007",
    ITERATOR,
    items=[0, 1, 2],
    concurrent="broadcast",
    says=(
        "concurrent='broadcast' was declared, but with two tasks __anext__ #2 raised "
        "RuntimeError: anext(): asynchronous generator is already running"
    ),
)
async def generator_said_to_broadcast() -> AsyncIterator[int]:
    """Refuses the second task, though it was declared to give everything to both."""
    for number in range(3):
        await checkpoint()
        yield number


@violates(
    "AI007",
    ITERATOR,
    items=[0, 1, 2],
    concurrent="broadcast",
    says="one of two tasks got [0, 0, 0, 0, 0, 0]; expected some of [0, 1, 2], each once",
)
class GivesItAgainToWhoHurries(Channel):
    """Takes its event away too late, so that who comes back at once gets the same number again."""

    async def __anext__(self) -> int:
        if self.waiting is None:
            self.waiting = waiting = anyio.Event()
            try:
                await anyio.sleep(1)
                self.number += 1
                waiting.set()
                await anyio.sleep(1)
            finally:
                self.waiting = None
                waiting.set()
        else:
            await self.waiting.wait()
        if self.number > 2:
            raise StopAsyncIteration
        return self.number


@violates(
    "AI007",
    ITERATOR,
    items=[0, 1, 2],
    concurrent="safe",
    says={
        "asyncio": (
            "concurrent='safe' was declared, but with two tasks __anext__ #2 raised "
            "RuntimeError: not connected yet"
        ),
        "trio": (
            "concurrent='safe' was declared, but with two tasks __anext__ #3 raised "
            "RuntimeError: not connected yet"
        ),
    },
)
class RefusesWhoComesLate(Ticker):
    """Connects with its first step, and has no place for who comes while it does."""

    state = "closed"

    async def __anext__(self) -> int:
        if self.state == "connecting":
            raise RuntimeError("not connected yet")
        await checkpoint()
        if self.state == "closed":
            self.state = "connecting"
            await checkpoint()
            self.state = "open"
        return await super().__anext__()


@violates(
    "AI007",
    ITERATOR,
    items=[2, 1, 0],
    concurrent="broadcast",
    ordered=False,
    says="one of two tasks got [0, 0, 0, 0, 0, 0]; expected some of [2, 1, 0], each once",
)
class RepeatsInWhateverOrder(GivesItAgainToWhoHurries):
    """Gives the same number twice to a task, and promised nothing about the order."""


@violates(
    "AI007",
    ITERATOR,
    items=[0, 1, 2],
    concurrent="refused",
    says={
        "asyncio": (
            "with two tasks at once one raised BrokenResourceError, and the other raised "
            "BusyResourceError: Another task is already reading from this resource; expected "
            "one to be refused and the other to go on"
        ),
        "trio": (
            "with two tasks at once one raised BusyResourceError: Another task is already "
            "reading from this resource, and the other raised BrokenResourceError; expected "
            "one to be refused and the other to go on"
        ),
    },
)
class RefusesBoth(Ticker):
    """Takes a second call for a reason to fail the first one, too."""

    reading = disturbed = False

    async def __anext__(self) -> int:
        if self.reading:
            self.disturbed = True
            raise anyio.BusyResourceError("reading from")
        self.reading = True
        number = await super().__anext__()
        self.reading = False
        if self.disturbed:
            raise anyio.BrokenResourceError
        return number


@violates(
    "AI007",
    ITERATOR,
    items=[0, 1, 2],
    concurrent="refused",
    says={
        "asyncio": "two tasks at once got [0, 2] and []; expected each item of [0, 1, 2] once",
        "trio": "two tasks at once got [] and [0, 2]; expected each item of [0, 1, 2] once",
    },
)
class LosesWhatItRefuses(Ticker):
    """Has taken the item when it sees that somebody else is reading."""

    busy = False

    async def __anext__(self) -> int:
        item = self.left.pop(0) if self.left else None
        if self.busy:
            raise anyio.BusyResourceError("reading from")
        self.busy = True
        try:
            await checkpoint()
        finally:
            self.busy = False
        if item is None:
            raise StopAsyncIteration
        return item


@violates(
    "AI007",
    ITERATOR,
    backends=ASYNCIO,
    items=[1, 2],
    concurrent="safe",
    says=(
        "__anext__ #4 hangs: it waits at ... in TellsOneOfBoth.__anext__ for Queue.get, "
        "and nothing is left that could wake it"
    ),
)
class TellsOneOfBoth:
    """Puts one sentinel into its queue, for which two tasks may wait."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[int | None] = asyncio.Queue()
        self.ended = False
        self.producer = asyncio.ensure_future(self.produce())

    async def produce(self) -> None:
        """Fill the queue, slowly."""
        for item in (1, 2, None):
            await asyncio.sleep(1)
            await self.queue.put(item)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        item = None if self.ended else await self.queue.get()
        if item is None:
            self.ended = True
            raise StopAsyncIteration
        return item


@violates(
    "AI007",
    ITERATOR,
    items=[0, 1, 2],
    concurrent="safe",
    says={
        "asyncio": (
            "two tasks at once got [0, 1, 2] and [1, 2]; expected each item of [0, 1, 2] once"
        ),
        "trio": (
            "two tasks at once got [1, 2] and [0, 1, 2]; expected each item of [0, 1, 2] once"
        ),
    },
)
class ReadsAgainAtItsSecondSuspension(Ticker):
    """Is safe but for a task that comes while another one acknowledges."""

    def __init__(self) -> None:
        self.number = 0
        self.acknowledging = False

    async def __anext__(self) -> int:
        number = self.number
        if not self.acknowledging:
            self.number += 1
        await checkpoint()
        if number > 2:
            raise StopAsyncIteration
        self.acknowledging = True
        await checkpoint()
        self.acknowledging = False
        self.number = number + 1
        return number


class Waiting:
    """Gives an item a second until it is closed, and ends by itself after two."""

    def __init__(self) -> None:
        self.count = 0
        self.woken = anyio.Event()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        with anyio.move_on_after(1):
            await self.woken.wait()
        await checkpoint()
        if self.woken.is_set() or self.count == 2:
            raise StopAsyncIteration
        self.count += 1
        return self.count

    async def aclose(self) -> None:
        """Wake who waits."""
        await checkpoint()
        self.woken.set()


@conforms("AI020", ITERATOR, items=[1, 2], closes=True)
class WakesWhoWaits(Waiting):
    """Ends the call that waits."""


@conforms("AI020", ITERATOR, items=[1, 2], closes=True)
class BreaksOff(Waiting):
    """Raises ClosedResourceError in who waits, as the streams of anyio and trio do."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            if self.woken.is_set():
                raise anyio.ClosedResourceError from None
            raise


@conforms("AI020", ITERATOR, items=[1, 2], closes=True)
class GivesALastItem(Waiting):
    """Gives the item that it was waiting for, and ends then."""

    closed = False

    async def __anext__(self) -> int:
        if self.closed:
            await checkpoint()
            raise StopAsyncIteration
        return await super().__anext__()

    async def aclose(self) -> None:
        """Do not disturb who waits."""
        await checkpoint()
        self.closed = True


@conforms("AI020", ITERATOR, items=[1, 2], closes=True)
class LooksNowAndThen(Waiting):
    """Sees that it was closed when its time is over, and not before."""

    closed = False

    async def __anext__(self) -> int:
        await anyio.sleep(5)
        if self.closed or self.count == 2:
            raise StopAsyncIteration
        self.count += 1
        return self.count

    async def aclose(self) -> None:
        """Set the flag."""
        await checkpoint()
        self.closed = True


@conforms("AI020", GENERATOR, items=[0, 1, 2], closes=True, concurrent="refused")
async def refuses_to_be_closed() -> AsyncIterator[int]:
    """Can't be closed while it runs, and says so, as every generator does."""
    for number in range(3):
        await checkpoint()
        yield number


@conforms(
    "AI020",
    ITERATOR,
    closes=False,
    concurrent="safe",
    items=[0, 1, 2],
    says="not applicable: declared closes=False",
)
class Borrowed(Ticker):
    """Leaves the closing to its owner."""

    async def aclose(self) -> None:
        """Close nothing."""


@violates(
    "AI020",
    ITERATOR,
    items=[0, 1, 2],
    closes=True,
    says=(
        "__anext__ #1 hangs: it waits at ... in WaitsForTheReader.__anext__ for "
        "Event.wait; another task waits at ... in WaitsForTheReader.aclose for "
        "Lock.__aenter__, and nothing is left that could wake it"
    ),
)
class WaitsForTheReader(Ticker):
    """Its `aclose` waits for the reader, and the reader for its peer, which was told goodbye."""

    def __init__(self) -> None:
        super().__init__()
        self.reading = anyio.Lock()
        self.goodbye = False

    async def __anext__(self) -> int:
        async with self.reading:
            number = await super().__anext__()
            if self.goodbye:
                await anyio.Event().wait()
            return number

    async def aclose(self) -> None:
        """Say goodbye, and close when nobody reads."""
        self.goodbye = bool(self.left)
        async with self.reading:
            self.left.clear()


def silent_peer() -> LooksBeforeItListens:
    """One to which nobody ever sends."""
    return LooksBeforeItListens(silent=True)


@violates(
    "AI020",
    ITERATOR,
    items=[0, 1, 2],
    closes=True,
    hanging=silent_peer,
    says=(
        "__anext__ #1 hangs: it waits at ... in LooksBeforeItListens.__anext__ for "
        "Event.wait, and nothing is left that could wake it"
    ),
)
class LooksBeforeItListens(Ticker):
    """Sees that it was closed while it says hello, and lets who listens to a silent peer wait."""

    def __init__(self, *, silent: bool = False) -> None:
        super().__init__()
        self.sent = anyio.Event()
        if not silent:
            self.sent.set()

    async def __anext__(self) -> int:
        await anyio.sleep(1)
        item = await super().__anext__()
        await self.sent.wait()
        return item

    async def aclose(self) -> None:
        """Give nothing more."""
        self.left.clear()
        await checkpoint()


@conforms("AI020", ITERATOR, backends=ASYNCIO, items=[(0, 0), (1, 1)], closes=True)
class ReadsTwoAtOnce(Ticker):
    """Refuses to be closed while it waits, in `gather`, which makes a new CancelledError."""

    def __init__(self) -> None:
        self.sources = [counting(), counting()]
        self.count = 0

    async def __anext__(self) -> Any:
        self.count += 1
        if self.count > 2:
            for source in self.sources:
                await source.aclose()
            raise StopAsyncIteration
        return tuple(await asyncio.gather(*(anext(source) for source in self.sources)))

    async def aclose(self) -> None:
        """Close both."""
        for source in self.sources:
            await source.aclose()


@violates(
    "AI007",
    ITERATOR,
    items=[10, 20, 30, 40],
    concurrent="safe",
    says=(
        "two tasks at once got [10, 20, 30, 40] and [10, 20, 30, 40]; expected each item "
        "of [10, 20, 30, 40] once"
    ),
)
class ReadsWaitsAndAdvances:
    """Reads, suspends, and advances: two readers get the same item: omnilib/aioitertools#23."""

    def __init__(self) -> None:
        self.place = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        items = (10, 20, 30, 40)
        place = self.place
        if place >= len(items):
            await checkpoint()
            raise StopAsyncIteration
        await checkpoint()
        self.place = place + 1
        return items[place]


@violates(
    "AI007",
    ITERATOR,
    items=[1, 2, 3, 4],
    concurrent="safe",
    says={
        "asyncio": (
            "two tasks at once got [2, 4] and [3, 4]; expected each item of [1, 2, 3, 4] once"
        ),
        "trio": (
            "two tasks at once got [3, 4] and [2, 4]; expected each item of [1, 2, 3, 4] once"
        ),
    },
)
class PassesItemsThroughItself:
    """Keeps the item in an attribute while it waits, where another overwrites it."""

    def __init__(self) -> None:
        self.items = [1, 2, 3, 4]
        self.current = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        if not self.items:
            await checkpoint()
            raise StopAsyncIteration
        self.current = self.items.pop(0)
        await checkpoint()
        return self.current


@violates(
    "AI020",
    ITERATOR,
    closes=True,
    concurrent="safe",
    items=[],
    says=(
        "__anext__ #1 hangs: it waits at ... in ClosesWithoutAWord.__anext__ for "
        "Event.wait, and nothing is left that could wake it"
    ),
)
class ClosesWithoutAWord:
    """Its `aclose` stops what would have woken who waits: frankie567/httpx-ws#111."""

    closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        if not self.closed:
            await anyio.sleep(1)
            if self.closed:
                await anyio.Event().wait()
        await checkpoint()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        await checkpoint()
        self.closed = True
