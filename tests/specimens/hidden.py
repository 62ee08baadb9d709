"""Faults that hide: at a later suspension, after a delay, in the clean-up, on the second use.

Each class is a small one with the fault of a bug report, which its docstring names.
"""

from __future__ import annotations

import asyncio
import contextvars
import socket
from collections.abc import AsyncIterator, Awaitable, Generator
from contextlib import suppress
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import violates

AWAITABLE = Protocol.AWAITABLE
ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)


class Holder:
    """Counts what it holds."""

    held = 0


def holds_nothing(holder: Any) -> bool:
    """What the specimens that hold something declare as released."""
    return holder.held == 0


# At the second or a later suspension


@violates(
    "CM010",
    MANAGER,
    released=holds_nothing,
    says=(
        "cancelled at suspension 2, inside __aenter__, it kept what it had acquired: "
        "released= is false"
    ),
)
class LosesItsConnectionInTheReset(Holder):
    """Takes a connection, and resets it outside of any `try`: MagicStack/asyncpg#464, #547."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.held += 1
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        self.held = 0


@violates(
    "CM010",
    MANAGER,
    released=holds_nothing,
    says=(
        "cancelled at suspension 2, inside __aenter__, it kept what it had acquired: "
        "released= is false"
    ),
)
class GuardsItsFirstStepOnly(Holder):
    """Releases if the handshake is cancelled, not if the login is: psycopg/psycopg#509."""

    async def __aenter__(self) -> Self:
        self.held += 1
        try:
            await checkpoint()
        except BaseException:
            self.held -= 1
            raise
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        self.held = 0


@violates(
    "CM011",
    MANAGER,
    released=holds_nothing,
    says=(
        "cancelled at suspension 3, inside __aexit__, it ended without releasing: "
        "released= is false"
    ),
)
class ReleasesBehindItsSecondGoodbye(Holder):
    """Is safe in its first goodbye, and gives up in the second: MagicStack/asyncpg#97."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.held += 1
        return self

    async def __aexit__(self, *details: object) -> None:
        try:
            await checkpoint()
        except BaseException:
            self.held = 0
            raise
        await checkpoint()
        self.held = 0


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


@violates(
    "AI019",
    ITERATOR,
    items=[1, 2],
    closes=True,
    released=holds_nothing,
    says="aclose(), cancelled at its suspension 2, ended without releasing: released= is false",
)
class ReleasesBehindItsSecondFarewell(Holder):
    """Its `aclose` is safe where it flushes, not where it waits: long2ice/asyncmy#156."""

    def __init__(self) -> None:
        self.items = iter((1, 2))
        self.closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if not self.closed:
            self.held = 1
            for item in self.items:
                return item
        self.held = 0
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed = True
        try:
            await checkpoint()
        except BaseException:
            self.held = 0
            raise
        await checkpoint()
        self.held = 0


@violates("AG001", GENERATOR, says="closed after item 2, it yielded '[DONE]'; expected it to end")
async def sends_a_last_word() -> AsyncIterator[str]:
    """Yields in `finally`, once it was under way: Continuum-AI-Corp/OrcaRouter-Lite#49."""
    await checkpoint()
    yield "data"
    try:
        await checkpoint()
        yield "data"
    finally:
        yield "[DONE]"


@violates("AG007", GENERATOR, says="item 2 was yielded inside a cancel scope")
async def times_its_second_item() -> AsyncIterator[int]:
    """Yields inside a time-out, not at its first item: modelcontextprotocol/python-sdk#79."""
    await checkpoint()
    yield 1
    with anyio.move_on_after(30):
        await checkpoint()
        yield 2
    await checkpoint()
    yield 3


@violates(
    "AW012",
    AWAITABLE,
    retryable=True,
    says=(
        "await #2 hangs: it waits at ... in ForgetsThatItWasBusy.run for Event.wait, and "
        "nothing is left that could wake it"
    ),
)
class ForgetsThatItWasBusy:
    """A cancellation before its `try` leaves it busy for ever: chrisguidry/docket#263."""

    busy = False

    def __init__(self) -> None:
        self.done = anyio.Event()

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        await checkpoint()
        if self.busy:
            await self.done.wait()
            return 42
        self.busy = True
        await checkpoint()
        try:
            await checkpoint()
        except BaseException:
            self.busy = False
            raise
        self.done.set()
        return 42


