"""Beside the plugins and flags that a project has anyway."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.conftest import PLUGINS, Run, RunPytest

MIXED = """
    import pytest
    from pytest_asyncprotocol import assert_async_iterator, conformance
    from subjects import Restarting, Swallowing, Ticker

    SOME = ["AI005", "CO001"]

    @conformance.async_iterator(items=[0, 1, 2], select=SOME)
    def test_good():
        return Ticker(3)

    @conformance.async_iterator(items=[0, 1, 2], select=SOME)
    def test_swallowing():
        return Swallowing(3)

    def test_restarting():
        assert_async_iterator(Restarting, select=SOME)

    def test_fixture(asyncprotocol):
        asyncprotocol.assert_async_iterator(Ticker, items=[0, 1, 2], select=SOME)

    @pytest.mark.anyio
    async def test_awaited():
        await assert_async_iterator(Ticker, items=[0, 1, 2], select=SOME)
"""

ENDED = {
    "test_good[AI005-asyncio]": "passed",
    "test_good[AI005-trio]": "passed",
    "test_good[CO001-asyncio]": "passed",
    "test_good[CO001-trio]": "passed",
    "test_swallowing[AI005-asyncio]": "passed",
    "test_swallowing[AI005-trio]": "passed",
    "test_swallowing[CO001-asyncio]": "failed",
    "test_swallowing[CO001-trio]": "failed",
    "test_restarting": "failed",
    "test_fixture[asyncio]": "passed",
    "test_fixture[trio]": "passed",
    "test_awaited[asyncio]": "passed",
    "test_awaited[trio]": "passed",
}


def _summary(run: Run) -> list[str]:
    """From the head of the section to the end of the total."""
    lines = run.out.splitlines()
    start = next(n for n, line in enumerate(lines) if "async protocol conformance" in line)
    end = next(n for n, line in enumerate(lines) if n > start and line.startswith("==="))
    return lines[start:end]


COMPANY = (
    (("randomly",), ("--randomly-seed=7",)),
    (("randomly", "xdist"), ("-n", "2", "--randomly-seed=8")),
    (("xdist",), ("-n", "2", "--dist", "loadscope")),
    (("timeout", "reruns", "cov"), ("--timeout=60",)),
)


def test_the_verdicts_and_the_summary_are_the_same(run_pytest: RunPytest) -> None:
    """In whatever order, process and company."""
    alone = run_pytest(test_mixed=MIXED)
    assert ENDED == alone.outcomes(), alone.out

    for plugins, flags in COMPANY:
        beside = run_pytest(*flags, plugins=("ours", "anyio", *plugins))

        assert ENDED == beside.outcomes(), beside.out
        assert {n: s.checked for n, s in alone.tests.items()} == {
            n: s.checked for n, s in beside.tests.items()
        }, plugins
        assert _summary(alone) == _summary(beside), plugins
        assert 1 == beside.out.count("asyncprotocol: 5 subjects")


def test_what_is_run_again_counts_once(run_pytest: RunPytest) -> None:
    """pytest-rerunfailures gives a report for each run of a test; the last one stands."""
    run = run_pytest(
        "--reruns=2",
        "--asyncprotocol-junit",
        "--junitxml=junit.xml",
        plugins=("ours", "reruns"),
        test_flaky="""
            from pytest_asyncprotocol import assert_async_iterator, conformance
            from subjects import Restarting, Ticker

            classes = iter([Restarting, Ticker])

            def test_flaky():
                assert_async_iterator(next(classes), select=["AI005"], backends="asyncio")

            @conformance.async_iterator(select=["AI005"], backends="asyncio")
            def test_broken():
                return Restarting()
        """,
    )

    assert "1 failed, 1 passed, 3 rerun" in run.out
    assert "asyncprotocol: 2 subjects on asyncio: 1 violated, 1 passed;" in run.out
    cases = list(ET.parse("junit.xml").iter("testcase"))  # noqa: S314
    assert {"test_flaky", "test_broken[AI005-asyncio]"} == {case.get("name") for case in cases}
    assert {0, 3} == {len(list(case.iter("property"))) for case in cases}


def test_a_time_out_ends_a_check_and_nothing_else(run_pytest: RunPytest) -> None:
    """pytest-timeout interrupts the thread that waits; the next test runs as ever."""
    run = run_pytest(
        plugins=("ours", "timeout"),
        test_slow="""
            import threading, time
            import pytest
            from pytest_asyncprotocol import assert_async_iterator, conformance
            from subjects import Ticker

            class Blocking(Ticker):
                async def __anext__(self):
                    while True:
                        time.sleep(0.001)

            @pytest.mark.timeout(0.3)
            def test_blocking():
                assert_async_iterator(Blocking, select=["AI005"])

            def test_next():
                assert_async_iterator(Ticker, items=[0, 1, 2])

            @pytest.mark.timeout(0.3)
            @conformance.async_iterator(select=["AI005"], backends="asyncio")
            def test_item():
                return Blocking()

            def test_nothing_is_left():
                assert [threading.main_thread()] == threading.enumerate()
        """,
    )

    assert {
        "test_blocking": "failed",
        "test_next": "passed",
        "test_item[AI005-asyncio]": "failed",
        "test_nothing_is_left": "passed",
    } == run.outcomes(), run.out
    for name in ("test_blocking", "test_item[AI005-asyncio]"):
        assert "Timeout (>0.3s) from pytest-timeout" in run.test(name).reason


def test_the_lines_of_a_subject_are_covered(run_pytest: RunPytest) -> None:
    """pytest-cov sees what runs in the engine's threads."""
    run = run_pytest(
        "--cov=subjects",
        "--cov-report=term-missing",
        plugins=("ours", "cov"),
        test_covered="""
            from pytest_asyncprotocol import assert_async_iterator
            from subjects import Restarting

            def test_restarting():
                assert_async_iterator(Restarting, select=["CO001", "AI001"])
        """,
    )

    assert {"test_restarting": "passed"} == run.outcomes(), run.out
    [line] = re.findall(r"subjects\.py +\d+ +\d+ +\d+% +(.*)", run.out)
    source = Path("subjects.py").read_text().splitlines()
    missing = [int(n) for first, last in re.findall(r"(\d+)(?:-(\d+))?", line)
               for n in range(int(first), int(last or first) + 1)]  # fmt: skip
    classes = source.index("class Swallowing(Ticker):")
    assert [] == [source[n - 1] for n in missing if n <= classes]


