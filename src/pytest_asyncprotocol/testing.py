"""For authors of rules: how a rule is proved, and the names that most rules are written with.

See `pytest_asyncprotocol.authoring` for how it is written. It is proved by specimens: small classes
that break it, and it alone, and others that keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final, TypeVar

from pytest_asyncprotocol.authoring import (
    CancelledRun,
    Case,
    Feeds,
    Level,
    NotApplicable,
    NoVerdict,
    Outcome,
    Pass,
    Protocol,
    Rule,
    Subject,
    Sweep,
    Vacuous,
    Violation,
    awaited,
    drain,
    entered,
    exited,
    is_released,
    iterated,
    let_others_run,
    rule,
    sweep,
    take,
    together,
    use,
    whole_pass,
)
from pytest_asyncprotocol.catalogue import catalogue, unknown_rule
from pytest_asyncprotocol.checking import check
from pytest_asyncprotocol.engine.library import library_in_force
from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.model.backends import find_known_backend
from pytest_asyncprotocol.model.protocols import protocol_named
from pytest_asyncprotocol.model.text import name_of
from pytest_asyncprotocol.model.verdicts import Report, Status, Verdict

__all__ = (
    "CancelledRun",
    "Case",
    "Feeds",
    "Level",
    "NoVerdict",
    "NotApplicable",
    "Outcome",
    "Pass",
    "Protocol",
    "Rule",
    "Specimen",
    "Subject",
    "Sweep",
    "Vacuous",
    "Violation",
    "assert_rule_catches",
    "assert_specimen",
    "awaited",
    "conforms",
    "drain",
    "entered",
    "exited",
    "is_released",
    "iterated",
    "let_others_run",
    "rule",
    "specimens",
    "sweep",
    "take",
    "together",
    "use",
    "violates",
    "whole_pass",
)

# Our own rules come first, so that ids and slugs that are taken are refused to others, not to us.
import_module("pytest_asyncprotocol.rules")

T = TypeVar("T", bound=Callable[..., Any])

BOTH: Final = ("asyncio", "trio")


@dataclass(frozen=True, eq=False)
class Specimen:
    """A factory, what is declared about it, and the rule it was written for.

    ``blamed`` names the rule that it violates on each of the backends in ``shows_on``; on the
    others of ``backends``, and where ``blamed`` is None, it conforms to every rule.
    """

    rule: str
    protocol: Protocol
    factory: Callable[..., Any]
    declared: dict[str, Any] = field(default_factory=dict[str, Any])
    blamed: str | None = None
    shows_on: tuple[str, ...] = ()
    backends: tuple[str, ...] = BOTH

    @property
    def name(self) -> str:
        """What to call it in a test id."""
        return f"{self.rule}-{name_of(self.factory)}"


_specimens: list[Specimen] = []


def violates(
    rule: str,
    protocol: Protocol,
    *,
    shows_on: tuple[str, ...] | None = None,
    backends: tuple[str, ...] = BOTH,
    **declared: Any,
) -> Callable[[T], T]:
    """The class or factory below violates *rule*, and no other rule, on each of *shows_on*.

    These are all its *backends*, unless said otherwise; none where this Python is too old.

    Example::

        @violates("ACME001", Protocol.ASYNC_CONTEXT_MANAGER, value_is_self=False)
        class Nameless:
            async def __aenter__(self): ...
    """
    shown = backends if shows_on is None else shows_on

    def enter(factory: T) -> T:
        _specimens.append(Specimen(rule, protocol, factory, declared, rule, shown, backends))
        return factory

    return enter


def conforms(
    rule: str, protocol: Protocol, *, backends: tuple[str, ...] = BOTH, **declared: Any
) -> Callable[[T], T]:
    """The class or factory below conforms to every rule, *rule* in particular.

    Example::

        @conforms("ACME001", Protocol.ASYNC_CONTEXT_MANAGER, value_is_self=True)
        class Named:
            name = "a session"
            async def __aenter__(self): ...
    """

    def enter(factory: T) -> T:
        _specimens.append(Specimen(rule, protocol, factory, declared, backends=backends))
        return factory

    return enter


def specimens(prefix: str = "") -> list[Specimen]:
    """The specimens of the modules imported so far, for rules whose ids begin with *prefix*.

    Example::

        import acme_rules.specimens

        @pytest.mark.parametrize("specimen", specimens("ACME"), ids=lambda each: each.name)
        def test_specimen(specimen):
            assert_specimen(specimen)
    """
    return [each for each in _specimens if each.rule.startswith(prefix)]


def assert_specimen(specimen: Specimen) -> None:
    """Expect the whole battery to say of *specimen* what it was written to show.

    One that violates a rule is blamed for it, and for nothing else. One that conforms is blamed
    for nothing, and its rule passes: on one of the backends, and is vacuous at most on the others.
    What is checked here goes into no summary and no report of the session.

    Raises:
        AssertionError: it is not so; the message says what each rule said.
        ValueError: there is no such rule.

    Example::

        assert_specimen(Specimen("ACME001", Protocol.ASYNC_CONTEXT_MANAGER, Named))
    """
    __tracebackhide__ = True
    _expect([specimen])


def assert_rule_catches(
    rule_id: str,
    violator: Callable[..., Any],
    *conforming: Callable[..., Any],
    protocol: Protocol | str | None = None,
    backends: tuple[str, ...] = BOTH,
    **declared: Any,
) -> None:
    """Expect the rule *rule_id* to blame *violator* and none of *conforming*.

    Each of them is a class or a factory, as in `assert_specimen`, and the same is declared of
    each: ``declared`` takes what the assertions take. *protocol* can be left out where the rule
    has but one. On backends that the rule leaves out nothing is expected of it.

    Raises:
        AssertionError: it is not so; the message says what each rule said.
        ValueError: there is no such rule.
        TypeError: the rule has several protocols, and none was named.

    Example::

        assert_rule_catches("ACME001", Nameless, Named, value_is_self=True)
    """
    __tracebackhide__ = True
    found = _rule(rule_id)
    if protocol is None and len(found.protocols) > 1:
        names = ", ".join(repr(each.value) for each in found.protocols)
        raise TypeError(f"{found.name} judges several protocols: name one by protocol=: {names}")
    named = next(iter(found.protocols)) if protocol is None else protocol_named(protocol)
    shows_on = tuple(b for b in backends if find_known_backend(b).library in found.libraries)
    others = [Specimen(rule_id, named, each, declared, backends=backends) for each in conforming]
    _expect([Specimen(rule_id, named, violator, declared, rule_id, shows_on, backends), *others])


def _expect(given: list[Specimen]) -> None:
    __tracebackhide__ = True
    if library_in_force() is not None:
        raise RuntimeError(
            "specimens meet loops of their own: prove rules in a test that is not async"
        )
    lines: list[str] = []
    for specimen in given:
        faults = list(_faults(specimen))
        if faults:
            name = _rule(specimen.rule).name
            role = f"conform to {name} and to all other rules"
            if specimen.blamed is not None:
                role = f"violate {name} and no other rule"
            lines.append(f"{name_of(specimen.factory)} was to {role}:")
            lines += [f"  {fault}" for fault in faults]
    if lines:
        raise AssertionError("\n".join(lines))


def _faults(specimen: Specimen) -> Iterator[str]:
    """What the battery says of *specimen* that it was not to say."""
    report = _judged(specimen)
    judged = {v.backend: v for v in report.of(specimen.rule)}
    wanted = [v for v in report.violations if v.rule is not None and v.rule.id == specimen.blamed]
    blamed = {verdict.backend for verdict in wanted}
    for backend in specimen.shows_on:
        if backend not in blamed:
            yield f"{backend}: {_said(specimen, judged.get(backend))}, expected: violated"
    for verdict in report.failures:
        if verdict not in wanted or verdict.backend not in specimen.shows_on:
            said = f"{verdict.name} is {verdict.status.value}, {verdict.message}"
            yield f"{verdict.backend}: {said}"
    if specimen.blamed is None and not report.failures:
        yield from _not_judged(specimen, judged)


def _not_judged(specimen: Specimen, judged: dict[str, Verdict]) -> Iterator[str]:
    """Where the rule of a conforming specimen left it out."""
    proved = any(verdict.status is Status.PASSED for verdict in judged.values())
    enough = (Status.PASSED, Status.VACUOUS) if proved else (Status.PASSED,)
    for backend in specimen.backends:
        verdict = judged.get(backend)
        is_judged = find_known_backend(backend).library in _rule(specimen.rule).libraries
        if is_judged and (verdict is None or verdict.status not in enough):
            yield f"{backend}: {_said(specimen, verdict)}, expected: passed"


def _said(specimen: Specimen, verdict: Verdict | None) -> str:
    if verdict is None:
        return f"{specimen.rule} says nothing of {specimen.protocol.noun}"
    message = f", {verdict.message}" if verdict.message else ""
    return f"{verdict.name} is {verdict.status.value}{message}"


def _judged(specimen: Specimen) -> Report:
    """The report of the default battery and the rule of *specimen*, whatever the flags."""
    default = settings.Settings()
    families = {each.family for each in catalogue().values()}
    keywords = {
        "level": default.level,
        "select": (_rule(specimen.rule).id, *sorted(families)),
        "ignore": default.ignore,
        "examples": default.examples,
        **specimen.declared,
        "backends": specimen.backends,
    }
    with settings.unheard():
        return check(specimen.protocol, specimen.factory, **keywords)


def _rule(rule_id: str) -> Rule:
    found = catalogue().get(rule_id)
    if found is None:
        raise ValueError(unknown_rule(rule_id))
    return found
