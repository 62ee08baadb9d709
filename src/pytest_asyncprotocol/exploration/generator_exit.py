"""GeneratorExit put into an operation, as ``coroutine.close()`` does it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import anyio

from pytest_asyncprotocol.engine.stacks import is_out_of_reach, what_waits_below
from pytest_asyncprotocol.exploration.canceller import Canceller
from pytest_asyncprotocol.exploration.stepping import Intercepted, Stepped
from pytest_asyncprotocol.exploration.uses import Scenario
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.recording import Style
from pytest_asyncprotocol.model.relay import Relay, interruption

MOST_CLOSES = 50
"""Times that a coroutine is closed again which goes on after it was closed."""


@dataclass(slots=True)
class ClosedRun:
    """What became of an operation into which GeneratorExit was put at suspension ``point``.

    ``closed`` says whether it came to that. ``returned`` is true if a coroutine went on after
    GeneratorExit, suspended again, and then gave a value; ``endless`` if it always went on.
    """

    point: int
    closed: bool = False
    returned: bool = False
    endless: bool = False


class _Closable(Relay[Any]):
    """Awaits *awaitable*, and closes it where the cancellation arrives that *is_due*.

    Closed are the coroutines that wait for each other, one after the other, from the innermost
    outward, as Python does it. What one awaits while it ends is awaited: Python itself gives up
    there, and raises RuntimeError in its caller.
    """

    def __init__(self, awaitable: Any, run: ClosedRun, is_due: Callable[[object], bool]) -> None:
        super().__init__(awaitable)
        self._run = run
        self._is_due = is_due
        self._over = False

    def advance(self, sent: Any, thrown: BaseException | None) -> Any:
        """Go on, unless all was closed."""
        if self._over:
            raise GeneratorExit
        return super().advance(sent, thrown)

    def wait(self, trap: Any) -> Generator[Any, Any, Any]:
        """Close all where the cancellation arrives."""
        sent, thrown = yield from _next_of(trap)
        if self._is_due(interruption(sent, thrown)) and not is_out_of_reach(self.steps):
            self._run.closed = self._over = True
            yield from self._close(what_waits_below(self.steps))
        elif thrown is not None:
            raise thrown
        return sent

    def _close(self, waiting: list[Any]) -> Generator[Any, Any, None]:
        went_on: list[Any] = []
        sent: Any = None
        closing = True
        while waiting and len(went_on) < MOST_CLOSES:
            each = waiting[-1]
            try:
                trap = each.throw(GeneratorExit()) if closing else each.send(sent)
            except BaseException as end:
                if isinstance(end, StopIteration):
                    self._run.returned |= any(each is other for other in went_on)
                waiting.pop()
                closing = True
                continue
            if closing:
                went_on.append(each)
            sent, thrown = yield from _next_of(trap)
            closing = isinstance(interruption(sent, thrown), BaseException)
            if closing:
                waiting[-1:] = what_waits_below(each)
        self._run.endless = bool(waiting)


def _next_of(trap: Any) -> Generator[Any, Any, tuple[Any, BaseException | None]]:
    """What the loop sends when *trap* was yielded to it, or what it throws."""
    try:
        return (yield trap), None
    except BaseException as error:
        return None, error


async def closed_at(case: Case, scenario: Scenario, point: int) -> ClosedRun | None:
    """Run *scenario* on a fresh subject, closed at suspension *point*; None if it has none.

    What it waits for there is taken back first, by a cancellation that the subject never sees: it
    gets GeneratorExit in its place, at that suspension and at each that follows. Where
    ``coroutine.close()`` would not get at it, it sees the cancellation, and was not closed.
    """
    subject = await case.fresh()
    run = ClosedRun(point)
    canceller = Canceller(case.loop, Style.CLOSING)
    step = Stepped(scenario(case, subject), point, canceller.cancel)

    def is_due(arrived: object) -> bool:
        return step.reached and isinstance(arrived, case.loop.cancelled_type)

    subject.through = lambda awaitable: _Closable(awaitable, run, is_due)

    # In a task of its own, for what never ends may leave a scope open.
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_carry_out, step, canceller)
    except BaseExceptionGroup:
        if not run.endless:
            raise
    return run if step.reached else None


async def _carry_out(step: Stepped[object], canceller: Canceller) -> None:
    with canceller, suppress(Exception, GeneratorExit):
        await step


async def closed_from_outside(case: Case, scenario: Scenario, point: int) -> bool | None:
    """Throw GeneratorExit into *scenario* at suspension *point*; None if it has none.

    A cancellation is delivered there, and GeneratorExit put in its place, so that each iterator
    on the way has its ``close()`` called by the one that waits for it.
    """
    subject = await case.fresh()
    canceller = Canceller(case.loop, Style.CLOSING)

    def close(arrived: BaseException) -> BaseException:
        return GeneratorExit() if case.loop.is_cancellation(arrived) else arrived

    step = Stepped(Intercepted(scenario(case, subject), close), point, canceller.cancel)
    # In a task of its own, for what was closed inside of a scope leaves that open.
    with suppress(BaseExceptionGroup):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_carry_out, step, canceller)
    return True if step.reached else None