def test_junit_says_rule_backend_and_level_where_it_is_asked_to(run_pytest: RunPytest) -> None:
    """Properties of a test case break strict schemas of JUnit XML, so they are not the default."""
    run_pytest("--junitxml=junit.xml", plugins=("ours",), test_mixed=MIXED)
    assert "asyncprotocol_" not in Path("junit.xml").read_text()

    for more in ((), ("-n", "2")):
        plugins = ("ours", "anyio", "xdist")
        run_pytest("--junitxml=junit.xml", "--asyncprotocol-junit", *more, plugins=plugins)
        found = {
            case.get("name"): {p.get("name"): p.get("value") for p in case.iter("property")}
            for case in ET.parse("junit.xml").iter("testcase")  # noqa: S314
        }
        assert {
            "asyncprotocol_rule": "CO001 cancellation-passes",
            "asyncprotocol_level": "must",
            "asyncprotocol_backend": "trio",
        } == found["test_good[CO001-trio]"]
        assert {} == found["test_restarting"]


def test_what_failed_last_is_run_again(run_pytest: RunPytest) -> None:
    """`--lf` finds generated tests by their ids, and `-x` stops behind the first."""
    run_pytest(test_mixed=MIXED)

    again = run_pytest("--lf")
    assert {name: end for name, end in ENDED.items() if end == "failed"} == again.outcomes()

    first = run_pytest("-x", "--ff", "-k", "swallowing")
    assert {"test_swallowing[CO001-asyncio]": "failed"} == first.outcomes()


def test_collecting_checks_nothing(run_pytest: RunPytest) -> None:
    """Each check is named, no factory is called, and there is nothing to summarise."""
    run = run_pytest(
        "--collect-only",
        plugins=("ours",),
        test_collected="""
            from pytest_asyncprotocol import conformance

            @conformance.async_iterator(select=["AI005", "CO001"])
            def test_ticker():
                open("called", "w").close()
        """,
    )

    assert [
        "<Function test_ticker[AI005-asyncio]>",
        "<Function test_ticker[AI005-trio]>",
        "<Function test_ticker[CO001-asyncio]>",
        "<Function test_ticker[CO001-trio]>",
    ] == re.findall(r"<Function .*>", run.out)
    assert not Path("called").exists()
    assert "asyncprotocol: " not in run.out


DEBUGGED = """
    from pytest_asyncprotocol import assert_async_iterator, conformance
    from subjects import Restarting, Ticker

    def test_assertion():
        wanted = "this frame"
        assert_async_iterator(Restarting, select=["AI005"])

    @conformance.async_iterator(select=["AI005"], backends="trio")
    def test_item():
        return Restarting()

    class Stopping(Ticker):
        async def __anext__(self):
            here = "in the subject"
            if len(self.left) == self.size and not seen:
                seen.append(1)
                breakpoint()
            return await super().__anext__()

    seen = []

    def test_breakpoint():
        assert_async_iterator(Stopping, select=["AI005"], backends="asyncio", timeout=0.1)
"""


