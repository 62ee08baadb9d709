"""Specimens for the common rules about cancellation: own, by close(), and under a shield."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import BOTH, conforms, violates
from tests.specimens.async_iterator import Ticker

AWAITABLE = Protocol.AWAITABLE
ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)


class Worker:
    """Works in a task of its own."""

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await asyncio.sleep(0)
        self.task = asyncio.ensure_future(asyncio.sleep(60))
        return self

    async def __aexit__(self, *details: object) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])


# CO003


@conforms("CO003", MANAGER, backends=ASYNCIO)
class WaitsForItsWorker(Worker):
    """Cancels its task, and waits for its end without asking how it ended."""


def refused() -> WaitsForALoginThatIsOver:
    """One whose login the server breaks off."""
    return WaitsForALoginThatIsOver(refused=True)


@violates(
    "CO003",
    MANAGER,
    failing_enter=refused,
    backends=ASYNCIO,
    says=(
        "made by failing_enter=, it raised CancelledError, though nobody had cancelled its caller"
    ),
)
class WaitsForALoginThatIsOver(Worker):
    """Cancels its login, and lets who waits for that take himself for cancelled: anyio#88."""

    def __init__(self, *, refused: bool = False) -> None:
        super().__init__()
        self.refused = refused

    async def __aenter__(self) -> Self:
        login = asyncio.ensure_future(asyncio.sleep(1))
        if self.refused:
            asyncio.get_running_loop().call_soon(login.cancel)
        try:
            await login
        finally:
            login.cancel()
        return self


class Connection(Ticker):
    """Reads in a task of its own."""

    reading: asyncio.Task[int] | None = None

    async def __anext__(self) -> int:
        self.reading = asyncio.ensure_future(self.read())
        try:
            await asyncio.wait([self.reading])
            item = self.reading.result()
        finally:
            self.reading.cancel()
        if item < 0:
            raise StopAsyncIteration
        return item

    async def read(self) -> int:
        """Takes a while."""
        await asyncio.sleep(1)
        return self.left.pop(0) if self.left else -1

    async def aclose(self) -> None:
        """Stops reading."""
        self.left.clear()
        if self.reading is not None:
            self.reading.cancel()


@violates(
    "CO003",
    ITERATOR,
    backends=ASYNCIO,
    says=(
        "waiting for an item when aclose() was called, it raised CancelledError, though "
        "nobody had cancelled its caller"
    ),
)
class ReaderIsCancelled(Connection):
    """Who waits for an item when it is closed is told that he was cancelled: aiohttp#2056."""


@conforms("CO003", ITERATOR, backends=ASYNCIO)
class ReaderIsTold(Connection):
    """Who waits for an item when it is closed gets the end."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise StopAsyncIteration from None


@violates(
    "CO003",
    ITERATOR,
    backends=ASYNCIO,
    says="closed after an item, it raised CancelledError, though nobody had cancelled its caller",
)
class LaterReaderIsCancelled(ReaderIsTold):
    """Who asks for an item after it was closed is told that he was cancelled."""

    closed: asyncio.Future[None] | None = None

    async def __anext__(self) -> int:
        if self.closed is not None:
            await self.closed
        return await super().__anext__()

    async def aclose(self) -> None:
        await super().aclose()
        self.closed = asyncio.get_running_loop().create_future()
        self.closed.cancel()


@violates(
    "CO003",
    ITERABLE,
    backends=ASYNCIO,
    says="closed after an item, it raised CancelledError, though nobody had cancelled its caller",
)
class LaterReadersAreCancelled:
    """Who asks one of its readers for an item, after that was closed, is told so."""

    def __aiter__(self) -> LaterReaderIsCancelled:
        return LaterReaderIsCancelled()


@violates(
    "CO003",
    AWAITABLE,
    backends=ASYNCIO,
    reawait="error",
    says="awaited again, it raised CancelledError, though nobody had cancelled its caller",
)
class CancelsItsSecondCaller:
    """Its task is gone after the first await: langchain-ai/langgraph#6950."""

    def __init__(self) -> None:
        self.task: asyncio.Future[int] | None = None

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        if self.task is None:
            self.task = asyncio.get_running_loop().create_future()
            try:
                await asyncio.sleep(0)
            finally:
                self.task.cancel()
            return 1
        return await self.task