# Only after a delay


@violates(
    "CO008",
    MANAGER,
    backends=ASYNCIO,
    says="ValueError: the keep-alive failed was raised where nobody but a log or a hook got it",
)
class LosesALateError:
    """Its task fails after a while, and nobody looks: zeromq/pyzmq#1925."""

    async def __aenter__(self) -> None:
        self.task = asyncio.ensure_future(self.work())
        await asyncio.sleep(0.7)

    async def __aexit__(self, *details: object) -> None:
        await asyncio.wait([self.task])
        del self.task

    async def work(self) -> None:
        await asyncio.sleep(0.5)
        raise ValueError("the keep-alive failed")


def background_that_fails() -> ForgetsItsPump:
    return ForgetsItsPump(fails=True)


@violates(
    "CM023",
    MANAGER,
    failing_background=background_that_fails,
    backends=ASYNCIO,
    says=(
        "failing_background= was declared, but __aexit__ #1 returned None; expected it to "
        "raise what failed"
    ),
)
class ForgetsItsPump:
    """Cancels its pump and never looks at how it ended: ethereum/snake-charmers#70."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails

    async def __aenter__(self) -> None:
        await asyncio.sleep(0)
        self.pump = asyncio.ensure_future(self.work())

    async def work(self) -> None:
        await asyncio.sleep(0)
        if self.fails:
            raise ValueError("the pump failed")
        await asyncio.sleep(60)

    async def __aexit__(self, *details: object) -> None:
        self.pump.cancel()
        await asyncio.gather(self.pump, return_exceptions=True)


@violates(
    "CO004",
    MANAGER,
    own_scope=True,
    backends=ASYNCIO,
    says="with a body that waits, it left its caller's task with cancelling() at 1; expected 0",
)
class TimesOutByHand:
    """A home-made time-out that takes its cancellation back by half: aio-libs/aiohttp#9326."""

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.fired = False
        self.timer = asyncio.get_running_loop().call_soon(self.fire, task)

    def fire(self, task: asyncio.Task[Any]) -> None:
        self.fired = True
        task.cancel()

    async def __aexit__(self, kind: object, *details: object) -> bool:
        self.timer.cancel()
        return self.fired and kind is asyncio.CancelledError


# Only in one order of calls


@violates(
    "AI018",
    ITERATOR,
    items=[1, 2, 3, 4],
    says="__anext__ #2, after aclose(), returned 2; expected StopAsyncIteration",
)
class GivesWhatItHasBuffered:
    """Closes its source, and not its buffer: graphql-python/graphql-core#5."""

    def __init__(self) -> None:
        self.pages = [[1, 2], [3, 4]]
        self.buffer: list[int] = []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if not self.buffer:
            if not self.pages:
                raise StopAsyncIteration
            self.buffer = self.pages.pop(0)
        return self.buffer.pop(0)

    async def aclose(self) -> None:
        await checkpoint()
        self.pages.clear()


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


@violates(
    "CM020",
    MANAGER,
    released=holds_nothing,
    says={
        "asyncio": "after a body that raised CancelledError, released= is false",
        "trio": "after a body that raised Cancelled, released= is false",
    },
)
class ReleasesAfterErrorsOnly(Holder):
    """Releases after an error and after none, not after a cancellation: florimondmanca/arel#43."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.held = 1
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is None or issubclass(kind, Exception):
            self.held = 0


# Only on the second use


@violates(
    "AW009",
    AWAITABLE,
    returns=42,
    says=(
        "the first await returned 42, the second returned None; expected the same, an "
        "error, or a new value (if None is a result of the operation, declare "
        'reawait="again")'
    ),
)
class KeepsItsGenerator:
    """The generator that it keeps is used up after the first await: BobTheBuidler/dank_mids#544."""

    def __init__(self) -> None:
        self.steps = self.run()

    def run(self) -> Generator[Any, Any, int]:
        yield from checkpoint().__await__()
        return 42

    def __await__(self) -> Generator[Any, Any, int]:
        return self.steps


