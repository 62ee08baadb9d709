"""Every rule catches what violates it, and blames nothing that conforms."""

from __future__ import annotations

import sys

import pytest

from pytest_asyncprotocol import Status, check
from pytest_asyncprotocol.model.catalogue import catalogue
from tests.specimens import Specimen, specimens

ALL = [each for each in specimens() if each.rule in catalogue()]
"""Those of rules that are still to be written wait for them."""

SWEPT = ("CO001", "CO002", "CO005")
"""Rules that do something at each suspension."""


@pytest.mark.parametrize("specimen", ALL, ids=lambda s: s.name)
def test_the_battery_blames_exactly_the_rule_that_is_violated(specimen: Specimen) -> None:
    """Each specimen meets the whole battery, on every backend."""
    report = check(
        specimen.protocol, specimen.factory, backends=specimen.backends, **specimen.declared
    )

    blamed = {(v.name.split()[0], v.backend) for v in report.failures}
    expected = {(specimen.blamed, backend) for backend in specimen.shows_on}

    assert expected == blamed, "\n".join(
        f"{v.name} {v.backend}: {v.status.value} {v.message} {v.trace}" for v in report.failures
    )


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


@pytest.mark.parametrize("specimen", [s for s in ALL if not s.blamed], ids=lambda s: s.name)
def test_a_conforming_specimen_is_really_judged_by_its_rule(specimen: Specimen) -> None:
    """The rule that a conforming specimen stands for does not leave it out unsaid."""
    report = check(
        specimen.protocol, specimen.factory, backends=specimen.backends, **specimen.declared
    )

    statuses = {v.status for v in report.of(specimen.rule)}

    assert statuses & {Status.PASSED, Status.VACUOUS, Status.SKIPPED}
    assert report.passed


@pytest.mark.parametrize("rule", sorted(catalogue()))
def test_each_rule_has_specimens(rule: str) -> None:
    """A rule lands with a violating and a conforming specimen."""
    assert any(s.blamed == rule for s in ALL)
    assert any(s.rule == rule and s.blamed is None for s in ALL)
