"""`check` and its options: what is selected, on which backends, and what counts as proved."""

from __future__ import annotations

import contextvars
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import anyio
import pytest

from pytest_asyncprotocol import ConformanceError, Protocol, Status, assert_async_iterator, check
from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.model import backends, settings
from pytest_asyncprotocol.model import rule as rule_module
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import Vacuous, Violation
from pytest_asyncprotocol.model.rule import Feeds, Level, rule
from tests.subjects import Ticker

ITERATOR = (Protocol.ASYNC_ITERATOR,)


class Endless(Ticker):
    """Has no end."""

    async def __anext__(self) -> int:
        return 1


def refused(**keywords: Any) -> str:
    """The message with which a check refuses *keywords*."""
    with pytest.raises((TypeError, ValueError)) as caught:
        assert_async_iterator(Ticker, **keywords)
    message = str(caught.value)

    assert "\n" not in message
    return message


@pytest.fixture
def own_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty catalogue, for rules of the test's own."""
    catalogue()
    monkeypatch.setattr(rule_module, "registered", {})


def add_rule(
    rule_id: str, level: Level, judge: Callable[[Case], object] = lambda case: None, **details: Any
) -> None:
    """Enter a rule that is named after its id, and judged by *judge* alone."""

    async def check_it(case: Case) -> None:
        """It is as it should be."""
        await case.fresh()
        judge(case)

    rule(rule_id, rule_id.lower(), level, protocols=ITERATOR, **details)(check_it)


def break_it(case: Case) -> None:
    """Violate any rule."""
    raise Violation(f"it is broken on {case.library}")


def reported(**keywords: Any) -> list[str]:
    """The ids that a check of `Ticker` on asyncio reports."""
    report = check("async_iterator", Ticker, backends=("asyncio",), **keywords)
    return [v.rule.id for v in report if v.rule is not None]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"level": "MUST"}, "level= takes 'must', 'should' or 'may', not 'MUST'"),
        ({"level": None}, "level= takes 'must', 'should' or 'may', not None"),
        ({"clock": "fake"}, "clock= takes 'virtual' or 'real', not 'fake'"),
        ({"timeout": 0}, "timeout= takes a positive number of real seconds, not 0"),
        (
            {"timeout": float("nan")},
            "timeout= takes a positive number of real seconds, not nan",
        ),
        (
            {"timeout": float("inf")},
            "timeout= takes a positive number of real seconds, not inf",
        ),
        ({"timeout": "3"}, "timeout= takes a number of real seconds, not '3'"),
        ({"timeout": True}, "timeout= takes a number of real seconds, not True"),
        (
            {"backends": ()},
            "backends= names no backend: leave it out, or name one, as in ('asyncio',)",
        ),
        (
            {"backends": 3},
            "backends= takes a tuple of strings, as in ('asyncio', 'trio'), not 3",
        ),
        (
            {"select": ("AI005", 5)},
            "select= takes a tuple of strings, as in ('AI005', 'CO'), not ('AI005', 5)",
        ),
        (
            {"ignore": None},
            "ignore= takes a tuple of strings, as in ('AI005', 'CO'), not None",
        ),
    ],
)
def test_an_option_that_is_wrong(keywords: dict[str, Any], message: str) -> None:
    """It is shown beside what would be right."""
    assert message == refused(**keywords)


@pytest.mark.parametrize("name", ["select", "ignore"])
def test_a_rule_that_does_not_exist(name: str) -> None:
    """What comes near is named."""
    assert f"{name}=: there is no rule 'sticky': did you mean AI005 sticky-stop?" == refused(
        **{name: "sticky"}
    )
    assert f"{name}=: there is no rule 'zzz': see --asyncprotocol-rules" == refused(**{name: "zzz"})
    assert f"{name}=: there is no rule '': see --asyncprotocol-rules" == refused(**{name: ("",)})


def test_words_that_can_be_read_once_only_are_refused() -> None:
    """A decorated test reads them again for every rule."""
    assert refused(select=iter(["AI005"])).startswith("select= takes a tuple of strings")


def test_a_set_of_words_has_an_order(own_catalogue: None) -> None:
    """The same in every process."""
    add_rule("QA001", Level.MUST)
    report = check("async_iterator", Ticker, backends=frozenset(("trio", "asyncio")))

    assert ["asyncio", "trio"] == [v.backend for v in report]


def test_a_backend_that_does_not_exist() -> None:
    """What comes near is named."""
    message = refused(backends=("asyncio", "tri"))

    assert message.startswith("there is no backend 'tri'; did you mean 'trio'?")


