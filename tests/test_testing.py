"""What authors of rules get: specimens, and assertions that prove a rule by them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import testing
from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.model import rule as rule_module
from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.testing import (
    Case,
    Level,
    NotApplicable,
    Protocol,
    Specimen,
    Vacuous,
    Violation,
    assert_rule_catches,
    assert_specimen,
    rule,
)
from tests.conftest import RunPytest
from tests.subjects import Ticker

ITERATOR = (Protocol.ASYNC_ITERATOR,)


class Marked(Ticker):
    """What the rule of these tests blames."""

    mark = "blamed"


class Left(Ticker):
    """What it leaves alone."""

    mark = "left alone"


class Unsuspended(Ticker):
    """What it has no occasion to judge."""

    mark = "vacuous"


class Restarting(Marked):
    """It is blamed by another rule as well."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.__init__()  # type: ignore[misc]
            raise


Enter = Callable[..., None]


@pytest.fixture
def enter(monkeypatch: pytest.MonkeyPatch) -> Enter:
    """Add the rule XX001 to the catalogue, which tells by the mark of its subject what to say."""
    catalogue()
    monkeypatch.setattr(rule_module, "registered", dict(rule_module.registered))

    def entered(level: Level = Level.SHOULD, only_on: str = "", **details: Any) -> None:
        @rule("XX001", "unmarked", level, **{"protocols": ITERATOR, **details})
        async def unmarked(case: Case) -> None:
            """It has no mark."""
            mark = getattr((await case.fresh()).object, "mark", None)
            if mark == "blamed" and only_on in {"", case.library}:
                raise Violation("it is marked")
            if mark == "left alone":
                raise NotApplicable("it is not to be judged")
            if mark == "vacuous":
                raise Vacuous("nothing ever suspended")

    return entered


def refused(*given: Any, **details: Any) -> str:
    """The message by which an `assert_rule_catches` fails."""
    with pytest.raises(AssertionError) as caught:
        assert_rule_catches("XX001", *given, items=[0, 1, 2], **details)
    return str(caught.value)


def test_a_rule_that_catches(enter: Enter) -> None:
    """One violator and any number of conforming subjects, classes or factories."""
    enter()
    assert_rule_catches("XX001", Marked, Ticker, lambda: Ticker(), items=[0, 1, 2])  # noqa: PLW0108


def test_a_rule_that_does_not_catch(enter: Enter) -> None:
    """It is said on which backend."""
    enter(only_on="trio")

    assert refused(Marked, Ticker) == (
        "Marked was to violate XX001 unmarked and no other rule:\n"
        "  asyncio: XX001 unmarked is passed, expected: violated"
    )


def test_a_violator_that_other_rules_blame(enter: Enter) -> None:
    """One fault, one specimen; all that are wrong are told at once."""
    enter()
    message = refused(Restarting, Marked)

    assert message.startswith("Restarting was to violate XX001 unmarked and no other rule:\n")
    for backend in ("asyncio", "trio"):
        assert f"  {backend}: AI005 sticky-stop is violated, __anext__ #5, after" in message
        assert f"  {backend}: XX001 unmarked is violated, it is marked" in message
    assert "\nMarked was to conform to XX001 unmarked and no other rule:\n" not in message
    assert "\nMarked was to conform to XX001 unmarked and to all other rules:\n" in message


@pytest.mark.parametrize(
    ("conforming", "said"),
    [
        (Left, "is skipped, not applicable: it is not to be judged, expected: passed"),
        (Unsuspended, "is vacuous, nothing ever suspended, expected: passed"),
    ],
)
def test_a_conforming_subject_is_really_judged(
    enter: Enter, conforming: type[Ticker], said: str
) -> None:
    """One that the rule leaves out proves nothing about it."""
    enter()
    lines = refused(Marked, conforming).splitlines()

    assert [f"  {backend}: XX001 unmarked {said}" for backend in testing.BOTH] == lines[1:]


def test_a_rule_that_lacks_its_declaration(enter: Enter) -> None:
    """The message says which one."""
    enter(enabled_by=("closes",))

    assert "XX001 unmarked is skipped, undeclared: closes= would enable it" in refused(Marked)


def test_a_rule_of_one_library_is_expected_there_only(enter: Enter) -> None:
    """On the other one it has nothing to say."""
    enter(libraries=("trio",))

    assert_rule_catches("XX001", Marked, Ticker, items=[0, 1, 2])


def test_backends_can_be_named(enter: Enter) -> None:
    """What works on asyncio alone is proved there."""
    enter(only_on="asyncio")

    assert_rule_catches("XX001", Marked, Ticker, items=[0, 1, 2], backends=("asyncio",))


