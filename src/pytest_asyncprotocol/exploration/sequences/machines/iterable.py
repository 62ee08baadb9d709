"""The state machine of an async iterable."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, field

from pytest_asyncprotocol.exploration.sequences.machines.iterator import IteratorMachine
from pytest_asyncprotocol.exploration.sequences.machines.state_machine import StateMachine
from pytest_asyncprotocol.exploration.sequences.operations import Operation, Step
from pytest_asyncprotocol.model.exceptions import Forbidden

FIRST_PASS = "AI003"  # noqa: S105
LATER_PASS = "AB005"  # noqa: S105
PASS_BESIDE_ANOTHER = "AB006"  # noqa: S105


class OnePass(IteratorMachine):
    """One pass; another one may be open, so that what is held is judged at the end of all."""

    async def expect_released(self, rule: str, when: str) -> None:
        """Nothing."""


@dataclass(eq=False)
class IterableMachine(StateMachine):
    """An async iterable: its passes, each of which is an async iterator.

    Only what promises ``reiterable=True`` is asked for a second pass, and only what promises
    ``independent=True`` for one beside another.
    """

    rules = (
        "AB005", "AB006", "AB008", "AI003", "CO001", "CO002", "CO007", "CO021",
    )  # fmt: skip

    passes: list[OnePass] = field(default_factory=list[OnePass])
    number: int = 0

    def forbids_waiting(self, step: Step | None) -> str:
        """The rule that forbids a pass to hang."""
        if any(each.cancelled for each in self.passes):
            return "CO021"
        return PASS_BESIDE_ANOTHER if len(self.passes) > 1 else LATER_PASS

    @Operation(plain=True, weight=0, cancel_at=(1, 1, 2, 3))
    async def anext(self, at: int = 0) -> None:
        """One step of the last pass."""
        if not self.passes:
            await self.aiter()
        await self._judge(self.passes[-1].anext(at))

    @Operation()
    async def aclose(self) -> None:
        """Close the last pass, if it can be closed."""
        if self.passes and self.passes[-1].subject.has("aclose"):
            await self._judge(self.passes[-1].aclose())

    turns, time = StateMachine.turns, StateMachine.time

    @Operation(weight=3, when=lambda declared, _: declared.reiterable)
    async def aiter(self) -> None:
        """Begin another pass; the one before is closed, unless both may be open at once."""
        if not self.declared.independent:
            await self.finish()
            self.passes.clear()
        self.number += 1
        self.passes.append(OnePass(self.case, self.subject.aiter(), self.style))

    @Operation(weight=3, when=lambda declared, _: declared.independent)
    async def anext_of_the_first(self) -> None:
        """One step of the pass that was begun first."""
        if self.passes:
            await self._judge(self.passes[0].anext())

    async def finish(self) -> None:
        """Close all passes; then it holds nothing."""
        for each in self.passes:
            await each.finish()
        if any(each.subject.has("aclose") for each in self.passes):
            cancelled = any(each.cancelled for each in self.passes)
            await self.expect_released("CO021" if cancelled else "AB008", "when all is closed")

    async def _judge(self, one_pass: Awaitable[None]) -> None:
        """Carry out an operation of one pass; which pass it is says which rule forbids it."""
        try:
            await one_pass
        except Forbidden as forbidden:
            if forbidden.rule != FIRST_PASS or self.number == 1:
                raise
            rule = PASS_BESIDE_ANOTHER if len(self.passes) > 1 else LATER_PASS
            raise Forbidden(rule, str(forbidden)) from forbidden