@violates(
    "CM015",
    MANAGER,
    says=(
        "__aexit__ #2, after a second entry that was not refused, raised AssertionError: "
        "not connected"
    ),
)
class ForgetsToConnectAgain:
    """Lets itself be entered again, without its connection: zschumacher/pydapper#579."""

    def __init__(self) -> None:
        self.connection: list[str] | None = ["open"]

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()
        assert self.connection is not None, "not connected"
        self.connection = None


@violates(
    "CO012",
    MANAGER,
    backends=ASYNCIO,
    says=(
        "used by two tasks at once in a second event loop, it raised RuntimeError: "
        "<asyncio.locks.Lock object [locked]> is bound to a different event loop"
    ),
)
class SharesALockOfTheFirstLoop:
    """A lock of the class belongs to the first loop in which two tasks want it: khora#1160."""

    lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        await checkpoint()
        await self.lock.acquire()

    async def __aexit__(self, *details: object) -> None:
        self.lock.release()


# Only when two tasks are at it


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
    "CM016",
    MANAGER,
    concurrent_entry="safe",
    released=lambda pool: pool.is_whole(),
    says="when two tasks had left, released= is false",
)
class KeepsOneSlotForAll:
    """The second user's slot takes the place of the first one's: pydantic/pydantic-ai#6411."""

    def __init__(self) -> None:
        self.free = [1, 2]
        self.slot = 0

    def is_whole(self) -> bool:
        return sorted(self.free) == [1, 2]

    async def __aenter__(self) -> int:
        await checkpoint()
        self.slot = self.free.pop()
        return self.slot

    async def __aexit__(self, *details: object) -> None:
        self.free.append(self.slot)


@violates(
    "AW010",
    AWAITABLE,
    shared=True,
    returns=42,
    says=(
        "a second task joined in at suspension 1 of a first one: for the first it returned "
        "42, for the second it returned None; for one alone it returned 42"
    ),
)
class LoadsForTheFirstOnly:
    """Whoever comes while it loads gets what is there, nothing: ryananguiano/async_property#20."""

    loading = False
    value: int | None = None

    def __await__(self) -> Generator[Any, Any, int | None]:
        return self.load().__await__()

    async def load(self) -> int | None:
        if not self.loading:
            self.loading = True
            await checkpoint()
            self.value = 42
        return self.value


@violates(
    "AW011",
    AWAITABLE,
    shared=True,
    backends=ASYNCIO,
    says=(
        "when the first of two tasks that awaited it was cancelled by a cancel scope, the "
        "other raised CancelledError; alone it returned 42"
    ),
)
class SharesItsTask:
    """Whoever is cancelled cancels the task of all: aio-libs/async-lru#697."""

    task: asyncio.Task[int] | None = None

    async def run(self) -> int:
        await asyncio.sleep(1)
        return 42

    def __await__(self) -> Generator[Any, Any, int]:
        if self.task is None:
            self.task = asyncio.ensure_future(self.run())
        return self.task.__await__()


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


# Only when the cancellation comes during the clean-up


@violates(
    "CO001",
    MANAGER,
    says="cancelled by a cancel scope at suspension 2, it swallowed the cancellation and went on",
)
class ClosesInSilence:
    """Whatever comes while it closes is dropped, cancellation too: aio-libs/aiohttp#8174."""

    async def __aenter__(self) -> None:
        await checkpoint()

    async def __aexit__(self, *details: object) -> None:
        with suppress(BaseException):
            await checkpoint()


@violates(
    "AG008",
    GENERATOR,
    released=holds_nothing,
    says="cancelled by a cancel scope at suspension 1, and closed after that, it is not released",
)
class Stream:
    """Its `finally` awaits, and a cancelled scope cuts it short: sqlalchemy/sqlalchemy#6652."""

    def __init__(self) -> None:
        self.held = 0
        self.steps = self.run()

    async def run(self) -> AsyncIterator[int]:
        self.held = 1
        try:
            for number in range(3):
                await checkpoint()
                yield number
        finally:
            await checkpoint()
            self.held = 0

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Awaitable[int]:
        return self.steps.__anext__()

    def asend(self, value: Any) -> Awaitable[int]:
        return self.steps.asend(value)  # type: ignore[attr-defined,no-any-return]

    def athrow(self, *error: Any) -> Awaitable[int]:
        return self.steps.athrow(*error)  # type: ignore[attr-defined,no-any-return]

    def aclose(self) -> Awaitable[None]:
        return self.steps.aclose()  # type: ignore[attr-defined,no-any-return]


