"""A session that counts: which targets were checked, and whether those are enough."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.plugin.coverage import packages, static_checks, table, targets
from pytest_asyncprotocol.plugin.tracker import COMPLETE, Running

_RAN = ("passed", "violated", "vacuous")
_Checked = dict[tuple[str, str], set[str]]
"""The backends on which a target was checked, by its identity and the protocol."""


def register(config: pytest.Config, wanted: list[str], fail_under: float | None) -> None:
    """Count in this process what it checks, or what its workers check.

    Raises:
        pytest.UsageError: one of the packages cannot be found.
    """
    folders = [str(config.rootpath), str(config.invocation_params.dir)]
    for package in wanted:
        missing = packages.missing_package(package, folders)
        if missing is not None:
            raise pytest.UsageError(f"--asyncprotocol-cov (or its ini twin): {missing}")
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Counting(wanted, fail_under), "asyncprotocol-coverage")


@dataclass(eq=False)
class _Counting(Running):
    """``data`` is the coverage of each package as plain data, once all tests ran."""

    wanted: list[str]
    fail_under: float | None
    data: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]], init=False)
    checked: _Checked = field(default_factory=lambda: defaultdict(set[str]), init=False)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect from one test's report."""
        for checked in getattr(report, "asyncprotocol", ()):
            on = {v["backend"] for v in checked["verdicts"] if v["status"] in _RAN}
            for identity in checked["targets"]:
                self.checked[identity, checked["protocol"]] |= on

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Import the packages, count, and fail the session if that is not enough."""
        if not self.running or session.exitstatus not in COMPLETE:
            return
        self.data = [_coverage_of(package, self.checked) for package in self.wanted]
        if self._shortfall():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show what was counted."""
        if self.data:
            table.write(terminalreporter, self.data, self._shortfall())

    def _shortfall(self) -> str:
        """Why what was checked is too little; empty if it is not."""
        if self.fail_under is None:
            return ""
        broken = [each["package"] for each in self.data if each["error"]]
        if broken:
            return f"{', '.join(broken)} could not be imported"
        pairs, checked = (sum(each[key] for each in self.data) for key in ("pairs", "checked"))
        if 100 * checked >= self.fail_under * pairs:
            return ""
        return f"{table.percent(checked, pairs)} is below the {self.fail_under:g}% asked for"


def _coverage_of(package: str, checked: _Checked) -> dict[str, Any]:
    walked = list(packages.walk(package))
    modules = [each for each in walked if isinstance(each, ModuleType)]
    failed = [each for each in walked if isinstance(each, packages.Unimportable)]
    found = targets.targets_of(package, packages.exports(modules))
    rows = [_row(target, protocol, checked) for target in found for protocol in target.protocols]
    counted = [row for row in rows if not row["abstract"]]
    return {
        "package": package,
        "error": None if modules else failed[0].error,
        "pairs": len(counted),
        "checked": sum(bool(row["checked_on"]) for row in counted),
        "targets": rows,
        "unimportable": [{"module": each.module, "error": each.error} for each in failed],
        "violations": [
            {"module": t.module, "name": t.name, "rule": rule, "message": message}
            for t in found
            for rule, message in static_checks.looks_at(t)
        ],
    }


def _row(target: targets.Target, protocol: Protocol, checked: _Checked) -> dict[str, Any]:
    """One target and one of its protocols; a check of a stronger protocol is one of it too."""
    order = targets.ITERATION if protocol in targets.ITERATION else (protocol,)
    place = order.index(protocol)
    on = {each: checked.get((target.identity, each.words), set()) for each in order}
    return {
        "module": target.module,
        "name": target.name,
        "kind": target.kind,
        "protocol": protocol.words,
        "abstract": target.abstract,
        "checked_on": sorted({backend for each in order[place:] for backend in on[each]}),
        "checked_only_as": [each.words for each in order[:place] if on[each]],
    }
