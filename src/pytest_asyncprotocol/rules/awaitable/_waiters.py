"""Two tasks that await one subject at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any, cast

import anyio

from pytest_asyncprotocol.engine.library import RunningLoop
from pytest_asyncprotocol.exploration.cancellation import Style
from pytest_asyncprotocol.exploration.scheduling import together
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.recording import Scope, cancelled_now, recording
from pytest_asyncprotocol.model.subject import Outcome, Subject


@dataclass(slots=True)
class Waiter:
    """One of the tasks: ``outcome`` is None while it waits, and if it was cancelled.

    ``reached`` says that it came to the suspension that it was to stay in; ``suspended`` is set
    then, or when it ends before.
    """

    outcome: Outcome | None = None
    reached: bool = False
    suspended: anyio.Event = field(default_factory=anyio.Event)
    cancel: Callable[[], object] = bool

    async def wait(
        self, subject: Subject, at: int, until: anyio.Event, style: Style, loop: RunningLoop
    ) -> None:
        """Await *subject*, and stay in suspension *at* as long as *until* is not set."""
        scope = anyio.CancelScope()
        task = asyncio.current_task() if style is Style.EDGE else None
        recorded = Scope("scope" if task is None else "this task", loop.task())

        def cancel() -> None:
            cancelled_now(recorded)
            (scope if task is None else task).cancel()

        self.cancel = cancel

        def reach() -> None:
            self.reached = True
            self.suspended.set()

        try:
            with recording(recorded), scope:
                self.outcome = await _Held(subject.wait(), at, reach, until)
        except loop.cancelled_type:
            while task is not None and task.cancelling():
                task.uncancel()
            # `asyncio.gather` makes a new CancelledError, which the scope does not know as its own.
            if loop.being_cancelled():
                raise
        finally:
            self.suspended.set()


class _Held(Awaitable[Outcome]):
    """Awaits *coroutine*; in its suspension *at* calls *reach*, and stays until *until* is set."""

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, Outcome],
        at: int,
        reach: Callable[[], None],
        until: anyio.Event,
    ) -> None:
        self._coroutine = coroutine
        self._at = at
        self._reach = reach
        self._until = until

    def __await__(self) -> Generator[Any, Any, Outcome]:
        steps = self._coroutine.__await__()
        sent: Any = None
        thrown: BaseException | None = None
        number = 0
        while True:
            number += 1
            try:
                trap = steps.send(sent) if thrown is None else steps.throw(thrown)
            except StopIteration as end:
                return cast("Outcome", end.value)
            sent, thrown = None, None
            if number == self._at:
                self._reach()
            try:
                sent = yield trap
                if number == self._at:
                    yield from self._stay().__await__()
            except BaseException as error:
                thrown = error

    async def _stay(self) -> None:
        """Shielded, for the suspension that this prolongs may be one that can't be cancelled."""
        with anyio.CancelScope(shield=True):
            await self._until.wait()


async def two_waiters(
    case: Case,
    subject: Subject,
    at: int,
    *,
    style: Style = Style.LEVEL,
    cancelling: int | None = None,
) -> tuple[Waiter, Waiter]:
    """Await *subject* in two tasks, the second one while the first one is in suspension *at*.

    The first one goes on when the second one is suspended too, or has ended; before that, the one
    that *cancelling* names, 0 or 1, is cancelled.
    """
    loop = RunningLoop(case.library)
    waiters = first, second = Waiter(), Waiter()
    go_on = anyio.Event()

    async def join() -> None:
        await first.suspended.wait()
        if first.reached:
            await second.wait(subject, 1, go_on, style, loop)
        second.suspended.set()

    async def direct() -> None:
        await second.suspended.wait()
        if cancelling is not None:
            waiters[cancelling].cancel()
        go_on.set()

    await together(lambda: first.wait(subject, at, go_on, style, loop), join, direct)
    return waiters
