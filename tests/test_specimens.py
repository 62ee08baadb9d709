"""Every rule catches what violates it, and blames nothing that conforms."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_asyncprotocol import Report, Status, Verdict, check
from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.engine.loops import IN_CIRCLES
from tests.specimens import Specimen, specimens

ALL = [each for each in specimens() if each.rule in catalogue()]
"""Those of rules that are still to be written wait for them."""

SWEPT = ("CO001", "CO002", "CO005")
"""Rules that do something at each suspension."""

HAVE_THREADS = {"CO011", "CO018"}
"""Rules that use threads themselves."""

_PLACE = re.compile(r"tests([/.])specimens\1(\w+\1)*(\w+\.py:\d+)?")

on_python_3_11 = sys.version_info[:2] == (3, 11)


class Counts(NamedTuple):
    """How often each rule passed on a specimen, and how many cancellation points it tried."""

    passed: Counter[str]
    points: Counter[str]


@pytest.fixture(scope="session")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all workers write `Counts`, a file for each specimen."""
    base, run = tmp_path_factory.getbasetemp(), os.environ.get("PYTEST_XDIST_TESTRUNUID")
    folder = base.parent / f"counted-{run}" if run else base / "counted"
    folder.mkdir(exist_ok=True)
    return folder


def judge(specimen: Specimen) -> Report:
    """The report of the whole battery, on every backend.

    It meets fewer sequences of operations than by default, unless it is one of them that shows
    the fault; those that begin in most ways come first.
    """
    by_sequence = any("sequence" in each for each in specimen.messages.values())
    fewer = {} if by_sequence else {"examples": 10 if specimen.blamed else 30}
    keywords = {"backends": specimen.backends, **fewer, **specimen.declared}
    return check(specimen.protocol, specimen.factory, **keywords)


def counts(report: Report) -> Counts:
    """What is counted of a report."""
    # Threads and sockets are ready by chance; going in circles is not.
    opened = {
        v.backend
        for v in report
        if {*v.coverage.opened} - {IN_CIRCLES} and _id(v) not in HAVE_THREADS
    }
    judged = [v for v in report if v.backend not in opened]
    points = Counter[str]()
    for verdict in judged:
        points[_id(verdict)] += verdict.coverage.points
    return Counts(Counter(_id(v) for v in judged if v.status is Status.PASSED), points)


@pytest.mark.parametrize("specimen", ALL, ids=lambda s: s.name)
def test_the_battery_blames_exactly_the_rule_that_is_violated(
    specimen: Specimen, counted: Path
) -> None:
    """Each specimen meets the whole battery; the rule that it is of judges it, and says why.

    Messages are compared on Python 3.11, for the texts of Python's own errors differ between
    versions, and so does what a rule can look at. Modules and lines of specimens are left out.
    """
    report = judge(specimen)
    unfinished = counted / f"{specimen.name}.unfinished"
    unfinished.write_text(json.dumps(counts(report)))
    unfinished.rename(counted / specimen.name)

    blamed = {(_id(v), v.backend, v.status) for v in report.failures}
    expected = {(specimen.blamed, backend, Status.VIOLATED) for backend in specimen.shows_on}

    assert expected == blamed, "\n".join(
        f"{v.name} {v.backend}: {v.status.value} {v.message} {v.trace}" for v in report.failures
    )
    assert specimen.blamed or report.passed
    if on_python_3_11 and (specimen.shows_on or not specimen.blamed):
        assert specimen.messages == {
            v.backend: _PLACE.sub("...", v.message) for v in report.of(specimen.rule)
        }


