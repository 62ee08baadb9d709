"""Verdicts: each is a function of subject, rule and backend, and is told in the same words."""

from __future__ import annotations

import functools
import re
from dataclasses import replace

import pytest

from pytest_asyncprotocol import Protocol, Report, Status, Verdict, check
from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.checking import examine_now
from pytest_asyncprotocol.explaining import explain
from pytest_asyncprotocol.model.verdicts import Coverage, Findings
from pytest_asyncprotocol.plan import plan_for
from tests.specimens import Specimen, specimens

JUDGED = (Status.PASSED, Status.VIOLATED, Status.VACUOUS, Status.ERROR)


FEW = {"examples": 5}
"""Sequences: what is compared here is the same for any number of them."""


def full(specimen: Specimen) -> Report:
    """The report of the whole battery."""
    keywords = {**FEW, **specimen.declared}
    return check(specimen.protocol, specimen.factory, backends=specimen.backends, **keywords)


def alone(specimen: Specimen, rule_id: str, backend: str) -> Verdict:
    """The verdict of one rule on one backend, run by itself."""
    keywords = {**FEW, **specimen.declared, "backends": specimen.backends}
    plan = plan_for(specimen.protocol, specimen.factory, keywords)
    report = Report("alone", specimen.protocol)
    examine_now(replace(plan, only=(rule_id, backend)), report)
    (verdict,) = report.verdicts
    return verdict


VIOLATING = {each.rule: each for each in reversed(specimens()) if each.blamed}
CONFORMING = {each.rule: each for each in reversed(specimens()) if not each.blamed}
"""The first specimen of each rule."""

RULES = sorted(catalogue())

first_report = functools.cache(full)
"""The report of the whole battery on a specimen, when it was first checked."""


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_alone_gives_the_verdict_that_it_gives_in_the_battery(rule: str) -> None:
    """That rule, and one more."""
    for specimen in (VIOLATING[rule], CONFORMING[rule]):
        report = first_report(specimen)
        judged = [v for v in report if v.status in JUDGED]
        one_more = judged[RULES.index(rule) % len(judged)]
        for verdict in report.of(rule) + report.of(one_more.name.split()[0]):
            again = alone(specimen, verdict.name.split()[0], verdict.backend)

            assert (verdict.status, verdict.message, verdict.trace) == (
                again.status,
                again.message,
                again.trace,
            ), f"{verdict.name} of {specimen.name} on {verdict.backend}"


@pytest.mark.parametrize("rule", RULES)
def test_the_same_text_again(rule: str) -> None:
    """However many other checks there were in between."""
    specimen = VIOLATING[rule]
    first = explain(first_report(specimen))

    assert first == explain(full(specimen))
    assert not re.search(r"0x[0-9a-f]{6}|[0-9a-f]{12}", first)


@pytest.mark.parametrize("rule", RULES)
def test_the_order_of_backends_changes_nothing(rule: str) -> None:
    """What is found on one does not depend on what ran before on another."""
    specimen = VIOLATING[rule]
    turned = full(replace(specimen, backends=specimen.backends[::-1]))

    assert {(v.name, v.backend, v.message, v.trace) for v in first_report(specimen).failures} == {
        (v.name, v.backend, v.message, v.trace) for v in turned.failures
    }


def verdict(status: Status, **details: str) -> Verdict:
    """A verdict of no rule."""
    return Verdict(rule=None, backend="asyncio", status=status, **details)  # type: ignore[arg-type]


def report_of(*verdicts: Verdict) -> Report:
    """A finished report."""
    report = Report("Ticker", Protocol.ASYNC_ITERATOR, source="ticker.py:3")
    report.conclude(Findings(verdicts=verdicts))
    return report


def test_a_report_passes_if_nothing_failed_and_something_passed() -> None:
    """Nothing at all is not enough."""
    proved = [verdict(Status.PASSED), verdict(Status.VACUOUS), verdict(Status.SKIPPED)]

    assert not report_of().passed
    assert not report_of(*proved[1:]).passed
    assert report_of(*proved).passed
    assert report_of(*proved, verdict(Status.VIOLATED, expected="known")).passed
    assert not report_of(*proved, verdict(Status.ERROR)).passed
    assert not report_of(*proved, verdict(Status.ERROR))


def test_a_report_counts_and_lists() -> None:
    """By status; what was expected is counted, but is no failure."""
    verdicts = [
        verdict(Status.VIOLATED),
        verdict(Status.VIOLATED, expected="known"),
        verdict(Status.ERROR),
    ]
    report = report_of(*verdicts)

    assert 2 == report.count(Status.VIOLATED)
    assert (verdicts[0],) == report.violations
    assert (verdicts[0], verdicts[2]) == report.failures
    assert verdicts == list(report)
    assert 3 == len(report)
    assert "ticker.py:3" == report.source
    assert () == report.of("AI005")
    assert "<report on Ticker: 2 violated, 1 error>" == repr(report)
    assert "<report on Ticker: no verdicts>" == repr(report_of())


def test_a_verdict_of_no_rule_is_about_the_factory() -> None:
    """That is the only other thing that can fail."""
    assert "factory" == verdict(Status.ERROR).name


@pytest.mark.parametrize(
    ("coverage", "text"),
    [
        (Coverage(runs=1), "1 run"),
        (Coverage(runs=2, points=1), "2 runs, 1 cancellation point"),
        (Coverage(runs=0, points=2), "0 runs, 2 cancellation points"),
        (
            Coverage(runs=1, opened=("a socket", "a pipe"), scheduled=False),
            "1 run, real clock, because of a socket, a pipe, scheduling not controlled",
        ),
    ],
)
def test_coverage_in_words(coverage: Coverage, text: str) -> None:
    """What a check really did."""
    assert text == str(coverage)


def test_a_passed_verdict_carries_its_coverage() -> None:
    """Runs and cancellation points are counted."""
    specimen = next(s for s in specimens() if s.rule == "CO001" and s.blamed is None)
    (on_asyncio, on_trio) = full(specimen).of("CO001")

    assert Status.PASSED is on_asyncio.status
    assert on_asyncio.coverage.points > 1
    assert on_asyncio.coverage.runs > on_asyncio.coverage.points
    assert on_trio.coverage.scheduled
    assert () == on_trio.coverage.opened