def test_one_backend_needs_no_tuple(own_catalogue: None) -> None:
    """A string is one word, not its letters."""
    add_rule("QA001", Level.MUST)

    assert ["trio"] == [v.backend for v in check("async_iterator", Ticker, backends="trio")]


def test_a_backend_that_is_not_installed_is_an_error(
    monkeypatch: pytest.MonkeyPatch, own_catalogue: None
) -> None:
    """The other backends are judged, and the whole fails: nothing is skipped silently."""
    add_rule("QA001", Level.MUST)
    monkeypatch.setattr(
        backends,
        "find_spec",
        lambda name: None if name == "trio" else importlib.util.find_spec(name),
    )
    with pytest.raises(ConformanceError) as caught:
        assert_async_iterator(Ticker)
    report = caught.value.report
    (failure,) = report.failures

    expected = (
        "the backend trio needs trio, which is not installed: run `pip install 'anyio[trio]'`, or "
        "name the backends to use, as in backends=('asyncio',) or --asyncprotocol-backends=asyncio"
    )
    assert expected == failure.message
    assert Status.ERROR is failure.status
    assert "trio" == failure.backend
    assert ["asyncio"] == [v.backend for v in report if v.status is Status.PASSED]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="eager tasks came with 3.12")
def test_a_backend_that_this_python_is_too_old_for_is_an_error(own_catalogue: None) -> None:
    """It says which Python is needed, and what to do on this one."""
    add_rule("QA001", Level.MUST)
    report = check("async_iterator", Ticker, backends=("asyncio", "asyncio+eager"))
    (failure,) = report.failures

    expected = (
        "the backend asyncio+eager needs Python 3.12 or newer: leave it out of backends= and of "
        "--asyncprotocol-backends on this Python"
    )
    assert expected == failure.message
    assert "asyncio+eager" == failure.backend


def test_a_protocol_that_does_not_exist() -> None:
    """All five are named."""
    with pytest.raises(ValueError, match="there is no protocol 'iterator': take one of"):
        check("iterator", Ticker)


def test_a_protocol_by_its_name_or_itself() -> None:
    """Both are the same protocol."""
    by_name = check("async_iterator", Ticker, select="AI001")
    by_itself = check(Protocol.ASYNC_ITERATOR, Ticker, select="AI001")

    assert by_itself.verdicts == by_name.verdicts


def test_an_endless_iterator_has_to_say_so() -> None:
    """Nobody can wait for its end, and no rule is blamed."""
    report = check("async_iterator", Endless, backends="asyncio")
    errors = [v.message for v in report.failures]

    expected = (
        "it gave 1000 items and no end: if it never ends, declare infinite=True; if it should "
        "have ended by then, declare items=[...]"
    )
    assert [expected] == errors
    assert Status.ERROR is report.failures[0].status


def test_an_endless_iterator_that_says_so_passes() -> None:
    """Its first items are enough."""
    assert assert_async_iterator(Endless, infinite=True, backends="asyncio", ignore="CO")


def test_levels_draw_the_line(own_catalogue: None) -> None:
    """MUST and SHOULD are checked, MAY is not; the line can be moved both ways."""
    add_rule("QA001", Level.MUST)
    add_rule("QA002", Level.SHOULD)
    add_rule("QA003", Level.MAY)

    assert ["QA001", "QA002"] == reported()
    assert ["QA001"] == reported(level="must")
    assert ["QA001", "QA002", "QA003"] == reported(level="may")


def test_select_and_ignore_take_ids_slugs_and_prefixes(own_catalogue: None) -> None:
    """Ignoring is stronger than selecting."""
    for rule_id in ("QA001", "QA002", "QB001"):
        add_rule(rule_id, Level.MUST)

    assert ["QA001", "QA002"] == reported(select="QA")
    assert ["QA002"] == reported(select=("qa002",))
    assert ["QA001", "QB001"] == reported(ignore=["QA002"])
    assert ["QB001"] == reported(ignore="QA")
    assert ["QA001"] == reported(select="QA", ignore="qa002")


def test_selecting_by_id_is_stronger_than_the_level(own_catalogue: None) -> None:
    """A prefix does not reach below the line."""
    add_rule("QA001", Level.MUST)
    add_rule("QA002", Level.SHOULD)
    add_rule("QA003", Level.MAY)

    assert ["QA003"] == reported(select="QA003")
    assert ["QA003"] == reported(select="qa003", level="must")
    assert ["QA001", "QA002"] == reported(select="QA")
    assert ["QA001"] == reported(select="QA", level="must")
    assert ["QA001", "QA002", "QA003"] == reported(select="QA", level="may")


