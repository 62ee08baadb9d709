"""The state machine of an async iterator."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from pytest_asyncprotocol.exploration.scheduling import let_others_run, together
from pytest_asyncprotocol.exploration.sequences.machines.state_machine import (
    TURNS,
    StateMachine,
    said,
)
from pytest_asyncprotocol.exploration.sequences.operations import Operation, Step
from pytest_asyncprotocol.model.declarations import same
from pytest_asyncprotocol.model.exceptions import Forbidden
from pytest_asyncprotocol.model.subject import Outcome
from pytest_asyncprotocol.model.text import describe


class Phase(enum.Enum):
    """How far an iterator is, as its outcomes show."""

    FRESH = "on an iterator that was never started"
    OPEN = "in the middle"
    ENDED = "after the end"
    FAILED = "after an error"
    CLOSED = "after aclose()"


@dataclass(eq=False)
class IteratorMachine(StateMachine):
    """An async iterator: its items, its end, and how it is closed.

    ``certain`` is true while it is known which item comes next: until a step is cancelled of an
    iterator that does not promise ``cancel_safe=True``.
    """

    rules: ClassVar[tuple[str, ...]] = (
        "AB008", "AI003", "AI005", "AI006", "AI007", "AI008", "AI009", "AI017", "AI018", "AI019",
        "AI020", "CO001", "CO002", "CO007", "CO021",
    )  # fmt: skip

    builds_on = ("CO004", "AG007", "AG008", "AI016", "CO009")

    phase: Phase = Phase.FRESH
    certain: bool = True
    steps: int = 0
    left: list[Any] | None = None

    def __post_init__(self) -> None:
        if self.declared.listed_items is not None and self.declared.raises is None:
            self.left = list(self.declared.listed_items)

    def forbids_waiting(self, step: Step | None) -> str:
        """The rule that forbids *step*, or the closing at the end, to hang in this phase."""
        rule = "AI017" if step is None else step.hangs
        in_phase = {Phase.CLOSED: "AI018", Phase.ENDED: "AI005", Phase.FAILED: "AI006"}
        if not rule and self.phase in in_phase:
            return in_phase[self.phase]
        return self.unless_cancelled(rule or "CO020")

    @Operation(plain=True, weight=0, cancel_at=(1, 1, 2, 2, 3))
    async def anext(self, at: int = 0) -> None:
        """One step."""
        await self._step(self.subject.anext, at)

    turns, time = StateMachine.turns, StateMachine.time

    @Operation(cancel_at=(1, 2), hangs="AI017", when=lambda _, subject: subject.has("aclose"))
    async def aclose(self, at: int = 0) -> None:
        """``aclose()``."""
        outcome = await self.call(self.subject.aclose, at)
        if outcome is None:
            self._lose_track()
            closing = self.declared.closes and self.declared.released is not None
            self.phase = Phase.CLOSED if closing else Phase.FAILED
            await self.expect_released("AI019", "after an aclose() that was cancelled")
        else:
            await self._judge_closing(outcome)

    @Operation(
        concurrent=True,
        hangs="AI020",
        when=lambda declared, subject: (
            declared.closes and declared.concurrent is not None and subject.has("aclose")
        ),
    )
    async def aclose_meanwhile(self) -> None:
        """``aclose()`` while other tasks wait for an item."""
        readers = 2 if self.declared.concurrent == "safe" else 1
        if not self._has_more(readers):
            return
        ends: list[Outcome] = []
        closed: list[Outcome] = []

        async def step() -> None:
            ends.append(await self.subject.anext())
            if ends[-1].returned and closed and self.declared.closes:
                raise Forbidden("AI018", f"{said(ends[-1])} when aclose() had returned")

        async def close() -> None:
            await let_others_run(TURNS)
            outcome = await self.subject.aclose()
            closed.extend([outcome] * outcome.returned)

        await together(*[step] * readers, close)
        if closed and self.declared.closes is not False:
            self._lose_track()
            self.phase = Phase.CLOSED
            return
        for each in ends:
            self._judge(each)

    @Operation(
        weight=2,
        concurrent=True,
        hangs="AI007",
        when=lambda declared, _: declared.concurrent in ("safe", "refused"),
    )
    async def two_at_once(self) -> None:
        """Two steps in two tasks."""
        if not self._has_more(2):
            return
        outcomes = await together(self.subject.anext, self.subject.anext)
        if self.declared.concurrent == "refused":
            outcomes = [each for each in outcomes if each.returned or each.stopped]
        if self.phase not in (Phase.FRESH, Phase.OPEN):
            for each in outcomes:
                self._judge(each)
            return
        failed = [each for each in outcomes if not (each.returned or each.stopped)]
        declared = self.declared.raises
        unexpected = [each for each in failed if declared is None or not each.raised(declared)]
        if unexpected and self.certain:
            raise Forbidden("AI007", f"of two calls at once, {said(unexpected[0])}")
        self._take_both([each for each in outcomes if each.returned])
        for each in outcomes:
            if each.stopped:
                self._end(each, "AI007")
        if failed:
            self.phase = Phase.FAILED

    @Operation(
        "two at once",
        weight=0,
        cancel_at=(1, 2),
        concurrent=True,
        hangs="AI007",
        hangs_cancelled="CO021",
        when=lambda declared, _: declared.concurrent == "safe",
    )
    async def one_of_two_cancelled(self, at: int = 0) -> None:
        """Two steps in two tasks, of which the second is cancelled at suspension *at*."""
        if not at:
            await self.two_at_once()
            return
        if not self._has_more(2):
            return
        self.certain = False
        both = await together(self.subject.anext, partial(self.call, self.subject.anext, at))
        outcomes = [each for each in both if each is not None]
        for each in sorted(outcomes, key=lambda outcome: not outcome.returned):
            self._judge(each)

    @Operation(
        concurrent=True,
        hangs="AI017",
        when=lambda declared, subject: declared.concurrent == "safe" and subject.has("aclose"),
    )
    async def two_aclose_at_once(self) -> None:
        """``aclose()`` in two tasks."""
        in_use = self.phase not in (Phase.FRESH, Phase.CLOSED)
        for each in await together(self.subject.aclose, self.subject.aclose):
            if not each.returned and self.declared.closes and not (in_use and self.cancelled):
                raise Forbidden("AI017", f"of two calls at once, {said(each)}")
        self._lose_track()
        self.phase = Phase.CLOSED

    async def finish(self) -> None:
        """Close it, if it can be closed; then it holds nothing."""
        if self.subject.has("aclose"):
            await self._judge_closing(await self.subject.aclose())

    async def _step(self, begin: Callable[[], Awaitable[Outcome]], at: int) -> None:
        if not self._has_more(1):
            return
        outcome = await self.call(begin, at)
        if outcome is None:
            self._lose_track()
        else:
            self._judge(outcome)

    def _has_more(self, steps: int) -> bool:
        """Whether so many more can be taken: some wait forever behind the items they declare."""
        self.steps += steps
        listed = self.declared.listed_items
        return listed is None or not self.declared.infinite or self.steps <= len(listed)

    def _lose_track(self) -> None:
        self.phase = Phase.OPEN if self.phase is Phase.FRESH else self.phase
        self.certain = self.certain and self.declared.cancel_safe

    def _judge(self, outcome: Outcome) -> None:
        """Judge the outcome of one step."""
        if self.phase not in (Phase.FRESH, Phase.OPEN):
            if outcome.returned:
                self._judge_item_too_many(outcome)
        elif outcome.returned:
            self.phase = Phase.OPEN
            self._take(outcome)
        elif outcome.stopped:
            self._end(outcome, "AI009" if self.cancelled else "AI003")
        else:
            self.phase = Phase.FAILED
            if self.cancelled and self.certain and self.declared.raises is None:
                raise Forbidden("AI008", f"after a step that was cancelled, {said(outcome)}")

    def _judge_item_too_many(self, outcome: Outcome) -> None:
        if self.phase is Phase.CLOSED and self.declared.closes is not False:
            raise Forbidden(
                "AI018",
                f"{said(outcome)} after aclose(); expected an end or an error",
                lenient=self.cancelled,
            )
        if self.phase is Phase.ENDED and not self.declared.resumable:
            raise Forbidden("AI005", f"{said(outcome)} after the end; expected StopAsyncIteration")
        if self.phase is Phase.FAILED and self.declared.after_error == "stops" and self.certain:
            raise Forbidden("AI006", f"{said(outcome)} after an error; expected the end")

    def _take(self, outcome: Outcome) -> None:
        """Take one item, which has to be the next one."""
        if self.left is None or not self.certain or (self.declared.infinite and not self.left):
            return
        rule = "AI008" if self.cancelled else "AI003"
        if not self.left:
            raise Forbidden(rule, f"{said(outcome)}, when all declared items had come")
        place = 0
        if not self.declared.ordered:
            place = next((i for i, item in enumerate(self.left) if same(item, outcome.value)), 0)
        if not same(self.left[place], outcome.value):
            raise Forbidden(rule, f"{said(outcome)}; expected {self._due(1)}")
        del self.left[place]

    def _take_both(self, outcomes: list[Outcome]) -> None:
        """Take what two calls at once gave: the next items, in either order."""
        if outcomes:
            self.phase = Phase.OPEN
        if self.left is None or not self.certain or (self.declared.infinite and not self.left):
            return
        due = list(self.left[: len(outcomes)] if self.declared.ordered else self.left)
        if self.declared.infinite and len(due) < len(outcomes):
            self.left = []
            return
        for each in outcomes:
            found = next((i for i, item in enumerate(due) if same(item, each.value)), None)
            if found is None:
                values = describe([each.value for each in outcomes])
                raise Forbidden(
                    "AI007", f"two calls at once gave {values}; expected {self._due(len(outcomes))}"
                )
            del due[found]
        self.left = [*due, *self.left[len(outcomes) :]] if self.declared.ordered else due

    def _due(self, count: int) -> str:
        left = list(self.left or ())
        if not self.declared.ordered:
            return f"one of {describe(left)}"
        due = left[:count]
        return describe(due[0]) if len(due) == 1 else describe(due) if due else "the end"

    def _end(self, outcome: Outcome, rule: str) -> None:
        """It says that it has ended."""
        self.phase = Phase.ENDED
        if self.certain and self.declared.infinite:
            raise Forbidden(rule, f"{said(outcome)}, though infinite=True was declared")
        if self.certain and self.left:
            raise Forbidden(rule, f"{said(outcome)}; expected {self._due(1)}")

    async def _judge_closing(self, outcome: Outcome) -> None:
        if self.declared.closes is False:
            return
        if not outcome.returned:
            if self.phase in (Phase.FRESH, Phase.CLOSED):
                rule = self.unless_cancelled("AI017")
                raise Forbidden(rule, f"{said(outcome)}, {self.phase.value}")
            if self.declared.closes and self.cancelled:
                raise Forbidden("CO021", f"{said(outcome)}, after a step that was cancelled")
            self.phase = Phase.FAILED
            return
        self.phase = Phase.CLOSED
        await self.expect_released(self.unless_cancelled("AB008"), "after aclose()")
