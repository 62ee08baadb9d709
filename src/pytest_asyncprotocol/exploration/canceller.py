"""Cancelling what is awaited: at a chosen suspension, in each way that a library has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, NamedTuple, Self, cast

import anyio

from pytest_asyncprotocol.engine.library import checkpoint
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.recording import Scope, Style, cancelled_now, recording
from pytest_asyncprotocol.model.subject import Loop, Outcome

STYLES = {"asyncio": (Style.LEVEL, Style.EDGE), "trio": (Style.LEVEL,)}
"""The ways in which each library cancels."""


class Ended(NamedTuple):
    """How something ended that was interrupted; ``step`` says how far it had come.

    ``cancelled`` says whether a cancellation came out, ``error`` is what came out instead.
    """

    step: Stepped[Any]
    cancelled: bool
    error: BaseException | None


class Canceller:
    """Cancels what is awaited inside of it, and records that: a context manager.

    It enters a cancel scope, or has the task cancelled that enters it, as *style* says. *own_task*
    says that the task does nothing else. ``crossed`` says that a cancellation came together with
    the result of what was awaited.
    """

    def __init__(self, loop: Loop, style: Style = Style.LEVEL, *, own_task: bool = False) -> None:
        self.scope = anyio.CancelScope()
        self.crossed = False
        self._loop = loop
        self._style = style
        self._recorded = Scope(style, loop.task(), own_task)
        self._stack = ExitStack()
        self._task: Any = None
        self._requests = 0
        self._awaited: object = None

    def __enter__(self) -> Self:
        self._stack.enter_context(recording(self._recorded))
        if self._style.by_scope:
            self._stack.enter_context(self.scope)
        else:
            self._task = asyncio.current_task()
            self._requests = self._task.cancelling()
        return self

    def __exit__(self, *details: Any) -> bool | None:  # noqa: PYI036
        return self._stack.__exit__(*details)

    def cancel(self) -> None:
        """Cancel it: now, or when the future is done that is awaited."""
        awaited = self._awaited
        if self._style is not Style.CROSSING:
            cancelled_now(self._recorded)
            (self.scope if self._style.by_scope else self._task).cancel()
        elif isinstance(awaited, asyncio.Future):
            cast("asyncio.Future[object]", awaited).add_done_callback(self._cross)

    async def interrupt(self, run: Awaitable[object], at: int) -> Ended:
        """Await *run*, and cancel it at suspension *at*; then nothing is left of that."""
        watched = self._loop.cancelled_type
        step = Stepped(
            run, at, self.cancel, watched=watched, in_force=self._in_force, on_trap=self._see
        )
        error: BaseException | None = None
        try:
            with self:
                await step
                if self._style.by_scope and step.reached and not step.delivered:
                    await checkpoint()
        except BaseException as raised:
            if self._style.by_scope and self._loop.cancelled(raised):
                raise
            error = raised
        # `asyncio.gather` makes a new CancelledError, which the scope does not know as its own.
        came_out = isinstance(error, watched) and (step.delivered or not self._style.by_scope)
        if not self._style.by_scope:
            await self._settle(step)
        return Ended(step, self.scope.cancelled_caught or came_out, None if came_out else error)

    def uncancel(self) -> None:
        """Take back the requests to cancel the task that came since it was entered."""
        while self._task is not None and self._task.cancelling() > self._requests:
            self._task.uncancel()

    async def _settle(self, step: Stepped[Any]) -> None:
        """Let a cancellation of the task come that was not delivered, and take it back."""
        self._awaited = None
        step.delivered = step.delivered and (self.crossed or self._style is not Style.CROSSING)
        if step.reached and not step.delivered:
            with suppress(asyncio.CancelledError):
                await checkpoint()
        self.uncancel()

    def _in_force(self) -> bool:
        return self._style is Style.CROSSING or self._loop.being_cancelled()

    def _see(self, trap: object) -> None:
        self._awaited = trap

    def _cross(self, done: asyncio.Future[object]) -> None:
        if done is self._awaited and not done.cancelled():
            cancelled_now(self._recorded)
            self.crossed = self._task.cancel()


class Cover:
    """A cancel scope around one use of a manager, from before its entry until after its exit.

    A manager may hold scopes of its own, and these have to be nested with the one that cancels.
    """

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self._shield = anyio.CancelScope()
        self._stack = ExitStack()
        self._stack.enter_context(self.scope)
        self._stack.enter_context(self._shield)
        self._escaped: BaseException | None = None

    async def interrupt(self, run: Awaitable[object], at: int, loop: Loop) -> Ended:
        """Await *run*, and cancel it at suspension *at*; what comes after it is not cancelled."""

        def cancel() -> None:
            cancelled_now(recorded)
            self.scope.cancel()

        recorded = Scope(Style.LEVEL, loop.task())
        step = Stepped(run, at, cancel, watched=loop.cancelled_type, in_force=loop.being_cancelled)
        try:
            with recording(recorded):
                await step
        except BaseException as error:
            self._escaped = error
        cancelled = self._escaped is not None and loop.is_cancellation(self._escaped)
        if self.scope.cancel_called:
            self._shield.shield = True
        return Ended(step, cancelled, None if cancelled else self._escaped)

    def close(self) -> None:
        """End the scope."""
        error = self._escaped
        if error is None:
            self._stack.close()
        else:
            self._stack.__exit__(type(error), error, error.__traceback__)


@contextmanager
def absorbing(canceller: Canceller | anyio.CancelScope, loop: Loop) -> Generator[None]:
    """Enter *canceller*, which takes a cancellation that nobody else asked for as its own.

    `asyncio.gather` makes a new CancelledError, which a cancel scope does not know.
    """
    try:
        with canceller:
            yield
    except BaseException as error:
        if not isinstance(error, loop.cancelled_type) or loop.being_cancelled():
            raise


async def in_cancelled_scope(case: Case, call: Callable[[], Awaitable[Outcome]]) -> Outcome | None:
    """Carry out *call* in a scope that is cancelled already; None if the cancellation came out."""
    canceller = Canceller(case.loop)
    with absorbing(canceller, case.loop):
        canceller.cancel()
        return await call()
    return None


async def in_own_task(run: Coroutine[Any, Any, Ended]) -> Ended:
    """Await *run* in a task of asyncio that does nothing else."""
    task = asyncio.ensure_future(run)
    try:
        await asyncio.wait([task])
        return task.result()
    finally:
        task.cancel()


def cancel_task() -> None:
    """Cancel the task that runs, which an eager one does before it is known by name."""
    current = asyncio.current_task()
    if current is not None:
        current.cancel()
