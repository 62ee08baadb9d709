"""The search for a sequence of operations whose outcome a rule forbids."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

from pytest_asyncprotocol.engine.loops import CallersLoop, EngineLoop, Ran
from pytest_asyncprotocol.engine.running_tasks import following
from pytest_asyncprotocol.exploration.canceller import STYLES
from pytest_asyncprotocol.exploration.scheduling import schedules
from pytest_asyncprotocol.exploration.sequences.drawing import drawn
from pytest_asyncprotocol.exploration.sequences.machines import MACHINES
from pytest_asyncprotocol.exploration.sequences.machines.state_machine import StateMachine
from pytest_asyncprotocol.exploration.sequences.operations import OperationSequence
from pytest_asyncprotocol.exploration.sequences.shrinking import shortest
from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.model.backends import find_known_backend
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import Forbidden, NoVerdict
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.recording import Event, Style
from pytest_asyncprotocol.model.settings import Settings
from pytest_asyncprotocol.model.verdicts import Status

Loop = EngineLoop | CallersLoop

EXAMPLES_IN_EXAMPLES = 5
"""Sequences that are drawn at most inside a test that Hypothesis runs many times itself."""

EXAMPLES_IN_AN_OPEN_WORLD = 5
"""Sequences that are run of a subject that keeps the clock real, as one that starts a process."""


@dataclass(frozen=True, slots=True)
class Tried:
    """How one sequence ended; ``rule`` is the one that forbids that, None if none does."""

    rule: str | None = None
    lenient: bool = False
    status: Status = Status.PASSED
    message: str = ""
    trace: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Searched:
    """How many sequences were run, and the shortest one that was found to be forbidden."""

    sequences: int = 0
    witness: Tried = Tried()


class Search:
    """Runs sequences of operations on the subjects of each *new_case*, on one *loop*."""

    def __init__(
        self, protocol: Protocol, options: Settings, loop: Loop, new_case: Callable[[], Case]
    ) -> None:
        self._options = options
        self._loop = loop
        self._new_case = new_case
        self._machine = MACHINES[protocol]
        self._styles = STYLES[loop.backend.library]
        self._variant = 0
        self._running: StateMachine | None = None

    async def search(self) -> Searched:
        """Draw sequences, and run each until one is forbidden."""
        events = await self._events()
        examples = self._options.examples
        if _inside_hypothesis():
            examples = min(examples, EXAMPLES_IN_EXAMPLES)
        if not events or not examples:
            return Searched()
        backends = map(find_known_backend, self._options.backends)
        styles = self._styles
        # What is for trio too is cancelled by scopes, and these let a result through.
        if all(each.library == "asyncio" for each in backends):
            styles = (*styles, Style.CROSSING)
        number = 0
        sequences = drawn(self._machine.plain, events, examples)
        for number, sequence in enumerate(sequences, 1):
            settings.tell(f"sequence {number} of {len(sequences)} on {self._loop.backend.name}")
            style = styles[number % len(styles)]
            self._variant = number
            tried = await self._confirmed(sequence, style)
            if tried.rule is not None:
                return Searched(number, await self._shortest(sequence, style, tried))
            if tried.opened and number == EXAMPLES_IN_AN_OPEN_WORLD:
                break
        return Searched(number)

    async def _events(self) -> OperationSequence:
        events: OperationSequence = ()

        async def job() -> None:
            nonlocal events
            case = self._new_case()
            events = self._machine.events(case, await case.fresh())
            await case.tear_down()

        await self._loop.run(job)
        return events

    async def _shortest(self, sequence: OperationSequence, style: Style, tried: Tried) -> Tried:
        if tried.status is Status.ERROR:
            return _in_words(sequence, tried)

        async def still_fails(part: OperationSequence) -> bool:
            return (await self._confirmed(part, style)).rule == tried.rule

        sequence = await shortest(sequence, still_fails)
        return _in_words(sequence, await self._confirmed(sequence, style))

    async def _confirmed(self, sequence: OperationSequence, style: Style) -> Tried:
        """How *sequence* ends; what may fail under one way to cancel is tried under each."""
        tried = await self._try(sequence, style)
        if not tried.lenient:
            return tried
        fails = {
            other: (await self._try(sequence, other)).rule is not None for other in self._styles
        }
        if all(fails.values()) or (style is Style.CROSSING and not any(fails.values())):
            return tried
        return Tried(opened=tried.opened)

    async def _try(self, sequence: OperationSequence, style: Style) -> Tried:
        case: Case | None = None
        found: Tried | None = None
        self._running = None

        async def job() -> None:
            nonlocal case, found
            case = self._new_case()
            try:
                await self._run(sequence, style, case)
                found = Tried()
            except Forbidden as forbidden:
                found = _violated(forbidden.rule, str(forbidden), case, lenient=forbidden.lenient)
            finally:
                if found is None:
                    case.stalled()
                await case.tear_down(closing=found is not None)

        ran = await self._loop.run(job)
        if found is None or ran.hang is not None:
            found = _without_end(ran, self._running)
        return replace(found, opened=bool(ran.opened))

    async def _run(self, sequence: OperationSequence, style: Style, case: Case) -> None:
        """Run *sequence* on a fresh subject, and judge it by a machine.

        What several tasks do at once is done in all orders that the library can be made to take.

        Raises:
            Forbidden: something happened that is not allowed.
        """
        concurrent = any(step.operation.concurrent for step in sequence)
        for _ in schedules(case.library) if concurrent else range(1):
            await case.tear_down()
            subject = await self._machine.fresh(case, self._variant)
            with following(case.library) as alive:
                self._running = machine = self._machine(case, subject, style)
                try:
                    for step in sequence:
                        machine.step = step
                        await step.carry_out(machine)
                    machine.step = None
                    await machine.finish()
                finally:
                    machine.let_go()
                await machine.expect_no_task(alive)


def _violated(rule: str, message: str, case: Case, *, lenient: bool = False) -> Tried:
    events = tuple(case.log.done)
    return Tried(rule, lenient, Status.VIOLATED, message, case.trace(), events)


def _without_end(ran: Ran, machine: StateMachine | None) -> Tried:
    """What is said of a sequence that did not come to its end."""
    if machine is None:
        return Tried()
    if isinstance(ran.error, NoVerdict) and not ran.unbalanced:
        return Tried()  # the author's own factory, or released=, does not go with this sequence
    rule = machine.forbids_hanging(machine.step)
    doing = "the end of it" if machine.step is None else str(machine.step)
    message = ran.why_stopped(doing) or "it came to no end"
    if ran.hang is not None:
        return _violated(rule, message, machine.case)
    return Tried(rule, status=Status.ERROR, message=message, trace=machine.case.trace())


def _in_words(sequence: OperationSequence, tried: Tried) -> Tried:
    operations = ", ".join(map(str, sequence)) or "nothing"
    return replace(tried, message=f"{tried.message}; found by the sequence: {operations}")


def _inside_hypothesis() -> bool:
    hypothesis = sys.modules.get("hypothesis")
    return hypothesis is not None and hypothesis.currently_in_test_context()