@pytest.mark.parametrize(
    ("test", "command", "said"),
    [
        ("test_assertion", "p wanted", "this frame"),
        ("test_item", "p verdict.message", "after the end, returned 0"),
    ],
)
def test_post_mortem_begins_where_the_user_can_read(
    run_pytest: RunPytest, test: str, command: str, said: str
) -> None:
    """At the line of the assertion; for a generated test, which has none, at verdict and report."""
    run_pytest("--collect-only", test_debugged=DEBUGGED)

    out = _debug("--pdb", "--tb=no", "-k", test, commands=[command, "q"])

    assert said in out.partition("(Pdb)")[2]


def test_under_a_debugger_no_time_runs_out(run_pytest: RunPytest) -> None:
    """Neither while it waits for a command, nor does anything else happen to the subject."""
    run_pytest("--collect-only", test_debugged=DEBUGGED)

    commands = ["p here", "import time", "time.sleep(0.3)", "c"]
    out = _debug("-k", "test_breakpoint", commands=commands)

    assert "in the subject" in out
    assert "1 passed" in out


def _debug(*arguments: str, commands: list[str]) -> str:
    plugins = [part for key in ("ours", "anyio") for name in PLUGINS[key] for part in ("-p", name)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, *arguments, "test_debugged.py"],
        input="\n".join([*commands, ""]), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.stdout


def test_test_cases_of_unittest(run_pytest: RunPytest) -> None:
    """Sync in a TestCase, awaited in an IsolatedAsyncioTestCase; no decorators there."""
    run = run_pytest(
        plugins=("ours",),
        test_cases="""
            import unittest
            from pytest_asyncprotocol import assert_async_iterator, conformance
            from subjects import Restarting, Ticker

            class Sync(unittest.TestCase):
                def test_good(self):
                    assert_async_iterator(Ticker, items=[0, 1, 2])

                def test_bad(self):
                    assert_async_iterator(Restarting, select=["AI005"])

                def test_sub_test(self):
                    for size in (1, 2):
                        with self.subTest(size=size):
                            assert_async_iterator(lambda: Ticker(size), items=range(size))

                @conformance.async_iterator(select=["AI005"])
                def test_decorated(self):
                    return Ticker()

            class Async(unittest.IsolatedAsyncioTestCase):
                async def asyncSetUp(self):
                    self.size = 3

                async def test_good(self):
                    await assert_async_iterator(lambda: Ticker(self.size), items=[0, 1, 2])

                async def test_bad(self):
                    await assert_async_iterator(Restarting, select=["AI005"])

                async def test_forgotten(self):
                    assert_async_iterator(Ticker)
        """,
    )

    ended = {name: end for name, end in run.outcomes().items() if name.count("::") == 1}
    assert {
        "Sync::test_good": "passed",
        "Sync::test_bad": "failed",
        "Sync::test_sub_test": "passed",
        "Sync::test_decorated": "failed",
        "Async::test_good": "passed",
        "Async::test_bad": "failed",
        "Async::test_forgotten": "failed",
    } == ended, run.out
    assert "AI005 sticky-stop" in run.test("Async::test_bad").reason
    assert {"asyncio"} == {verdict[1] for verdict in run.test("Async::test_good").verdicts}
    assert "was never awaited" in run.test("Async::test_forgotten").reason
    assert "method of a unittest.TestCase" in run.test("Sync::test_decorated").reason


def test_inside_of_given(run_pytest: RunPytest) -> None:
    """Hypothesis calls the test with each example, and the assertion checks the subject of each."""
    run = run_pytest(
        test_examples="""
            import pytest
            from hypothesis import given, settings, strategies as st
            from pytest_asyncprotocol import assert_async_iterator
            from subjects import Restarting, Ticker

            few = settings(max_examples=3, deadline=None, database=None)

            @few
            @given(st.integers(0, 3))
            def test_good(size):
                assert_async_iterator(lambda: Ticker(size), items=range(size))

            @few
            @given(st.integers(0, 3))
            def test_bad(size):
                assert_async_iterator(lambda: Restarting(size), select=["AI005"], backends="trio")

            @pytest.mark.anyio
            @few
            @given(st.integers(0, 3))
            async def test_awaited(size):
                await assert_async_iterator(lambda: Ticker(size), items=range(size))
        """,
    )

    assert {
        "test_good": "passed",
        "test_bad": "failed",
        "test_awaited[asyncio]": "passed",
        "test_awaited[trio]": "passed",
    } == run.outcomes(), run.out
    assert "AI005 sticky-stop" in run.test("test_bad").reason
    assert "size=1," in run.test("test_bad").reason
