"""Sweeps: a fresh run for each suspension of a scenario, at which something is done to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Generic, Self, TypeVar

import anyio

from pytest_asyncprotocol.engine.clock import a_long_time
from pytest_asyncprotocol.exploration.canceller import STYLES, Canceller, cancel_task, in_own_task
from pytest_asyncprotocol.exploration.stepping import Intercepted, Stepped
from pytest_asyncprotocol.exploration.uses import Scenario, carry_out
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NoVerdict, Vacuous
from pytest_asyncprotocol.model.recording import Style
from pytest_asyncprotocol.model.subject import Subject
from pytest_asyncprotocol.model.text import describe_exception

R = TypeVar("R")

Attempt = Callable[[int], Awaitable[R | None]]
"""A fresh run in which something is done at the suspension of that number; None if it has none."""

_Plan = Generator[Awaitable[R | None], R | None, None]

POINTS = range(1, 201)
"""Suspension points of one scenario that a sweep visits, at most."""

MOST_POINTS_OF_CLEAN_UP = 10
"""Suspension points after a cancellation at which a second one is tried."""

MOST_DELIVERIES = 50
"""Deliveries of a cancel scope's cancellation after which the subject is shielded from more."""

NEVER_SUSPENDED = "nothing ever suspended, so no cancellation could be delivered"


class EachSuspension(Generic[R]):
    """An async iterator over the runs of *attempts*, at the 1st, 2nd, ... suspension of each.

    An attempt is over with the first run that has no such suspension, so no count is trusted
    beforehand. A run is torn down before the next one begins. *counts* says how many points were
    reached in a run.

    Raises:
        Vacuous: with the message *vacuous*, if there is one, where no point was reached.

    Example::

        async for delegation in EachSuspension(case, partial(cancelled_by_hand, case)):
            if delegation.untold:
                raise Violation("...")
    """

    def __init__(
        self,
        case: Case,
        *attempts: Attempt[R],
        counts: Callable[[R], int] = lambda _: 1,
        vacuous: str = "",
    ) -> None:
        self._case = case
        self._plan = _visits(attempts)
        self._counts = counts
        self._vacuous = vacuous
        self._last: R | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> R:
        await self._case.tear_down()
        with suppress(StopIteration):
            while True:
                self._last = await self._plan.send(self._last)
                if self._last is not None:
                    self._case.points += self._counts(self._last)
                    return self._last
                await self._case.tear_down()
        if self._vacuous and not self._case.points:
            raise Vacuous(self._vacuous)
        raise StopAsyncIteration


def _visits(attempts: Iterable[Attempt[R]]) -> _Plan[R]:
    for attempt in attempts:
        for point in POINTS:
            if (yield attempt(point)) is None:
                break


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


class Sweep(EachSuspension[CancelledRun]):
    """The cancellation sweep: an async iterator over runs of *scenarios* that are cancelled.

    Each scenario is cancelled at its 1st, 2nd, ... suspension, in each of *styles*, which are all
    that the library has if none are named. If it is *twice*, ``Task.cancel()`` comes once more at
    each suspension of the clean-up after the first one.

    Raises:
        Vacuous: no cancellation was delivered, or no run that *counts*.

    Example::

        async for run in Sweep(case, uses(case)):
            if run.delivered and not run.cancelled and run.error is None:
                raise Violation(f"{run.where}, it swallowed the cancellation and went on")
    """

    def __init__(
        self,
        case: Case,
        scenarios: Iterable[Scenario],
        styles: Iterable[Style] = (),
        *,
        twice: bool = False,
        counts: Callable[[CancelledRun], bool] = lambda run: run.delivered and not run.again,
        vacuous: str = NEVER_SUSPENDED,
    ) -> None:
        super().__init__(case, counts=counts, vacuous=vacuous)
        self._plan = _cancellations(
            case, scenarios, tuple(styles) or STYLES[case.library], twice=twice
        )


async def sweep(
    case: Case,
    scenarios: Iterable[Scenario],
    judge: Callable[[CancelledRun], None],
    *,
    twice: bool = False,
) -> None:
    """Show *judge* each run of a `Sweep`; it raises `Violation` for what it forbids.

    Raises:
        Vacuous: no cancellation was ever delivered, so there was nothing to judge.
    """
    async for run in Sweep(case, scenarios, twice=twice):
        judge(run)


