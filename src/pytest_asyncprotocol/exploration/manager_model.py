"""What may come of each operation on an async context manager."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Any

import anyio

from pytest_asyncprotocol.engine.backends import RunningLoop
from pytest_asyncprotocol.exploration.cancellation import Ended, Style
from pytest_asyncprotocol.exploration.leaving import (
    BodyError,
    a_cancellation,
    discard_unawaited,
    left_by,
    suppresses,
)
from pytest_asyncprotocol.exploration.scenarios import let_others_run
from pytest_asyncprotocol.exploration.sequences import Model, Operation, OperationSequence
from pytest_asyncprotocol.exploration.sharing import Visit, both_inside, each_tries
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import Forbidden, members
from pytest_asyncprotocol.model.subject import Outcome, Subject

DEEPEST = 2
"""How often a manager is entered that was not left."""


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

    async def interrupt(self, run: Coroutine[Any, Any, None], at: int, loop: RunningLoop) -> Ended:
        """Await *run*, and cancel it at suspension *at*; what comes after it is not cancelled."""
        step = Stepped(
            run, at, self.scope.cancel, watched=loop.cancelled_type, in_force=loop.being_cancelled
        )
        try:
            await step
        except BaseException as error:
            self._escaped = error
        cancelled = self._escaped is not None and loop.is_cancellation(self._escaped)
        if self.scope.cancel_called:
            self._shield.shield = True
        return step, cancelled, None if cancelled else self._escaped

    def close(self) -> None:
        """End the scope."""
        error = self._escaped
        self._stack.__exit__(error and type(error), error, error and error.__traceback__)


class ManagerModel(Model):
    """An async context manager: how often it was entered, and how it was left."""

    rules = (
        "CM004", "CM010", "CM011", "CM015", "CM016", "CM017", "CM020", "CM025", "CO001",
        "CO002", "CO007", "CO021",
    )  # fmt: skip

    def __init__(self, case: Case, subject: Subject, style: Style) -> None:
        super().__init__(case, subject, style)
        self.depth = 0
        self.entries = 0
        self.failed = False
        self.left_by_error = False
        self.covers: list[Cover] = []

    @staticmethod
    def alphabet(case: Case, subject: Subject) -> OperationSequence:
        """The operations that make sense, each as often as it shall weigh."""
        operations = [Operation("enter")] * 4 + [Operation("exit")] * 4
        operations += [Operation("enter", at) for at in (1, 1, 2, 3)]
        operations += [Operation("exit", at) for at in (1, 2)]
        operations += [Operation("exit by error"), Operation("exit by error")]
        operations += [Operation("exit by error", at) for at in (1, 2)]
        operations += [Operation("turns"), Operation("time")]
        operations += [Operation("exit by cancellation")]
        if case.declared.concurrent_entry is not None:
            operations += [Operation("two at once")] * 2
        return tuple(operations)

    @property
    def reusable(self) -> bool:
        """Whether it promises to work after it was used."""
        return self.declared.reuse in ("reusable", "reentrant")

    def forbids_hanging(self, operation: Operation | None) -> str:
        """The rule that forbids *operation*, or the leaving at the end, to wait for ever."""
        if operation is not None and operation.name == "two at once":
            return "CM016"
        if self.cancelled:
            return "CO021"
        entering = operation is not None and operation.name == "enter"
        return "CM015" if entering or self.entries > 1 else "CM014"

    async def enter(self, operation: Operation) -> None:
        """``__aenter__``; inside of it only where it may be nested."""
        nested = self.depth and self.declared.reuse != "reentrant"
        again = (self.entries or self.cancelled) and not self.reusable
        if self.failed or nested or again or self.depth == DEEPEST:
            return
        self.covers.append(Cover())
        outcome = await self.call(self.subject.enter, operation)
        if outcome is not None and outcome.returned:
            self._come_in(outcome)
            return
        self.covers.pop().close()
        if outcome is not None:
            self._be_refused(outcome)
        elif not self.depth:
            await self.expect_released("CM010", "after an __aenter__ that was cancelled")

    async def interrupt(self, run: Coroutine[Any, Any, None], at: int) -> Ended:
        """Await *run*, and cancel it at suspension *at*, by the scope around this use."""
        if self.style is Style.EDGE:
            return await super().interrupt(run, at)
        return await self.covers[-1].interrupt(run, at, RunningLoop(self.case.library))

    async def exit(self, operation: Operation) -> None:
        """``__aexit__`` after a body that raised nothing."""
        await self._leave(None, operation)

    async def exit_by_error(self, operation: Operation) -> None:
        """``__aexit__`` after a body that raised."""
        await self._leave(BodyError(), operation)

    async def exit_by_cancellation(self, operation: Operation) -> None:
        """``__aexit__`` after a body that was cancelled."""
        await self._leave(await a_cancellation(), operation)

    async def two_at_once(self, operation: Operation) -> None:
        """Two tasks that enter it; whoever comes in stays until the other one has tried."""
        if self.failed or self.depth or (self.entries and not self.reusable):
            return
        safe = self.declared.concurrent_entry == "safe"
        visits = await (self._both_inside() if safe else each_tries(self.subject, at_once=True))
        inside = [each for each in visits if each.entered]
        self.entries += len(inside)
        expected = len(visits) if safe else 1
        if len(inside) != expected and not self.cancelled:
            raise Forbidden(
                "CM016",
                f"of two tasks that entered at once, {len(inside)} came in; expected {expected}",
            )
        await self.expect_released("CM016", "after two tasks had used it at once")

    async def finish(self) -> None:
        """Leave it as often as it was entered."""
        while self.depth:
            await self._leave(None, Operation("exit"))

    async def _both_inside(self) -> tuple[Visit, Visit]:
        return await both_inside(
            self.subject, None, came_in=lambda _: None, left_alone=let_others_run, swapped=False
        )

    def _come_in(self, outcome: Outcome) -> None:
        self.depth += 1
        self.entries += 1
        declared = self.declared
        wrong = declared.value_is_self and outcome.value is not self.subject.object
        if declared.declares("value"):
            wrong = not declared.as_judge("value")(outcome.value)
        if wrong:
            raise Forbidden(
                "CM025", f"{outcome.operation} {outcome}, which is not what was declared"
            )

    def _be_refused(self, outcome: Outcome) -> None:
        expected = self.declared.enter_raises
        if expected is not None and outcome.raised(expected):
            return
        self.failed = not self.reusable
        if self.reusable and (self.entries or self.cancelled):
            when = "after a use that was cancelled" if self.cancelled else "when it was used before"
            raise Forbidden(
                "CO021" if self.cancelled else "CM015",
                f"{outcome.operation}, {when}, {outcome}; expected it to be entered again",
            )

    async def _leave(self, error: BaseException | None, operation: Operation) -> None:
        if not self.depth:
            return
        self.depth -= 1
        self.left_by_error = self.left_by_error or error is not None
        outcome = await self.call(lambda: left_by(self.subject, error), operation, body_error=error)
        if outcome is None:
            if not self.depth:
                await self.expect_released("CM011", "after an __aexit__ that was cancelled")
            return
        discard_unawaited(outcome)
        self._judge_exit(outcome, error)
        if not self.depth:
            await self.expect_released(self._rule_of_release(), f"after {outcome.operation}")

    def _rule_of_release(self) -> str:
        if self.cancelled:
            return "CO021"
        return "CM020" if self.left_by_error or self.entries == 1 else "CM015"

    def _judge_exit(self, outcome: Outcome, error: BaseException | None) -> None:
        if error is None:
            self._judge_clean_exit(outcome)
        elif not isinstance(error, BodyError):
            return
        elif suppresses(outcome) and not isinstance(error, self.declared.suppresses):
            raise Forbidden(
                "CM004", f"{outcome.operation} {outcome}, and so suppressed the error of the body"
            )
        elif outcome.error is not None and self._is_wrapped(error, outcome.error):
            raise Forbidden("CM017", f"{outcome.operation} {outcome}; expected it unwrapped")

    def _is_wrapped(self, error: BaseException, group: BaseException) -> bool:
        return members(group) == (error,) and not self.declared.wraps_in_group

    def _judge_clean_exit(self, outcome: Outcome) -> None:
        if outcome.returned:
            return
        self.failed = not self.reusable
        if self.reusable and self.entries > 1:
            raise Forbidden(
                "CO021" if self.cancelled else "CM015",
                f"{outcome.operation}, of a later use, {outcome}",
            )
