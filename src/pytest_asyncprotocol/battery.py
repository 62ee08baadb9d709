"""The rules of a plan on one loop, each judged once, behind what it requires."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from pytest_asyncprotocol.engine.library import RunningLoop, library_in_force
from pytest_asyncprotocol.engine.loops import Ran
from pytest_asyncprotocol.engine.recorder import Recorder
from pytest_asyncprotocol.exploration.sequences.machines import MACHINES
from pytest_asyncprotocol.exploration.sequences.search import Loop, Search, Searched
from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NotApplicable, NoVerdict, Vacuous, Violation
from pytest_asyncprotocol.model.factory import FactoryOutcome
from pytest_asyncprotocol.model.recording import Event, Log
from pytest_asyncprotocol.model.rule import Fault, Feeds, Rule
from pytest_asyncprotocol.model.subject import Subject
from pytest_asyncprotocol.model.verdicts import Coverage, Findings, Skip, Status, Verdict
from pytest_asyncprotocol.plan import Plan
from pytest_asyncprotocol.reproduction.script import Finding, script_for


class _Found(NamedTuple):
    """What is found out about one rule, with the trace and the events that led there."""

    status: Status
    message: str = ""
    trace: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    skip: Skip | None = None


class Battery:
    """The rules of a plan on one loop. Each verdict is found once, behind what it requires."""

    def __init__(
        self,
        plan: Plan,
        loop: Loop,
        recorder: Recorder | None = None,
        *,
        first: bool = True,
    ) -> None:
        self._plan = plan
        self._loop = loop
        self._recorder = recorder
        self._first = first
        self._known: dict[str, Verdict] = {}
        self._searched: Searched | None = None
        self._subject = Findings()
        self._factory_error: Verdict | None = None
        self._factory_checked = False
        self._instance: Subject | None = None
        self._blocking: str | None = None
        self._stalled: Ran | None = None
        self._judges = {rule.judges: rule for rule in plan.known.values() if rule.judges}
        self._plain_use = set[str]()
        plain_use = self._judges.get(Fault.NO_END)
        if plain_use in plan.rules:
            self._plain_use = {plain_use.id, *plain_use.requires}

    async def findings(self) -> Findings:
        """The verdicts of all selected rules, or of the only one that the plan asks for."""
        error = await self._factory_failure()
        verdicts = [] if error is None else [error]
        if self._plan.only is None:
            verdicts += [await self._of(rule) for rule in self._plan.rules]
        elif error is None:
            verdicts = [await self._of(self._plan.known[self._plan.only[0]])]
        targets = Findings(targets=tuple(self._plan.factory.identities))
        return targets + self._subject + Findings(verdicts=tuple(verdicts))

    async def _of(self, rule: Rule) -> Verdict:
        """The verdict of one rule: by its own scenarios, and by what sequences show."""
        verdict = await self._by_itself(rule)
        if verdict.status not in (Status.PASSED, Status.VACUOUS) or not self._explores(rule):
            return verdict
        searched = await self._search()
        coverage = replace(verdict.coverage, sequences=searched.sequences)
        witness = searched.witness
        if witness.rule != rule.id:
            return replace(verdict, coverage=coverage)
        found = _Found(witness.status, witness.message, witness.trace, witness.events)
        return self._verdict(rule, found, coverage)

    def _explores(self, rule: Rule) -> bool:
        plan = self._plan
        exploring = plan.settings.examples > 0 and not plan.raw and not plan.factory.is_instance
        return exploring and rule.id in MACHINES[plan.protocol].rules

    async def _search(self) -> Searched:
        """Try sequences of operations, where no rule about them is violated already."""
        if self._searched is None:
            self._searched = Searched()
            if await self._is_sound():
                self._searched = await Search(
                    self._plan.protocol, self._plan.settings, self._loop, self._case
                ).search()
        return self._searched

    async def _is_sound(self) -> bool:
        machine = MACHINES[self._plan.protocol]
        for rule_id in (*machine.rules, *machine.builds_on):
            rule = self._plan.known.get(rule_id)
            if rule is not None and rule.is_enabled(self._plan.declared):
                verdict = await self._by_itself(rule)
                if verdict.status in (Status.VIOLATED, Status.ERROR):
                    return False
                if verdict.skip is Skip.BLOCKED:
                    return False
        return True

    async def _by_itself(self, rule: Rule) -> Verdict:
        if rule.id not in self._known:
            skipped = await self._why_skipped(rule)
            self._known[rule.id] = (
                await self._judge(rule) if skipped is None else self._verdict(rule, skipped)
            )
        return self._known[rule.id]

    async def _factory_failure(self) -> Verdict | None:
        """What is wrong with the factory on this loop, if anything."""
        factory = self._plan.factory
        if factory.is_instance or self._factory_checked:
            return self._factory_error
        self._factory_checked = True

        async def job() -> None:
            self._expect_library()
            name, source, targets = await self._case().prove_factory()
            self._subject = Findings(subject=name, source=source, targets=tuple(targets))

        ran = await self._loop.run(job)
        message = _failure_of(ran, f"the factory {factory.name}")
        if message is not None:
            self._factory_error = self._verdict(None, _Found(Status.ERROR, message))
        return self._factory_error

    async def _why_skipped(self, rule: Rule) -> _Found | None:
        if not rule.is_enabled(self._plan.declared):
            names = " or ".join(f"{name}=" for name in rule.enabled_by)
            return _skipped(Skip.UNDECLARED, f"undeclared: {names} would enable it")
        return self._unsuited(rule) or await self._blocked(rule)

    def _unsuited(self, rule: Rule) -> _Found | None:
        """Why the loop, or the one instance that was given, can't feed *rule*."""
        backend = self._loop.backend
        if backend.library not in rule.libraries:
            return _skipped(Skip.NOT_APPLICABLE, f"not applicable on {backend.name}")
        if rule.needs_own_loop and not self._loop.owned:
            advice = "call the assertion from a test that is not async"
            return _skipped(Skip.NEEDS_OWN_LOOP, f"needs its own loop: {advice}")
        if not self._plan.factory.is_instance or rule.feeds.only_looks:
            return None
        if rule.feeds is Feeds.FRESH:
            return _skipped(Skip.NEEDS_FRESH, "needs a fresh object: pass a factory")
        if self._first:
            return None
        return _skipped(Skip.USED_UP, "an instance is used only once, on the first backend")

    async def _blocked(self, rule: Rule) -> _Found | None:
        """What failed that *rule* builds upon."""
        if await self._factory_failure() is not None:
            return _skipped(Skip.BLOCKED, "blocked by the factory")
        if self._blocking is not None:
            message = f"blocked by {self._blocking}, in which it blocked the event loop"
            return _skipped(Skip.BLOCKED, message)
        for required in () if self._plan.raw else rule.requires:
            if required not in self._plan.known:
                continue
            verdict = await self._by_itself(self._plan.known[required])
            if verdict.status in (Status.VIOLATED, Status.ERROR):
                return _skipped(Skip.BLOCKED, f"blocked by {verdict.name}")
            if verdict.skip is Skip.BLOCKED:
                return _skipped(Skip.BLOCKED, verdict.message)
        return None

    async def _judge(self, rule: Rule) -> Verdict:
        settings.tell(f"{rule.id} on {self._loop.backend.name}")
        case: Case | None = None
        found: _Found | None = None
        stood: tuple[str | None, tuple[str, ...], tuple[Event, ...]] | None = None

        async def job() -> None:
            nonlocal case, found, stood
            self._expect_library()
            found, case = None, self._case()
            try:
                found = await _found_by(rule, case)
            except BaseException:
                stood = case.stalled(), case.trace(), tuple(case.log.done)
                await case.tear_down(closing=False)
                raise
            await case.tear_down()

        if self._stalled is not None and rule.id in self._plain_use:
            return self._without_outcome(rule, self._stalled)
        ran = await self._loop.run(job)
        if ran.no_outcome is not None and rule.id in self._plain_use:
            self._stalled = ran
            return self._without_outcome(rule, ran)
        if ran.blocking:
            self._blocking = rule.name
        coverage = Coverage()
        if case is not None:
            coverage = Coverage(
                runs=case.runs, points=case.points, opened=ran.opened, scheduled=ran.scheduled
            )
        if found is not None and (ran.hang is not None or _failure_of(ran, "") is None):
            return self._verdict(rule, found, coverage)
        if stood is None and case is not None:
            stood = case.stalled(), case.trace(), tuple(case.log.done)
        stalled, trace, events = stood or (None, (), ())
        message = _failure_of(ran, stalled or "the check")
        status = Status.VIOLATED if _is_hang(ran, stalled) else Status.ERROR
        elsewhere = self._judged_elsewhere(rule, ran, status, case)
        if elsewhere is not None:
            status, message = Status.VACUOUS, elsewhere
        return self._verdict(rule, _Found(status, message or "", trace, events), coverage)

    def _judged_elsewhere(
        self, rule: Rule, ran: Ran, status: Status, case: Case | None
    ) -> str | None:
        """Why what kept *rule* from a verdict is left to a rule that judges just that."""
        if status is Status.VIOLATED and case is not None and case.closing:
            return self._left_to(Fault.NO_END_OF_CLOSING, "closed between two runs it hangs")
        if rule.id not in self._plain_use or rule.judges is Fault.NO_END:
            return None
        if status is Status.VIOLATED:
            return self._left_to(Fault.NO_END, "it hangs")
        if ran.unbalanced and rule.judges is not Fault.OPEN_SCOPE:
            return self._left_to(Fault.OPEN_SCOPE, "it leaves a scope open")
        return None

    def _left_to(self, fault: Fault, happened: str) -> str | None:
        judge = self._judges.get(fault)
        return None if judge is None else f"{happened}, which {judge.id} judges"

    def _without_outcome(self, rule: Rule, ran: Ran) -> Verdict:
        """The verdict on plain use that came to no end: only the rule that judges it says so."""
        if rule.judges is not Fault.NO_END:
            message = self._left_to(Fault.NO_END, "it came to no end")
            return self._verdict(rule, _Found(Status.VACUOUS, message or ""))
        coverage = Coverage(runs=1, opened=ran.opened, scheduled=ran.scheduled)
        return self._verdict(rule, _Found(Status.ERROR, ran.no_outcome or ""), coverage)

    def _case(self) -> Case:
        plan, library = self._plan, self._loop.backend.library
        loop = RunningLoop(library)
        if plan.factory.is_instance and self._instance is None:
            self._instance = Subject(plan.factory.target, loop, Log(), 1)
        return Case(
            plan.factory, plan.declared, library=library, loop=loop,
            instance=self._instance, recorder=self._recorder,
        )  # fmt: skip

    def _expect_library(self) -> None:
        backend, in_force = self._loop.backend, library_in_force()
        if in_force != backend.library:
            raise NoVerdict(
                f"this was to run on {backend.library}, but {in_force or 'no loop'} is in force"
            )

    def _verdict(
        self, rule: Rule | None, found: _Found, coverage: Coverage | None = None
    ) -> Verdict:
        backend, plan = self._loop.backend, self._plan
        script: Callable[[], str] | None = None
        if rule is not None and found.status is Status.VIOLATED:
            finding = Finding(
                rule, found.message, backend, plan.factory, plan.declared, found.events
            )
            script = partial(script_for, finding)
        return Verdict(
            rule=rule, backend=backend.name, status=found.status, message=found.message,
            trace=found.trace, coverage=coverage or Coverage(), skip=found.skip, script=script,
        )  # fmt: skip


async def _found_by(rule: Rule, case: Case) -> _Found:
    """What *rule* finds out by itself."""
    try:
        await rule.check(case)
    except Violation as violation:
        return _Found(Status.VIOLATED, str(violation), case.trace(), tuple(case.log.done))
    except Vacuous as vacuous:
        return _Found(Status.VACUOUS, str(vacuous))
    except NotApplicable as reason:
        return _skipped(Skip.NOT_APPLICABLE, f"not applicable: {reason}")
    return _Found(Status.PASSED)


def _skipped(kind: Skip, message: str) -> _Found:
    return _Found(Status.SKIPPED, message, skip=kind)


def _failure_of(ran: Ran, doing: str) -> str | None:
    """Why a job gave no verdict of its own; raises what is meant for the test runner."""
    if isinstance(ran.error, FactoryOutcome):
        raise ran.error.outcome
    return str(ran.error) if isinstance(ran.error, NoVerdict) else ran.why_stopped(doing)


def _is_hang(ran: Ran, stalled: str | None) -> bool:
    return ran.hang is not None and stalled != "the factory"
