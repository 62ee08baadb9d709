"""Reports as JSON: the schema, the order, and where they are written."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from tests.conftest import Run, RunPytest
from tests.sample_report import (
    CHECKS,
    ORDINARY,
    SCHEMA,
    VALIDATOR,
    document,
    load,
    nasty,
    subject,
    verdict,
)

PLUGINS = ("ours", "anyio", "xdist")


def _reported(run_pytest: RunPytest, path: Path, *arguments: str, **tests: str) -> Run:
    return run_pytest(f"--asyncprotocol-report={path}", *arguments, plugins=PLUGINS, **tests)


def test_the_report_is_what_the_schema_says(run_pytest: RunPytest, tmp_path: Path) -> None:
    """Of a run with every way in, of one without checks, and made by hand."""
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    _reported(run_pytest, tmp_path / "all.json", test_checks=CHECKS, test_ordinary=ORDINARY)
    _reported(run_pytest, tmp_path / "none.json", "test_ordinary.py")

    for found in (load(tmp_path / "all.json"), load(tmp_path / "none.json"), nasty()):
        VALIDATOR.validate(found)
    assert [] == load(tmp_path / "none.json")["subjects"]
    with pytest.raises(jsonschema.ValidationError, match="'half'"):
        VALIDATOR.validate(document(subject("Half", [verdict("AI005", "trio", "half")])))


def test_the_same_bytes_with_workers_and_without(run_pytest: RunPytest, tmp_path: Path) -> None:
    """Whatever worker ran an item, and in whatever order."""
    alone, shared, other = (tmp_path / f"{name}.json" for name in ("alone", "shared", "other"))
    test = "    def test_fixture"
    grouped = CHECKS.replace(test, f"    @pytest.mark.xdist_group('one')\n{test}")
    _reported(run_pytest, alone, test_checks=CHECKS, test_more=grouped, test_ordinary=ORDINARY)
    _reported(run_pytest, shared, "-n", "2", "--dist=loadgroup")
    _reported(run_pytest, other, "test_ordinary.py", "test_more.py", "test_checks.py")

    assert alone.read_bytes() == shared.read_bytes()
    assert alone.read_bytes() == other.read_bytes()


def test_one_entry_for_each_subject(
    run_pytest: RunPytest, pytester: pytest.Pytester, tmp_path: Path
) -> None:
    """Over all items that judged it; parameters of the user's and checks in a test make more."""
    _reported(run_pytest, tmp_path / "report.json", test_checks=CHECKS)
    found = load(tmp_path / "report.json")
    subjects = {each["id"]: each for each in found["subjects"]}

    methods = "test_checks.py::TestMethods::test_several"
    assert [
        f"{methods}: Restarting (async iterator)",
        f"{methods}: Ticker (async iterator)",
        f"{methods}: Ticker (async iterator) #2",
        f"{methods}: Ticker (async iterator) #3",
        "test_checks.py::test_awaited: Ticker (async iterator)",
        "test_checks.py::test_bad",
        "test_checks.py::test_factory: <lambda> (async iterator)",
        "test_checks.py::test_fixture: Room (async context manager)",
        "test_checks.py::test_good[1]",
        "test_checks.py::test_good[3]",
        "test_checks.py::test_known",
    ] == list(subjects)
    bad = subjects["test_checks.py::test_bad"]
    assert ("TrioOnly", "async iterator", ["asyncio", "trio"], True) == tuple(
        bad[name] for name in ("subject", "protocol", "backends", "complete")
    )
    assert "test_checks.py:8" == bad["source"]
    (violated,) = (each for each in bad["verdicts"] if each["status"] == "violated")
    assert ("AI005", "trio") == (violated["rule"], violated["backend"])
    assert "__anext__ #4 -> raised StopAsyncIteration" in violated["trace"]
    assert {"violated": 1, "passed": 3}.items() <= bad["counts"].items()
    known = subjects["test_checks.py::test_known"]
    assert {"expected": 2, "violated": 0}.items() <= known["counts"].items()
    assert {"known", None} == {each["expected"] for each in known["verdicts"]}
    assert ["CO007 (tasks | are left)"] == known["unconfirmed"]
    assert not subjects[f"{methods}: Ticker (async iterator) #3"]["complete"]
    factory = subjects["test_checks.py::test_factory: <lambda> (async iterator)"]
    assert {None, "AI005"} == {each["rule"] for each in factory["verdicts"]}
    assert {"AI005", "CM004", "CO001"} == {rule["id"] for rule in found["rules"]}
    assert str(pytester.path) not in (tmp_path / "report.json").read_text()


