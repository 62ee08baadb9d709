"""What the loop puts into a subject, seen on its way there, and changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any

import anyio

from pytest_asyncprotocol.engine.backends import RunningLoop
from pytest_asyncprotocol.engine.free_time import a_long_time
from pytest_asyncprotocol.engine.stall import is_out_of_reach
from pytest_asyncprotocol.exploration.scenarios import Scenario
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.subject import Subject

MOST_DELIVERIES = 50
"""Times that a cancel scope cancels a subject again which does not let go."""


class Intercepted(Awaitable[Any]):
    """Awaits *awaitable*; an exception for it is put through *exchange* first.

    asyncio throws what it puts in, trio sends an object whose ``error`` it is.
    """

    def __init__(
        self, awaitable: Awaitable[Any], exchange: Callable[[BaseException], BaseException]
    ) -> None:
        self._awaitable = awaitable
        self._exchange = exchange

    def __await__(self) -> Generator[Any, Any, Any]:
        steps: Any = self._awaitable.__await__()
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            try:
                trap = steps.send(sent) if thrown is None else steps.throw(thrown)
            except StopIteration as end:
                return end.value
            sent, thrown = None, None
            try:
                sent = yield trap
            except BaseException as error:
                thrown = error
            arrived = thrown if thrown is not None else getattr(sent, "error", None)
            if arrived is not None:
                given = self._exchange(arrived)
                thrown = thrown if given is arrived else given


def relenting(scenario: Scenario) -> Scenario:
    """*scenario*, no longer cancelled once it took `MOST_DELIVERIES` cancellations.

    A cancel scope cancels again at every suspension, and so a subject that tries again whatever
    happens would go round in circles for ever. One that is let off comes to its end.
    """

    async def relented(case: Case, subject: Subject) -> object:
        loop = RunningLoop(case.library)
        deliveries = 0

        def count(arrived: BaseException) -> BaseException:
            nonlocal deliveries
            deliveries += isinstance(arrived, loop.cancelled_type)
            if deliveries >= MOST_DELIVERIES:
                scope.shield = True
            return arrived

        with anyio.CancelScope() as scope:
            return await Intercepted(scenario(case, subject), count)

    return relented


@dataclass(frozen=True, slots=True)
class ClosedRun:
    """One run of a scenario into which GeneratorExit was put at suspension number ``point``.

    ``went_on`` says whether the operation suspended again after that, ``error`` how the run
    ended, if not by returning. ``given_up`` is true of a run that came to no end by itself.
    """

    point: int
    closed: bool
    went_on: bool
    given_up: bool
    error: BaseException | None


async def closed_at(point: int, case: Case, scenario: Scenario) -> ClosedRun | None:
    """Run *scenario* on a fresh subject, closed at suspension *point*; None if it has none.

    What it waits for there is taken back first, by a cancellation that the subject never sees:
    it gets GeneratorExit instead, as from ``coroutine.close()``. Then it may go on undisturbed.
    Where ``close()`` would not get at it, it sees the cancellation, and was not closed.
    """
    subject = await case.fresh()
    loop = RunningLoop(case.library)
    patience = await a_long_time()
    outer, inner = anyio.CancelScope(), anyio.CancelScope()
    calls: int | None = None
    went_on = given_up = False
    error: BaseException | None = None

    def close(arrived: BaseException) -> BaseException:
        nonlocal calls
        if calls is not None or not isinstance(arrived, loop.cancelled_type):
            return arrived
        if not loop.being_cancelled() or is_out_of_reach(running):
            return arrived
        calls = len(subject.trace)
        inner.shield = True
        inner.deadline = anyio.current_time() + patience
        return GeneratorExit()

    def look(trap: object) -> None:
        nonlocal went_on
        del trap
        went_on = went_on or calls == len(subject.trace)

    running = scenario(case, subject)

    async def intercepted() -> None:
        await Intercepted(running, close)

    step = Stepped(intercepted(), point, outer.cancel, on_trap=look)

    async def run() -> None:
        nonlocal error, given_up
        try:
            with outer, inner:
                await step
            given_up = inner.cancel_called
        except BaseException as raised:
            error = raised

    # In a task of its own, for a subject may leave it in disorder.
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run)
    if not step.reached:
        return None
    return ClosedRun(point, calls is not None, went_on, given_up, error)
