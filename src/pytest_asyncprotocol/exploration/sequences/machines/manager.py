"""The state machine of an async context manager."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pytest_asyncprotocol.engine.library import checkpoint
from pytest_asyncprotocol.exploration.bodies import (
    BodyError,
    discard_unawaited,
    enter_and_leave,
    left_by,
    suppresses,
)
from pytest_asyncprotocol.exploration.canceller import Canceller, Cover, Ended
from pytest_asyncprotocol.exploration.scheduling import let_others_run, together
from pytest_asyncprotocol.exploration.sequences.machines.state_machine import (
    LONG_TIME,
    SOME_TIME,
    TURNS,
    StateMachine,
    pass_time,
    said,
)
from pytest_asyncprotocol.exploration.sequences.operations import Operation, Step
from pytest_asyncprotocol.exploration.visits import both_leave_at_once, each_tries
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import Forbidden, members
from pytest_asyncprotocol.model.recording import Style
from pytest_asyncprotocol.model.subject import Outcome, Subject

DEEPEST = 2
"""How often a manager is entered that was not left."""


@dataclass(eq=False)
class ManagerMachine(StateMachine):
    """An async context manager: how often it was entered, and how it was left."""

    rules = (
        "CM004", "CM010", "CM011", "CM014", "CM015", "CM016", "CM017", "CM020", "CM025", "CM026",
        "CO001", "CO002", "CO003", "CO007", "CO021",
    )  # fmt: skip

    builds_on = ("CO004", "CM009", "CM012", "CM014", "CO009", "CO012")

    depth: int = 0
    entries: int = 0
    failed: bool = False
    left_by_error: bool = False
    spoiled: bool = False
    covers: list[Cover] = field(default_factory=list[Cover])

    @classmethod
    async def fresh(cls, case: Case, variant: int) -> Subject:
        """A fresh subject; where ``failing_exit=`` is declared, every third one is of that kind."""
        if variant % 3 == 0 and case.declared.failing_exit is not None:
            return await case.fresh_of("failing_exit")
        return await case.fresh()

    @property
    def reusable(self) -> bool:
        """Whether it promises to work after it was used."""
        return self.declared.reuse in ("reusable", "reentrant")

    def let_go(self) -> None:
        """End the scopes of uses that are not over."""
        while self.covers:
            self.covers.pop().close()

    def forbids_waiting(self, step: Step | None) -> str:
        """The rule that forbids *step*, or the leaving at the end, to hang."""
        if self.depth < 0:
            return "CM026"
        again = self.entries > 1 or (step is not None and step.hangs)
        return self.unless_cancelled("CM015" if again else "CM014")

    @Operation(plain=True, weight=0)
    async def enter_or_leave(self) -> None:
        """``__aenter__`` where it is not entered, and ``__aexit__`` where it is."""
        await (self.leave if self.depth else self.enter)()

    @Operation()
    async def exit(self) -> None:
        """``__aexit__`` after a body that raised nothing."""
        await self.leave()

    @Operation(weight=0, cancel_at=(1, 1, 2, 2, 3), hangs="CM015")
    async def enter(self, at: int = 0) -> None:
        """``__aenter__``; inside of it only where it may be nested."""
        if self.depth and self.declared.concurrent_entry == "refused":
            await self._expect_refusal()
            return
        nested = self.depth and self.declared.reuse != "reentrant"
        again = (self.entries or self.cancelled) and not self.reusable
        if self.failed or nested or again or self.depth == DEEPEST:
            return
        self.covers.append(Cover())
        outcome = await self.call(self.subject.enter, at)
        if outcome is not None and outcome.returned:
            self._come_in(outcome)
            return
        self.covers.pop().close()
        if outcome is not None:
            self._be_refused(outcome)
        elif not self.depth:
            await self.expect_released("CM010", "after an __aenter__ that was cancelled")

    @Operation("exit", weight=0, cancel_at=(1, 2))
    async def leave(self, at: int = 0, error: BaseException | None = None) -> None:
        """``__aexit__`` after a body that raised nothing, or *error*."""
        if not self.depth:
            await self._leave_from_outside(error)
            return
        self.depth -= 1
        self.left_by_error = self.left_by_error or error is not None
        outcome = await self.call(lambda: left_by(self.subject, error), at, body_error=error)
        if outcome is None:
            if not self.depth:
                await self.expect_released("CM011", "after an __aexit__ that was cancelled")
            return
        discard_unawaited(outcome)
        self._judge_exit(outcome, error)
        if not self.depth:
            rule = "CM020" if self.left_by_error or self.entries == 1 else "CM015"
            await self.expect_released(self.unless_cancelled(rule), f"after {outcome.operation}")

    async def interrupt(self, run: Coroutine[Any, Any, None], at: int) -> Ended:
        """Await *run*, and cancel it at suspension *at*, by the scope around this use."""
        if self.style is Style.EDGE:
            return await super().interrupt(run, at)
        return await self.covers[-1].interrupt(run, at, self.case.loop)

    @Operation(cancel_at=(1, 2))
    async def exit_by_error(self, at: int = 0) -> None:
        """``__aexit__`` after a body that raised."""
        await self.leave(at, BodyError())

    @Operation()
    async def body_cancelled(self) -> None:
        """``__aexit__`` after a body that was cancelled."""
        if not self.depth:
            return

        async def body() -> None:
            try:
                await checkpoint()
            except BaseException as error:
                discard_unawaited(await left_by(self.subject, error))
                raise
            discard_unawaited(await self.subject.exit())

        self.depth -= 1
        self.cancelled = True
        await self.interrupt(body(), 1)
        self.covers.pop().close()
        if not self.depth:
            await self.expect_released("CO021", "after a body that was cancelled")

    @Operation()
    async def turns(self) -> None:
        """Let other tasks run."""
        await self._stay(partial(let_others_run, TURNS))

    @Operation()
    async def time(self) -> None:
        """Let time pass: much of it where nobody is inside."""
        await self._stay(partial(pass_time, SOME_TIME if self.depth else LONG_TIME))

    async def _stay(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Wait; a manager may cancel the body that does so, and is left by that then."""
        try:
            await wait()
        except BaseException as error:
            if not self.depth:
                raise
            while self.depth:
                self.depth -= 1
                discard_unawaited(await left_by(self.subject, error))
                self.covers.pop().close()
            if self.case.loop.cancelled(error):
                raise

    @Operation(
        "enter",
        hangs="CM015",
        when=lambda declared, _: (
            declared.reuse == "reentrant" or declared.concurrent_entry == "refused"
        ),
    )
    async def enter_while_in_use(self) -> None:
        """``__aenter__``, also where it is entered already."""
        await self.enter()

    @Operation(
        weight=2,
        concurrent=True,
        hangs="CM016",
        when=lambda declared, _: declared.concurrent_entry is not None,
    )
    async def two_at_once(self) -> None:
        """Two tasks enter it at once; one that comes in stays until the other one has tried."""
        if self.failed or self.depth or (self.entries and not self.reusable):
            return
        safe = self.declared.concurrent_entry == "safe"
        both = both_leave_at_once(self.subject) if safe else each_tries(self.subject, at_once=True)
        visits = await both
        inside = [each for each in visits if each.entered]
        self.entries += len(inside)
        expected = len(visits) if safe else 1
        if len(inside) != expected and not self.cancelled:
            came_in = f"of two tasks that entered at once, {len(inside)} came in"
            raise Forbidden("CM016", f"{came_in}; expected {expected}")
        await self.expect_released("CM016", "after two tasks had used it at once")

    @Operation(concurrent=True, when=lambda declared, _: declared.concurrent_entry == "safe")
    async def rival_meanwhile(self) -> None:
        """Another task tries to come in, and is cancelled after some turns."""
        await self._rival(let_others_run)

    @Operation(concurrent=True, when=lambda declared, _: declared.concurrent_entry == "safe")
    async def patient_rival_meanwhile(self) -> None:
        """Another task tries to come in, and is cancelled after a long time."""
        await self._rival(partial(pass_time, LONG_TIME))

    async def _rival(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Another task tries to come in, and is cancelled there when *wait* is over."""
        if not self.depth:
            return
        canceller = Canceller(self.case.loop)
        over = False

        async def rival() -> None:
            nonlocal over
            with canceller:
                await enter_and_leave(self.subject, self.subject.enter())
            over = True

        async def cancel() -> None:
            await let_others_run(TURNS)
            await wait()
            self.cancelled = self.cancelled or not over
            canceller.cancel()

        await together(rival, cancel)

    async def _expect_refusal(self) -> None:
        """Enter it while it is in use, which is refused, however often."""
        for outcome in [await self.subject.enter(), await self.subject.enter()]:
            if outcome.returned:
                entered = f"{outcome.operation}, while it was in use, {outcome}"
                raise Forbidden("CM016", f"{entered}; expected a refusal")

    async def finish(self) -> None:
        """Leave it as often as it was entered."""
        while self.depth > 0:
            await self.leave()

    def _come_in(self, outcome: Outcome) -> None:
        self.depth += 1
        self.entries += 1
        declared = self.declared
        wrong = declared.value_is_self and outcome.value is not self.subject.object
        if declared.declares("value"):
            wrong = not declared.as_judge("value")(outcome.value)
        if wrong:
            raise Forbidden("CM025", f"{said(outcome)}, which is not what was declared")

    def _be_refused(self, outcome: Outcome) -> None:
        expected = self.declared.enter_raises
        if expected is not None and outcome.raised(expected):
            return
        self.failed = not self.reusable
        if self.reusable and (self.entries or self.cancelled):
            when = "after a use that was cancelled" if self.cancelled else "when it was used before"
            raise Forbidden(
                self.unless_cancelled("CM015"),
                f"{outcome.operation}, {when}, {outcome}; expected it to be entered again",
            )

    async def _leave_from_outside(self, error: BaseException | None) -> None:
        """An exit that has nothing to leave: it changes nothing where one at a time is inside."""
        if self.failed or not self.reusable:
            return
        self.depth = -1
        outcome = await left_by(self.subject, error)
        self.depth = 0
        discard_unawaited(outcome)
        if self.declared.concurrent_entry == "refused":
            await self.expect_released("CM026", "after an exit that had nothing to leave")
        else:
            self.spoiled = True

    async def expect_released(self, rule: str, when: str) -> None:
        """As of every machine, but where an exit too many may have given back too much."""
        if not self.spoiled:
            await super().expect_released(rule, when)

    def _judge_exit(self, outcome: Outcome, error: BaseException | None) -> None:
        if error is None:
            self._judge_clean_exit(outcome)
        elif not isinstance(error, BodyError):
            return
        elif suppresses(outcome) and not isinstance(error, self.declared.suppresses):
            raise Forbidden("CM004", f"{said(outcome)}, and so suppressed the error of the body")
        elif outcome.error is not None and not self.declared.wraps_in_group:
            inner = members(outcome.error)
            if len(inner) == 1 and inner[0] is error:
                raise Forbidden("CM017", f"{said(outcome)}; expected it unwrapped")

    def _judge_clean_exit(self, outcome: Outcome) -> None:
        if outcome.returned:
            return
        self.failed = not self.reusable
        if self.reusable and self.entries > 1 and self.declared.failing_exit is None:
            rule = self.unless_cancelled("CM015")
            raise Forbidden(rule, f"{outcome.operation}, of a later use, {outcome}")
