"""Specimens: cancellation that a subject makes itself, by asyncio's means."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import anyio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.subjects import Ticker

AWAITABLE = Protocol.AWAITABLE
ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
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
