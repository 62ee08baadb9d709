"""What the terminal says at the end: one line a subject, what is broken, and how much was run."""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest

_ORDER = ("violated", "error", "passed", "vacuous", "skipped")
_RAN = ("violated", "passed", "vacuous")


@dataclass(slots=True)
class _Subject:
    """One subject over all the items that judged it."""

    test: str
    name: str
    protocol: str
    known: int
    counts: Counter[str] = field(default_factory=Counter[str])
    ran: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    backends: set[str] = field(default_factory=set[str])
    broken: dict[tuple[str, str], set[str]] = field(default_factory=dict[tuple[str, str], set[str]])
    rest: dict[str, dict[str, set[str]]] = field(default_factory=dict[str, dict[str, set[str]]])
    fresh: set[str] = field(default_factory=set[str])
    unconfirmed: set[str] = field(default_factory=set[str])

    def add(self, checked: dict[str, Any]) -> None:
        """Count the verdicts of one more report."""
        self.unconfirmed.update(checked["unconfirmed"])
        for verdict in checked["verdicts"]:
            rule, backend, status = verdict["rule"], verdict["backend"], verdict["status"]
            message = verdict["message"]
            expected = status == "violated" and not verdict["failed"]
            self.counts["expected" if expected else status] += 1
            self.backends.add(backend)
            if status in _RAN:
                self.ran.setdefault(rule, set()).add(backend)
            if verdict["failed"]:
                self.broken.setdefault((rule, message), set()).add(backend)
            elif status in ("vacuous", "skipped"):
                why = self.rest.setdefault(f"{status}, {message}", {})
                why.setdefault(rule, set()).add(backend)
            if verdict["needs_fresh"]:
                self.fresh.add(rule)

    def broken_lines(self) -> list[str]:
        """What failed, and where; first what fails on one backend and holds on another."""
        lines: list[tuple[bool, str]] = []
        for (rule, message), on in self.broken.items():
            alone = on < self.ran.get(rule, set())
            lines.append((not alone, f"{rule}  on {_listed(on)}{' only' * alone}: {message}"))
        return [line for _, line in sorted(lines)]

    def rest_lines(self) -> list[str]:
        """What proved nothing, under each reason; backends where not all are meant."""
        lines: list[str] = []
        for why, rules in sorted(self.rest.items()):
            names = [
                rule if on == self.backends else f"{rule} ({_listed(on)})"
                for rule, on in sorted(rules.items())
            ]
            lines.append(f"{why}: {', '.join(names)}")
        return lines


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
                self._subjects[key] = _Subject(test, key[1], key[2], checked["known"])
            self._subjects[key].add(checked)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the section, if anything was checked; the order is that of the node ids."""
        if not self._subjects:
            return
        out = Out(terminalreporter)
        verbosity = terminalreporter.config.get_verbosity()
        if verbosity >= 0:
            terminalreporter.write_sep("=", "async protocol conformance")
            subjects = [self._subjects[key] for key in sorted(self._subjects)]
            short = Counter(test.rpartition("::")[2] for test in {s.test for s in subjects})
            for subject in subjects:
                name = subject.test.rpartition("::")[2]
                out.subject(
                    subject, name if short[name] == 1 else subject.test, verbose=verbosity > 0
                )
        out.line(self._total(), indent=0)

    def _total(self) -> str:
        counts: Counter[str] = Counter()
        ran: set[str] = set()
        for subject in self._subjects.values():
            counts.update(subject.counts)
            ran.update(subject.ran)
        subjects = f"{len(self._subjects)} subject{'s' * (len(self._subjects) != 1)}"
        return (
            f"asyncprotocol: {subjects}, {_counted(counts)}; "
            f"{len(ran)} of the {self._catalogue} rules in the catalogue ran"
        )


class Out:
    """Writes lines that are no wider than the terminal."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter
        self._width = reporter.config.get_terminal_writer().fullwidth

    def line(self, text: str, *, indent: int = 4, **markup: bool) -> None:
        """Write *text*, wrapped; what comes behind the first line stands further in."""
        wrapped = textwrap.wrap(
            text, self._width, initial_indent=" " * indent, subsequent_indent=" " * (indent + 4),
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        for each in wrapped:
            self._reporter.write_line(each, **markup)

    def subject(self, subject: _Subject, test: str, *, verbose: bool) -> None:
        """Write what is known of one subject; its doubts and gaps only if *verbose*."""
        head = f"{test}: {subject.name} ({subject.protocol})"
        counts = _counted(subject.counts)
        rest = f" on {_listed(subject.backends)}; {len(subject.ran)} of {subject.known} rules ran"
        colour = {_colour(subject): True}
        self._reporter.write(head, bold=True)
        if len(head) + 1 + len(counts) + len(rest) > self._width:
            self._reporter.write_line("")
            self.line(counts + rest, **colour)
        else:
            self._reporter.write(f" {counts}", **colour)
            self._reporter.write_line(rest)
        for line in subject.broken_lines():
            self.line(line, red=True)
        if subject.fresh:
            need = "s need" if len(subject.fresh) != 1 else " needs"
            self.line(
                f"{len(subject.fresh)} rule{need} a fresh object: pass a factory, for example "
                f"`lambda: {subject.name}(...)`"
            )
        for key in sorted(subject.unconfirmed):
            self.line(f"expected failure not confirmed: {key}", yellow=True)
        if verbose:
            for line in subject.rest_lines():
                self.line(line)


def _colour(subject: _Subject) -> str:
    """Red if something is broken, green if something was proved, else yellow."""
    if subject.broken:
        return "red"
    return "green" if subject.counts["passed"] else "yellow"


def _listed(backends: set[str]) -> str:
    return ", ".join(sorted(backends))


def _counted(counts: Counter[str]) -> str:
    named = (*_ORDER[:2], "expected", *_ORDER[2:])
    words = {"expected": "xfailed", "error": "without a verdict"}
    return ", ".join(f"{counts[s]} {words.get(s, s)}" for s in named if counts[s])
