"""The rules of other distributions, which name them in a group of entry points."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from pytest_asyncprotocol.model.exceptions import BrokenRules
from pytest_asyncprotocol.model.rule import FAMILIES, Rule, distributions
from pytest_asyncprotocol.model.text import describe_exception

GROUP: Final = "pytest_asyncprotocol.rules"
"""Each entry point names a module that enters rules, or a callable in one, which is called."""

_one_at_a_time = threading.RLock()
_broken: dict[str, BaseException] = {}
_begun = False


def load(rules: Mapping[str, Rule]) -> None:
    """Let all entry points enter their rules into *rules*, once in a process.

    All or nothing: a check that left rules out unasked would prove less than it says.

    Raises:
        BrokenRules: one of them failed, and so it says each time.
    """
    global _begun  # noqa: PLW0603
    with _one_at_a_time:
        if not _begun:
            _begun = True
            for entry_point in sorted(entry_points(group=GROUP), key=_origin):
                _enter(entry_point, rules)
    if _broken:
        raise BrokenRules("\n".join(_broken)) from next(iter(_broken.values()))


def _enter(entry_point: EntryPoint, rules: Mapping[str, Rule]) -> None:
    distribution = _distribution(entry_point)
    known = set(rules)
    try:
        distributions[entry_point.module] = distribution
        named = entry_point.load()
        if entry_point.attr:
            named()
        for each in list(rules.values()):
            if each.id not in known:
                distributions[each.check.__module__] = distribution
            if each.distribution == distribution:
                _expect_entered_before(each, rules)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        text = f"the rules of {_origin(entry_point)} can't be used: {describe_exception(error)}"
        _broken[text] = error


def _expect_entered_before(rule: Rule, rules: Mapping[str, Rule]) -> None:
    """Expect that what *rule* requires is ours, or was entered before, so there is no circle."""
    before = list(rules)[: list(rules).index(rule.id)]
    ours = [each.id for each in rules.values() if each.family in FAMILIES]
    for required in rule.requires:
        if required not in (*before, *ours):
            raise ValueError(f"{rule.id} requires {required}, and no such rule was entered before")


def _distribution(entry_point: EntryPoint) -> str:
    found = entry_point.dist
    return "an unknown distribution" if found is None else f"{found.name} {found.version}"


def _origin(entry_point: EntryPoint) -> str:
    """The entry point in words; also what orders them, so that all processes do the same."""
    return f"{_distribution(entry_point)} (entry point {entry_point.name} = {entry_point.value})"
