"""Reports and rules as text: one golden failure, and how lines are broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from pytest_asyncprotocol import ConformanceError, Protocol, Report, Status, Verdict
from pytest_asyncprotocol import assert_async_iterator as assert_it
from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.explaining import (
    WIDTH,
    counts,
    explain,
    explain_rule,
    explain_verdicts,
    plain,
    verdict_line,
)
from pytest_asyncprotocol.model import rule as rule_module
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NoVerdict, Violation
from pytest_asyncprotocol.model.rule import Level, Rule, rule
from pytest_asyncprotocol.model.text import describe, describe_exception, name_of, source_of
from pytest_asyncprotocol.model.verdicts import Findings, Skip

PAGE = "https://docs.python.org/3/reference/datamodel.html#asynchronous-iterators"


class StartsAgain:
    """Gives items again after its end."""

    def __init__(self) -> None:
        self.left = [object(), object()]

    def __aiter__(self) -> StartsAgain:
        return self

    async def __anext__(self) -> object:
        await anyio.lowlevel.checkpoint()
        if not self.left:
            self.left = [object()]
            raise StopAsyncIteration
        return self.left.pop()


@pytest.fixture
def own_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four rules, of which two are broken and one gives no verdict."""
    catalogue()
    monkeypatch.setattr(rule_module, "registered", {})
    monkeypatch.setattr(rule_module, "OWN", __name__)
    monkeypatch.chdir(Path(__file__).parent.parent)

    @rule("AI001", "anext-on-type", Level.MUST)
    async def anext_on_type(case: Case) -> None:
        """``__anext__`` is found on the type."""

    @rule("AI005", "sticky-stop", Level.MUST)
    async def sticky_stop(case: Case) -> None:
        """Exhaustion is permanent.

        Once ``__anext__`` raised StopAsyncIteration, it stays so.

        Why:
            Whoever asks once more, a second ``async for`` or a helper that looks ahead, gets
            items out of nowhere, or hangs.

        In practice:
            A flag is reset at the end.

        Advice:
            Remember that the end was reached, and raise StopAsyncIteration from then on.

        Source:
            Python language reference, 3.4.3 "Asynchronous Iterators":
            https://docs.python.org/3/reference/datamodel.html#asynchronous-iterators
        """
        subject = await case.fresh()
        while (await subject.anext()).returned:
            pass
        outcome = await subject.anext()
        raise Violation(
            f"{outcome.operation}, after the end, {outcome}; expected StopAsyncIteration"
        )

    @rule("AI006", "works-on-trio", Level.SHOULD)
    async def works_on_trio(case: Case) -> None:
        """It works on ``trio``."""
        if case.library == "trio":
            raise Violation("it does not work")

    @rule("AI007", "judged", Level.MUST)
    async def judged(case: Case) -> None:
        """It can be judged."""
        raise NoVerdict(f"it can't be judged under {case.library}")


GOLDEN = """\
StartsAgain as an async iterator: 2 rules violated, 1 check without a verdict

  AI005 sticky-stop    MUST    asyncio, trio  __anext__ #4, after the end, returned <object …
  AI006 works-on-trio  SHOULD  trio           it does not work
  AI007 judged         ERROR   asyncio, trio  it can't be judged under asyncio

AI005 sticky-stop, on asyncio, trio
  Rule: Exhaustion is permanent.
  Found: __anext__ #4, after the end, returned <object object>; expected StopAsyncIteration
  Trace:
    __anext__ #1 -> returned <object object>
    __anext__ #2 -> returned <object object>
    __anext__ #3 -> raised StopAsyncIteration
    __anext__ #4 -> returned <object object>
  Why: Whoever asks once more, a second `async for` or a helper that looks ahead, gets items out of
    nowhere, or hangs.
  Look at: Remember that the end was reached, and raise StopAsyncIteration from then on.
  Defined: tests/test_explain.py:34
  Source: Python language reference, 3.4.3 "Asynchronous Iterators":
    https://docs.python.org/3/reference/datamodel.html#asynchronous-iterators

AI006 works-on-trio, on trio
  Rule: It works on `trio`.
  Found: it does not work
  Defined: tests/test_explain.py:34

AI007 judged, on asyncio, trio
  Error (asyncio): it can't be judged under asyncio
  Error (trio): it can't be judged under trio
  Defined: tests/test_explain.py:34

3 of 4 applicable rules ran, of 4 for an async iterator and 4 in the catalogue"""