@conforms("CO003", AWAITABLE, backends=ASYNCIO)
@conforms("CO004", AWAITABLE, backends=ASYNCIO)
class WaitsWithALimit:
    """A time-out of asyncio cancels the caller's task, takes that back, and is handled."""

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await asyncio.sleep(60)
        return 1


# CO004


@conforms("CO004", MANAGER, own_scope=True, backends=ASYNCIO)
def timeout() -> asyncio.Timeout:
    """Takes its cancellation back."""
    return asyncio.timeout(5)


@conforms("CO004", MANAGER, own_scope=True, wraps_in_group=True, backends=ASYNCIO)
def task_group() -> asyncio.TaskGroup:
    """May cancel its body, and then takes that back."""
    return asyncio.TaskGroup()


@conforms("CO004", MANAGER, own_scope=True, says={"trio": "not applicable on trio"})
def cancel_scope_with_a_deadline() -> Any:
    """Cancels by anyio's own count."""
    return Limited()


class Limited:
    """An async time-out around a cancel scope."""

    async def __aenter__(self) -> None:
        self.scope = anyio.move_on_after(5)
        self.scope.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return bool(self.scope.__exit__(kind, error, traceback))


class HomeMade:
    """Waits, and cancels its caller's task when that takes too long."""

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        task = asyncio.current_task()
        assert task is not None
        fired = False

        def fire() -> None:
            nonlocal fired
            fired = True
            task.cancel()

        timer = asyncio.get_running_loop().call_later(1, fire)
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if not fired:
                raise
            self.take_back(task)
        finally:
            timer.cancel()
        return 1

    def take_back(self, task: asyncio.Task[Any]) -> None:
        """What is done about the cancellation of its own."""
        task.uncancel()


@conforms("CO004", AWAITABLE, backends=ASYNCIO)
class TakesItBack(HomeMade):
    """Calls uncancel() for its cancel()."""


@violates(
    "CO004",
    AWAITABLE,
    backends=ASYNCIO,
    says="used, it left its caller's task with cancelling() at 1; expected 0",
)
class ForgetsToUncancel(HomeMade):
    """Swallows its own cancellation, and leaves the request: Yale-Libs/yalexs-ble#132."""

    def take_back(self, task: asyncio.Task[Any]) -> None:
        """Forgets."""


@violates(
    "CO004",
    ITERATOR,
    items=[1],
    backends=ASYNCIO,
    says="used, it left its caller's task with cancelling() at 1; expected 0",
)
class ForgetsToUncancelAtItsEnd:
    """Its last item is one that does not come in time."""

    def __init__(self) -> None:
        self.given = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        if self.given:
            await ForgetsToUncancel()
            raise StopAsyncIteration
        self.given = True
        await asyncio.sleep(0)
        return 1


# CO005


@violates(
    "CO005",
    AWAITABLE,
    says=(
        "closed at suspension 1, it caught GeneratorExit and went on to give a value; "
        "expected it to end"
    ),
)
class RetriesOnEverything:
    """Knows cancellation, and takes GeneratorExit for one more error to try again after."""

    def __init__(self) -> None:
        self.tries = 3

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        while self.tries:
            self.tries -= 1
            try:
                await self.attempt()
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException:  # noqa: S112
                continue
            break
        return 1

    async def attempt(self) -> None:
        """Asks the peer."""
        await checkpoint()


@violates(
    "CO005",
    AWAITABLE,
    says=(
        "closed at suspension 1, it caught GeneratorExit and went on for ever; expected it to end"
    ),
)
class RetriesForEver(RetriesOnEverything):
    """The same without a last try, and with a time-out around all."""

    async def run(self) -> int:
        with anyio.fail_after(30):
            self.tries = 1_000_000
            return await super().run()


@violates("CO005", GENERATOR, shows_on=BOTH if sys.version_info >= (3, 13) else ())
async def retries_its_second_item() -> AsyncIterator[int]:
    """Goes on after GeneratorExit at a later item only; close() gets there since Python 3.13."""
    await checkpoint()
    yield 1
    await RetriesOnEverything()
    yield 2


