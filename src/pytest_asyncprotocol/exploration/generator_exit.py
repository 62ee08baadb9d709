"""GeneratorExit put into an operation, as ``coroutine.close()`` does it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import anyio

from pytest_asyncprotocol.engine.library import RunningLoop
from pytest_asyncprotocol.engine.stacks import is_out_of_reach, what_waits_below
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.exploration.uses import Scenario
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.recording import Scope, cancelled_now, recording
from pytest_asyncprotocol.model.subject import Subject

MOST_CLOSES = 50
"""Times that a coroutine is closed again which goes on after it was closed."""


@dataclass(slots=True)
class ClosedRun:
    """What became of an operation into which GeneratorExit was put.

    ``closed`` says whether it came to that. ``returned`` is true if a coroutine went on after
    GeneratorExit, suspended again, and then gave a value; ``endless`` if it always went on.
    """

    closed: bool = False
    returned: bool = False
    endless: bool = False


class _Closable(Awaitable[Any]):
    """Awaits *awaitable*, and closes it where the cancellation arrives that *is_due*.

    Closed are the coroutines that wait for each other, one after the other, from the innermost
    outward, as Python does it. What one awaits while it ends is awaited: Python itself gives up
    there, and raises RuntimeError in its caller.
    """

    def __init__(self, awaitable: Any, run: ClosedRun, is_due: Callable[[object], bool]) -> None:
        self._awaitable = awaitable
        self._run = run
        self._is_due = is_due

    def __await__(self) -> Generator[Any, Any, Any]:
        steps = self._awaitable.__await__()
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            try:
                trap = steps.send(sent) if thrown is None else steps.throw(thrown)
            except StopIteration as end:
                return end.value
            sent, thrown = yield from _next_of(trap)
            due = self._is_due(thrown or getattr(sent, "error", None))
            if due and not is_out_of_reach(steps):
                self._run.closed = True
                yield from self._close(what_waits_below(steps))
                raise GeneratorExit

    def _close(self, waiting: list[Any]) -> Generator[Any, Any, None]:
        went_on: list[Any] = []
        sent: Any = None
        closing = True
        while waiting and len(went_on) < MOST_CLOSES:
            each = waiting[-1]
            try:
                trap = each.throw(GeneratorExit()) if closing else each.send(sent)
            except StopIteration:
                self._run.returned |= any(each is other for other in went_on)
                waiting.pop()
                closing = True
                continue
            except BaseException:
                waiting.pop()
                closing = True
                continue
            if closing:
                went_on.append(each)
            sent, thrown = yield from _next_of(trap)
            closing = isinstance(thrown or getattr(sent, "error", None), BaseException)
            if closing:
                waiting[-1:] = what_waits_below(each)
        self._run.endless = bool(waiting)


def _next_of(trap: Any) -> Generator[Any, Any, tuple[Any, BaseException | None]]:
    """What the loop sends when *trap* was yielded to it, or what it throws."""
    try:
        return (yield trap), None
    except BaseException as error:
        return None, error


async def closed_at(point: int, case: Case, scenario: Scenario) -> ClosedRun | None:
    """Run *scenario* on a fresh subject, closed at suspension *point*; None if it has none.

    What it waits for there is taken back first, by a cancellation that the subject never sees: it
    gets GeneratorExit in its place, at that suspension and at each that follows. Where
    ``coroutine.close()`` would not get at it, it sees the cancellation, and was not closed.
    """
    subject = await case.fresh()
    run = ClosedRun()
    cancelled_type = RunningLoop(case.library).cancelled_type
    scope = anyio.CancelScope()
    recorded = Scope("close", case.loop.task())

    def cancel() -> None:
        cancelled_now(recorded)
        scope.cancel()

    step = Stepped(_quietly(scenario, case, subject), point, cancel)

    def is_due(arrived: object) -> bool:
        return step.reached and isinstance(arrived, cancelled_type)

    subject.through = lambda awaitable: _Closable(awaitable, run, is_due)

    async def carry_out() -> None:
        with recording(recorded), scope:
            await step

    # In a task of its own, for what never ends may leave a scope open.
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(carry_out)
    except BaseExceptionGroup:
        if not run.endless:
            raise
    return run if step.reached else None


async def _quietly(scenario: Scenario, case: Case, subject: Subject) -> None:
    with suppress(Exception, GeneratorExit):
        await scenario(case, subject)