def peer_that_never_answers() -> WaitsForItsPeer:
    return WaitsForItsPeer(answers=False)


@violates(
    "CO009",
    ITERATOR,
    items=[1],
    hanging=peer_that_never_answers,
    says=(
        "__anext__ #1 hangs: it waits at ... in WaitsForItsPeer.__anext__ for Event.wait, "
        "and nothing is left that could wake it"
    ),
)
class WaitsForItsPeer:
    """Waits for an answer under a shield without an end: OpenHands/software-agent-sdk#4597."""

    def __init__(self, *, answers: bool = True) -> None:
        self.given = False
        self.answer = anyio.Event()
        if answers:
            self.answer.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        with anyio.CancelScope(shield=True):
            await self.answer.wait()
        await checkpoint()
        if self.given:
            raise StopAsyncIteration
        self.given = True
        return 1


# Only after an error


def broken_source() -> KeepsItsLock:
    return KeepsItsLock(fails=True)


@violates(
    "AI006",
    ITERATOR,
    items=[1],
    failing=broken_source,
    after_error="stops",
    says=(
        "__anext__ #2 hangs: it waits at ... in KeepsItsLock.__anext__ for Event.wait, and "
        "nothing is left that could wake it"
    ),
)
class KeepsItsLock:
    """The lock that it holds when it fails stays locked: ray-project/ray#62998."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.given = False
        self.unlocked = anyio.Event()
        self.unlocked.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await self.unlocked.wait()
        self.unlocked = anyio.Event()
        await checkpoint()
        if self.fails:
            raise ValueError("the source failed")
        self.unlocked.set()
        if self.given:
            raise StopAsyncIteration
        self.given = True
        return 1


def failing_producer() -> EndsWhenItsProducerFails:
    return EndsWhenItsProducerFails(fails=True)


@violates(
    "AI016",
    ITERATOR,
    items=[1, 2],
    failing=failing_producer,
    says="its source fails, but __anext__ #2 raised StopAsyncIteration; expected the error",
)
class EndsWhenItsProducerFails:
    """A failure of its source looks like the end: stanfordnlp/dspy#9353."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.items = [1, 2]

    def __aiter__(self) -> Self:
        return self

    async def read(self) -> int | None:
        await checkpoint()
        if self.fails and len(self.items) == 1:
            raise ValueError("the source failed")
        return self.items.pop(0) if self.items else None

    async def __anext__(self) -> int:
        try:
            item = await self.read()
        except Exception:
            self.items.clear()
            item = None
        if item is None:
            raise StopAsyncIteration
        return item


def silent_producer() -> WaitsForADeadProducer:
    return WaitsForADeadProducer(fails=True)


@violates(
    "AI016",
    ITERATOR,
    items=[1, 2],
    failing=silent_producer,
    says=(
        "__anext__ #2 hangs: it waits at ... in WaitsForADeadProducer.__anext__ for "
        "Event.wait, and nothing is left that could wake it"
    ),
)
class WaitsForADeadProducer:
    """Waits for ever when its source has died: dbrattli/aioreactive#10."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.items = [1, 2]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if self.fails and len(self.items) == 1:
            await anyio.Event().wait()
        if not self.items:
            raise StopAsyncIteration
        return self.items.pop(0)


def refused_login() -> KeepsASlotWhenRefused:
    return KeepsASlotWhenRefused(refused=True)


@violates(
    "CM009",
    MANAGER,
    failing_enter=refused_login,
    released=holds_nothing,
    says="__aenter__ #1 raised ConnectionError, and kept what it had acquired: released= is false",
)
class KeepsASlotWhenRefused(Holder):
    """A login that is refused costs a slot: hideya/langchain-mcp-tools-py#2."""

    def __init__(self, *, refused: bool = False) -> None:
        self.refused = refused

    async def __aenter__(self) -> Self:
        self.held += 1
        try:
            await checkpoint()
        except BaseException:
            self.held -= 1
            raise
        if self.refused:
            raise ConnectionError("refused")
        return self

    async def __aexit__(self, *details: object) -> None:
        self.held = 0


