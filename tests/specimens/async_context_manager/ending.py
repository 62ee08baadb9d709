"""Specimens: an exit that comes to an end."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_context_manager._bases import Session

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER


class Works:
    """Has a task work while it is inside, and stops it at its exit by whatever means."""

    async def work(self) -> None:
        """Answers when it is asked to stop."""
        if not self.asked.is_set():
            await self.asked.wait()
        self.answered.set()

    async def __aenter__(self) -> Self:
        self.asked, self.answered = anyio.Event(), anyio.Event()
        self.tasks = anyio.create_task_group()
        await self.tasks.__aenter__()
        self.tasks.start_soon(self.work)
        return self

    async def stop(self) -> None:
        """Waits for the answer of the task, as long as it takes."""
        self.asked.set()
        await self.answered.wait()

    async def __aexit__(self, *details: object) -> None:
        try:
            await self.stop()
        finally:
            self.tasks.cancel_scope.cancel()
            await self.tasks.__aexit__(None, None, None)


class HasNoTime(Works):
    """Its task gives up before it is asked."""

    async def work(self) -> None:
        with anyio.move_on_after(0.5):
            await super().work()


@conforms("CM014", MANAGER)
class WaitsForItsAnswer(Works):
    """Waits for a task that answers as long as it lives, and may be cancelled."""


@conforms("CM014", MANAGER)
class WaitsForAWhile(HasNoTime):
    """Waits no longer than a second for a task that may be dead."""

    async def stop(self) -> None:
        with anyio.move_on_after(1, shield=True):
            await super().stop()


@conforms("CM014", MANAGER, own_scope=True)
@conforms(
    "CM014",
    MANAGER,
    own_scope=True,
    waits_for_children=True,
    says="not applicable: declared waits_for_children=True",
)
def anyio_task_group() -> Any:
    """The task group of anyio, which waits for its children."""
    return anyio.create_task_group()


@conforms("CM014", MANAGER)
@contextlib.asynccontextmanager
async def generator_with_a_task() -> AsyncIterator[None]:
    """A generator that cancels its task when the body has ended."""
    failed: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.sleep_forever)
        try:
            yield
        except Exception as error:
            failed = error
        finally:
            tasks.cancel_scope.cancel()
    if failed is not None:
        raise failed


@violates(
    "CM014",
    MANAGER,
    says={
        "asyncio": (
            "__aexit__ #1(CancelledError) hangs: it waits at ... in "
            "StopsAfterErrorsOnly.__aexit__ for Event.wait, and nothing is left that could "
            "wake it"
        ),
        "trio": (
            "__aexit__ #1(Cancelled: cancelled due to explicit from task <Task "
            "'pytest_asyncprotocol.engine.host.Host._carry_out'>) hangs: it waits at ... in "
            "StopsAfterErrorsOnly.__aexit__ for Event.wait, and nothing is left that could "
            "wake it"
        ),
    },
)
class StopsAfterErrorsOnly(Session):
    """Is told to stop where the body raised nothing or an error, and waits in any case."""

    async def __aenter__(self) -> Self:
        self.stopped = anyio.Event()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is None or issubclass(kind, Exception):
            self.stopped.set()
        await self.stopped.wait()


@violates(
    "CM014",
    MANAGER,
    says=(
        "__aexit__ #1 hangs: it waits at ... in Works.stop for Event.wait, and nothing is "
        "left that could wake it"
    ),
)
class WaitsForTheDead(HasNoTime):
    """Waits for the answer of a task that may be dead: chrisguidry/docket#263."""


@violates(
    "CM014",
    MANAGER,
    says={
        "asyncio": (
            "__aexit__ #1(CancelledError) hangs: it waits at ... in Works.stop for Event.wait, "
            "and nothing is left that could wake it"
        ),
        "trio": (
            "__aexit__ #1(Cancelled: cancelled due to explicit from task <Task "
            "'pytest_asyncprotocol.engine.host.Host._carry_out'>) hangs: it waits at ... in "
            "Works.stop for Event.wait, and nothing is left that could wake it"
        ),
    },
)
class WaitsForTheCancelled(Works):
    """Waits under a shield for a task that was cancelled together with the body."""

    async def stop(self) -> None:
        with anyio.CancelScope(shield=True):
            await super().stop()


class Fails(Works):
    """Its task fails before it is asked, and keeps that for its exit."""

    error: ValueError | None = None

    async def work(self) -> None:
        await checkpoint()
        self.error = ValueError("the work failed")

    async def __aexit__(self, *details: object) -> None:
        await super().__aexit__(*details)
        if self.error is not None:
            raise self.error


@violates(
    "CM014",
    MANAGER,
    failing_background=Fails,
    says=(
        "__aexit__ #1 hangs: it waits at ... in Works.stop for Event.wait, and nothing is "
        "left that could wake it"
    ),
)
class WaitsForWhatFailed(Works):
    """Works itself; where its work fails, it waits for an answer: python-trio/trio-websocket#74."""