def test_a_failure_in_full(own_catalogue: None) -> None:
    """Word for word, without an address in it."""
    with pytest.raises(ConformanceError) as caught:
        assert_it(StartsAgain)

    assert GOLDEN == str(caught.value)


def test_code_is_in_single_backticks() -> None:
    """Double ones are for documentation tools."""
    assert "`a` and `b c`, not ``" == plain("``a`` and ``b c``, not ``")


@pytest.mark.parametrize("each", catalogue().values(), ids=lambda r: r.id)
def test_a_rule_s_page_is_narrow_and_plain(each: Rule) -> None:
    """No line is wider than 100 columns, but for addresses, which stay in one piece."""
    text = explain_rule(each)

    assert "``" not in text
    assert text.startswith(f"{each.name} · {each.level.value.upper()} · ")
    assert each.source_address in text
    assert [] == [line for line in text.splitlines() if len(line) > WIDTH and "://" not in line]


def test_a_rule_s_page(own_catalogue: None) -> None:
    """All its sections, in the order in which a reader asks."""
    expected = f"""\
AI005 sticky-stop · MUST · async iterator, async generator
Exhaustion is permanent

Once `__anext__` raised StopAsyncIteration, it stays so.

Why:
    Whoever asks once more, a second `async for` or a helper that looks ahead, gets
    items out of nowhere, or hangs.

In practice:
    A flag is reset at the end.

Advice:
    Remember that the end was reached, and raise StopAsyncIteration from then on.

Source:
    Python language reference, 3.4.3 "Asynchronous Iterators":
    {PAGE}"""

    assert expected == explain_rule(catalogue()["AI005"])


def test_a_page_says_what_enables_and_what_blocks_a_rule(own_catalogue: None) -> None:
    """At its end."""

    @rule("AI008", "all-kept", Level.MAY, enabled_by=("items", "raises"), requires=("AI001",))
    async def all_kept(case: Case) -> None:
        """Nothing is lost."""

    assert explain_rule(all_kept).endswith(
        "\n\nEnabled by: items=, raises=\n\nJudged only where these hold: AI001"
    )


def report_of(*verdicts: Verdict, subject: str = "Ticker") -> Report:
    """A finished report."""
    report = Report(subject, Protocol.ASYNC_ITERATOR)
    report.conclude(Findings(verdicts=verdicts))
    return report


def a_verdict(status: Status, message: str = "", **details: Any) -> Verdict:
    """A verdict of the rule AI005 on asyncio."""
    details = {"rule": catalogue()["AI005"], "backend": "asyncio", **details}
    return Verdict(status=status, message=message, **details)


def test_long_lines_are_broken(own_catalogue: None) -> None:
    """Messages, traces and counts."""
    long, address = "word " * 60, f"https://example.org/{'long' * 40}"
    report = report_of(
        a_verdict(Status.VIOLATED, long, trace=(f"__anext__ #1 -> {long}",)),
        a_verdict(Status.ERROR, f"see {address} there"),
    )
    lines = explain(report).splitlines()

    assert [PAGE, address] == [word for line in lines for word in line.split() if "://" in word]
    assert [] == [line for line in lines if len(line) > WIDTH and "://" not in line]


