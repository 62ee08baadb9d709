"""The cancellation sweep: a fresh run of a scenario for every point at which it suspends."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from typing import Any, cast

import anyio

from pytest_asyncprotocol.engine.library import RunningLoop, checkpoint
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.exploration.uses import Scenario
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NoVerdict, Vacuous
from pytest_asyncprotocol.model.recording import Scope, cancelled_now, recording
from pytest_asyncprotocol.model.subject import Outcome, Subject
from pytest_asyncprotocol.model.text import describe_exception

POINTS = range(1, 201)
"""Suspension points of one scenario that a sweep visits, at most."""

MOST_POINTS_OF_CLEAN_UP = 10
"""Suspension points after a cancellation that a second one is tried at."""


class Style(enum.Enum):
    """How a library cancels."""

    LEVEL = "a cancel scope"
    EDGE = "Task.cancel()"
    CROSSING = "Task.cancel() together with the result"


STYLES = {"asyncio": (Style.LEVEL, Style.EDGE), "trio": (Style.LEVEL,)}
"""How a sweep cancels."""


@dataclass(frozen=True, slots=True)
class CancelledRun:
    """One run of a scenario that was cancelled at suspension number ``point``.

    ``exposed`` says whether the cancellation could reach the subject there, which a shield
    prevents, and ``delivered`` whether it was put into the subject; then ``cancelled`` says
    whether it came out. ``error`` is what came out instead, ``subject`` the run's subject. It was
    cancelled a second time ``again`` suspensions later, if that is not 0.
    """

    point: int
    style: Style
    exposed: bool
    delivered: bool
    cancelled: bool
    error: BaseException | None
    subject: Subject
    again: int = 0

    @property
    def where(self) -> str:
        """The cancellation in words."""
        once = f"cancelled by {self.style.value} at suspension {self.point}"
        if not self.again:
            return once
        return f"{once}, and once more at suspension {self.point + self.again}"

    def __str__(self) -> str:
        if self.cancelled:
            return f"{self.where}: the cancellation came out"
        if self.error is not None:
            return f"{self.where}: it raised {describe_exception(self.error)}"
        return f"{self.where}: it went on and returned"


async def sweep(
    case: Case,
    scenarios: Iterable[Scenario],
    judge: Callable[[CancelledRun], None],
    *,
    twice: bool = False,
) -> None:
    """Cancel a fresh run of each scenario at its 1st, 2nd, ... suspension, in each of the styles.

    *judge* sees each run, and raises `Violation` for what it forbids. A style ends with the
    first run that has no such suspension, so no count is trusted beforehand. If it is *twice*,
    ``Task.cancel()`` comes once more at each suspension of the clean-up after the first one.

    Raises:
        Vacuous: no cancellation was ever delivered, so there was nothing to judge.
    """
    for scenario, style in product(scenarios, STYLES[case.library]):
        for point in POINTS:
            run = await cancelled_at(point, style, case, scenario)
            if run is not None:
                case.points += run.delivered
                judge(run)
            await case.tear_down()
            if run is None:
                break
            if twice and style is Style.EDGE and run.delivered:
                await _cancel_again(point, case, scenario, judge)
    if not case.points:
        raise Vacuous("nothing ever suspended, so no cancellation could be delivered")


async def _cancel_again(
    point: int, case: Case, scenario: Scenario, judge: Callable[[CancelledRun], None]
) -> None:
    """Cancel at suspension *point*, and then at the 1st, 2nd, ... suspension of what follows."""
    for again in range(1, MOST_POINTS_OF_CLEAN_UP + 1):
        run = await cancelled_at(point, Style.EDGE, case, scenario, again=again)
        if run is not None and run.again:
            judge(run)
        await case.tear_down()
        if run is None or not run.again:
            return


async def cancelled_at(
    point: int,
    style: Style,
    case: Case,
    scenario: Scenario,
    make: Callable[[], Awaitable[Subject]] | None = None,
    *,
    again: int = 0,
) -> CancelledRun | None:
    """Run *scenario*, cancelled at suspension *point*; None if it has none.

    Its subject is a fresh one, or what *make* makes of one beforehand. It is cancelled *again* so
    many suspensions later.
    """
    subject = await (make or case.fresh)()
    loop = RunningLoop(case.library)

    async def run() -> None:
        with suppress(NoVerdict):
            await scenario(case, subject)

    second = Stepped(run(), point + again if again else 0, _cancel_current_task)
    canceller = _cancel_scope if style is Style.LEVEL else _cancel_task
    step, cancelled, error = await canceller(_all_of(second), point, loop)
    if not step.reached:
        return None
    again = again if second.reached else 0
    done = CancelledRun(
        point, style, step.exposed, step.delivered, cancelled, error, subject, again
    )  # fmt: skip
    subject.note(str(done))
    return done


@contextmanager
def absorbing(scope: anyio.CancelScope, library: str) -> Generator[None]:
    """Enter *scope*, which takes a cancellation that nobody else asked for as its own.

    `asyncio.gather` makes a new CancelledError, which the scope does not know.
    """
    loop = RunningLoop(library)
    try:
        with scope:
            yield
    except BaseException as error:
        if not isinstance(error, loop.cancelled_type) or loop.being_cancelled():
            raise


async def in_cancelled_scope(case: Case, call: Callable[[], Awaitable[Outcome]]) -> Outcome | None:
    """Carry out *call* in a scope that is cancelled already; None if the cancellation came out."""
    scope = anyio.CancelScope()
    scope.cancel()
    recorded = Scope("scope", case.loop.task())
    with recording(recorded):
        cancelled_now(recorded)
        with absorbing(scope, case.library):
            return await call()
    return None


Ended = tuple[Stepped[None], bool, BaseException | None]
"""The steps of what was cancelled, whether a cancellation came out, and what came out instead."""


async def interrupted(
    run: Coroutine[Any, Any, None], point: int, style: Style, loop: RunningLoop
) -> Ended:
    """Await *run* in this task, and cancel it at suspension *point*."""
    if style is Style.LEVEL:
        return await _cancel_scope(run, point, loop)
    return await _cancel_this_task(run, point, loop, crossing=style is Style.CROSSING)


async def _cancel_scope(run: Coroutine[Any, Any, None], point: int, loop: RunningLoop) -> Ended:
    error: BaseException | None = None
    scope = anyio.CancelScope()
    recorded = Scope("scope", loop.task())

    def cancel() -> None:
        cancelled_now(recorded)
        scope.cancel()

    step = Stepped(run, point, cancel, watched=loop.cancelled_type, in_force=loop.being_cancelled)
    try:
        with recording(recorded), scope:
            await step
            if step.reached and not step.delivered:
                await checkpoint()
    except BaseException as raised:
        if loop.cancelled(raised):
            raise
        error = raised
    # `asyncio.gather` makes a new CancelledError, which the scope does not know as its own.
    anew = step.delivered and isinstance(error, loop.cancelled_type)
    return step, scope.cancelled_caught or anew, None if anew else error


async def _cancel_task(run: Coroutine[Any, Any, None], point: int, loop: RunningLoop) -> Ended:
    import asyncio

    error: BaseException | None = None

    async def stepped() -> None:
        nonlocal error
        try:
            with recording(recorded):
                await step
        except loop.cancelled_type:
            raise
        except BaseException as raised:
            error = raised

    def cancel() -> None:
        cancelled_now(recorded)
        _cancel_current_task()

    recorded = Scope("task", loop.task())
    step = Stepped(run, point, cancel, watched=loop.cancelled_type, in_force=loop.being_cancelled)
    task = asyncio.ensure_future(stepped())
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
    return step, task.cancelled(), error


def _cancel_current_task() -> None:
    """Cancel the task that runs, which an eager one does before it is known by name."""
    import asyncio

    current = asyncio.current_task()
    if current is not None:
        current.cancel()


async def _all_of(step: Stepped[None]) -> None:
    await step


async def _cancel_this_task(
    run: Coroutine[Any, Any, None], point: int, loop: RunningLoop, *, crossing: bool
) -> Ended:
    """Cancel the task that runs, at once or, if *crossing*, when what it waits for is done."""
    import asyncio

    task: Any = asyncio.current_task()
    requests = task.cancelling()
    error: BaseException | None = None
    recorded = Scope("this task", loop.task())
    awaited: object = None
    over = crossed = False

    def look(trap: object) -> None:
        nonlocal awaited
        awaited = trap

    def cross(done: asyncio.Future[object]) -> None:
        nonlocal crossed
        if not (over or done.cancelled()):
            cancelled_now(recorded)
            crossed = task.cancel()

    def cancel() -> None:
        if not crossing:
            cancelled_now(recorded)
            task.cancel()
        elif isinstance(awaited, asyncio.Future):
            cast("asyncio.Future[object]", awaited).add_done_callback(cross)

    in_force = (lambda: True) if crossing else loop.being_cancelled
    step = Stepped(run, point, cancel, watched=loop.cancelled_type, in_force=in_force, on_trap=look)
    try:
        with recording(recorded):
            await step
    except BaseException as raised:
        error = raised
    over = True
    step.delivered = step.delivered and (crossed or not crossing)
    if step.reached and not step.delivered:
        with suppress(asyncio.CancelledError):
            await checkpoint()
    while task.cancelling() > requests:
        task.uncancel()
    cancelled = isinstance(error, loop.cancelled_type)
    return step, cancelled, None if cancelled else error
