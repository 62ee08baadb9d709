"""Sequences of operations: run on a subject, judged by a model, and made as short as can be.

A model says, for one protocol, which outcomes of each operation are allowed in the state that the
operations before it led to. The first outcome that is not allowed is the witness of a fault.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, ClassVar

import anyio

from pytest_asyncprotocol.engine.clock import has_free_time
from pytest_asyncprotocol.engine.library import RunningLoop
from pytest_asyncprotocol.engine.tasks import Alive, describe_task, following
from pytest_asyncprotocol.exploration.canceller import Canceller, Ended
from pytest_asyncprotocol.exploration.release import TIME_TO_RELEASE, is_released
from pytest_asyncprotocol.exploration.scheduling import let_others_run, schedules
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import Forbidden
from pytest_asyncprotocol.model.recording import Style
from pytest_asyncprotocol.model.subject import Outcome, Subject
from pytest_asyncprotocol.model.text import describe_exception

TURNS = 5
"""Turns that other tasks get, where the operation is to let them run."""

SOME_TIME, LONG_TIME = 1.0, 3600.0
"""Seconds of a virtual clock."""

AT_ONCE = " at once"
MEANWHILE = " meanwhile"
"""How the names of operations end that several tasks carry out."""

MOST_OPERATIONS_TRIED = 7
"""Length up to which every part of a sequence is tried, in search of the shortest witness."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a sequence; ``cancelled_at`` is the suspension to cancel it at, 0 for none."""

    name: str
    cancelled_at: int = 0

    def __str__(self) -> str:
        if not self.cancelled_at:
            return self.name
        return f"{self.name} (cancelled at suspension {self.cancelled_at})"


OperationSequence = tuple[Operation, ...]


class Model(ABC):
    """What a protocol allows of a subject: the state that it is in, and what may come next.

    Each operation is carried out by the method of its name. ``style`` is how it is cancelled.
    """

    rules: ClassVar[tuple[str, ...]] = ()
    """The rules that forbid what the model does not allow."""

    builds_on: ClassVar[tuple[str, ...]] = ("CO004", "CO009")
    """Further rules, whose violations show in sequences too: then none are tried."""

    def __init__(self, case: Case, subject: Subject, style: Style) -> None:
        self.case = case
        self.declared = case.declared
        self.subject = subject
        self.style = style
        self.cancelled = False

    step: ClassVar[Operation]
    """The plain operation, of which some come before each of the others."""

    @staticmethod
    @abstractmethod
    def events(case: Case, subject: Subject) -> OperationSequence:
        """The operations that make sense besides, each as often as it shall weigh."""

    @classmethod
    async def fresh(cls, case: Case, variant: int) -> Subject:
        """A fresh subject; the declarations may tell of more than one kind, which take turns."""
        del variant
        return await case.fresh()

    @abstractmethod
    def forbids_hanging(self, operation: Operation | None) -> str:
        """The rule that forbids *operation*, or the closing at the end, to wait for ever."""

    @abstractmethod
    async def finish(self) -> None:
        """End the use of the subject, and judge the state that it is left in."""

    def let_go(self) -> None:  # noqa: B027
        """End what the model itself has open, however the sequence ended."""

    async def carry_out(self, operation: Operation) -> None:
        """Carry out one operation.

        Raises:
            Forbidden: its outcome is not allowed.
        """
        await getattr(self, operation.name.replace(" ", "_"))(operation)

    async def turns(self, operation: Operation) -> None:
        """Let other tasks run."""
        await let_others_run(TURNS)

    async def time(self, operation: Operation) -> None:
        """Let some time pass."""
        await pass_time(SOME_TIME)

    async def call(
        self,
        begin: Callable[[], Awaitable[Outcome]],
        operation: Operation,
        *,
        body_error: BaseException | None = None,
    ) -> Outcome | None:
        """Carry out one call, cancelled as *operation* says; None if the cancellation came out.

        Instead of it *body_error* may come out, where it is a manager's exit that is cancelled.

        Raises:
            Forbidden: it swallowed the cancellation, or raised something else in its place.
        """
        if not operation.cancelled_at:
            return self._own(await begin())
        ended: list[Outcome] = []

        async def run() -> None:
            ended.append(await begin())

        step, cancelled, error = await self.interrupt(run(), operation.cancelled_at)
        outcome = ended[0] if ended else None
        if not step.delivered:
            return outcome and self._own(outcome)
        self.case.points += 1
        self.cancelled = True
        if cancelled:
            return None
        if body_error is None:
            self._expect_let_through(outcome, error)
        return outcome

    def _own(self, outcome: Outcome) -> Outcome:
        """*outcome* of a call that nobody cancelled.

        A future that was cancelled says so to whoever awaits it; that is what it is for.
        """
        loop = RunningLoop(self.case.library)
        cancelled = outcome.error is not None and loop.is_cancellation(outcome.error)
        if cancelled and not asyncio.isfuture(self.subject.object):
            raise Forbidden(
                "CO003", f"{outcome.operation} {outcome}, though nobody cancelled its caller"
            )
        return outcome

    async def interrupt(self, run: Coroutine[Any, Any, None], at: int) -> Ended:
        """Await *run*, and cancel it at suspension *at*."""
        return await Canceller(self.case.loop, self.style).interrupt(run, at)

    def _expect_let_through(self, outcome: Outcome | None, error: BaseException | None) -> None:
        if outcome is not None and outcome.returned:
            raise Forbidden(
                "CO001", f"{outcome.operation}, which was cancelled, swallowed that and {outcome}"
            )
        error = error if outcome is None else outcome.error
        if error is not None:
            raise Forbidden(
                "CO002", f"it was cancelled, and raised {describe_exception(error)} in its place"
            )

    async def expect_released(self, rule: str, when: str) -> None:
        """Expect that the declared ``released=``, if any, holds."""
        if self.declared.released is not None and not await is_released(self.case, self.subject):
            raise Forbidden(rule, f"{when}, it is not released: released= is false", lenient=True)