@pytest.mark.parametrize("level", [Level.SHOULD, Level.MAY])
def test_what_an_author_declared_fails_at_any_level(own_catalogue: None, level: Level) -> None:
    """A declaration is a promise: the rules that it enables are on, whatever their level."""
    add_rule("QA001", Level.MUST)
    add_rule("QA002", level, break_it, enabled_by=("cancel_safe", "closes"))

    declared = check("async_iterator", Ticker, level="must", cancel_safe=True)
    undeclared = check("async_iterator", Ticker, level="may")

    assert {"QA002"} == {v.rule.id for v in declared.violations if v.rule}
    assert undeclared.passed
    assert {"undeclared: cancel_safe= or closes= would enable it"} == {
        v.message for v in undeclared.of("QA002")
    }
    assert {("cancel_safe", "closes")} == {v.enabled_by for v in undeclared.of("QA002")}


def test_the_settings_are_the_defaults_and_the_call_is_stronger(own_catalogue: None) -> None:
    """What flags and ini files say holds where the call says nothing."""
    add_rule("QA001", Level.MUST)
    add_rule("QA002", Level.SHOULD)

    with settings.using(settings.Settings(backends=("trio",), level="must")):
        by_settings = check("async_iterator", Ticker)
        by_call = check("async_iterator", Ticker, level="should", backends="asyncio")

    assert [("QA001", "trio")] == [(v.name[:5], v.backend) for v in by_settings]
    assert {("QA001", "asyncio"), ("QA002", "asyncio")} == {
        (v.name[:5], v.backend) for v in by_call
    }


def test_a_run_in_which_no_rule_is_left_is_not_green(own_catalogue: None) -> None:
    """The wrong prefix would otherwise pass for ever."""
    add_rule("QA001", Level.SHOULD)
    with pytest.raises(ConformanceError) as caught:
        assert_async_iterator(Ticker, level="must")

    expected = (
        "Ticker as an async iterator: nothing was proved\n"
        "\n"
        "  no rule is left to check: look at select=, ignore= and level="
    )
    assert expected == str(caught.value)
    assert not caught.value.report


def test_a_run_in_which_nothing_could_be_judged_is_not_green(own_catalogue: None) -> None:
    """What became of each rule is said instead."""

    def never_arose(case: Case) -> None:
        raise Vacuous("nothing ever suspended")

    add_rule("QA001", Level.MUST, never_arose)
    add_rule("QA002", Level.MUST, enabled_by=("closes",))
    with pytest.raises(ConformanceError) as caught:
        assert_async_iterator(Ticker)

    expected = (
        "Ticker as an async iterator: nothing was proved\n"
        "\n"
        "  QA001 qa001, on asyncio, trio: vacuous, nothing ever suspended\n"
        "  QA002 qa002, on asyncio, trio: skipped, undeclared: closes= would enable it\n"
        "\n"
        "1 of 1 applicable rule ran, of 2 for an async iterator and 2 in the catalogue"
    )
    assert expected == str(caught.value)


def test_check_never_raises_for_a_violation(own_catalogue: None) -> None:
    """It is for tools, which look at the report."""
    add_rule("QA001", Level.MUST, break_it)
    report = check("async_iterator", Ticker)

    assert not report
    assert ["asyncio", "trio"] == [v.backend for v in report.violations]


def test_a_rule_is_blocked_by_what_it_requires(own_catalogue: None) -> None:
    """One fault gives one violation; the blocked name it, and pass that on."""
    add_rule("QA001", Level.MUST, requires=("QA003",))
    add_rule("QA002", Level.MUST, requires=("QA001", "QZ999"))
    add_rule("QA003", Level.MUST, break_it)
    report = check("async_iterator", Ticker, backends="asyncio")

    assert {
        "QA001": (Status.SKIPPED, "blocked by QA003 qa003"),
        "QA002": (Status.SKIPPED, "blocked by QA003 qa003"),
        "QA003": (Status.VIOLATED, "it is broken on asyncio"),
    } == {v.name[:5]: (v.status, v.message) for v in report}


def test_what_is_required_is_judged_though_it_is_not_selected(own_catalogue: None) -> None:
    """It is not reported, and blocks all the same."""
    add_rule("QA001", Level.MUST, requires=("QA002",))
    add_rule("QA002", Level.MUST, break_it)
    report = check("async_iterator", Ticker, backends="asyncio", select="QA001")

    assert ["blocked by QA002 qa002"] == [v.message for v in report]


