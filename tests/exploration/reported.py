"""Faults of real bug reports, each as a small class that its docstring leads back to the report.

As far as could be seen, no single rule of the catalogue has a scenario that comes to them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import suppress
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol.model.protocols import Protocol
from tests.exploration import ASYNCIO, faulty
from tests.exploration.peers import Peer

AWAITABLE = Protocol.AWAITABLE
ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER


def holds_nothing(subject: Any) -> bool:
    """What those that hold something declare as released."""
    return not subject.held


# A cancellation that arrives together with the result


@faulty(
    ITERATOR,
    "anext cancelled when its item was handed over; a pass lacks that item",
    found_by="sweep",
    backends=ASYNCIO,
    items=[1, 2, 3],
    cancel_safe=True,
)
class LosesWhatWasHandedOver:
    """The future that a waiter was given its item by is dropped with it: python/asyncio#256."""

    def __init__(self) -> None:
        self.items = [1, 2, 3]

    def __aiter__(self) -> Self:
        return self

    def hand_over(self, waiter: asyncio.Future[int | None]) -> None:
        if not waiter.done():
            waiter.set_result(self.items.pop(0) if self.items else None)

    async def __anext__(self) -> int:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[int | None] = loop.create_future()
        loop.call_soon(self.hand_over, waiter)
        item = await waiter
        if item is None:
            raise StopAsyncIteration
        return item


@faulty(
    ITERATOR,
    "anext cancelled when its item was delivered; a pass lacks that item",
    found_by="sweep",
    backends=ASYNCIO,
    items=[1, 2, 3],
    cancel_safe=True,
)
class LosesWhatWasDelivered:
    """A receiver that is cancelled leaves the item in its container: agronholm/anyio#146."""

    def __init__(self) -> None:
        self.items = [1, 2, 3]
        self.receivers: dict[anyio.Event, list[int]] = {}

    def __aiter__(self) -> Self:
        return self

    def send_after(self, turns: int) -> None:
        if turns:
            asyncio.get_running_loop().call_soon(self.send_after, turns - 1)
        else:
            self.send()

    def send(self) -> None:
        for arrived in self.receivers:
            self.receivers.pop(arrived).append(self.items.pop(0))
            arrived.set()
            return

    async def __anext__(self) -> int:
        if not self.items:
            await checkpoint()
            raise StopAsyncIteration
        arrived, container = anyio.Event(), list[int]()
        self.receivers[arrived] = container
        self.send_after(turns=3)
        try:
            await arrived.wait()
        finally:
            self.receivers.pop(arrived, None)
        return container.pop()


