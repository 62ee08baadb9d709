"""Expected failures: confirmed, stale, or not confirmed; and each has its reason."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from pytest_asyncprotocol import (
    ConformanceError,
    Protocol,
    Report,
    Status,
    assert_async_iterator,
    check,
)
from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.model import rule as rule_module
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NotApplicable, NoVerdict, Vacuous, Violation
from pytest_asyncprotocol.model.rule import Level, rule
from tests.subjects import Ticker

ITERATOR = (Protocol.ASYNC_ITERATOR,)


@pytest.fixture(autouse=True)
def own_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules whose verdicts are known."""
    catalogue()
    monkeypatch.setattr(rule_module, "registered", {})

    @rule("QA001", "holds", Level.MUST, protocols=ITERATOR)
    async def holds(case: Case) -> None:
        """It holds."""

    @rule("QA002", "broken-on-trio", Level.MUST, protocols=ITERATOR)
    async def broken_on_trio(case: Case) -> None:
        """It holds on asyncio."""
        if case.library == "trio":
            raise Violation("it is broken")

    @rule("QA003", "broken", Level.MUST, protocols=ITERATOR)
    async def broken(case: Case) -> None:
        """It never holds."""
        raise Violation("it is broken")

    @rule("QA004", "vacuous", Level.MUST, protocols=ITERATOR)
    async def vacuous(case: Case) -> None:
        """It can't be judged."""
        raise Vacuous("nothing suspended")

    @rule("QA005", "not-applicable", Level.MUST, protocols=ITERATOR)
    async def not_applicable(case: Case) -> None:
        """It says nothing."""
        raise NotApplicable("no aclose")

    @rule("QA006", "passed-or-skipped", Level.MUST, protocols=ITERATOR)
    async def passed_or_skipped(case: Case) -> None:
        """It says something on asyncio only."""
        if case.library == "trio":
            raise NotApplicable("no such thing on trio")

    @rule("QA007", "erring", Level.MUST, protocols=ITERATOR)
    async def erring(case: Case) -> None:
        """It gives no verdict."""
        raise NoVerdict("the check could not be carried out")


def checked(*select: str, **expected: str) -> Report:
    """The report on rules of the fixture; the keywords are expected failures."""
    keys = {key.replace("_at_", "@"): reason for key, reason in expected.items()}
    return check("async_iterator", Ticker, select=("QA001", *select), expected_failures=keys)


def test_a_failure_that_was_expected_fails_nothing() -> None:
    """It stays visible as a violation, with its reason."""
    report = checked("QA003", QA003="see the changelog")

    assert report.passed
    assert not report.unconfirmed
    assert ["see the changelog"] * 2 == [v.expected for v in report.of("QA003")]
    assert {Status.VIOLATED} == {v.status for v in report.of("QA003")}
    assert () == report.violations
    assert {None} == {v.expected for v in report.of("QA001")}


def test_on_one_backend_is_enough() -> None:
    """An id alone means: on at least one."""
    report = checked("QA002", QA002="trio only")

    assert report.passed
    assert {"asyncio": None, "trio": "trio only"} == {
        v.backend: v.expected for v in report.of("QA002")
    }


def test_on_the_named_backend_only() -> None:
    """With a backend, the others have to hold or to fail for themselves."""
    report = checked("QA003", QA003_at_trio="known on trio")

    assert not report.passed
    assert ["asyncio"] == [v.backend for v in report.violations]


def test_one_that_passes_is_stale() -> None:
    """It fails, and says what to take out."""
    with pytest.raises(ConformanceError) as caught:
        assert_async_iterator(Ticker, select="QA001", expected_failures={"QA001": "issue 12"})
    messages = {(v.backend, v.status, v.message) for v in caught.value.report.failures}

    stale = "expected to fail (issue 12), but it passes: take 'QA001' out of expected_failures"
    assert {("asyncio", Status.ERROR, stale), ("trio", Status.ERROR, stale)} == messages