def test_different_findings_are_told_apart_by_backend(own_catalogue: None) -> None:
    """The same finding is told once."""
    same = [a_verdict(Status.VIOLATED, "it stops", backend=b) for b in ("asyncio", "trio")]
    other = [same[0], a_verdict(Status.VIOLATED, "it hangs", backend="trio")]

    assert "  Found: it stops" in explain_verdicts(same, report_of(*same)).splitlines()
    text = explain_verdicts(other, report_of(*other)).splitlines()
    assert "  Found (asyncio): it stops" in text
    assert "  Found (trio): it hangs" in text


@pytest.mark.parametrize(
    ("statuses", "line"),
    [
        ((Status.PASSED, Status.PASSED), "Ticker as an async iterator: all rules hold"),
        ((Status.SKIPPED,), "Ticker as an async iterator: nothing was proved"),
        ((), "Ticker as an async iterator: nothing was proved"),
        ((Status.VIOLATED, Status.VIOLATED), "Ticker as an async iterator: 1 rule violated"),
        ((Status.ERROR,), "Ticker as an async iterator: 1 check without a verdict"),
    ],
)
def test_a_report_in_one_line(own_catalogue: None, statuses: tuple[Status, ...], line: str) -> None:
    """Rules are counted, not verdicts."""
    assert line == verdict_line(report_of(*map(a_verdict, statuses)))


def test_counts_leave_out_what_does_not_apply(own_catalogue: None) -> None:
    """A rule that is undeclared or not applicable is in the catalogue only."""
    report = report_of(
        a_verdict(Status.PASSED),
        a_verdict(Status.SKIPPED, skip=Skip.UNDECLARED, rule=catalogue()["AI006"]),
        a_verdict(Status.SKIPPED, skip=Skip.BLOCKED, rule=catalogue()["AI007"]),
    )

    expected = "1 of 2 applicable rules ran, of 4 for an async iterator and 4 in the catalogue"
    assert expected == counts(report)


class Hostile:
    """Raises at every look."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no")

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (object(), "<object object>"),
        ("x" * 300, "'" + "x" * 118 + "…"),
        ("two\nlines", "'two\\nlines'"),
    ],
)
def test_values_as_text(value: object, text: str) -> None:
    """Short, on one line, without addresses."""
    assert text == describe(value)


def test_mocks_and_tasks_have_no_numbers() -> None:
    """They would differ from run to run."""
    import asyncio
    from unittest.mock import AsyncMock, MagicMock

    async def task() -> str:
        return describe(asyncio.current_task())

    assert "<MagicMock>" == describe(MagicMock())
    assert "<AsyncMock name='tick'>" == describe(AsyncMock(name="tick"))
    assert asyncio.run(task()) == asyncio.run(task())


class Mute(Exception):
    """Has no text."""

    def __str__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no"), "ValueError: no"),
        (ValueError(), "ValueError"),
        (Mute(), "Mute (whose __str__ raised)"),
        (
            BaseExceptionGroup("two", [OSError("a"), KeyboardInterrupt()]),
            "BaseExceptionGroup[OSError: a, KeyboardInterrupt]",
        ),
        (ValueError(object()), "ValueError: <object object>"),
        (anyio.ClosedResourceError(), "ClosedResourceError"),
    ],
)
def test_exceptions_as_text(error: BaseException, text: str) -> None:
    """As the last line of a traceback."""
    assert text == describe_exception(error)


def test_a_cancellation_does_not_tell_whose_it_was() -> None:
    """The library puts the address of a scope into it."""
    texts: list[str] = []

    async def run() -> None:
        with anyio.CancelScope() as scope:
            scope.cancel()
            try:
                await anyio.sleep(1)
            except BaseException as error:
                texts.append(describe_exception(error))
                raise

    anyio.run(run, backend="asyncio")

    assert ["CancelledError"] == texts


@pytest.mark.parametrize("look", [name_of, source_of, describe])
def test_looking_at_a_hostile_object_raises_nothing(look: Callable[[object], object]) -> None:
    """Whatever it does when it is looked at."""
    assert look(Hostile()) in (
        None,
        "Hostile",
        "<Hostile whose __repr__ raised RuntimeError>",
    )
