"""What is asked for, validated before anything runs: the plan of a check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from pytest_asyncprotocol.catalogue import catalogue, rules_for, unknown_rule
from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.model.backends import find_known_backend
from pytest_asyncprotocol.model.declarations import Declarations, Options, declarations_of
from pytest_asyncprotocol.model.factory import Factory, factory_for
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.rule import FAMILIES, Rule
from pytest_asyncprotocol.model.text import describe

_COMMON = frozenset(
    (
        "backends",
        "level",
        "select",
        "ignore",
        "expected_failures",
        "clock",
        "timeout",
        "examples",
    )
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be checked, validated.

    ``names_backends`` says that the call itself named them; ``on`` narrows the check to one of
    them, ``only`` to one rule on one of them. ``raw`` judges every rule, though one that it
    requires is violated.
    """

    factory: Factory
    declared: Declarations
    options: Options
    names_backends: bool = False
    on: str | None = None
    only: tuple[str, str] | None = None
    raw: bool = False

    @property
    def protocol(self) -> Protocol:
        """The protocol that is checked."""
        return self.factory.protocol


def plan_for(protocol: Protocol, subject: Any, keywords: Mapping[str, Any]) -> Plan:
    """Validate what an assertion was called with.

    Raises:
        TypeError: the subject or a declaration is of the wrong type.
        ValueError: a value is not one of those allowed, or contradicts another.
        BrokenRules: an installed distribution names rules that can't be entered.
    """
    catalogue()
    common = {name: value for name, value in keywords.items() if name in _COMMON}
    rest = {name: value for name, value in keywords.items() if name not in _COMMON}
    return Plan(
        factory_for(protocol, subject),
        declarations_of(protocol, rest),
        options_from(common),
        names_backends="backends" in common,
    )


def options_from(given: Mapping[str, Any]) -> Options:
    """The common keywords in *given*, validated, over the settings in force.

    Raises:
        TypeError: a value of the wrong type.
        ValueError: an unknown level, clock or rule, or a time-out that is not positive.
    """
    defaults = settings.current()
    level = given.get("level", defaults.level)
    if not _is_one_of(level, settings.LEVELS):
        raise ValueError(f"level= takes 'must', 'should' or 'may', not {describe(level)}")
    clock = given.get("clock", "virtual")
    if not _is_one_of(clock, ("virtual", "real")):
        raise ValueError(f"clock= takes 'virtual' or 'real', not {describe(clock)}")
    timeout = given.get("timeout", defaults.timeout)
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise TypeError(f"timeout= takes a number of real seconds, not {describe(timeout)}")
    if not 0 < timeout < float("inf"):
        raise ValueError(f"timeout= takes a positive number of real seconds, not {timeout!r}")
    examples = given.get("examples", defaults.examples)
    if isinstance(examples, bool) or not isinstance(examples, int):
        raise TypeError(f"examples= takes a number of sequences, not {describe(examples)}")
    if examples < 0:
        raise ValueError(f"examples= takes a number of sequences, 0 for none, not {examples}")
    backends = _words("backends", given.get("backends", defaults.backends))
    if not backends:
        raise ValueError(
            "backends= names no backend: leave it out, or name one, as in ('asyncio',)"
        )
    for name in backends:
        find_known_backend(name)
    return Options(
        backends=backends,
        level=level,
        select=_prefixes("select", given.get("select", defaults.select)),
        ignore=_prefixes("ignore", given.get("ignore", defaults.ignore)),
        timeout=float(timeout),
        examples=examples,
        clock=clock,
        expected_failures=_expected(given.get("expected_failures", {})),
    )


def selected(rule: Rule, plan: Plan) -> bool:
    """Whether *rule* is to be reported: by level and selection, or because of a declaration."""
    options = plan.options
    if _chosen(rule, options.ignore):
        return False
    if rule.id in options.select or rule.slug in options.select:
        return True
    if options.select and not _chosen(rule, options.select):
        return False
    if rule.enabled_by and rule.is_enabled(plan.declared):
        return True
    return rule.level.included_by(options.level)


def applicable(plan: Plan) -> list[Rule]:
    """The rules of the plan's protocol that are selected, each behind those that it requires."""
    return [rule for rule in rules_for(plan.protocol) if selected(rule, plan)]


def _is_one_of(given: object, allowed: tuple[str, ...]) -> bool:
    return isinstance(given, str) and given in allowed


def _words(name: str, given: Any) -> tuple[str, ...]:
    words = (given,) if isinstance(given, str) else given
    listed: list[Any] = [None]
    if isinstance(words, Iterable) and not isinstance(words, Iterator):
        listed = list(words)  # pyright: ignore[reportUnknownArgumentType]
    if not all(isinstance(word, str) for word in listed):
        example = "('asyncio', 'trio')" if name == "backends" else "('AI005', 'CO')"
        raise TypeError(f"{name}= takes a tuple of strings, as in {example}, not {describe(given)}")
    return tuple(dict.fromkeys(sorted(listed) if isinstance(given, AbstractSet) else listed))


def _prefixes(name: str, given: Any) -> tuple[str, ...]:
    prefixes = _words(name, given)
    for prefix in prefixes:
        if not any(_chosen(rule, (prefix,)) for rule in catalogue().values()):
            raise ValueError(f"{name}=: {unknown_rule(prefix)}")
    return prefixes


def _chosen(rule: Rule, prefixes: tuple[str, ...]) -> bool:
    return any(
        prefix and (_begins_with(prefix, rule) or rule.slug == prefix) for prefix in prefixes
    )


def _begins_with(prefix: str, rule: Rule) -> bool:
    """Whether the id begins so; a family of ours is none that only begins with its letters."""
    if prefix in FAMILIES:
        return rule.family == prefix
    return rule.id.startswith(prefix)


def _expected(given: Any) -> Mapping[str, str]:
    if not isinstance(given, Mapping):
        raise TypeError(
            "expected_failures= takes a mapping of rule ids to reasons, as in "
            f"{{'AI005': 'known, see the changelog'}}, not {describe(given)}"
        )
    expected: Mapping[Any, Any] = given  # pyright: ignore[reportUnknownVariableType]
    for key, reason in expected.items():
        rule_id, at, backend = str(key).partition("@")
        if rule_id not in catalogue():
            raise ValueError(f"expected_failures=: {unknown_rule(rule_id)}")
        if at:
            try:
                find_known_backend(backend)
            except ValueError as error:
                raise ValueError(f"expected_failures=: {error}") from None
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(
                f"expected_failures=: {key!r} needs a reason, as in "
                f"{{{key!r}: 'known, see the changelog'}}, not {describe(reason)}"
            )
    return dict(expected)
