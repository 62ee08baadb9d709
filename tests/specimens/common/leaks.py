"""Specimens: what a subject leaves behind."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import Self

import trio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.common._bases import Job, Polite, Session
from tests.subjects import Ticker

ITERATOR = Protocol.ASYNC_ITERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
AWAITABLE = Protocol.AWAITABLE
ASYNCIO = ("asyncio",)


@violates("CO006", MANAGER, says="coroutine 'ForgetsToAwait.ping' was never awaited")
class ForgetsToAwait:
    """Calls a coroutine function on entry, and drops the coroutine."""

    async def __aenter__(self) -> Self:
        self.ping()
        return self

    async def __aexit__(self, *details: object) -> None:
        """Nothing to do."""

    async def ping(self) -> None:
        """Never runs."""


@conforms("CO006", MANAGER)
class Awaits(ForgetsToAwait):
    """Awaits what it calls."""

    async def __aenter__(self) -> Self:
        await self.ping()
        return self


@violates(
    "CO007",
    MANAGER,
    backends=("asyncio",),
    says="the task running sleep (it waits for sleep) is still alive after the end",
)
class ForgetsItsTask:
    """Leaves its background task running."""

    async def __aenter__(self) -> None:
        self.task = asyncio.ensure_future(asyncio.sleep(9))

    async def __aexit__(self, *details: object) -> None:
        """Nothing to do, it seems."""


@violates(
    "CO007",
    ITERATOR,
    backends=("asyncio",),
    says="the task running sleep (it waits for sleep) is still alive after the end",
)
class LeavesSiblingsRunning(Ticker):
    """Gives up the other tasks of a gather that failed."""

    async def __anext__(self) -> int:
        with suppress(ValueError):
            await asyncio.gather(asyncio.sleep(9), self.fail())
        return await super().__anext__()

    async def fail(self) -> None:
        """Fails at once."""
        raise ValueError("no luck")


@violates(
    "CO007",
    MANAGER,
    backends=("trio",),
    says=(
        "the task running sleep_forever (it waits for _real_async_yield) is still alive "
        "after the end"
    ),
)
class StartsASystemTask:
    """Leaves a system task running."""

    async def __aenter__(self) -> None:
        trio.lowlevel.spawn_system_task(trio.sleep_forever)

    async def __aexit__(self, *details: object) -> None:
        """Nothing to do."""


@conforms(
    "CO007",
    MANAGER,
    backends=("asyncio",),
    background_ok=True,
    says="not applicable: declared background_ok=True",
)
class KeepsADeclaredTask(ForgetsItsTask):
    """Says that it keeps a task."""


@conforms("CO007", MANAGER, backends=("asyncio",))
class WaitsForItsTask(ForgetsItsTask):
    """Cancels its background task, and waits for its end."""

    async def __aexit__(self, *details: object) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


@conforms("CO007", MANAGER, backends=("asyncio",))
class CancelsItsTask(ForgetsItsTask):
    """Cancels its background task, which has but to end."""

    async def __aexit__(self, *details: object) -> None:
        self.task.cancel()


@violates("CO006", MANAGER, says="coroutine 'Polite.report' was never awaited")
class ForgetsToAwaitItsReport(Polite):
    """Drops a coroutine where the body raised."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if error is not None:
            self.report()


@violates(
    "CO007",
    MANAGER,
    backends=("asyncio",),
    says="the task running sleep (it waits for sleep) is still alive after the end",
)
class ReportsInATask(Polite):
    """Starts a task where the body raised, and leaves it."""

    async def report(self) -> None:
        self.task = asyncio.ensure_future(asyncio.sleep(9))


async def fails(after: int = 0) -> None:
    """Fails, after some turns."""
    for _ in range(after):
        await asyncio.sleep(0)
    raise ValueError("it failed")


def fails_at_once() -> None:
    """Fails in a thread or a callback."""
    raise ValueError("it failed")


@violates(
    "CO008",
    AWAITABLE,
    returns="done",
    backends=ASYNCIO,
    says="ValueError: it failed was raised where nobody but a log or a hook got it",
)
class LogsInTheBackground(Job):
    """Starts a task whose result nobody asks for, and is done: ethereum/trinity#330."""

    async def run(self) -> str:
        task = asyncio.ensure_future(fails())
        await asyncio.wait([task])
        return "done"


@violates(
    "CO008",
    ITERATOR,
    backends=ASYNCIO,
    says="ValueError: it failed was raised where nobody but a log or a hook got it",
)
class FailsInACallback(Ticker):
    """Its callback fails, of which only the exception handler of the loop hears."""

    async def __anext__(self) -> int:
        asyncio.get_running_loop().call_soon(fails_at_once)
        return await super().__anext__()


@violates(
    "CO008",
    MANAGER,
    says="ValueError: it failed was raised where nobody but a log or a hook got it",
)
class FailsInAThread(Session):
    """Its thread dies, and it does not look."""

    async def __aenter__(self) -> Self:
        thread = threading.Thread(target=fails_at_once)
        thread.start()
        thread.join()
        return await super().__aenter__()


@conforms("CO008", AWAITABLE, raises=ValueError, backends=ASYNCIO)
class RaisesWhatFailed(Job):
    """Raises the error of its task, and leaves that task to the garbage collector."""

    async def run(self) -> None:
        self.task = asyncio.ensure_future(fails(2))
        await self.task


@conforms("CO008", AWAITABLE, raises=ValueError, backends=ASYNCIO)
class LosesTheSecondOfTwo(Job):
    """Two of the tasks that it gathers fail, of which gather() raises one."""

    async def run(self) -> None:
        await asyncio.gather(fails(1), fails(1))


@conforms("CO008", MANAGER, backends=ASYNCIO)
class HandlesItsFailures(Session):
    """Looks at how its task ended, in a callback."""

    async def __aenter__(self) -> Self:
        task = asyncio.ensure_future(fails())
        task.add_done_callback(lambda done: done.exception())
        return await super().__aenter__()


@conforms("CO008", AWAITABLE, returns="done", backends=ASYNCIO)
class CancelsWhatItStarted(Job):
    """A task that was cancelled has not failed."""

    async def run(self) -> str:
        task = asyncio.ensure_future(asyncio.sleep(60))
        try:
            await asyncio.sleep(0)
        finally:
            task.cancel()
        return "done"


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
