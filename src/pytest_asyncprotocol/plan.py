"""What is asked for, validated before anything runs: the plan of a check."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from pytest_asyncprotocol.catalogue import catalogue, rules_for, unknown_rule
from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.model.backends import find_known_backend
from pytest_asyncprotocol.model.declarations import Declarations, declarations_of, one_of
from pytest_asyncprotocol.model.factory import Factory, factory_for
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.rule import FAMILIES, Rule
from pytest_asyncprotocol.model.settings import Settings
from pytest_asyncprotocol.model.text import describe


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be checked, validated.

    ``known`` holds all rules of the protocol by id, each behind those that it requires; ``rules``
    are those of them that are selected. ``names_backends`` says that the call itself named them;
    ``on`` narrows the check to one of them, ``only`` to one rule on one of them. ``raw`` judges
    every rule, though one that it requires is violated.
    """

    factory: Factory
    declared: Declarations
    settings: Settings
    known: Mapping[str, Rule]
    rules: tuple[Rule, ...]
    names_backends: bool = False
    on: str | None = None
    only: tuple[str, str] | None = None
    raw: bool = False

    @property
    def protocol(self) -> Protocol:
        """The protocol that is checked."""
        return self.factory.protocol

    @property
    def enabled(self) -> list[str]:
        """The ids of the selected rules that need no declaration, or got one."""
        return sorted(rule.id for rule in self.rules if rule.is_enabled(self.declared))


def plan_for(protocol: Protocol, subject: Any, keywords: Mapping[str, Any]) -> Plan:
    """Validate what an assertion was called with.

    Raises:
        TypeError: the subject or a declaration is of the wrong type.
        ValueError: a value is not one of those allowed, or contradicts another.
        BrokenRules: an installed distribution names rules that can't be entered.
    """
    known = {rule.id: rule for rule in rules_for(protocol)}
    factory = factory_for(protocol, subject)
    how = {name: value for name, value in keywords.items() if name in _VALIDATORS}
    what = {name: value for name, value in keywords.items() if name not in _VALIDATORS}
    declared, wanted = declarations_of(protocol, what), settings_from(how)
    rules = tuple(rule for rule in known.values() if _is_selected(rule, wanted, declared))
    return Plan(factory, declared, wanted, known, rules, names_backends="backends" in keywords)


def settings_from(given: Mapping[str, Any]) -> Settings:
    """The settings in force, with those that are *given* in their place, validated.

    Raises:
        TypeError: a value of the wrong type.
        ValueError: an unknown level, clock or rule, or a time-out that is not positive.
    """
    current = settings.current()
    validated = {
        name: validate(name, given.get(name, getattr(current, name)))
        for name, validate in _VALIDATORS.items()
    }
    return replace(current, **validated)


def _is_selected(rule: Rule, wanted: Settings, declared: Declarations) -> bool:
    """Whether *rule* is to be reported: by level and selection, or because of a declaration."""
    if _chosen(rule, wanted.ignore):
        return False
    if rule.id in wanted.select or rule.slug in wanted.select:
        return True
    if wanted.select and not _chosen(rule, wanted.select):
        return False
    if rule.enabled_by and rule.is_enabled(declared):
        return True
    return rule.level.included_by(wanted.level)


def _level(name: str, given: object) -> str:
    if not isinstance(given, str) or given not in settings.LEVELS:
        raise ValueError(f"{name}= takes 'must', 'should' or 'may', not {describe(given)}")
    return given


def _timeout(name: str, given: object) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise TypeError(f"{name}= takes a number of real seconds, not {describe(given)}")
    if not 0 < given < float("inf"):
        raise ValueError(f"{name}= takes a positive number of real seconds, not {given!r}")
    return float(given)


def _examples(name: str, given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int):
        raise TypeError(f"{name}= takes a number of sequences, not {describe(given)}")
    if given < 0:
        raise ValueError(f"{name}= takes a number of sequences, 0 for none, not {given}")
    return given


def _backends(name: str, given: object) -> tuple[str, ...]:
    backends = _words(name, given)
    if not backends:
        raise ValueError(f"{name}= names no backend: leave it out, or name one, as in ('asyncio',)")
    for backend in backends:
        find_known_backend(backend)
    return backends


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
    """Whether a prefix names *rule*; a family of ours is none that only begins with its letters."""
    return any(
        prefix in (rule.family, rule.slug)
        or (prefix and prefix not in FAMILIES and rule.id.startswith(prefix))
        for prefix in prefixes
    )


def _expected(name: str, given: Any) -> Mapping[str, str]:
    if not isinstance(given, Mapping):
        raise TypeError(
            f"{name}= takes a mapping of rule ids to reasons, as in "
            f"{{'AI005': 'known, see the changelog'}}, not {describe(given)}"
        )
    expected: Mapping[Any, Any] = given  # pyright: ignore[reportUnknownVariableType]
    for key, reason in expected.items():
        rule_id, at, backend = str(key).partition("@")
        if rule_id not in catalogue():
            raise ValueError(f"{name}=: {unknown_rule(rule_id)}")
        if at:
            try:
                find_known_backend(backend)
            except ValueError as error:
                raise ValueError(f"{name}=: {error}") from None
        if not isinstance(reason, str) or not reason.strip():
            raise ValueError(
                f"{name}=: {key!r} needs a reason, as in "
                f"{{{key!r}: 'known, see the changelog'}}, not {describe(reason)}"
            )
    return dict(expected)


_VALIDATORS: Mapping[str, Callable[[str, Any], Any]] = {
    "level": _level,
    "clock": one_of("virtual", "real"),
    "timeout": _timeout,
    "examples": _examples,
    "backends": _backends,
    "select": _prefixes,
    "ignore": _prefixes,
    "expected_failures": _expected,
}
"""The keywords that every assertion takes, in the order in which they are judged."""