@faulty(
    MANAGER,
    "enter cancelled when its connection was assigned: it comes in all the same",
    found_by="sweep",
    backends=ASYNCIO,
    reuse="reusable",
    released=holds_nothing,
)
class TakesItsConnectionForAnswer:
    """Whoever has a connection does not hear of its cancellation: psycopg/psycopg#1275, #509."""

    def __init__(self) -> None:
        self.held = False

    def assign(self, waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            self.held = True
            waiter.set_result(None)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        loop.call_soon(self.assign, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if not self.held:
                raise
        return self

    async def __aexit__(self, *details: object) -> None:
        self.held = False


@faulty(
    AWAITABLE,
    "await cancelled when its answer had come: it returns the answer, the cancellation is gone",
    found_by="sweep",
    backends=ASYNCIO,
    returns=42,
)
class PrefersItsAnswer:
    """The home-made wait_for() swallows a late cancellation: FreeOpcUa/opcua-asyncio#1698."""

    def __await__(self) -> Generator[Any, Any, int]:
        return self.wait().__await__()

    async def wait(self) -> int:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[int] = loop.create_future()
        timer = loop.call_soon(lambda: answer.done() or answer.set_result(42))
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.cancelled():
                raise
            return answer.result()
        finally:
            timer.cancel()


# A cancellation in the second use


@faulty(
    MANAGER,
    "enter; exit; enter cancelled at the check: it goes on, or raises PoolTimeout",
    found_by="sweep",
    reuse="reusable",
)
class AbsorbsTheCancellationOfItsCheck(Peer):
    """A connection whose check is cancelled counts as a bad one: psycopg/psycopg#1401."""

    connection: str | None = None

    async def __aenter__(self) -> Self:
        for _ in range(3):
            if self.connection is None:
                await self.answer("connect")
                self.connection = "open"
                return self
            try:
                await self.answer("check")
            except (OSError, anyio.get_cancelled_exc_class()):
                continue
            return self
        raise TimeoutError("no connection passed its check")

    async def __aexit__(self, *details: object) -> None:
        await self.answer("reset")


@faulty(
    MANAGER,
    "enter; exit; enter cancelled at the check: the connection stays checked out",
    found_by="sweep",
    reuse="reusable",
    released=holds_nothing,
)
class KeepsWhatItChecks(Peer):
    """Where the check of an idle connection is cancelled, that is lost: psycopg/psycopg#1208."""

    def __init__(self) -> None:
        super().__init__()
        self.held = 0
        self.idle = 0

    async def __aenter__(self) -> Self:
        if not self.idle:
            await self.answer("connect")
            self.held += 1
            return self
        self.idle -= 1
        self.held += 1
        try:
            await self.answer("check")
        except Exception:
            self.held -= 1
            raise
        return self

    async def __aexit__(self, *details: object) -> None:
        self.held -= 1
        self.idle += 1


@faulty(
    MANAGER,
    "enter cancelled at the connect; enter raises PoolTimeout for ever",
    found_by="sweep",
    reuse="reusable",
)
class CountsWhatNeverConnected(Peer):
    """A cancelled request leaves its connection CONNECTING for ever: encode/httpcore#830."""

    def __init__(self) -> None:
        super().__init__()
        self.connections: list[str] = []

    async def __aenter__(self) -> Self:
        if self.connections == ["connecting"]:
            await checkpoint()
            raise TimeoutError("PoolTimeout")
        if not self.connections:
            self.connections.append("connecting")
            await self.answer("connect")
        self.connections[0] = "active"
        return self

    async def __aexit__(self, *details: object) -> None:
        self.connections[0] = "idle"


# What a cancellation leaves behind, and what clean-up does when it is cancelled


@faulty(
    ITERATOR,
    "anext cancelled: the task that reads the source goes on, and ends by an error",
    found_by="sweep",
    backends=ASYNCIO,
    items=[1, 2, 3],
)
class LeavesItsReaderRunning:
    """The step of the source outlives that of the iterator: graphql-python/graphql-core#131."""

    def __init__(self) -> None:
        self.source = self.count()
        self.reader: asyncio.Future[int] | None = None

    def __aiter__(self) -> Self:
        return self

    async def count(self) -> AsyncIterator[int]:
        for number in (1, 2, 3):
            for _ in range(10):
                await checkpoint()
            yield number

    async def __anext__(self) -> int:
        self.reader = asyncio.ensure_future(anext(self.source, 0))
        await asyncio.wait([self.reader])
        item = self.reader.result()
        if not item:
            raise StopAsyncIteration
        return item


@faulty(
    MANAGER,
    "enter; exit cancelled at the drain, and then at the notice; enter hangs",
    found_by="sweep",
    reuse="reusable",
)
class ClearsItsEventBeforeItsTry(Peer):
    """A cancellation before the ``try`` leaves an event cleared: chrisguidry/docket#263.

    Where a scope is cancelled, the notice of the clean-up is cancelled with it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.idle = anyio.Event()
        self.idle.set()

    async def __aenter__(self) -> Self:
        await self.idle.wait()
        return self

    async def __aexit__(self, *details: object) -> None:
        try:
            await self.answer("drain")
        except BaseException:
            await self.abandon()
            raise

    async def abandon(self) -> None:
        """Give up what was not drained; nobody comes in meanwhile."""
        self.idle = anyio.Event()
        await self.answer("notice")
        try:
            await self.answer("abandon")
        finally:
            self.idle.set()


@faulty(
    ITERATOR,
    "anext; aclose cancelled at the end of its writer: it returns",
    found_by="sweep",
    items=[1, 2],
    closes=True,
)
class SuppressesCancellationInItsClose(Peer):
    """The early close takes each cancellation for that of its writer: aio-libs/aiohttp#8174."""

    def __init__(self) -> None:
        super().__init__()
        self.items = [1, 2]
        self.writing = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await self.answer("read")
        self.writing = bool(self.items)
        if not self.items:
            raise StopAsyncIteration
        return self.items.pop(0)

    async def aclose(self) -> None:
        self.items.clear()
        if self.writing:
            self.writing = False
            with suppress(anyio.get_cancelled_exc_class()):
                await self.answer("end the writer")


# One after the other: used again after a cancellation, an error or an early end


@faulty(
    MANAGER,
    "enter cancelled at the connect; enter; exit hangs",
    found_by="sequences",
    reuse="reusable",
)
class CountsWhoeverAsked(Peer):
    """A cancelled acquire counts as a user, whom the close waits for: MagicStack/asyncpg#547."""

    users = 0

    def __init__(self) -> None:
        super().__init__()
        self.unused = anyio.Event()

    async def __aenter__(self) -> Self:
        if not self.users:
            self.unused = anyio.Event()
        self.users += 1
        await self.answer("connect")
        return self

    async def __aexit__(self, *details: object) -> None:
        if not self.users:
            return
        self.users -= 1
        if not self.users:
            self.unused.set()
        await self.unused.wait()


@faulty(
    AWAITABLE,
    "await cancelled; await raises CancelledError, though nobody cancelled it",
    found_by="sequences",
    backends=ASYNCIO,
    returns=42,
    reawait="same",
)
class KeepsItsCancelledTask:
    """Whoever comes after a cancelled caller is cancelled too: neuro-san-studio#1277."""

    task: asyncio.Future[int] | None = None

    def __await__(self) -> Generator[Any, Any, int]:
        if self.task is None:
            self.task = asyncio.ensure_future(self.work())
        return self.task.__await__()

    async def work(self) -> int:
        for _ in range(3):
            await checkpoint()
        return 42


@faulty(
    AWAITABLE,
    "await cancelled; await gives None",
    found_by="sequences",
    returns=42,
    reawait="same",
)
class GivesNothingAfterACancellation:
    """The generator that it keeps is over once it was cancelled: BobTheBuidler/dank_mids#544."""

    def __init__(self) -> None:
        self.steps = self.work()
        self.value: int | None = None

    def __await__(self) -> Generator[Any, Any, int | None]:
        yield from self.steps
        return self.value

    def work(self) -> Generator[Any, Any, None]:
        yield from checkpoint().__await__()
        self.value = 42


@faulty(
    ITERATOR,
    "anext cancelled; aclose raises RuntimeError",
    found_by="sequences",
    backends=ASYNCIO,
    items=[1, 2, 3],
    closes=True,
)
class ClosesUnderItsReader:
    """aclose() meets a cancelled step in the source: graphql-python/graphql-core#197."""

    def __init__(self) -> None:
        self.source = self.count()
        self.closed = False

    def __aiter__(self) -> Self:
        return self

    async def count(self) -> AsyncGenerator[int, None]:
        for number in (1, 2, 3):
            try:
                for _ in range(3):
                    await checkpoint()
            except asyncio.CancelledError:
                for _ in range(10):  # a goodbye, which takes some turns
                    await checkpoint()
                raise
            yield number

    async def __anext__(self) -> int:
        if self.closed:
            raise StopAsyncIteration
        reader = asyncio.ensure_future(anext(self.source, 0))
        try:
            await asyncio.wait([reader])
        except asyncio.CancelledError:
            reader.cancel()
            raise
        item = reader.result()
        if not item:
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        self.closed = True
        await self.source.aclose()


class Echo(AsyncGenerator[int, Any]):
    """Counts how often it was asked, and refuses to be asked by two at once."""

    def __init__(self) -> None:
        self.peer = Peer()
        self.running = False
        self.over = False
        self.count = 0

    def enter(self) -> None:
        if self.running:
            raise RuntimeError("asynchronous generator is already running")
        self.running = True

    async def asend(self, value: Any) -> int:
        self.enter()
        try:
            await self.peer.answer("asend")
        finally:
            self.running = False
        return self.counted(value)

    async def athrow(self, kind: Any, value: Any = None, trace: Any = None) -> int:
        self.enter()
        try:
            await self.peer.answer("athrow")
        finally:
            self.running = False
        return self.thrown(value or kind)

    async def aclose(self) -> None:
        self.enter()
        try:
            await self.peer.answer("aclose")
            self.over = True
        finally:
            self.running = False

    def counted(self, value: Any) -> int:
        if not self.count and value is not None:
            raise TypeError("can't send non-None value to a just-started async generator")
        if self.over or self.count == 3:
            raise StopAsyncIteration
        self.count += 1
        return self.count

    def thrown(self, error: Any) -> int:
        self.over = True
        raise error


@faulty(
    GENERATOR, "anext; athrow(ValueError); aclose raises RuntimeError", found_by="sequences",
    items=[1, 2, 3],
)  # fmt: skip
class IsRunningForEver(Echo):
    """Where athrow() ends it, it keeps the flag that it is running: cython/cython#7618."""

    async def athrow(self, kind: Any, value: Any = None, trace: Any = None) -> int:
        self.enter()
        await self.peer.answer("athrow")
        item = self.thrown(value or kind)
        self.running = False
        return item


@faulty(
    ITERABLE,
    "aiter; anext; aclose; aiter; anext is told the end",
    found_by="sequences",
    items=[1, 2, 3],
    reiterable=True,
)
class KeepsTheSentinelOfTheLastPass:
    """A pass begins with what is left of the last one, its end: agentscope-ai/agentscope#2587."""

    def __init__(self) -> None:
        self.events: deque[int | None] = deque()

    def __aiter__(self) -> Session:
        return Session(self.events)


class Session:
    """One pass over the events of a feed."""

    def __init__(self, events: deque[int | None]) -> None:
        self.events = events
        self.sent = False
        self.over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        if not self.sent:
            self.sent = True
            self.events.extend((1, 2, 3, None))
        await checkpoint()
        item = None if self.over else self.events.popleft()
        if item is None:
            self.over = True
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        """Drop what is left but the end, which whoever waits is to see."""
        await checkpoint()
        if self.sent and not self.over:
            self.over = True
            self.events.clear()
            self.events.append(None)


@faulty(
    MANAGER,
    "exit; enter gives what was never connected",
    found_by="sequences",
    value=lambda server: server.connected,
    reuse="reusable",
)
class CountsBelowZero(Peer):
    """An exit too many lets the next entry think that it runs: pydantic/pydantic-ai#2696."""

    running = 0
    connected = False

    async def __aenter__(self) -> Self:
        await checkpoint()
        if not self.running:
            await self.answer("connect")
            self.connected = True
        self.running += 1
        return self

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()
        self.running -= 1
        if not self.running:
            await self.answer("disconnect")
            self.connected = False


# Two at once, or more


@faulty(
    GENERATOR, "asend waits; athrow meanwhile is not refused", found_by="sequences", items=[1, 2, 3]
)
class GuardsWhatIsSentOnly(Echo):
    """asend() refuses a second caller, athrow() does not: python/cpython#117881."""

    async def athrow(self, kind: Any, value: Any = None, trace: Any = None) -> int:
        await self.peer.answer("athrow")
        return self.thrown(value or kind)


@faulty(
    MANAGER,
    "enter; two exit at once; enter gives what was disconnected",
    found_by="sequences",
    value=lambda server: server.connected,
    reuse="reentrant",
    concurrent_entry="safe",
)
class ChecksItsCountBeforeItsLock(Peer):
    """Two exits at once both find a count of one: pydantic/pydantic-ai#4422."""

    running = 0
    connected = False

    def __init__(self) -> None:
        super().__init__()
        self.lock = anyio.Lock()

    async def __aenter__(self) -> Self:
        async with self.lock:
            if self.running == 0:
                await self.answer("connect")
                self.connected = True
            self.running += 1
        return self

    async def __aexit__(self, *details: object) -> None:
        if not self.running:
            raise ValueError("exited more often than entered")
        async with self.lock:
            self.running -= 1
            if self.running == 0:
                await self.answer("disconnect")
                self.connected = False


class Turnstile:
    """Lets one in at a time, first come, first served; others wait in `queue`."""

    def __init__(self) -> None:
        self.held = False
        self.queue: deque[Any] = deque()

    async def __aenter__(self) -> None:
        await checkpoint()
        if self.held:
            await self.wait()
        self.held = True

    async def wait(self) -> None:
        raise NotImplementedError

    async def __aexit__(self, *details: object) -> None:
        self.serve_next()

    def serve_next(self) -> None:
        self.held = bool(self.queue)
        if self.queue:
            self.queue.popleft().set()


@faulty(
    MANAGER,
    "enter; a second enter waits, and is cancelled; exit; enter hangs",
    found_by="sequences",
    reuse="reusable",
    concurrent_entry="safe",
    released=holds_nothing,
)
class HandsItsTurnToTheDead(Turnstile):
    """A waiter that was cancelled stays in the queue, and is served: psycopg/psycopg#509."""

    async def wait(self) -> None:
        served = anyio.Event()
        self.queue.append(served)
        await served.wait()


@faulty(
    MANAGER,
    "enter; two more wait; exit, and the first of them is cancelled in that turn: the other hangs",
    found_by="sequences",
    backends=ASYNCIO,
    reuse="reusable",
    concurrent_entry="safe",
    released=holds_nothing,
)
class LosesAWakeUp(Turnstile):
    """A waiter that is cancelled when it was woken wakes nobody: python/asyncio#270."""

    async def wait(self) -> None:
        served = anyio.Event()
        self.queue.append(served)
        try:
            await served.wait()
        except BaseException:
            if served in self.queue:
                self.queue.remove(served)
            raise


@faulty(
    MANAGER,
    "enter; a second enter waits for longer than the limit; exit; enter raises PoolTimeout",
    found_by="sequences",
    reuse="reusable",
    concurrent_entry="safe",
    released=holds_nothing,
)
class ServesWhoGaveUp(Turnstile):
    """A waiter that raised PoolTimeout stays in the queue: encode/httpcore#502."""

    async def wait(self) -> None:
        served = anyio.Event()
        self.queue.append(served)
        try:
            with anyio.fail_after(5):
                await served.wait()
        except anyio.get_cancelled_exc_class():
            if served.is_set():
                self.serve_next()
            else:
                self.queue.remove(served)
            raise
