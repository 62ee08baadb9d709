"""What the terminal says at the end."""

from __future__ import annotations

import re

from tests.conftest import Run, RunPytest

CHECKS = """
    import sys
    from pytest_asyncprotocol import assert_async_iterator, conformance
    from subjects import Restarting, Ticker

    class TrioOnly(Ticker):
        async def __anext__(self):
            trio = sys.modules.get("trio.lowlevel")
            if not self.left and trio is not None and trio.in_trio_task():
                self.left = [*range(self.size)]
                raise StopAsyncIteration
            return await super().__anext__()

    SOME = ["AI005", "CO001"]

    @conformance.async_iterator(items=[0, 1, 2], select=SOME)
    def test_good():
        return Ticker(3)

    @conformance.async_iterator(
        items=[0, 1, 2],
        select=SOME,
        expected_failures={"CO007": "tasks are left"},
    )
    def test_bad_with_a_name_that_leaves_little_room_in_a_line():
        return TrioOnly(3)

    @conformance.async_iterator(select=SOME, expected_failures={"AI005": "known"})
    def test_known():
        return Restarting(3)

    def test_instance():
        assert_async_iterator(Ticker(3), select=SOME)
"""

ELSEWHERE = """
    from pytest_asyncprotocol import assert_async_iterator
    from subjects import Ticker

    def test_instance():
        assert_async_iterator(lambda: Ticker(3), select=["AI005"])

    def test_ordinary():
        pass
"""


def _section(run: Run) -> list[str]:
    lines = re.sub("(asyncprotocol: .*)\n    ", r"\1 ", run.out).splitlines()
    start = next(n for n, line in enumerate(lines) if "async protocol conformance" in line)
    end = next(n for n, line in enumerate(lines) if n > start and line.startswith("==="))
    return [re.sub(r"of (the )?\d+ rules", "of N rules", each) for each in lines[start:end]]


TOTAL = """\
asyncprotocol: 5 subjects on asyncio, trio: 1 violated, 2 xfailed, 12 passed, 3 skipped; \
2 of N rules in the catalogue ran"""

EXPECTED = f"""\
========================== async protocol conformance ==========================
test_bad_with_a_name_that_leaves_little_room_in_a_line: TrioOnly (async
    iterator)
    1 violated, 3 passed on asyncio, trio; 2 of N rules ran
    AI005 sticky-stop  on trio only: __anext__ #5, after the end, returned 0;
        expected StopAsyncIteration
    expected failure not confirmed: CO007 (tasks are left)
test_checks.py::test_instance: Ticker (async iterator)
    1 passed, 3 skipped on asyncio, trio; 1 of N rules ran
    1 rule needs a fresh object: pass a factory, as in `lambda: Ticker(...)`
{TOTAL}"""
"""At a width of 80; the numbers of rules, which grow, are taken out, and the total is one line."""


def test_what_has_to_be_said_and_the_total(run_pytest: RunPytest) -> None:
    """Nothing of a subject that passed."""
    run = run_pytest(test_checks=CHECKS, test_elsewhere=ELSEWHERE)

    assert EXPECTED.splitlines() == _section(run), run.out


def test_every_subject_under_v(run_pytest: RunPytest) -> None:
    """With what proved nothing; with -vv also why rules did not run."""
    verbose = _section(run_pytest("-v", test_checks=CHECKS, test_elsewhere=ELSEWHERE))

    assert set(EXPECTED.splitlines()) <= set(verbose)
    assert set(verbose) > {
        "test_good: Ticker (async iterator) 4 passed on asyncio, trio; 2 of N rules ran",
        "test_known: Restarting (async iterator)",
        "    2 xfailed, 2 passed on asyncio, trio; 2 of N rules ran",
        "test_elsewhere.py::test_instance: Ticker (async iterator)",
    }
    gaps = "    skipped, needs a fresh object: pass a factory: CO001 cancellation-passes"
    assert gaps not in verbose
    assert gaps in _section(run_pytest("-vv"))

    run = run_pytest("-v", columns=120)
    wide = _section(run)
    assert all(
        len(line) <= 120 for line in run.out.partition("async protocol conf")[2].splitlines()
    )
    assert (
        "test_known: Restarting (async iterator) 2 xfailed, 2 passed on asyncio, trio; "
        "2 of N rules ran"
    ) in wide


