"""A session that writes reports: collects what was checked, writes it, and compares it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_asyncprotocol.plugin.reports import baseline, document, markdown, page
from pytest_asyncprotocol.plugin.reports.scope import Scope
from pytest_asyncprotocol.plugin.serialization import test_of
from pytest_asyncprotocol.plugin.terminal import Out
from pytest_asyncprotocol.plugin.tracker import COMPLETE, TRACKER, Collection, Running

_DESELECTED = "asyncprotocol_deselected"
_WRITERS = {".json": document.written, ".md": markdown.written, ".html": page.written}


def register(config: pytest.Config, paths: list[Path], earlier: Path | None) -> None:
    """Collect in this process, or tell the one that does what this worker deselected.

    Raises:
        pytest.UsageError: *earlier* is no report to compare with.
    """
    if hasattr(config, "workerinput"):
        config.pluginmanager.register(_Worker(), "asyncprotocol-worker")
        return
    compared = None if earlier is None else baseline.read(earlier)
    config.pluginmanager.register(_ReportFiles(paths, compared), "asyncprotocol-report-files")


@dataclass(eq=False)
class _Deselection:
    deselected: set[str] = field(default_factory=set[str], init=False)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected.update(map(test_of, items))


class _Worker(_Deselection):
    """A worker collects all tests and deselects by itself, which its controller is not told."""

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output: dict[str, Any] = cast("Any", session.config).workeroutput
        output[_DESELECTED] = sorted(self.deselected)


@dataclass(eq=False)
class _ReportFiles(_Deselection, Collection, Running):
    paths: list[Path]
    earlier: baseline.Baseline | None
    comparison: baseline.Comparison | None = field(default=None, init=False)
    unwritten: list[str] = field(default_factory=list[str], init=False)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Collect what a worker of xdist deselected."""
        self.deselected.update(getattr(node, "workeroutput", {}).get(_DESELECTED, ()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the files, compare, and fail the session for what was found."""
        if not self.running:
            return
        config = session.config
        counting: Any = config.pluginmanager.get_plugin("asyncprotocol-coverage")
        packages: list[dict[str, Any]] = [] if counting is None else counting.data
        found = document.document(self.checked, config.stash[TRACKER].settings, packages)
        if self.earlier is not None:
            scope = Scope.of(session, frozenset(self.deselected))
            self.comparison = baseline.compare(self.earlier, found, scope)
        for path in self.paths:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                text = _WRITERS[path.suffix.lower()](found)
                path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
            except OSError as error:
                self.unwritten.append(f"the report {path} could not be written: {error}")
        failed = self.unwritten or (self.comparison is not None and self.comparison.failed)
        if failed and session.exitstatus in COMPLETE:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the comparison, and what could not be written."""
        out = Out(terminalreporter)
        if self.comparison is not None:
            quiet = terminalreporter.config.get_verbosity() < 0
            if not quiet:
                terminalreporter.write_sep("=", "async protocol baseline")
            self.comparison.write(out, quiet=quiet)
        for text in self.unwritten:
            out.line(f"asyncprotocol: {text}", indent=0, red=True)
