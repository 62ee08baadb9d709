"""What changed since an earlier report, and what is only left out of this run."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run, RunPytest
from tests.sample_report import load

CHECKS = """
    from pytest_asyncprotocol import check, conformance
    from subjects import Restarting, Ticker

    SOME = ["AI005", "CO001"]

    @conformance.async_iterator(select=SOME)
    def test_items():
        return Ticker(3)

    def test_quiet():
        check("async_iterator", lambda: Ticker(3), select=SOME)

    def test_fixture(asyncprotocol):
        asyncprotocol.check("async_iterator", lambda: Ticker(3), select=["AI005"])
"""

OTHER = """
    from pytest_asyncprotocol import check
    from subjects import Restarting, Ticker

    def test_other():
        check("async_iterator", lambda: Ticker(3), select=["AI005"])
"""

PLUGINS = ("ours", "anyio", "xdist")
WELL = "0 new violations, 0 verdicts lost, 0 mended; nothing got worse"

Compare = Callable[..., Run]


@pytest.fixture(scope="module")
def earlier() -> list[str]:
    """The report of the earlier run, once there was one."""
    return []


@pytest.fixture
def compare(run_pytest: RunPytest, pytester: pytest.Pytester, earlier: list[str]) -> Compare:
    """Run pytest against the report of an earlier run of the same tests, which it has to pass."""
    base = pytester.path / "base.json"
    if not earlier:
        run = run_pytest(
            f"--asyncprotocol-report={base.name}",
            plugins=PLUGINS,
            test_checks=CHECKS,
            test_other=OTHER,
        )
        assert 0 == run.exit_code, run.out
        earlier.append(base.read_text(encoding="utf-8"))
    pytester.makepyfile(test_checks=CHECKS, test_other=OTHER)
    base.write_text(earlier[0], encoding="utf-8")

    def again(*arguments: str, **tests: str) -> Run:
        flag = "--asyncprotocol-baseline=base.json"
        return run_pytest(flag, *arguments, plugins=PLUGINS, columns=200, **tests)

    return again


def _section(run: Run) -> list[str]:
    lines = run.out.splitlines()
    start = next(n for n, line in enumerate(lines) if "async protocol baseline" in line)
    end = next(n for n, line in enumerate(lines) if line.startswith("asyncprotocol: against"))
    return [line.strip() for line in lines[start + 1 : end + 1]]


def test_nothing_changed(compare: Compare) -> None:
    """One line says so, with workers too; with -q nothing does."""
    for arguments in ((), ("-n", "1")):
        run = compare(*arguments)
        assert 0 == run.exit_code
        assert [f"asyncprotocol: against base.json: {WELL}"] == _section(run)
    assert "base.json" not in compare("-q").out


def test_a_new_violation_fails_the_session(compare: Compare) -> None:
    """Though all tests passed; and the next comparison, the other way round, says it is mended."""
    broken = CHECKS.replace("lambda: Ticker", "lambda: Restarting", 1)
    for arguments in ((), ("-n", "1"), ("-q",)):
        run = compare(*arguments, test_checks=broken)
        assert 1 == run.exit_code
        assert {"passed"} == set(run.outcomes().values())
    run = compare("--asyncprotocol-report=broken.json")
    assert [
        "new violations: 2",
        "test_checks.py::test_quiet: Restarting (async iterator)",
        (
            "AI005 on asyncio, trio: __anext__ #5, after the end, returned 0; expected "
            "StopAsyncIteration"
        ),
        "no longer run, or without an answer: 4",
        "test_checks.py::test_quiet: Ticker (async iterator)",
        "AI005, CO001 on asyncio, trio: absent",
        (
            "asyncprotocol: against base.json: 2 new violations, 4 verdicts lost, 0 mended; the "
            "session fails"
        ),
    ] == _section(run)

    mended = broken.replace("Restarting, Ticker", "Ticker")
    mended = mended.replace("SOME =", "class Restarting(Ticker):\n        pass\n\n    SOME =")
    run = compare("--asyncprotocol-baseline=broken.json", test_checks=mended)
    assert 0 == run.exit_code
    assert [
        "mended: 2",
        "test_checks.py::test_quiet: Restarting (async iterator)",
        "AI005 on asyncio, trio: now passed",
        (
            "asyncprotocol: against broken.json: 0 new violations, 0 verdicts lost, 2 mended; "
            "nothing got worse"
        ),
    ] == _section(run)


def test_an_expected_failure_is_none_that_is_new(compare: Compare) -> None:
    """Its reason stands in the code; once it is in the baseline it is known."""
    known = CHECKS.replace(
        "(select=SOME)", '(select=SOME, expected_failures={"AI005": "issue 12"})', 1
    ).replace("return Ticker", "return Restarting")
    run = compare("--asyncprotocol-report=known.json", test_checks=known)
    assert 0 == run.exit_code, run.out
    assert [f"asyncprotocol: against base.json: {WELL}"] == _section(run)
    assert WELL in compare("--asyncprotocol-baseline=known.json").out


def test_what_no_longer_runs_fails_the_session(compare: Compare) -> None:
    """A test that is gone, a rule that is left out, one that is skipped or proves nothing."""
    fewer = CHECKS.replace("select=SOME", 'select=["AI005"]', 1)
    idle = """
        from pytest_asyncprotocol import check

        class Ticker:
            left = 3
            def __init__(self, size):
                pass
            def __aiter__(self):
                return self
            async def __anext__(self):
                if not self.left:
                    raise StopAsyncIteration
                self.left -= 1

        SOME = ["AI005", "CO001"]

        def test_quiet():
            check("async_iterator", lambda: Ticker(3), select=SOME)
    """
    run = compare(test_checks=fewer)
    assert 1 == run.exit_code
    assert [
        "no longer run, or without an answer: 2",
        "test_checks.py::test_items",
        "CO001 on asyncio, trio: absent",
    ] == _section(run)[:-1]

    run = compare(test_checks=idle)
    assert 1 == run.exit_code
    said = _section(run)
    assert ["no longer run, or without an answer: 8"] == said[:1]
    assert any(line.startswith("CO001 on asyncio, trio: vacuous, ") for line in said), said
    assert "test_checks.py::test_items" in said

    skipped = CHECKS.replace("lambda: Ticker(3), select=SOME", "Ticker(3), select=SOME")
    said = _section(compare(test_checks=skipped))
    assert "CO001 on asyncio, trio: skipped, needs a fresh object: pass a factory" in said

    error = CHECKS.replace("def test_items():", "def test_items():\n        raise OSError")
    assert 1 == compare(test_checks=error).exit_code


def test_an_ini_file_that_leaves_rules_out_is_no_excuse(
    compare: Compare, pytester: pytest.Pytester
) -> None:
    """It does so for good, so what is left out no longer runs; a flag does it for one run."""
    run = compare("--asyncprotocol-backends=asyncio")
    assert 0 == run.exit_code
    assert [
        "left out: 6 verdicts of the baseline, since --asyncprotocol-backends was given",
        f"asyncprotocol: against base.json: {WELL}",
    ] == _section(run)
    run = compare("--asyncprotocol-ignore=CO001")
    assert 0 == run.exit_code
    assert (
        "left out: 4 verdicts of the baseline, since --asyncprotocol-select, -ignore or -level "
        "was given"
    ) in _section(run)

    pytester.makeini("[pytest]\nasyncprotocol_backends = asyncio")
    run = compare()
    assert 1 == run.exit_code
    assert "AI005 on trio: absent" in _section(run)


RESTRICTED = [
    (("-k", "test_quiet"), "its tests were deselected", 8),
    (("-k", "test_items and AI005"), "its tests were deselected", 10),
    (("-m", "asyncprotocol"), "its tests were deselected", 8),
    (("--deselect", "test_other.py::test_other"), "its tests were deselected", 2),
    (("test_other.py",), "its tests are outside of the paths that were given", 10),
    (("test_checks.py::test_quiet",), "its tests are outside of the paths that were given", 8),
    (
        ("test_checks.py::test_items[AI005-trio]", "test_other.py"),
        "its tests are outside of the paths that were given",
        9,
    ),
    (("--ignore=test_other.py",), "its tests are outside of the paths that were given", 2),
    (("--ignore-glob=*other*",), "its tests are outside of the paths that were given", 2),
]


def test_what_a_run_was_told_to_leave_out_is_not_lost(compare: Compare) -> None:
    """The section counts it, and says why; workers tell what they deselected."""
    workers = ("-n", "1", *RESTRICTED[0][0])
    for arguments, reason, number in (*RESTRICTED, (workers, *RESTRICTED[0][1:])):
        run = compare(*arguments)
        assert 0 == run.exit_code, (arguments, run.out)
        assert [
            f"left out: {number} verdicts of the baseline, since {reason}",
            f"asyncprotocol: against base.json: {WELL}",
        ] == _section(run), arguments


def test_a_restricted_run_still_finds_what_it_should(compare: Compare) -> None:
    """In what was neither deselected nor outside of the paths."""
    fewer = CHECKS.replace("select=SOME", 'select=["AI005"]', 1)
    for arguments in (("test_checks.py",), ("-k", "test_items"), ("test_checks.py::test_items",)):
        run = compare(*arguments, test_checks=fewer)
        assert 1 == run.exit_code, run.out
        assert "CO001 on asyncio, trio: absent" in _section(run)


def test_a_run_that_stops_early_is_not_blamed_for_the_rest(compare: Compare) -> None:
    """By -x or a broken test module; nor is one of the last failures."""
    failing = {"test_also": "def test_also():\n    assert False"}
    for workers in ((), ("-n", "1")):
        run = compare("-x", "test_also.py", ".", *workers, **failing)
        assert "no longer run" not in run.out
        assert "since the run was stopped before its end" in run.out
        assert run.exit_code != 0
    run = compare("--lf")
    assert 1 == run.exit_code
    assert (
        "left out: 12 verdicts of the baseline, since --lf leaves out files in which nothing failed"
    ) in _section(run)
    run = compare(test_also="import nothing_of_that_name")
    assert 2 == run.exit_code
    assert "no longer run" not in run.out


def test_a_look_at_the_tests_compares_nothing(compare: Compare) -> None:
    """`--collect-only` runs none of them."""
    run = compare("--collect-only")

    assert 0 == run.exit_code
    assert "against" not in run.out


def test_a_run_that_finds_no_test_has_lost_them_all(
    compare: Compare, pytester: pytest.Pytester
) -> None:
    """That is a failure, not just a run without tests."""
    for name in ("test_checks.py", "test_other.py"):
        pytester.path.joinpath(name).unlink()
    run = compare()

    assert 1 == run.exit_code
    assert "12 verdicts lost" in run.out


def test_the_baseline_can_be_replaced_by_the_same_run(
    compare: Compare, pytester: pytest.Pytester
) -> None:
    """It is read before anything runs, and written at the end."""
    fewer = CHECKS.replace("select=SOME", 'select=["AI005"]', 1)
    assert 1 == compare("--asyncprotocol-report=base.json", test_checks=fewer).exit_code
    assert 0 == compare().exit_code
    assert 4 == len(load(pytester.path / "base.json")["subjects"])


def test_it_has_an_ini_twin(
    compare: Compare, run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    """Relative to the ini file; a flag is over it."""
    compare()
    pytester.makeini("[pytest]\nasyncprotocol_baseline = base.json")
    run = run_pytest("--strict-config", plugins=("ours", "anyio"), columns=200)
    assert f"asyncprotocol: against base.json: {WELL}" in run.out
    run = run_pytest("--asyncprotocol-baseline=none.json")
    assert "none.json can't be read" in run.err


def _damaged(**changed: Any) -> str:
    return json.dumps({"schema": "asyncprotocol-report/1", "subjects": [], **changed})


WRONG = {
    "text.json": ("Nothing of that kind", "is no JSON"),
    "bytes.json": ("\udcff", "is no JSON"),
    "list.json": ("[]", "it names no schema"),
    "later.json": (_damaged(schema="asyncprotocol-report/2"), "'asyncprotocol-report/2', not"),
    "half.json": (_damaged(subjects=[{"id": "x"}]), "half.json is damaged"),
    "odd.json": (_damaged(subjects=3), "odd.json is damaged"),
}


def test_what_is_no_report_ends_the_run_before_it_begins(
    run_pytest: RunPytest, pytester: pytest.Pytester, tmp_path: Path
) -> None:
    """With pytest's exit code for wrong usage."""
    run_pytest(test_other=OTHER)
    for name, (text, said) in WRONG.items():
        pytester.path.joinpath(name).write_text(text, "utf-8", "surrogateescape")
        run = run_pytest(f"--asyncprotocol-baseline={name}", plugins=("ours",))
        assert 4 == run.exit_code, (name, run.out)
        assert said in run.err
        assert {} == run.tests
    for missing in (tmp_path / "none.json", tmp_path):
        run = run_pytest(f"--asyncprotocol-baseline={missing}", plugins=("ours",))
        assert 4 == run.exit_code
        assert "can't be read" in run.err