async def pass_time(seconds: float) -> None:
    """Let time pass, if that costs nothing."""
    await anyio.sleep(seconds if await has_free_time() else 0)


async def run_sequence(
    kind: type[Model],
    sequence: OperationSequence,
    style: Style,
    case: Case,
    seen: list[Model | Operation | None],
    *,
    variant: int = 0,
) -> None:
    """Run *sequence* on a fresh subject, and judge it by a model of *kind*.

    *seen* is kept up to date: the model, and the operation that is being carried out. What
    several tasks do at once is done in all orders that the library can be made to take.

    Raises:
        Forbidden: something happened that is not allowed.
    """
    orders = schedules(case.library) if any(map(is_concurrent, sequence)) else range(1)
    for _ in orders:
        await case.tear_down()
        subject = await kind.fresh(case, variant)
        with following(case.library) as alive:
            model = kind(case, subject, style)
            seen[:] = [model, None]
            try:
                for operation in sequence:
                    seen[1] = operation
                    await model.carry_out(operation)
                seen[1] = None
                await model.finish()
            finally:
                model.let_go()
            await _expect_no_task(case, alive)


def is_concurrent(operation: Operation) -> bool:
    """Whether *operation* is carried out by several tasks."""
    return operation.name.endswith((AT_ONCE, MEANWHILE))


async def _expect_no_task(case: Case, alive: Alive) -> None:
    if case.declared.background_ok:
        return
    await let_others_run(TURNS)
    if alive():
        await anyio.sleep(TIME_TO_RELEASE)
    left = sorted(describe_task(task) for task in alive())
    if left:
        raise Forbidden("CO007", f"{left[0]} is still alive after the end", lenient=True)


async def shortest(
    sequence: OperationSequence,
    still_fails: Callable[[OperationSequence], Awaitable[bool]],
) -> OperationSequence:
    """The shortest part of *sequence* that *still_fails*, of operations as plain as can be."""
    sequence = await _without_any(sequence, still_fails)
    if len(sequence) <= MOST_OPERATIONS_TRIED:
        for part in _parts(sequence):
            if await still_fails(part):
                sequence = part
                break
    for place, operation in enumerate(sequence):
        for at in range(operation.cancelled_at):
            plainer = Operation(operation.name, at)
            candidate = (*sequence[:place], plainer, *sequence[place + 1 :])
            if await still_fails(candidate):
                sequence = candidate
                break
    return sequence


async def _without_any(
    sequence: OperationSequence, still_fails: Callable[[OperationSequence], Awaitable[bool]]
) -> OperationSequence:
    """*sequence* without the operations that it can do without, one after the other."""
    place = len(sequence) - 1
    while place >= 0:
        candidate = (*sequence[:place], *sequence[place + 1 :])
        if await still_fails(candidate):
            sequence = candidate
        place -= 1
    return sequence


def _parts(sequence: Sequence[Any]) -> list[tuple[Any, ...]]:
    """The proper parts of *sequence*, in order of their length."""
    return [part for size in range(len(sequence)) for part in combinations(sequence, size)]