@violates(
    "CO005",
    MANAGER,
    says=(
        "closed at suspension 2, it caught GeneratorExit and went on to give a value; "
        "expected it to end"
    ),
)
class RetriesAtItsExit:
    """Says goodbye as often as it takes."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        await RetriesOnEverything()


@conforms("CO005", AWAITABLE)
class RetriesOnErrors(RetriesOnEverything):
    """Tries again after errors."""

    async def run(self) -> int:
        for _ in range(3):
            with suppress(Exception):
                await self.attempt()
                break
        return 1


@conforms("CO005", AWAITABLE)
class AwaitsWhileItEnds(RetriesOnEverything):
    """Cleans up twice by an await, once under a shield, and lets GeneratorExit out."""

    async def run(self) -> int:
        try:
            try:
                await self.attempt()
            finally:
                await self.attempt()
        finally:
            with anyio.CancelScope(shield=True):
                await self.attempt()
                await self.attempt()
        return 1


@conforms("CO005", MANAGER, says="it never suspended where coroutine.close() gets at it")
@asynccontextmanager
async def awaits_in_finally() -> AsyncIterator[None]:
    """As everybody writes it."""
    await checkpoint()
    try:
        yield
    finally:
        await checkpoint()


@conforms("CO005", AWAITABLE, returns=[1, 2], backends=ASYNCIO)
def gathered() -> Any:
    """Waits for two tasks, by what is no coroutine."""

    async def gather() -> list[int]:
        return await asyncio.gather(asyncio.sleep(1, 1), asyncio.sleep(2, 2))

    return gather()


# CO009


def silent_goodbye() -> SaysGoodbyeForEver:
    """One whose peer says nothing."""
    return SaysGoodbyeForEver(answers=False)


def silent_but_limited() -> SaysGoodbyeForAWhile:
    """One whose peer says nothing."""
    return SaysGoodbyeForAWhile(answers=False)


@violates(
    "CO009",
    MANAGER,
    hanging=silent_goodbye,
    says=(
        "__aexit__ #1 hangs: it waits at ... in SaysGoodbyeForEver.__aexit__ for "
        "Event.wait, and nothing is left that could wake it"
    ),
)
class SaysGoodbyeForEver:
    """Waits at its exit for an answer, under a shield: encode/httpcore#726."""

    limit = float("inf")

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        answer = anyio.Event()
        if self.answers:
            answer.set()
        with anyio.move_on_after(self.limit, shield=True):
            await answer.wait()
        await checkpoint()


@conforms(
    "CO009",
    MANAGER,
    hanging=silent_but_limited,
    says="the subject that hanging= makes ended by itself, before it was cancelled",
)
class SaysGoodbyeForAWhile(SaysGoodbyeForEver):
    """Its shield has a deadline, by which it may outlast the cancellation."""

    limit = 30


def silent_source() -> ListensAfterAGreeting:
    """One to which nobody ever sends."""
    return ListensAfterAGreeting(sent=())


@conforms("CO009", ITERATOR, items=[1, 2], hanging=silent_source)
class ListensAfterAGreeting:
    """Is under a shield for its greeting only."""

    def __init__(self, sent: tuple[int, ...] | None = (1, 2, -1)) -> None:
        self.sent = list(sent or ())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1)
        if not self.sent:
            await anyio.Event().wait()
        await checkpoint()
        if self.sent[0] == -1:
            raise StopAsyncIteration
        return self.sent.pop(0)


def never_answered() -> ShieldsItsAnswer:
    """One that waits for ever."""
    return ShieldsItsAnswer(answers=False)


@violates(
    "CO009",
    AWAITABLE,
    returns=1,
    hanging=never_answered,
    backends=ASYNCIO,
    says=(
        "await #1 hangs: it waits at ... in ShieldsItsAnswer.run, and nothing is left that "
        "could wake it"
    ),
)
class ShieldsItsAnswer:
    """Waits on behind asyncio.shield() until the answer is there: django/asgiref#567."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        answer = asyncio.get_running_loop().create_future()
        if self.answers:
            asyncio.get_running_loop().call_later(1, answer.set_result, 1)
        cancelled = None
        while not answer.done():
            try:
                await asyncio.shield(answer)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
        return int(answer.result())
