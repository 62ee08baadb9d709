"""What the terminal says at the end: one line a subject, what is broken, and how much was run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_asyncprotocol.model.verdicts import Report

_ORDER = ("violated", "error", "passed", "vacuous", "skipped")
_RAN = ("violated", "passed", "vacuous")


def attach(report: pytest.TestReport, finished: list[Report]) -> None:
    """Put what was checked on a test's report, as plain data that a worker can send."""
    if finished:
        report.asyncprotocol = [_plain(each) for each in finished]  # type: ignore[attr-defined]


@dataclass(slots=True)
class _Subject:
    """One subject over all the items that judged it."""

    name: str
    protocol: str
    known: int
    counts: Counter[str] = field(default_factory=Counter)
    ran: set[str] = field(default_factory=set)
    backends: dict[str, None] = field(default_factory=dict)
    broken: dict[str, list[str]] = field(default_factory=dict)
    rest: dict[str, list[str]] = field(default_factory=dict)
    fresh: set[str] = field(default_factory=set)
    unconfirmed: dict[str, None] = field(default_factory=dict)

    def add(self, checked: dict[str, Any]) -> None:
        """Count the verdicts of one more report."""
        self.unconfirmed.update(dict.fromkeys(checked["unconfirmed"]))
        for verdict in checked["verdicts"]:
            rule, backend, status = verdict["rule"], verdict["backend"], verdict["status"]
            expected = status == "violated" and not verdict["failed"]
            self.counts["expected" if expected else status] += 1
            self.backends[backend] = None
            if status in _RAN:
                self.ran.add(rule)
            if verdict["failed"]:
                self.broken.setdefault(rule, []).append(backend)
            elif status in ("vacuous", "skipped"):
                self.rest.setdefault(f"{rule}: {status}, {verdict['message']}", []).append(backend)
            if verdict["needs_fresh"]:
                self.fresh.add(rule)


class Summary:
    """Collects what was checked, here or in workers, and prints the section at the end."""

    def __init__(self) -> None:
        self._subjects: dict[tuple[str, str, str], _Subject] = {}
        self._catalogue = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect from one test's report."""
        for checked in getattr(report, "asyncprotocol", ()):
            test = report.nodeid.partition("[")[0]
            self._catalogue = checked["catalogue"]
            key = (test, checked["subject"], checked["protocol"])
            if key not in self._subjects:
                name = f"{test.rpartition('::')[2]}: {checked['subject']}"
                self._subjects[key] = _Subject(name, checked["protocol"], checked["known"])
            self._subjects[key].add(checked)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the section, if anything was checked."""
        if not self._subjects:
            return
        verbosity = terminalreporter.config.get_verbosity()
        if verbosity < 0:
            terminalreporter.write_line(self._total())
            return
        terminalreporter.write_sep("=", "async protocol conformance")
        for subject in self._subjects.values():
            _print(terminalreporter, subject, verbose=verbosity > 0)
        terminalreporter.write_line(self._total())

    def _total(self) -> str:
        counts: Counter[str] = Counter()
        ran: set[str] = set()
        for subject in self._subjects.values():
            counts.update(subject.counts)
            ran |= subject.ran
        subjects = f"{len(self._subjects)} subject{'s' * (len(self._subjects) != 1)}"
        return (
            f"asyncprotocol: {subjects}, {_counted(counts)}; "
            f"{len(ran)} of the {self._catalogue} rules in the catalogue ran"
        )


def _print(out: Any, subject: _Subject, *, verbose: bool) -> None:
    colour = {"red": True} if subject.broken else {"green": True}
    out.write(f"{subject.name} ({subject.protocol}) ", bold=True)
    out.write(_counted(subject.counts), **colour)
    out.write_line(
        f" on {', '.join(subject.backends)}; {len(subject.ran)} of {subject.known} rules ran"
    )
    for rule, backends in subject.broken.items():
        out.write_line(f"    {rule}  on {', '.join(dict.fromkeys(backends))}", red=True)
    if subject.fresh:
        rules = f"{len(subject.fresh)} rule{'s need' if len(subject.fresh) != 1 else ' needs'}"
        out.write_line(f"    {rules} a fresh object: pass a factory, for example a lambda")
    for key in subject.unconfirmed:
        out.write_line(f"    expected failure not confirmed: {key}", yellow=True)
    if verbose:
        for line, backends in subject.rest.items():
            out.write_line(f"    {line} ({', '.join(backends)})")


def _counted(counts: Counter[str]) -> str:
    named = (*_ORDER[:2], "expected", *_ORDER[2:])
    words = {"expected": "failed as expected", "error": "without a verdict"}
    return ", ".join(f"{counts[s]} {words.get(s, s)}" for s in named if counts[s])


def _plain(report: Report) -> dict[str, Any]:
    from pytest_asyncprotocol.model.catalogue import catalogue

    rules = catalogue().values()
    return {
        "subject": report.subject,
        "protocol": report.protocol.words,
        "known": sum(report.protocol in rule.protocols for rule in rules),
        "catalogue": len(rules),
        "unconfirmed": list(report.unconfirmed),
        "verdicts": [
            {
                "rule": verdict.name,
                "backend": verdict.backend,
                "status": verdict.status.value,
                "failed": verdict.failed,
                "message": verdict.message,
                "needs_fresh": verdict.message.startswith("needs a fresh object"),
            }
            for verdict in report
        ],
    }
