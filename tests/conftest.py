"""Runs pytest in a process of its own, and reads what its reports say."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import forked_sessions
from tests.forked_sessions import Sessions

pytest_plugins = ["pytester"]

_SUBJECTS = (Path(__file__).parent / "subjects.py").read_text(encoding="utf-8")

PLUGINS: Mapping[str, tuple[str, ...]] = {
    "ours": ("pytest_asyncprotocol.plugin",),
    "anyio": ("anyio",),
    "asyncio": ("pytest_asyncio.plugin",),
    "trio": ("pytest_trio.plugin",),
    "aio": ("pytest_aio.plugin",),
    "xdist": ("xdist",),
    "randomly": ("pytest_randomly",),
    "timeout": ("pytest_timeout",),
    "reruns": ("pytest_rerunfailures",),
    "cov": ("pytest_cov.plugin",),
}

_RECORDER = """
import json, os

def pytest_runtest_logreport(report):
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return
    reason = report.longrepr if isinstance(report.longrepr, tuple) else (report.longreprtext,)
    line = {
        "nodeid": report.nodeid, "when": report.when, "outcome": report.outcome,
        "reason": str(reason[-1]), "xfail": getattr(report, "wasxfail", None),
        "checked": getattr(report, "asyncprotocol", []),
    }
    with open("recorded.jsonl", "a") as out:
        out.write(json.dumps(line) + chr(10))
"""

_NOT_INHERITED = (
    "CI", "FORCE_COLOR", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTHONWARNINGS", "PY_COLORS",
)  # fmt: skip


def pytest_configure() -> None:
    """Keep each worker to one processor: the two threads of a check take turns anyway."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        processors = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {processors[int(worker.removeprefix("gw")) % len(processors)]})


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what is marked with ``last`` behind all others."""
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


@dataclass(slots=True)
class Seen:
    """One test as its reports tell it."""

    outcome: str = "passed"
    reason: str = ""
    xfail: str | None = None
    checked: list[dict[str, Any]] = field(default_factory=list)

    @property
    def verdicts(self) -> list[tuple[str, str, str, str]]:
        """Rule, backend, status and message of each verdict."""
        return [
            (v["rule"], v["backend"], v["status"], v["message"])
            for report in self.checked
            for v in report["verdicts"]
        ]

    @property
    def violations(self) -> set[tuple[str, str]]:
        """Rule id and backend of each violation."""
        return {(v[0].split()[0], v[1]) for v in self.verdicts if v[2] == "violated"}


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of pytest in a process of its own gave."""

    exit_code: int
    out: str
    err: str
    tests: Mapping[str, Seen]

    def test(self, name: str) -> Seen:
        """The one test whose id ends in *name*."""
        (found,) = (seen for nodeid, seen in self.tests.items() if nodeid.endswith(f"::{name}"))
        return found

    def outcomes(self, prefix: str = "") -> dict[str, str]:
        """The outcome of each test whose name starts with *prefix*."""
        names = {nodeid.partition("::")[2]: seen.outcome for nodeid, seen in self.tests.items()}
        return {name: outcome for name, outcome in names.items() if name.startswith(prefix)}


RunPytest = Callable[..., Run]


@pytest.fixture(scope="session")
def sessions() -> Generator[Sessions]:
    """Where sessions of pytest are run that need not import all themselves."""
    with forked_sessions.serving() as sessions:
        yield sessions


@pytest.fixture
def run_pytest(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, sessions: Sessions
) -> RunPytest:
    """Run pytest with just the named plugins; each keyword is a test file to write first.

    Without *sequences* none are tried. A *fresh* session is not forked.
    """
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in _NOT_INHERITED:
        monkeypatch.delenv(name, raising=False)
    pytester.makepyfile(recorder=_RECORDER, subjects=_SUBJECTS)

    def run(
        *arguments: str,
        plugins: Iterable[str] = ("ours", "anyio"),
        columns: int = 80,
        sequences: bool = False,
        fresh: bool = not hasattr(os, "fork"),
        **files: str,
    ) -> Run:
        monkeypatch.setenv("COLUMNS", str(columns))
        if files:
            pytester.makepyfile(**files)
        recorded = pytester.path / "recorded.jsonl"
        recorded.unlink(missing_ok=True)
        loaded = [name for key in plugins for name in PLUGINS[key]]
        flags = [part for name in (*loaded, "recorder") for part in ("-p", name)]
        if not sequences and "ours" in plugins:
            flags.append("--asyncprotocol-examples=0")
        if fresh:
            exit_code = int(pytester.runpytest_subprocess(*flags, *arguments).ret)
        else:
            exit_code = sessions.run([*flags, *arguments], pytester.path)
        lines = recorded.read_text().splitlines() if recorded.exists() else []
        out, err = (pytester.path / name for name in (forked_sessions.OUT, forked_sessions.ERR))
        return Run(exit_code, out.read_text(), err.read_text(), _seen(lines))

    return run


def _seen(lines: Iterable[str]) -> dict[str, Seen]:
    tests: dict[str, Seen] = {}
    for line in map(json.loads, lines):
        seen = tests.setdefault(line["nodeid"], Seen())
        seen.checked += line["checked"]
        if line["outcome"] != "passed" or line["xfail"] is not None:
            wrong = line["when"] != "call" and line["outcome"] == "failed"
            seen.outcome = "error" if wrong else line["outcome"]
            seen.reason += line["reason"]
            seen.xfail = line["xfail"]
    return tests
