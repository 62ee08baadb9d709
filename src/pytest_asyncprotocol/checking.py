"""`check`: subject × rules × backends -> report. The one way into the engine."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_asyncprotocol.engine import hooks
from pytest_asyncprotocol.engine.backends import (
    RunningLoop,
    find_backend,
    find_known_backend,
    library_in_force,
)
from pytest_asyncprotocol.engine.hygiene import Recorder, recording
from pytest_asyncprotocol.engine.loops import CallersLoop, EngineLoop, Ran
from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.catalogue import (
    Feeds,
    Level,
    Rule,
    catalogue,
    rules_for,
    unknown_rule,
)
from pytest_asyncprotocol.model.declarations import Declarations, Options, declarations_of
from pytest_asyncprotocol.model.exceptions import (
    BackendUnavailable,
    NotApplicable,
    NoVerdict,
    Vacuous,
    Violation,
)
from pytest_asyncprotocol.model.factory import (
    Factory,
    FactoryOutcome,
    factory_for,
    inspect_factory,
)
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.subject import Subject
from pytest_asyncprotocol.model.text import describe, describe_exception, short_path
from pytest_asyncprotocol.model.verdicts import Coverage, Report, Status, Verdict

Loop = EngineLoop | CallersLoop

_COMMON = frozenset(
    ("backends", "level", "select", "ignore", "expected_failures", "clock", "timeout")
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be checked, validated; ``only`` narrows it to one rule on one backend."""

    factory: Factory
    declared: Declarations
    options: Options
    only: tuple[str, str] | None = None

    @property
    def protocol(self) -> Protocol:
        """The protocol that is checked."""
        return self.factory.protocol


def plan_for(protocol: Protocol, subject: Any, keywords: Mapping[str, Any]) -> Plan:
    """Validate what an assertion was called with.

    Raises:
        TypeError: the subject or a declaration is of the wrong type.
        ValueError: a value is not one of those allowed, or contradicts another.
    """
    common = {name: value for name, value in keywords.items() if name in _COMMON}
    rest = {name: value for name, value in keywords.items() if name not in _COMMON}
    return Plan(
        factory_for(protocol, subject), declarations_of(protocol, rest), options_from(common)
    )


def options_from(given: Mapping[str, Any]) -> Options:
    """The common keywords in *given*, validated, over the settings in force.

    Raises:
        TypeError: a value of the wrong type.
        ValueError: an unknown level, clock or rule, or a time-out that is not positive.
    """
    defaults = settings.current()
    level = given.get("level", defaults.level)
    if level not in settings.LEVELS:
        raise ValueError(f"level= takes 'must', 'should' or 'may', not {describe(level)}")
    clock = given.get("clock", "virtual")
    if clock not in ("virtual", "real"):
        raise ValueError(f"clock= takes 'virtual' or 'real', not {describe(clock)}")
    timeout = given.get("timeout", defaults.timeout)
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout= takes a number of real seconds, not {describe(timeout)}")
    if not 0 < timeout < float("inf"):
        raise ValueError(f"timeout= takes a positive number of real seconds, not {timeout!r}")
    backends = _words("backends", given.get("backends", defaults.backends))
    if not backends:
        raise ValueError("backends= names no backend: leave it out, or name one, as in ('asyncio',)")
    for name in backends:
        find_known_backend(name)
    expected = given.get("expected_failures", {})
    return Options(
        backends=backends,
        level=level,
        select=_prefixes("select", given.get("select", defaults.select)),
        ignore=_prefixes("ignore", given.get("ignore", defaults.ignore)),
        timeout=float(timeout),
        clock=clock,
        expected_failures=_expected(expected),
    )



def selected(rule: Rule, plan: Plan) -> bool:
    """Whether *rule* is to be reported: by level and selection, or because of a declaration."""
    options = plan.options
    names = (rule.id, rule.slug)
    if any(rule.id.startswith(p) or p in names for p in options.ignore):
        return False
    if options.select:
        return _chosen(rule, options.select) and (
            rule.level is not Level.MAY or any(p in names for p in options.select)
        )
    if any(plan.declared.declares(name) for name in rule.enabled_by):
        return True
    return rule.level.included_by(options.level)


def applicable(plan: Plan) -> list[Rule]:
    """The rules of the plan's protocol that are selected, each behind those that it requires."""
    return [rule for rule in rules_for(plan.protocol) if selected(rule, plan)]