def test_a_rule_for_one_library_is_skipped_on_the_other(own_catalogue: None) -> None:
    """By name."""
    add_rule("QA001", Level.MUST, libraries=("asyncio",))
    report = check("async_iterator", Ticker)

    assert [("asyncio", Status.PASSED, ""), ("trio", Status.SKIPPED, "not applicable on trio")] == [
        (v.backend, v.status, v.message) for v in report
    ]


def test_a_rule_that_crashes_is_an_error_of_its_own(own_catalogue: None) -> None:
    """The other rules are judged."""

    def crash(case: Case) -> None:
        raise ZeroDivisionError("by zero")

    add_rule("QA001", Level.MUST, crash)
    add_rule("QA002", Level.MUST)
    report = check("async_iterator", Ticker, backends="asyncio")

    assert {
        "QA001": (Status.ERROR, "the check was stopped by ZeroDivisionError: by zero"),
        "QA002": (Status.PASSED, ""),
    } == {v.name[:5]: (v.status, v.message) for v in report}


def test_the_tear_down_of_a_yielding_factory_runs_after_a_crash(own_catalogue: None) -> None:
    """As that of a fixture would; and it is awaited once for each subject."""
    from dataclasses import replace

    from pytest_asyncprotocol import Report
    from pytest_asyncprotocol.checking import examine_now
    from pytest_asyncprotocol.model.factory import Factory
    from pytest_asyncprotocol.plan import plan_for

    open_servers: list[str] = []

    def make() -> Iterator[Ticker]:
        open_servers.append("server")
        yield Ticker()
        open_servers.pop()

    def crash(case: Case) -> None:
        raise ZeroDivisionError

    add_rule("QA001", Level.MUST, crash)
    plan = plan_for(Protocol.ASYNC_ITERATOR, object, {})
    plan = replace(plan, factory=Factory(make, Protocol.ASYNC_ITERATOR, yields=True))
    report = Report("make", Protocol.ASYNC_ITERATOR)
    examine_now(plan, report)

    assert [Status.ERROR, Status.ERROR] == [v.status for v in report]
    assert [] == open_servers


def test_the_context_of_the_caller_is_visible_in_the_factory(own_catalogue: None) -> None:
    """And what the check sets there stays there."""
    add_rule("QA001", Level.MUST)
    setting = contextvars.ContextVar("setting", default="unset")
    setting.set("by the caller")
    seen: list[str] = []

    def make() -> Ticker:
        seen.append(setting.get())
        setting.set("by the factory")
        return Ticker()

    check("async_iterator", make)

    assert "by the caller" == seen[0]
    assert "by the caller" == setting.get()


def test_threads_may_check_at_the_same_time(own_catalogue: None) -> None:
    """Neither disturbs the other, and the process is left as it was."""
    import warnings

    add_rule("QA001", Level.MUST)
    before = warnings.showwarning, list(warnings.filters), sys.unraisablehook
    together = threading.Barrier(3)
    reports: list[Any] = []

    def run() -> None:
        together.wait()
        reports.append(check("async_iterator", Ticker))

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [True, True, True] == [r.passed for r in reports]
    assert before == (warnings.showwarning, list(warnings.filters), sys.unraisablehook)


def test_the_rules_say_what_they_ask_of_the_subject() -> None:
    """Some ask for one thing, others for another, and nothing is asked for by none."""
    assert set(Feeds) == {r.feeds for r in catalogue().values()}


def test_a_cancelled_entry_is_not_counted_for_a_rule_on_the_exit() -> None:
    """The rule says nothing of it."""

    class Slot:
        suspensions = 1
        taken = False

        async def __aenter__(self) -> None:
            for _ in range(self.suspensions):
                await anyio.lowlevel.checkpoint()
            self.taken = True

        async def __aexit__(self, *details: object) -> None:
            self.taken = False
            await anyio.lowlevel.checkpoint()

    class SlowSlot(Slot):
        suspensions = 3

    def points(factory: type[Slot]) -> list[int]:
        report = check(
            Protocol.ASYNC_CONTEXT_MANAGER,
            factory,
            released=lambda slot: not slot.taken,
            select=("CM011",),
        )
        return [verdict.coverage.points for verdict in report.of("CM011")]

    assert all(points(Slot))
    assert points(Slot) == points(SlowSlot)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are new in Python 3.12")
def test_an_eager_task_is_cancelled_at_its_first_suspension_too() -> None:
    """Which it reaches before anybody knows it by name."""
    report = check(
        Protocol.ASYNC_ITERATOR, Ticker, backends=("asyncio", "asyncio+eager"), select=("CO001",)
    )

    assert len({verdict.coverage.points for verdict in report.of("CO001")}) == 1