PASSES = {
    "AB001": 767, "AB002": 759, "AB003": 747, "AB004": 127, "AB005": 22, "AB006": 6, "AB007": 118,
    "AB008": 58, "AB009": 6, "AG001": 180, "AG002": 174, "AG003": 190, "AG004": 198, "AG005": 188,
    "AG006": 115, "AG007": 664, "AG008": 14, "AG009": 16, "AG010": 4, "AG011": 194, "AG012": 204,
    "AG013": 6, "AG014": 4, "AI001": 622, "AI002": 445, "AI003": 337, "AI004": 560, "AI005": 486,
    "AI006": 26, "AI007": 26, "AI008": 10, "AI009": 10, "AI010": 38, "AI011": 40, "AI012": 543,
    "AI013": 553, "AI014": 15, "AI015": 9, "AI016": 19, "AI017": 250, "AI018": 243, "AI019": 14,
    "AI020": 25, "AW001": 232, "AW002": 222, "AW003": 47, "AW004": 210, "AW005": 97, "AW006": 20,
    "AW007": 22, "AW008": 6, "AW009": 189, "AW010": 17, "AW011": 11, "AW012": 173, "AW013": 7,
    "CM001": 567, "CM002": 542, "CM003": 559, "CM004": 514, "CM005": 491, "CM006": 58, "CM007": 8,
    "CM008": 8, "CM009": 13, "CM010": 61, "CM011": 40, "CM012": 28, "CM013": 58, "CM014": 520,
    "CM015": 516, "CM016": 17, "CM017": 495, "CM018": 56, "CM019": 45, "CM020": 73, "CM022": 506,
    "CM023": 8, "CM024": 13, "CM025": 21, "CM026": 512, "CO001": 1257, "CO002": 1251, "CO003": 742,
    "CO004": 738, "CO005": 807, "CO006": 1432, "CO007": 1428, "CO008": 1431, "CO009": 4,
    "CO010": 1436, "CO011": 104, "CO012": 762, "CO013": 1428, "CO014": 12, "CO015": 1460,
    "CO016": 1417, "CO018": 15, "CO019": 102, "CO020": 1438, "CO021": 1124,
}  # fmt: skip
"""How often a rule passes at least: on how many specimens, counted once for each backend."""

POINTS = {
    "AG008": 47, "AI008": 56, "AI009": 57, "AI014": 59, "AI019": 13, "AI020": 424, "AW006": 63,
    "AW007": 34, "AW010": 129, "AW011": 70, "AW012": 348, "CM005": 1704, "CM010": 122, "CM011": 69,
    "CO001": 6255, "CO002": 6233, "CO004": 2183, "CO005": 2860, "CO021": 5653,
}  # fmt: skip
"""How many cancellation points a rule tries at least on all specimens."""


@pytest.mark.last
@pytest.mark.skipif(not on_python_3_11, reason="newer Pythons have more to judge")
def test_no_rule_stops_judging(counted: Path) -> None:
    """What was judged before is not judged again."""
    passed, tried = Counter[str](), Counter[str]()
    for specimen in ALL:
        done = counted / specimen.name
        if done.exists():
            found = Counts(*map(Counter, json.loads(done.read_text())))
        else:
            plain = replace(specimen, declared={**specimen.declared, "examples": 0})
            found = counts(judge(plain))
        passed += found.passed
        tried += found.points

    assert {} == {rule: passed[rule] for rule in PASSES if passed[rule] < PASSES[rule]}
    assert {} == {rule: tried[rule] for rule in POINTS if tried[rule] < POINTS[rule]}


def _id(verdict: Verdict) -> str:
    return verdict.name.split()[0]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with 3.12")
@pytest.mark.parametrize(
    "specimen",
    [s for s in ALL if s.rule in SWEPT and "asyncio" in s.backends],
    ids=lambda s: s.name,
)
def test_eager_tasks_change_nothing(specimen: Specimen) -> None:
    """A cancellation finds its task also where that began before it had a name."""
    report = judge(
        replace(
            specimen,
            backends=("asyncio+eager",),
            declared={**specimen.declared, "examples": 0},
        )
    )

    blamed = {_id(v) for v in report.failures}
    assert ({specimen.blamed} if "asyncio" in specimen.shows_on else set()) == blamed


@pytest.mark.parametrize("rule", sorted(catalogue()))
def test_each_rule_has_specimens(rule: str) -> None:
    """A rule lands with a violating and a conforming specimen."""
    assert any(s.blamed == rule for s in ALL)
    assert any(s.rule == rule and s.blamed is None for s in ALL)


def test_specimens_stand_where_their_rule_does() -> None:
    """In the file named like its module; those of several rules where one of them does."""
    places: dict[Callable[..., Any], set[str]] = {}
    for each in ALL:
        module = catalogue()[each.rule].check.__module__
        places.setdefault(each.factory, set()).add(
            module.removeprefix("pytest_asyncprotocol.rules")
        )

    misplaced = {
        factory.__name__: rules
        for factory, rules in places.items()
        if factory.__module__.removeprefix("tests.specimens") not in rules
    }

    assert {} == misplaced


def test_names_of_specimens_are_unique() -> None:
    """A failure names one."""
    assert len(ALL) == len({each.name for each in ALL})