def unmet(rule: Rule, declared: Declarations) -> str | None:
    """Why the declarations leave *rule* out, or None."""
    if rule.enabled_by and not any(declared.declares(name) for name in rule.enabled_by):
        return f"undeclared: {' or '.join(f'{n}=' for n in rule.enabled_by)} would enable it"
    return None


class Battery:
    """The rules of a plan on one loop. Each verdict is found once, behind what it requires."""

    def __init__(
        self,
        plan: Plan,
        report: Report,
        loop: Loop,
        recorder: Recorder | None = None,
        *,
        first: bool = True,
    ) -> None:
        self._plan = plan
        self._report = report
        self._loop = loop
        self._recorder = recorder
        self._first = first
        self._rules = {rule.id: rule for rule in rules_for(plan.protocol)}
        self._known: dict[str, Verdict] = {}
        self._factory_error: Verdict | None = None
        self._factory_checked = False
        self._instance: Subject | None = None

    async def all(self) -> list[Verdict]:
        """The verdicts of all selected rules."""
        error = await self.factory_error()
        verdicts = [] if error is None else [error]
        return verdicts + [await self.of(rule) for rule in applicable(self._plan)]

    async def of(self, rule: Rule) -> Verdict:
        """The verdict of one rule."""
        if rule.id not in self._known:
            reason = await self._why_skipped(rule)
            self._known[rule.id] = (
                await self._judge(rule)
                if reason is None
                else self._verdict(rule, Status.SKIPPED, reason)
            )
        return self._known[rule.id]

    async def factory_error(self) -> Verdict | None:
        """What is wrong with the factory on this loop, if anything."""
        if self._plan.factory.is_instance or self._factory_checked:
            return self._factory_error
        self._factory_checked = True
        factory = self._plan.factory

        async def job() -> None:
            self._expect_library()
            self._report.name(*await inspect_factory(factory))

        ran = await self._loop.run(job)
        message = _failure_of(ran, f"the factory {factory.name}")
        if message is not None:
            self._factory_error = self._verdict(None, Status.ERROR, message)
        return self._factory_error

    async def _why_skipped(self, rule: Rule) -> str | None:
        plan, backend = self._plan, self._loop.backend
        if backend.library not in rule.libraries:
            return f"not applicable on {backend.name}"
        reason = unmet(rule, plan.declared)
        if reason is not None:
            return reason
        if rule.needs_own_loop and not self._loop.owned:
            return "needs its own loop: call the assertion from a test that is not async"
        if plan.factory.is_instance and rule.feeds is Feeds.FRESH:
            return "needs a fresh object: pass a factory"
        if plan.factory.is_instance and rule.feeds is Feeds.SCENARIO and not self._first:
            return "an instance is used only once, on the first backend"
        if await self.factory_error() is not None:
            return "blocked by the factory"
        for required in rule.requires:
            if required not in self._rules:
                continue
            verdict = await self.of(self._rules[required])
            if verdict.status in (Status.VIOLATED, Status.ERROR):
                return f"blocked by {verdict.name}"
            if verdict.status is Status.SKIPPED and verdict.message.startswith("blocked"):
                return verdict.message
        return None

    async def _judge(self, rule: Rule) -> Verdict:
        case: Case | None = None
        found: tuple[Status, str, tuple[str, ...]] | None = None

        async def job() -> None:
            nonlocal case, found
            self._expect_library()
            case = self._case()
            try:
                await rule.check(case)
                found = (Status.PASSED, "", ())
            except Violation as violation:
                found = (Status.VIOLATED, str(violation), case.trace())
            except Vacuous as vacuous:
                found = (Status.VACUOUS, str(vacuous), ())
            except NotApplicable as reason:
                found = (Status.SKIPPED, f"not applicable: {reason}", ())
            await case.tear_down()

        ran = await self._loop.run(job)
        coverage = Coverage()
        if case is not None:
            coverage = case.coverage(opened=ran.opened, scheduled=ran.scheduled)
        if found is not None and (ran.hang is not None or _failure_of(ran, "") is None):
            return self._verdict(rule, *found, coverage=coverage)
        stalled = case.stalled() if case is not None else None
        message = _failure_of(ran, stalled or "it")
        status = Status.VIOLATED if _is_hang(ran, stalled) else Status.ERROR
        trace = case.trace() if case is not None else ()
        return self._verdict(rule, status, message or "", trace, coverage=coverage)

    def _case(self) -> Case:
        plan, library = self._plan, self._loop.backend.library
        loop = RunningLoop(library)
        if plan.factory.is_instance and self._instance is None:
            self._instance = Subject(plan.factory.target, loop)
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
        self,
        rule: Rule | None,
        status: Status,
        message: str = "",
        trace: tuple[str, ...] = (),
        *,
        coverage: Coverage | None = None,
    ) -> Verdict:
        return Verdict(
            rule=rule, backend=self._loop.backend.name, status=status, message=message,
            trace=trace, coverage=coverage or Coverage(),
        )  # fmt: skip