@pytest.mark.parametrize("level", Level)
def test_a_rule_is_judged_whatever_its_level(enter: Enter, level: Level) -> None:
    """A MAY rule is selected; the others of that level are not."""
    enter(level)

    assert_rule_catches("XX001", Marked, Ticker, items=[0, 1, 2])


def test_the_flags_of_a_session_change_nothing(enter: Enter) -> None:
    """A rule is proved against the whole default battery, or not at all."""
    enter()
    narrow = settings.Settings(
        backends=("trio",), level="must", select=("AW",), ignore=("XX",), examples=0
    )
    with settings.using(narrow):
        assert_rule_catches("XX001", Marked, Ticker, items=[0, 1, 2])
        assert "AI005" in refused(Restarting)


def test_what_is_proved_is_not_reported(enter: Enter) -> None:
    """A violator that is blamed, as it should be, is no finding of the session."""
    enter()
    heard: list[object] = []
    with settings.listening(heard.append):
        assert_rule_catches("XX001", Marked, Ticker, items=[0, 1, 2])

    assert [] == heard


def test_an_unknown_rule() -> None:
    """The near ones are named."""
    with pytest.raises(ValueError, match="there is no rule 'AI055': did you mean AI0"):
        assert_rule_catches("AI055", Ticker)


def test_a_rule_for_several_protocols(enter: Enter) -> None:
    """Which one the specimens have must be said."""
    enter(protocols=(*ITERATOR, Protocol.ASYNC_GENERATOR))
    expected = "name one by protocol=: 'async_iterator', 'async_generator'"
    with pytest.raises(
        TypeError, match=re.escape(f"XX001 unmarked judges several protocols: {expected}")
    ):
        assert_rule_catches("XX001", Marked, items=[0, 1, 2])

    assert_rule_catches("XX001", Marked, Ticker, protocol="async_iterator", items=[0, 1, 2])


def test_a_rule_that_says_nothing_of_the_protocol(enter: Enter) -> None:
    """It is not taken for one that holds."""
    enter()

    class Room:
        async def __aenter__(self) -> None:
            await checkpoint()

        async def __aexit__(self, *details: object) -> None:
            await checkpoint()

    with pytest.raises(AssertionError, match="XX001 says nothing of an async context manager"):
        assert_rule_catches("XX001", Room, protocol="async_context_manager")


@pytest.mark.anyio
async def test_a_test_that_is_async(anyio_backend: str) -> None:
    """The battery needs loops of its own."""
    with pytest.raises(RuntimeError, match="prove rules in a test that is not async"):
        assert_rule_catches("AI005", Ticker, protocol="async_iterator")


def test_a_factory_that_fails(enter: Enter) -> None:
    """An error is told as what it is."""
    enter()

    def fails() -> Ticker:
        raise LookupError("no such ticker")

    message = refused(fails)
    assert "asyncio: factory is error, the factory fails raised LookupError" in message


def test_specimens_are_collected_and_proved(monkeypatch: pytest.MonkeyPatch, enter: Enter) -> None:
    """By decorators, each with what is declared about it."""
    enter(only_on="trio")
    monkeypatch.setattr(testing, "_specimens", [])
    testing.violates("XX001", *ITERATOR, shows_on=("trio",), items=[0, 1, 2])(Marked)
    testing.conforms("XX001", *ITERATOR, backends=("asyncio",))(Ticker)
    testing.conforms("AI005", *ITERATOR)(Left)

    marked, ticker = testing.specimens("XX")
    assert ["XX001-Marked", "XX001-Ticker"] == [marked.name, ticker.name]
    assert ("XX001", ("trio",), testing.BOTH) == (marked.blamed, marked.shows_on, marked.backends)
    assert (None, ("asyncio",), {}) == (ticker.blamed, ticker.backends, ticker.declared)
    assert 3 == len(testing.specimens())
    for specimen in testing.specimens():
        assert_specimen(specimen)


def test_a_specimen_shows_where_it_says(enter: Enter) -> None:
    """No more and no less."""
    enter()
    specimen = Specimen("XX001", *ITERATOR, Marked, {}, "XX001", ("trio",))

    with pytest.raises(AssertionError, match="  asyncio: XX001 unmarked is violated, it is marked"):
        assert_specimen(specimen)


def test_a_failure_has_no_traceback_of_ours(run_pytest: RunPytest) -> None:
    """It points to the test, and says what was found."""
    run = run_pytest(
        plugins=("ours",),
        test_it="""
            from pytest_asyncprotocol.testing import assert_rule_catches
            from subjects import Ticker

            def test_it():
                assert_rule_catches(
                    "AI005", Ticker, protocol="async_iterator", items=[0, 1, 2]
                )
        """,
    )

    seen = run.test("test_it")
    assert "Ticker was to violate AI005 sticky-stop and no other rule:" in seen.reason
    assert "testing.py" not in seen.reason
    assert "asyncprotocol: " not in run.out