def test_the_backends_of_anyio_make_one_subject(run_pytest: RunPytest, tmp_path: Path) -> None:
    """But for one that is the same library with options: its verdicts would contradict."""
    backends = """
        import pytest
        from pytest_asyncprotocol import assert_async_iterator, conformance
        from subjects import Ticker

        @pytest.fixture(params=[
            pytest.param(("asyncio", {"debug": True}), id="asyncio+debug"),
            pytest.param(("asyncio", {}), id="asyncio"),
            pytest.param(("trio", {}), id="trio"),
        ])
        def anyio_backend(request):
            return request.param

        @pytest.fixture
        async def size(anyio_backend):
            return 3

        @conformance.async_iterator(select=["AI005"])
        def test_generated(size):
            return Ticker(size)

        @pytest.mark.anyio
        async def test_awaited(size):
            await assert_async_iterator(lambda: Ticker(size), select=["AI005"])
    """
    _reported(run_pytest, tmp_path / "r.json", test_backends=backends)

    assert [
        ("test_backends.py::test_awaited", ["asyncio", "trio"]),
        ("test_backends.py::test_awaited[asyncio+debug]", ["asyncio"]),
        ("test_backends.py::test_generated", ["asyncio", "trio"]),
        ("test_backends.py::test_generated[asyncio+debug]", ["asyncio"]),
    ] == [(s["test"], s["backends"]) for s in load(tmp_path / "r.json")["subjects"]]