def _failure_of(ran: Ran, doing: str) -> str | None:
    """Why a job gave no verdict of its own; raises what is meant for the test runner."""
    if isinstance(ran.error, FactoryOutcome):
        raise ran.error.outcome
    if isinstance(ran.error, NoVerdict):
        return str(ran.error)
    if ran.error is not None:
        return f"{doing} was stopped by {describe_exception(ran.error)}"
    if ran.hang is not None:
        return f"{doing} hangs: {ran.hang}, and nothing is left that could wake it"
    return ran.no_outcome


def _is_hang(ran: Ran, stalled: str | None) -> bool:
    return ran.hang is not None and stalled != "the factory"


async def examine(plan: Plan, report: Report) -> None:
    """Run the rules of *plan* on the engine's own loops, backend after backend."""
    verdicts: list[Verdict] = []
    with recording() as recorder, hooks.deterministic_trio():
        for name in _in_order(plan):
            try:
                backend = find_backend(name)
            except BackendUnavailable as error:
                verdicts.append(
                    Verdict(rule=None, backend=name, status=Status.ERROR, message=str(error))
                )
                continue
            options = plan.options
            with EngineLoop(backend, clock=options.clock, timeout=options.timeout) as loop:
                battery = Battery(plan, report, loop, recorder, first=name == options.backends[0])
                verdicts += await _verdicts(plan, battery)
    _conclude(plan, report, verdicts)


def examine_now(plan: Plan, report: Report) -> None:
    """Run the rules of *plan* on the engine's own loops, at once."""
    _drive(examine(plan, report))


async def examine_here(plan: Plan, report: Report) -> None:
    """Run the rules of *plan* on the loop that is running."""
    library = library_in_force()
    if library is None:
        raise RuntimeError("await the report inside a running asyncio or trio event loop")
    loop = CallersLoop(find_backend(library), timeout=plan.options.timeout)
    _conclude(plan, report, await _verdicts(plan, Battery(plan, report, loop)))


async def _verdicts(plan: Plan, battery: Battery) -> list[Verdict]:
    if plan.only is None:
        return await battery.all()
    error = await battery.factory_error()
    return [error or await battery.of(catalogue()[plan.only[0]])]


def _in_order(plan: Plan) -> tuple[str, ...]:
    """The backends to visit; a single check visits others only to judge an expected failure."""
    if plan.only is None:
        return plan.options.backends
    rule, backend = plan.only
    if rule in plan.options.expected_failures:
        return (backend, *(b for b in plan.options.backends if b != backend))
    return (backend,)


def _conclude(plan: Plan, report: Report, verdicts: list[Verdict]) -> None:
    unconfirmed: list[str] = []
    for key, reason in plan.options.expected_failures.items():
        verdicts, confirmed = _expect(key, reason, verdicts)
        if not confirmed:
            unconfirmed.append(f"{key} ({reason})")
    if plan.only is not None:
        verdicts = [v for v in verdicts if v.backend == plan.only[1]]
        unconfirmed = []
    report.add(verdicts)
    report.conclude(complete=not plan.factory.is_instance, unconfirmed=unconfirmed)
    settings.announce(report)


def _expect(key: str, reason: str, verdicts: list[Verdict]) -> tuple[list[Verdict], bool]:
    """Mark the violations that *key* foretells; a promise of failure that is stale is an error."""
    rule_id, _, backend = key.partition("@")

    def meant(verdict: Verdict) -> bool:
        if verdict.rule is None or verdict.rule.id != rule_id:
            return False
        return not backend or verdict.backend == backend

    concerned = [v for v in verdicts if meant(v)]
    if any(v.status is Status.VIOLATED for v in concerned):
        return [
            replace(v, expected=reason) if meant(v) and v.status is Status.VIOLATED else v
            for v in verdicts
        ], True
    if not concerned or any(v.status is not Status.PASSED for v in concerned):
        return verdicts, False
    stale = (
        f"expected to fail ({reason}), but it passes: take {key!r} out of expected_failures"
    )
    return [
        replace(v, status=Status.ERROR, message=stale) if meant(v) else v for v in verdicts
    ], True


