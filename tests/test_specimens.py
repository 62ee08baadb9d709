"""Every rule catches what violates it, and blames nothing that conforms."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from pytest_asyncprotocol import Status, check
from pytest_asyncprotocol.catalogue import catalogue
from tests.specimens import Specimen, specimens
from tests.told import RAN, TOLD, ran_of, told_of, unlike, written

ALL = [each for each in specimens() if each.rule in catalogue()]
"""Those of rules that are still to be written wait for them."""

WRITTEN = {path: written(path) for path in (TOLD, RAN)}

SWEPT = ("CO001", "CO002", "CO005")
"""Rules that do something at each suspension."""


@pytest.mark.parametrize("specimen", ALL, ids=lambda s: s.name)
def test_the_battery_blames_exactly_the_rule_that_is_violated(specimen: Specimen) -> None:
    """Each specimen meets the whole battery, on every backend.

    What users are told stays as it was read and found good, and no rule stops to judge what it
    judged. Both are compared on Python 3.11, for the texts of Python's own errors differ between
    versions, and so does what a rule can look at.
    """
    report = check(
        specimen.protocol, specimen.factory, backends=specimen.backends, **specimen.declared
    )

    blamed = {(v.name.split()[0], v.backend, v.status) for v in report.failures}
    expected = {(specimen.blamed, backend, Status.VIOLATED) for backend in specimen.shows_on}

    assert expected == blamed, "\n".join(
        f"{v.name} {v.backend}: {v.status.value} {v.message} {v.trace}" for v in report.failures
    )
    assert specimen.blamed or report.passed
    if sys.version_info[:2] == (3, 11):
        for path, lines in ((TOLD, told_of), (RAN, ran_of)):
            written_lines = WRITTEN[path].get(specimen.name, [])
            assert set() == unlike(lines(specimen, report), written_lines)


def test_what_is_told_is_complete() -> None:
    """A specimen that was renamed or removed leaves no lines behind, and each has its own."""
    expected = Counter(each.name for each in ALL for _ in each.backends)

    for by_name in WRITTEN.values():
        assert expected == Counter(name for name, lines in by_name.items() for _ in lines)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with 3.12")
@pytest.mark.parametrize(
    "specimen",
    [s for s in ALL if s.rule in SWEPT and "asyncio" in s.backends],
    ids=lambda s: s.name,
)
def test_eager_tasks_change_nothing(specimen: Specimen) -> None:
    """A cancellation finds its task also where that began before it had a name."""
    report = check(
        specimen.protocol, specimen.factory, backends=("asyncio+eager",), **specimen.declared
    )

    blamed = {v.name.split()[0] for v in report.failures}
    assert ({specimen.blamed} if "asyncio" in specimen.shows_on else set()) == blamed


@pytest.mark.parametrize("rule", sorted(catalogue()))
def test_each_rule_has_specimens(rule: str) -> None:
    """A rule lands with a violating and a conforming specimen."""
    assert any(s.blamed == rule for s in ALL)
    assert any(s.rule == rule and s.blamed is None for s in ALL)
