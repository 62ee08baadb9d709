"""One context manager and two tasks: entered by both, or entered in one and left in the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import anyio

from pytest_asyncprotocol.engine.library import checkpoint
from pytest_asyncprotocol.exploration.bodies import TURNS_OF_A_BODY, left_by
from pytest_asyncprotocol.exploration.scheduling import together
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.subject import Outcome, Subject


@dataclass(slots=True)
class Visit:
    """What one of two tasks saw: how it entered, and how it left.

    ``was_left_alone`` says that the other one was inside too, and left first.
    """

    entry: Outcome | None = None
    exit: Outcome | None = None
    was_left_alone: bool = False
    inside: bool = False
    tried: anyio.Event = field(default_factory=anyio.Event)

    @property
    def entered(self) -> bool:
        """Whether the entry returned."""
        return self.entry is not None and self.entry.returned


async def both_inside(
    subject: Subject,
    error: BaseException | None,
    *,
    came_in: Callable[[Outcome], object],
    left_alone: Callable[[], Awaitable[None]],
    swapped: bool,
) -> tuple[Visit, Visit]:
    """Two tasks enter *subject* at once; gives the visit of the first to leave, and the other's.

    The first one to leave does so by *error*. The other one stays, if both were inside at a time,
    and calls *left_alone* from there. Each calls *came_in* with what its entry gave.
    """
    first, second = Visit(), Visit()

    async def leave_first() -> None:
        first.entry = await subject.enter()
        if first.entered:
            first.inside = True
            came_in(first.entry)
            await _wait_for(lambda: second.inside)
            met = second.inside
            first.exit = await left_by(subject, error)
            first.inside = False
            second.was_left_alone = met and second.inside

    async def leave_second() -> None:
        second.entry = await subject.enter()
        if second.entered:
            second.inside = True
            came_in(second.entry)
            await _wait_for(lambda: first.inside)
            await _wait_for(lambda: first.exit is not None)
            if second.was_left_alone:
                await left_alone()
            second.inside = False
            second.exit = await subject.exit()

    calls = (leave_second, leave_first) if swapped else (leave_first, leave_second)
    await together(*calls)
    return first, second


async def each_tries(subject: Subject, *, at_once: bool) -> tuple[Visit, Visit]:
    """Two tasks try to enter *subject*; who comes in stays until the other one has tried.

    The second one tries when the first one is inside, or *at_once*.
    """
    first, second = Visit(), Visit()

    async def visit_second() -> None:
        if not at_once:
            await first.tried.wait()
        await _visit(subject, second, first.tried.wait)

    await together(partial(_visit, subject, first, second.tried.wait), visit_second)
    return first, second


async def both_leave_at_once(subject: Subject) -> tuple[Visit, Visit]:
    """Two tasks come in, and leave at once where both can be inside."""
    first, second = Visit(), Visit()
    await together(
        partial(_visit, subject, first, partial(_wait_for, lambda: second.inside)),
        partial(_visit, subject, second, partial(_wait_for, lambda: first.inside)),
    )
    return first, second


async def _visit(subject: Subject, visit: Visit, stay: Callable[[], Awaitable[object]]) -> None:
    """Try to enter *subject*, and *stay* inside before leaving it."""
    visit.entry = await subject.enter()
    visit.tried.set()
    if visit.entered:
        visit.inside = True
        await stay()
        visit.exit = await subject.exit()
        visit.inside = False


@dataclass(slots=True)
class HandOver:
    """A manager that one task entered and another one left.

    ``own_exit`` is how the first task left where the other one could not; ``disturbed`` says
    that one of the tasks failed by what was done to it.
    """

    entry: Outcome | None = None
    exit: Outcome | None = None
    own_exit: Outcome | None = None
    disturbed: bool = False


async def handed_over(case: Case, subject: Subject) -> HandOver:
    """Enter *subject* in one task, leave it in another, and go on in both."""
    seen = HandOver()
    entered, left = anyio.Event(), anyio.Event()

    async def owner() -> None:
        try:
            seen.entry = await subject.enter()
        finally:
            entered.set()
        await left.wait()
        if seen.exit is not None and not seen.exit.returned:
            seen.own_exit = await subject.exit()
        await checkpoint()

    async def other() -> None:
        await entered.wait()
        try:
            if seen.entry is not None and seen.entry.returned:
                seen.exit = await subject.exit()
        finally:
            left.set()
        await checkpoint()

    try:
        await together(owner, other)
    except BaseException as error:
        if case.loop.cancelled(error):
            raise
        seen.disturbed = True
    return seen


async def _wait_for(condition: Callable[[], bool]) -> None:
    """Wait for *condition*, some turns long."""
    for _ in range(TURNS_OF_A_BODY):
        if condition():
            return
        await checkpoint()