def test_one_that_passes_on_its_backend_is_stale() -> None:
    """What fails on another backend does not confirm it."""
    report = checked("QA002", QA002_at_asyncio="wrong", QA002_at_trio="right")
    (failure,) = report.failures

    assert "asyncio" == failure.backend
    assert (
        "expected to fail (wrong), but it passes: take 'QA002@asyncio' out of expected_failures"
        == failure.message
    )


@pytest.mark.parametrize(
    ("rule_id", "select"),
    [
        ("QA004", ("QA004",)),
        ("QA005", ("QA005",)),
        ("QA006", ("QA006",)),
        ("QA006@trio", ("QA006",)),
        ("QA003", ()),
        ("QA003@asyncio+uvloop", ("QA003", "QA003")),
    ],
    ids=["vacuous", "skipped", "skipped-on-one", "skipped-there", "deselected", "not-configured"],
)
def test_one_that_was_not_judged_is_not_confirmed(rule_id: str, select: tuple[str, ...]) -> None:
    """It is neither confirmed nor stale, and is listed."""
    report = check(
        "async_iterator", Ticker, select=("QA001", *select), expected_failures={rule_id: "known"}
    )

    assert (f"{rule_id} (known)",) == report.unconfirmed
    assert not [v for v in report.failures if v.status is Status.ERROR]


def test_what_is_not_confirmed_is_said_in_a_failure() -> None:
    """Beside the counts."""
    with pytest.raises(ConformanceError) as caught:
        assert_async_iterator(
            Ticker, select=("QA001", "QA003"), expected_failures={"QA004": "issue 3"}
        )

    assert "expected failure not confirmed: QA004 (issue 3)" in " ".join(str(caught.value).split())


def test_an_error_is_no_failure_that_could_be_expected() -> None:
    """A check that could not be carried out confirms nothing."""
    report = checked("QA007", QA007="known")

    assert ("QA007 (known)",) == report.unconfirmed
    assert [Status.ERROR, Status.ERROR] == [v.status for v in report.failures]


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        (
            ["QA001"],
            (
                "expected_failures= takes a mapping of rule ids to reasons, as in "
                "{'AI005': 'known, see the changelog'}, not ['QA001']"
            ),
        ),
        (
            {"QA001": " "},
            (
                "expected_failures=: 'QA001' needs a reason, as in "
                "{'QA001': 'known, see the changelog'}, not ' '"
            ),
        ),
        (
            {"QA001": None},
            (
                "expected_failures=: 'QA001' needs a reason, as in "
                "{'QA001': 'known, see the changelog'}, not None"
            ),
        ),
        (
            {"QA03": "known"},
            (
                "expected_failures=: there is no rule 'QA03': did you mean QA003 broken or "
                "QA007 erring or QA006 passed-or-skipped?"
            ),
        ),
        ({3: "known"}, "expected_failures=: there is no rule '3': see --asyncprotocol-rules"),
    ],
)
def test_one_that_is_written_wrong(expected: Any, message: str) -> None:
    """It is refused at the call."""
    with pytest.raises((TypeError, ValueError)) as caught:
        assert_async_iterator(Ticker, expected_failures=expected)

    assert message == str(caught.value)


def test_a_backend_that_does_not_exist() -> None:
    """What comes near is named."""
    with pytest.raises(ValueError, match="expected_failures=: there is no backend 'tri'; did you"):
        check("async_iterator", Ticker, expected_failures={"QA003@tri": "known"})


def test_on_the_running_loop_the_other_backends_are_left_open() -> None:
    """What passes here may be meant for another backend; one that names this one is stale."""

    async def run(**expected: str) -> Report:
        keys = {key.replace("_at_", "@"): reason for key, reason in expected.items()}
        return await check(
            "async_iterator", Ticker, select=("QA001", "QA002"), expected_failures=keys
        )

    open_still = anyio.run(lambda: run(QA002="trio only"))
    stale = anyio.run(lambda: run(QA002_at_asyncio="no longer"))
    confirmed = anyio.run(lambda: run(QA002="trio only"), backend="trio")

    assert open_still.passed
    assert ("QA002 (trio only)",) == open_still.unconfirmed
    assert [Status.ERROR] == [v.status for v in stale.failures]
    assert confirmed.passed
    assert () == confirmed.unconfirmed