def test_the_total_alone_under_q(run_pytest: RunPytest) -> None:
    """And nothing at all where pytest itself says nothing."""
    quiet = run_pytest("-q", test_checks=CHECKS, test_elsewhere=ELSEWHERE)
    assert "async protocol conformance" not in quiet.out
    assert 1 == quiet.out.count("asyncprotocol: 5 subjects")

    assert "asyncprotocol: " not in run_pytest("-qq").out


def test_where_all_is_well_there_is_one_line(run_pytest: RunPytest) -> None:
    """It says what was checked, and on what."""
    run = run_pytest("--color=yes", columns=120, test_elsewhere=ELSEWHERE)

    assert "async protocol conformance" not in run.out
    green = r"\x1b\[32masyncprotocol: 1 subject on asyncio, trio: 2 passed; 1 of the \d+ rules"
    assert re.search(green, run.out), run.out


def test_each_parametrized_variant_is_a_subject(run_pytest: RunPytest) -> None:
    """Parameters of the user's tell subjects apart, those of the plugin do not."""
    run = run_pytest(
        test_sizes="""
            import pytest
            from pytest_asyncprotocol import assert_async_iterator, conformance
            from subjects import Restarting, Ticker

            @pytest.mark.parametrize("cls", [Ticker, Restarting])
            @conformance.async_iterator(select=["AI005", "CO001"])
            def test_items(cls):
                return cls()

            @pytest.mark.parametrize("cls", [Ticker, Restarting])
            def test_fixture(asyncprotocol, cls):
                asyncprotocol.assert_async_iterator(cls, select=["AI005"])
        """,
    )

    assert [
        "test_fixture[Restarting]: Restarting (async iterator)",
        "test_items[Restarting]: Restarting (async iterator)",
    ] == [
        line.partition(") ")[0] + ")" * (") " in line)
        for line in _section(run)
        if line.startswith("test_")
    ]
    assert "asyncprotocol: 4 subjects on asyncio, trio: 4 violated, 8 passed;" in run.out


def test_workers_give_the_same_verdicts_and_one_summary(run_pytest: RunPytest) -> None:
    """Under xdist, whatever worker ran an item."""
    alone = run_pytest(test_checks=CHECKS, test_elsewhere=ELSEWHERE)
    shared = run_pytest("-n", "2", plugins=("ours", "anyio", "xdist"))

    assert alone.outcomes() == shared.outcomes()
    assert {n: s.checked for n, s in alone.tests.items()} == {
        n: s.checked for n, s in shared.tests.items()
    }
    assert EXPECTED.splitlines() == _section(shared), shared.out
    assert 1 == shared.out.count("async protocol conformance")


def test_nothing_is_said_of_a_run_without_checks(run_pytest: RunPytest) -> None:
    """Ordinary tests, a failing one among them, are reported as ever."""
    ordinary = """
        def test_ordinary():
            pass

        def test_failing():
            assert 1 == 2
    """
    ours = run_pytest(plugins=("ours",), test_ordinary=ordinary)
    bare = run_pytest(plugins=())

    def without_time(text: str) -> str:
        return re.sub(r"=+ (.*) in [\d.]+s =+", r"\1", text)

    assert without_time(bare.out) == without_time(ours.out)


def test_a_selection_that_leaves_nothing_is_shown_as_skipped(run_pytest: RunPytest) -> None:
    """It is asked for at the command line, so it is no error of the function."""
    run = run_pytest(
        "-rs",
        "--asyncprotocol-select=CM",
        "--continue-on-collection-errors",
        plugins=("ours",),
        test_ticker="""
            from pytest_asyncprotocol import conformance
            from subjects import Ticker

            @conformance.async_iterator()
            def test_ticker():
                return Ticker(3)
        """,
        test_room="""
            from pytest_asyncprotocol import conformance
            from subjects import Room

            @conformance.async_context_manager(ignore=["CM0"], select=["CM001"])
            def test_room():
                return Room()
        """,
    )

    assert 1 == run.exit_code
    assert "test_room.py::test_room: no rule is left to check: look at select=" in run.out
    assert {"test_ticker[no-rule]": "skipped"} == run.outcomes(), run.out
    assert "look at --asyncprotocol-select" in run.test("test_ticker[no-rule]").reason
