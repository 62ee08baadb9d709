"""The state machine of an awaitable."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pytest_asyncprotocol.exploration.scheduling import together
from pytest_asyncprotocol.exploration.sequences.machines.state_machine import StateMachine
from pytest_asyncprotocol.exploration.sequences.operations import Operation, Step
from pytest_asyncprotocol.model.declarations import same
from pytest_asyncprotocol.model.exceptions import Forbidden
from pytest_asyncprotocol.model.subject import Outcome
from pytest_asyncprotocol.model.text import describe


@dataclass(eq=False)
class AwaitableMachine(StateMachine):
    """An awaitable: what the first await gave, and whether one was cancelled."""

    rules = (
        "AW009", "AW010", "AW011", "AW012", "CO001", "CO003", "CO002", "CO007", "CO021",
    )  # fmt: skip

    first: Outcome | None = None

    def forbids_waiting(self, step: Step | None) -> str:
        """The rule that forbids an await to hang."""
        return "AW012" if self.cancelled else "AW009"

    @Operation(plain=True, weight=0, cancel_at=(1, 1, 2, 2, 3))
    async def wait(self, at: int = 0) -> None:
        """``await subject``."""
        outcome = await self.call(self.subject.wait, at)
        if outcome is not None:
            self._judge(outcome)

    turns, time = StateMachine.turns, StateMachine.time

    @Operation(
        weight=2,
        cancel_at=(1, 1, 2),
        concurrent=True,
        hangs="AW010",
        hangs_cancelled="AW011",
        when=lambda declared, _: declared.shared,
    )
    async def two_at_once(self, at: int = 0) -> None:
        """``await subject`` in two tasks, of which one may be cancelled."""
        call = partial(self.call, self.subject.wait, at)
        cancelled, other = await together(call, self.subject.wait)
        for each in (cancelled, other):
            if each is None or self.declared.reawait == "again":
                continue
            if not each.returned and self.declared.raises is None:
                rule = "AW011" if cancelled is None else "AW010"
                raise Forbidden(rule, f"{each.operation}, one of two at once, {each}")
            self._judge(each)

    async def finish(self) -> None:
        """When it was awaited, it holds nothing."""
        if self.first is not None or self.cancelled:
            await self.expect_released("CO021", "when it was awaited")

    def _judge(self, outcome: Outcome) -> None:
        if self.first is None:
            self._judge_first(outcome)
        else:
            self._judge_again(self.first, outcome)
        if self.first is None or not self.first.returned:
            self.first = outcome

    def _judge_first(self, outcome: Outcome) -> None:
        """The first await that was not cancelled, or the first one after some that were."""
        if not self.cancelled:
            return
        declared = self.declared
        failed = declared.retryable and not outcome.returned and declared.raises is None
        nothing = outcome.returned and outcome.value is None
        judged = declared.declares("returns") and (nothing or (declared.retryable and not failed))
        if failed or (judged and not declared.as_judge("returns")(outcome.value)):
            rule = "AW012" if declared.retryable else "AW009"
            raise Forbidden(rule, f"{outcome.operation}, after one that was cancelled, {outcome}")

    def _judge_again(self, first: Outcome, outcome: Outcome) -> None:
        how = self.declared.reawait
        if not first.returned or how == "again":
            return
        if how == "error":
            wrong = outcome.returned
        elif how == "same":
            wrong = not (outcome.returned and same(outcome.value, first.value))
        else:
            wrong = outcome.returned and outcome.value is None and first.value is not None
        if wrong:
            given = describe(first.value)
            raise Forbidden(
                "AW009", f"{outcome.operation}, on an object that had given {given}, {outcome}"
            )
