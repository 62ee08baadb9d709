"""The state machine of a protocol: the operations on a subject, and what may come of each."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar

import anyio

from pytest_asyncprotocol.engine.clock import has_free_time
from pytest_asyncprotocol.engine.running_tasks import Alive, describe_task
from pytest_asyncprotocol.exploration.canceller import Canceller, Ended
from pytest_asyncprotocol.exploration.release import TIME_TO_RELEASE, is_released
from pytest_asyncprotocol.exploration.scheduling import let_others_run
from pytest_asyncprotocol.exploration.sequences.operations import (
    Operation,
    OperationSequence,
    Step,
    operations_of,
)
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.declarations import Declarations
from pytest_asyncprotocol.model.exceptions import Forbidden
from pytest_asyncprotocol.model.recording import Style
from pytest_asyncprotocol.model.subject import Outcome, Subject
from pytest_asyncprotocol.model.text import describe_exception

TURNS = 5
"""Turns that other tasks get, where the operation is to let them run."""

SOME_TIME, LONG_TIME = 1.0, 3600.0
"""Seconds of a virtual clock."""


@dataclass(eq=False)
class StateMachine(ABC):
    """What a protocol allows of a subject: the state that it is in, and what may come next.

    Each operation judges its outcome in the state that the operations before it led to. The first
    outcome that is not allowed is the witness of a fault. ``style`` is how calls are cancelled,
    and ``step`` what is being carried out.
    """

    rules: ClassVar[tuple[str, ...]] = ()
    """The rules that forbid what the machine does not allow."""

    builds_on: ClassVar[tuple[str, ...]] = ("CO004", "CO009")
    """Further rules, whose violations show in sequences too: then none are tried."""

    operations: ClassVar[tuple[Operation, ...]] = ()
    """Those of base classes and of the class body. Their order decides what is drawn."""

    plain: ClassVar[Step]
    """The plain step, of which some come before each of the others."""

    case: Case
    subject: Subject
    style: Style
    cancelled: bool = False
    step: Step | None = None

    def __init_subclass__(cls) -> None:
        cls.operations += operations_of(cls)
        cls.plain = next(Step(each) for each in cls.operations if each.plain)

    @property
    def declared(self) -> Declarations:
        """What the subject's author declared."""
        return self.case.declared

    @classmethod
    def events(cls, case: Case, subject: Subject) -> OperationSequence:
        """The steps that make sense besides the plain one, each as often as it weighs."""
        operations = [each for each in cls.operations if each.when(case.declared, subject)]
        return tuple(step for each in operations for step in each.steps)

    @classmethod
    async def fresh(cls, case: Case, variant: int) -> Subject:
        """A fresh subject; the declarations may tell of more than one kind, which take turns."""
        del variant
        return await case.fresh()

    def forbids_hanging(self, step: Step | None) -> str:
        """The rule that forbids *step*, or the closing at the end, to hang.

        A step of several tasks has a rule of its own, whatever came before it.
        """
        if step is not None and step.operation.concurrent and step.hangs:
            return step.hangs
        return self.forbids_waiting(step)

    @abstractmethod
    def forbids_waiting(self, step: Step | None) -> str:
        """The rule that forbids *step*, or the closing at the end, to hang in this state."""

    def unless_cancelled(self, rule: str) -> str:
        """*rule*, or after a cancellation the one about what comes after it."""
        return "CO021" if self.cancelled else rule

    @abstractmethod
    async def finish(self) -> None:
        """End the use of the subject, and judge the state that it is left in."""

    def let_go(self) -> None:  # noqa: B027
        """End what the machine itself has open, however the sequence ended."""

    @Operation()
    async def turns(self) -> None:
        """Let other tasks run."""
        await let_others_run(TURNS)

    @Operation()
    async def time(self) -> None:
        """Let some time pass."""
        await pass_time(SOME_TIME)

    async def call(
        self,
        begin: Callable[[], Awaitable[Outcome]],
        at: int = 0,
        *,
        body_error: BaseException | None = None,
    ) -> Outcome | None:
        """Carry out one call, cancelled at suspension *at*; None if the cancellation came out.

        Instead of it *body_error* may come out, where it is a manager's exit that is cancelled.

        Raises:
            Forbidden: it swallowed the cancellation, or raised something else in its place.
        """
        if not at:
            return self._own(await begin())
        ended: list[Outcome] = []

        async def run() -> None:
            ended.append(await begin())

        step, cancelled, error = await self.interrupt(run(), at)
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
        """*outcome* of a call that was not cancelled.

        Only a cancelled future may raise a cancellation in the tasks that await it.
        """
        loop = self.case.loop
        cancelled = outcome.error is not None and loop.is_cancellation(outcome.error)
        if cancelled and not asyncio.isfuture(self.subject.object):
            raise Forbidden("CO003", f"{said(outcome)}, though nobody cancelled its caller")
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

    async def expect_no_task(self, alive: Alive) -> None:
        """Expect that no task is *alive* when the use is over, unless ``background_ok=``."""
        if self.declared.background_ok:
            return
        await let_others_run(TURNS)
        if alive():
            await anyio.sleep(TIME_TO_RELEASE)
        left = sorted(describe_task(task) for task in alive())
        if left:
            raise Forbidden("CO007", f"{left[0]} is still alive after the end", lenient=True)


def said(outcome: Outcome) -> str:
    """The call and its outcome in words."""
    return f"{outcome.operation} {outcome}"


async def pass_time(seconds: float) -> None:
    """Let time pass, if that costs nothing."""
    await anyio.sleep(seconds if await has_free_time() else 0)