class Transaction:
    """Commits when nothing went wrong."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()


def wrapped(inner: Any) -> ForgetsWhatWentWrong:
    return ForgetsWhatWentWrong(inner)


@violates(
    "CM008",
    MANAGER,
    wraps=wrapped,
    says=(
        "the body raised BodyError: raised in the body, but the manager it wraps was told "
        "of nothing"
    ),
)
class ForgetsWhatWentWrong:
    """Tells the manager that it wraps that all went well: hynek/svcs#112."""

    def __init__(self, inner: Any = None) -> None:
        self.inner = inner or Transaction()

    async def __aenter__(self) -> Any:
        return await self.inner.__aenter__()

    async def __aexit__(self, *details: object) -> None:
        await self.inner.__aexit__(None, None, None)


# Only on garbage collection


@violates(
    "CO018",
    MANAGER,
    backends=ASYNCIO,
    says=(
        "dropped unused where no event loop runs: RuntimeError: no running event loop, in "
        "ClosesWhenItIsForgotten.__del__; expected a ResourceWarning at most"
    ),
)
class ClosesWhenItIsForgotten:
    """Its `__del__` starts a task, with or without a loop: chassing/uplink-httpx#4."""

    async def __aenter__(self) -> Self:
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await asyncio.sleep(0)

    def __del__(self) -> None:
        asyncio.get_running_loop().create_task(self.aclose())


@violates(
    "CO016",
    MANAGER,
    says=(
        "dropped after its use, it left something open: ResourceWarning: unclosed <socket.socket>"
    ),
)
class DropsItsSocketAfterAnError:
    """Closes its socket if nothing went wrong: sqlalchemy/sqlalchemy#8145."""

    async def __aenter__(self) -> None:
        await checkpoint()
        self.socket = socket.socket()

    async def __aexit__(self, kind: object, *details: object) -> None:
        if kind is None:
            self.socket.close()
        del self.socket


_language = contextvars.ContextVar("_language", default="none")


@violates(
    "AG011",
    GENERATOR,
    says=(
        "each step in another context, __anext__ #3 raised ValueError: <Token "
        "var=<ContextVar name='_language' default='none'>> was created in a different "
        "Context; expected what it does in one context"
    ),
)
async def resets_where_it_is_closed() -> AsyncIterator[str]:
    """Resets a variable in whatever context it is closed: getsentry/sentry-python#4928."""
    await checkpoint()
    token = _language.set("en")
    try:
        yield "hello"
        yield "goodbye"
    finally:
        _language.reset(token)


async def _source() -> AsyncIterator[int]:
    for number in range(3):
        await checkpoint()
        yield number


def relayed(source: Any) -> AsyncIterator[int]:
    return relays(source)


@violates(
    "AG010",
    GENERATOR,
    wraps=relayed,
    says="aclose #1, after item 1, returned None, and left its source open",
)
async def relays(source: Any = None) -> AsyncIterator[int]:
    """Leaves its source to the garbage collector: mozilla-ai/any-llm#1315."""
    async for number in source or _source():
        yield number


@violates(
    "AB008",
    ITERABLE,
    released=lambda pages: pages.held == 0,
    says="left after one item and closed by aclose(), it is not released",
)
class Pages(Holder):
    """Opens its connection late, and lets nobody close it: opentelemetry-python-contrib#4710."""

    def __aiter__(self) -> AsyncIterator[int]:
        return self.pages()

    async def pages(self) -> AsyncIterator[int]:
        self.held += 1
        for number in range(3):
            await checkpoint()
            yield number
        self.held -= 1


@violates(
    "AI015",
    ITERATOR,
    items=[1, 2],
    checkpoints=True,
    says="__anext__ #2 returned 2 without having suspended",
)
class ServesFromItsBuffer:
    """What is in its buffer comes without a suspension: agronholm/anyio#1107."""

    def __init__(self) -> None:
        self.buffer: list[int] = []
        self.fetched = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        if not self.buffer and not self.fetched:
            await checkpoint()
            self.buffer, self.fetched = [1, 2], True
        elif not self.buffer:
            await checkpoint()
            raise StopAsyncIteration
        return self.buffer.pop(0)
