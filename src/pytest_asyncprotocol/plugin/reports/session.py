"""A session that writes reports: collects what was checked, writes it, and compares it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from pytest_asyncprotocol.plugin import options
from pytest_asyncprotocol.plugin.reports import baseline, document, markdown, page
from pytest_asyncprotocol.plugin.reports.scope import Scope
from pytest_asyncprotocol.plugin.serialization import test_of
from pytest_asyncprotocol.plugin.terminal import Out
from pytest_asyncprotocol.plugin.tracker import TRACKER

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
    files = _ReportFiles(config, paths, compared)
    config.pluginmanager.register(files, "asyncprotocol-report-files")


def _packages(config: pytest.Config) -> list[dict[str, Any]]:
    """What was checked of the packages that were asked for, counted just before."""
    if not options.coverage_of(config)[0]:
        return []
    from pytest_asyncprotocol.plugin.coverage import counting

    return counting.data_of(config)


class _Deselection:
    def __init__(self) -> None:
        self.deselected: set[str] = set()

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self.deselected.update(map(test_of, items))


class _Worker(_Deselection):
    """A worker collects all tests and deselects by itself, which its controller is not told."""

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output: dict[str, Any] = cast("Any", session.config).workeroutput
        output[_DESELECTED] = sorted(self.deselected)


class _ReportFiles(_Deselection):
    def __init__(
        self, config: pytest.Config, paths: list[Path], earlier: baseline.Baseline | None
    ) -> None:
        super().__init__()
        self._config = config
        self._paths = paths
        self._earlier = earlier
        self._comparison: baseline.Comparison | None = None
        self._unwritten: list[str] = []
        self._checked: dict[str, list[dict[str, Any]]] = {}
        self._running = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        """Note that tests are run, which `--collect-only` and `--fixtures` do not."""
        options = session.config.option
        self._running = not (options.collectonly or options.setuponly or options.setupplan)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect from one test's report; a test that is run again starts anew."""
        if report.when == "setup":
            self._checked[report.nodeid] = []
        checked = getattr(report, "asyncprotocol", ())
        self._checked.setdefault(report.nodeid, []).extend(checked)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Collect what a worker of xdist deselected."""
        self.deselected.update(getattr(node, "workeroutput", {}).get(_DESELECTED, ()))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the files, compare, and fail the session for what was found."""
        if not self._running:
            return
        found = document.document(
            self._checked, self._config.stash[TRACKER].settings, _packages(self._config)
        )
        if self._earlier is not None:
            scope = Scope.of(session, frozenset(self.deselected))
            self._comparison = baseline.compare(self._earlier, found, scope)
        for path in self._paths:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                text = _WRITERS[path.suffix.lower()](found)
                path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
            except OSError as error:
                self._unwritten.append(f"the report {path} could not be written: {error}")
        failed = self._unwritten or (self._comparison is not None and self._comparison.failed)
        if failed and session.exitstatus in (
            pytest.ExitCode.OK,
            pytest.ExitCode.NO_TESTS_COLLECTED,
        ):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the comparison, and what could not be written."""
        out = Out(terminalreporter)
        if self._comparison is not None:
            quiet = terminalreporter.config.get_verbosity() < 0
            lines = list(self._comparison.lines(quiet=quiet))
            if lines and not quiet:
                terminalreporter.write_sep("=", "async protocol baseline")
            for line in lines:
                out.line(line.text, indent=line.indent, **line.markup)
        for text in self._unwritten:
            out.line(f"asyncprotocol: {text}", indent=0, red=True)
