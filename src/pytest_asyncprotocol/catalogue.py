"""The catalogue: all rules, ours and third-party ones."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator, Mapping
from importlib import import_module

from pytest_asyncprotocol import third_party
from pytest_asyncprotocol.model import rule
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.rule import Rule

_by_id: Mapping[str, Rule] = {}


def catalogue() -> Mapping[str, Rule]:
    """All rules by id, in the order of their ids; they are loaded on first use.

    Raises:
        BrokenRules: an installed distribution names rules that can't be entered.
    """
    global _by_id  # noqa: PLW0603
    _load()
    if _by_id != rule.registered:
        _by_id = dict(sorted(rule.registered.items()))
    return _by_id


@functools.cache
def _load() -> None:
    import_module("pytest_asyncprotocol.rules")
    third_party.load(rule.registered)


def rules_for(protocol: Protocol) -> Iterator[Rule]:
    """The rules that say something about *protocol*, each behind those that it requires."""
    rules = {r.id: r for r in catalogue().values() if protocol in r.protocols}
    placed: set[str] = set()

    def place(each: Rule) -> Iterator[Rule]:
        if each.id in placed:
            return
        placed.add(each.id)
        for required in each.requires:
            if required in rules:
                yield from place(rules[required])
        yield each

    for each in rules.values():
        yield from place(each)


def unknown_rule(wanted: str) -> str:
    """Why *wanted* names no rule, and which ones are near."""
    rules = catalogue()
    names = {key: each for each in rules.values() for key in (each.id, each.slug)}
    near = difflib.get_close_matches(wanted, list(names), n=3, cutoff=0.5)
    near = list(dict.fromkeys(names[key].name for key in near))
    hint = f"did you mean {' or '.join(near)}?" if near else "see --asyncprotocol-rules"
    return f"there is no rule {wanted!r}: {hint}"