def test_paths_are_those_of_the_project(
    run_pytest: RunPytest, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative to the rootdir, wherever pytest was started; relative to the library below it."""
    folder = pytester.mkdir("below")
    folder.joinpath("test_below.py").write_text("""
from aiohttp import ClientSession
from pytest_asyncprotocol import check, conformance
from subjects import Ticker

class Mine(Ticker):
    pass

@conformance.async_iterator(select=["AI005"])
def test_mine():
    return Mine(3)

def test_theirs():
    check("async_context_manager", ClientSession, select=["CM001"], backends=["asyncio"])
""")
    monkeypatch.setenv("PYTHONPATH", str(pytester.path), prepend=":")
    monkeypatch.chdir(folder)
    run_pytest(f"--rootdir={pytester.path}", "--asyncprotocol-report=report.json")
    mine, theirs = load(folder / "report.json")["subjects"]

    assert ("below/test_below.py::test_mine", "below/test_below.py:6") == (
        mine["id"], mine["source"],
    )  # fmt: skip
    assert theirs["source"].startswith("aiohttp/client.py:")


def test_a_test_that_is_run_again_counts_once(run_pytest: RunPytest, tmp_path: Path) -> None:
    """The last attempt stands, as plugins that repeat a failed test have it."""
    again = """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            for _ in range(2):
                for report in runtestprotocol(item, nextitem=nextitem, log=False):
                    item.ihook.pytest_runtest_logreport(report=report)
            return True
    """
    attempts = """
        from pytest_asyncprotocol import check
        from subjects import Restarting, Ticker

        made = iter([Restarting, Ticker])

        def test_attempts():
            check("async_iterator", next(made), select=["AI005"])
    """
    _reported(run_pytest, tmp_path / "r.json", test_attempts=attempts, conftest=again)

    assert ["Ticker"] == [each["subject"] for each in load(tmp_path / "r.json")["subjects"]]


def test_each_path_by_flag_or_ini(run_pytest: RunPytest, pytester: pytest.Pytester) -> None:
    """As many as are named, in folders that need not exist; a flag is over the ini files."""
    files_of = {
        "pytest.ini": "[pytest]\nasyncprotocol_report = out/a.json out/b.MD\n",
        "pyproject.toml": '[tool.pytest.ini_options]\nasyncprotocol_report = "out/a.json out/b.MD"',
    }
    if pytest.version_tuple >= (9, 0):
        files_of["pytest.toml"] = '[pytest]\nasyncprotocol_report = ["out/a.json", "out/b.MD"]\n'
    run_pytest(test_ordinary=ORDINARY)
    out = pytester.path / "out"
    for name, text in files_of.items():
        pytester.path.joinpath(name).write_text(text)
        run = run_pytest("--strict-config", "-W", "error", plugins=("ours",))

        assert 0 == run.exit_code, run.err
        assert {"a.json", "b.MD"} == {path.name for path in out.iterdir()}, name
        for path in (*out.iterdir(), pytester.path / name):
            path.unlink()

    pytester.makeini("[pytest]\nasyncprotocol_report = out/a.json")
    flags = ("--asyncprotocol-report=new/a/b.html", "--asyncprotocol-report", "c.md")
    run_pytest(*flags, plugins=("ours",))
    assert [] == list(out.iterdir())
    assert pytester.path.joinpath("new/a/b.html").exists()
    assert pytester.path.joinpath("c.md").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--asyncprotocol-report=report.xml",), "let it end in .json, .md or .html"),
        (("--asyncprotocol-report=report",), "'report' does not say what to write"),
        (("-o", "asyncprotocol_report=report.txt"), "let it end in .json, .md or .html"),
        (("--asyncprotocol-report=folder.json",), "is a folder: name a file"),
    ],
)
def test_a_wrong_path_ends_the_run_before_it_begins(
    run_pytest: RunPytest, pytester: pytest.Pytester, arguments: tuple[str, ...], said: str
) -> None:
    """With pytest's exit code for wrong usage."""
    pytester.mkdir("folder.json")
    run = run_pytest(*arguments, plugins=("ours",), test_ordinary=ORDINARY)

    assert 4 == run.exit_code
    assert said in run.err
    assert {} == run.tests


def test_what_cannot_be_written_fails_the_session(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    """Though all tests passed; the other files are written."""
    pytester.path.joinpath("file").write_text("")
    paths = (f"--asyncprotocol-report={name}" for name in ("file/below.json", "fine.json"))
    run = run_pytest(*paths, plugins=("ours",), test_ordinary=ORDINARY)

    assert 1 == run.exit_code
    assert "below.json could not be written" in " ".join(run.out.split())
    assert "INTERNALERROR" not in run.out + run.err
    assert pytester.path.joinpath("fine.json").exists()


@pytest.mark.parametrize("flag", ["--collect-only", "--fixtures", "--setup-plan"])
def test_nothing_is_written_where_nothing_is_run(
    run_pytest: RunPytest, pytester: pytest.Pytester, flag: str
) -> None:
    """An earlier report is not lost to a look at the tests."""
    run_pytest(flag, "--asyncprotocol-report=r.json", plugins=("ours",), test_checks=CHECKS)

    assert not pytester.path.joinpath("r.json").exists()


def test_a_line_for_each_verdict(run_pytest: RunPytest, tmp_path: Path) -> None:
    """So that two reports can be compared as text."""
    _reported(run_pytest, tmp_path / "r.json", "-k", "test_bad", test_checks=CHECKS)
    lines = (tmp_path / "r.json").read_text().splitlines()

    assert 4 == sum('"status": ' in line for line in lines)
    assert lines[-1] == "}"


def test_what_opened_the_world_is_told_of_the_subject(
    run_pytest: RunPytest, tmp_path: Path
) -> None:
    """A thread is seen in one check or another, by chance, so no check is told to have seen it."""
    threaded = """
        from anyio import to_thread
        from pytest_asyncprotocol import check

        def test_threaded():
            check("awaitable", lambda: to_thread.run_sync(int), backends=["asyncio"])
    """
    _reported(run_pytest, tmp_path / "r.json", test_threaded=threaded)
    (found,) = load(tmp_path / "r.json")["subjects"]

    assert {"asyncio": ["a worker thread"]} == found["opened"]