def _cancellations(
    case: Case, scenarios: Iterable[Scenario], styles: Iterable[Style], *, twice: bool
) -> _Plan[CancelledRun]:
    for scenario, style in product(scenarios, styles):
        for point in POINTS:
            run = yield cancelled_at(case, scenario, style, point)
            if run is None:
                break
            if twice and style is Style.EDGE and run.delivered:
                for again in range(1, MOST_POINTS_OF_CLEAN_UP + 1):
                    if (yield cancelled_at(case, scenario, style, point, again=again)) is None:
                        break


async def cancelled_at(
    case: Case,
    scenario: Scenario,
    style: Style,
    point: int,
    *,
    make: Callable[[], Awaitable[Subject]] | None = None,
    again: int = 0,
) -> CancelledRun | None:
    """Run *scenario*, cancelled at suspension *point*, and *again* that many suspensions later.

    Its subject is a fresh one, or what *make* makes of one beforehand. None if the scenario has no
    such suspension.
    """
    subject = await (make or case.fresh)()

    async def run() -> None:
        with suppress(NoVerdict):
            await scenario(case, subject)

    canceller = Canceller(case.loop, style, own_task=not style.by_scope)
    second = Stepped(run(), point + again if again else 0, cancel_task)
    interrupting = canceller.interrupt(second, point)
    step, cancelled, error = await (interrupting if style.by_scope else in_own_task(interrupting))
    if not step.reached or (again and not second.reached):
        return None
    done = CancelledRun(
        point, style, step.exposed, step.delivered, cancelled, error, subject, again
    )
    subject.note(str(done))
    return done


async def cancelled_with_result(case: Case, scenario: Scenario, point: int) -> Subject | None:
    """Run *scenario*, and cancel its task, on asyncio, together with a result.

    The cancellation comes when the future is done that it waits for at suspension *point*, and
    before it goes on. Returns the subject, or None if it did not wait for a future there. Trio, and
    the cancel scopes of anyio, let the result through, and cancel at the next suspension.
    """
    subject = await case.fresh()
    canceller = Canceller(case.loop, Style.CROSSING, own_task=True)

    await in_own_task(canceller.interrupt(scenario(case, subject), point))
    if not canceller.crossed:
        return None
    subject.note(f"cancelled at suspension {point}, when what it waited for was done")
    return subject


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a cancelled ``run`` left behind: whether its subject ``released`` what it held.

    ``inside`` says that it was cancelled in the operation that the rule is about.
    """

    run: CancelledRun
    released: bool
    inside: bool = True


def _delivered_inside(left: Iterable[Aftermath]) -> int:
    return sum(each.inside and each.run.delivered for each in left)


class ReleaseSweep(EachSuspension[list[Aftermath]]):
    """An async iterator over what is left behind at each suspension, once for each style.

    On asyncio it is often enough that one of them went well.
    """

    def __init__(
        self,
        case: Case,
        attempt: Callable[[Case, Style, int], Awaitable[Aftermath | None]],
        *,
        counts: Callable[[list[Aftermath]], int] = _delivered_inside,
        vacuous: str = "",
    ) -> None:
        async def in_each_style(point: int) -> list[Aftermath] | None:
            left: list[Aftermath] = []
            for style in STYLES[case.library]:
                await case.tear_down()
                aftermath = await attempt(case, style, point)
                if aftermath is not None:
                    left.append(aftermath)
            return left or None

        super().__init__(case, in_each_style, counts=counts, vacuous=vacuous)


async def cancelled_late(case: Case, scenario: Scenario, subject: Subject, style: Style) -> bool:
    """Cancel *scenario* when it has waited long, and wait for its end; False if it ended before."""
    patience = await a_long_time()
    if style is Style.LEVEL:
        with anyio.move_on_after(patience) as scope:
            await carry_out(relenting(scenario), case, subject)
        return scope.cancel_called
    task = asyncio.ensure_future(carry_out(scenario, case, subject))
    try:
        await asyncio.wait([task], timeout=patience)
        late = task.cancel()
        await asyncio.wait([task])
    finally:
        task.cancel()
    return late


def relenting(scenario: Scenario) -> Scenario:
    """*scenario*, no longer cancelled once it took `MOST_DELIVERIES` cancellations.

    A cancel scope cancels again at every suspension, so a subject that tries again whatever
    happens would go on forever. One that is let off comes to its end.
    """

    async def relented(case: Case, subject: Subject) -> object:
        deliveries = 0

        def count(arrived: BaseException) -> BaseException:
            nonlocal deliveries
            deliveries += isinstance(arrived, case.loop.cancelled_type)
            if deliveries >= MOST_DELIVERIES:
                scope.shield = True
            return arrived

        with anyio.CancelScope() as scope:
            return await Intercepted(scenario(case, subject), count)
        return None

    return relented