def check(protocol: Protocol | str, subject: Any, /, **keywords: Any) -> Report:
    """Check *subject* against *protocol*, and give the report without raising for a violation.

    ``protocol`` is a `Protocol` or its name, such as ``"async_iterator"``; the keywords are those
    of the assertion of that name. Inside a running event loop the report has to be awaited.

    Raises:
        TypeError, ValueError: the call is wrong; the message says what to write instead.

    Example::

        report = check("async_iterator", lambda: Ticker(3), items=[0, 1, 2])
        print(report.violations)
    """
    return begin(plan_for(_protocol(protocol), subject, keywords), keywords)


def begin(
    plan: Plan,
    keywords: Mapping[str, Any],
    judge: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Carry out *plan*, at once or when the report is awaited, and let *judge* see the result."""
    __tracebackhide__ = True
    factory = plan.factory
    if library_in_force() is None:
        report = Report(factory.name, plan.protocol, source=factory.source)
        examine_now(plan, report)
        judge(report)
        return report

    async def work(unfinished: Report) -> None:
        __tracebackhide__ = True
        await examine_here(plan, unfinished)
        judge(unfinished)

    _expect_backend(keywords)
    report = Report(
        factory.name, plan.protocol, source=factory.source, work=work, made_at=_caller()
    )
    settings.announce(report)
    return report


def _expect_backend(keywords: Mapping[str, Any]) -> None:
    library = library_in_force()
    named = keywords.get("backends")
    if named is not None and not any(find_backend(n).library == library for n in named):
        raise ValueError(
            f"this test runs on {library}, which backends={tuple(named)!r} leaves out: an "
            "awaited assertion runs on the test's own loop, so leave backends= out, or call the "
            "assertion from a test that is not async"
        )


def _drive(coroutine: Any) -> None:
    """Run a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("the engine suspended in the calling thread")


def _caller() -> str:
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(
        "pytest_asyncprotocol"
    ):
        frame = frame.f_back
    return f"{short_path(frame.f_code.co_filename)}:{frame.f_lineno}"


def _protocol(given: Protocol | str) -> Protocol:
    try:
        return Protocol(given)
    except ValueError:
        names = ", ".join(repr(p.value) for p in Protocol)
        raise ValueError(f"there is no protocol {describe(given)}: take one of {names}") from None


def _words(name: str, given: object) -> tuple[str, ...]:
    words = (given,) if isinstance(given, str) else given
    if not isinstance(words, Iterable):
        raise TypeError(f"{name}= takes strings, as in ('one', 'two'), not {describe(given)}")
    listed = tuple(words)
    if not all(isinstance(word, str) for word in listed):
        raise TypeError(f"{name}= takes strings, as in ('one', 'two'), not {describe(given)}")
    return tuple(dict.fromkeys(listed))


def _prefixes(name: str, given: object) -> tuple[str, ...]:
    prefixes = _words(name, given)
    for prefix in prefixes:
        if not any(_chosen(rule, (prefix,)) for rule in catalogue().values()):
            raise ValueError(f"{name}=: {unknown_rule(prefix)}")
    return prefixes


def _chosen(rule: Rule, prefixes: tuple[str, ...]) -> bool:
    return any(prefix and (rule.id.startswith(prefix) or rule.slug == prefix) for prefix in prefixes)


def _expected(given: object) -> Mapping[str, str]:
    if not isinstance(given, Mapping):
        raise TypeError(
            "expected_failures= takes a mapping of rule ids to reasons, as in "
            f"{{'AI005': 'known, see the changelog'}}, not {describe(given)}"
        )
    for key, reason in given.items():
        rule_id, at, backend = str(key).partition("@")
        if rule_id not in catalogue():
            raise ValueError(f"expected_failures=: {unknown_rule(rule_id)}")
        if at:
            find_known_backend(backend)
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(f"expected_failures=: {key!r} needs a reason, not {describe(reason)}")
    return dict(given)
