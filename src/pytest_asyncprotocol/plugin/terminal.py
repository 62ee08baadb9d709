"""What the terminal says at the end.

One line where all went well; before it each subject of which something has to be said, under -v
every subject, under -vv also why each rule that did not run was left out.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any

import pytest

from pytest_asyncprotocol.plugin.tracker import Collection

_ORDER = ("violated", "error", "expected", "passed", "vacuous", "skipped")
_RAN = ("violated", "passed", "vacuous")
_wrap = partial(textwrap.wrap, break_long_words=False, break_on_hyphens=False)
_SILENT = -1
"""The verbosity below which not even pytest says how many tests passed."""


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
    rest: dict[tuple[str, str], dict[str, set[str]]] = field(default_factory=dict[Any, Any])
    fresh: set[str] = field(default_factory=set[str])
    enabling: set[str] = field(default_factory=set[str])
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
                self.rest.setdefault((status, message), {}).setdefault(rule, set()).add(backend)
            if verdict["skip"] == "NEEDS_FRESH":
                self.fresh.add(rule)
            self.enabling.update(verdict["enabled_by"])

    @property
    def remarkable(self) -> bool:
        """Whether something has to be said, though nobody asked."""
        proved = self.counts["passed"] or self.counts["expected"]
        return bool(self.broken or self.fresh or self.unconfirmed or not proved)

    def broken_lines(self) -> list[str]:
        """What failed, and where; first what fails on one backend and holds on another."""
        lines: list[tuple[bool, str]] = []
        for (rule, message), on in self.broken.items():
            alone = on < self.ran.get(rule, set())
            lines.append((not alone, f"{rule}  on {_listed(on)}{' only' * alone}: {message}"))
        return [line for _, line in sorted(lines)]

    def rest_lines(self, *, skipped: bool) -> list[str]:
        """What proved nothing, under each reason; backends where not all are meant.

        Without *skipped*, of what was skipped just the declarations that would enable it.
        """
        lines: list[str] = []
        for (status, message), rules in sorted(self.rest.items()):
            names = [
                rule if on == self.backends else f"{rule} ({_listed(on)})"
                for rule, on in sorted(rules.items())
            ]
            if skipped or status == "vacuous":
                lines.append(f"{status}, {message}: {', '.join(names)}")
        if self.enabling and not skipped:
            names = [f"{name}=" for name in sorted(self.enabling)]
            lines.append(f"declarations that would enable more rules: {', '.join(names)}")
        return lines


class Summary(Collection):
    """Collects what was checked, and prints it at the end."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print it, if anything was checked; the order is that of the node ids."""
        verbosity = terminalreporter.config.get_verbosity()
        if not self.checked or verbosity < _SILENT:
            return
        out = Out(terminalreporter)
        subjects = self._subjects()
        short = Counter(_short(test) for test in {subject.test for subject in subjects})
        shown = [s for s in subjects if verbosity > 0 or (verbosity == 0 and s.remarkable)]
        if shown:
            terminalreporter.write_sep("=", "async protocol conformance")
        for subject in shown:
            name = _short(subject.test)
            out.subject(subject, name if short[name] == 1 else subject.test, verbosity)
        reports = chain.from_iterable(self.checked.values())
        out.total(subjects, catalogue=max(report["catalogue"] for report in reports))

    def _subjects(self) -> list[_Subject]:
        subjects: dict[tuple[str, str, str], _Subject] = {}
        for checked in chain.from_iterable(self.checked.values()):
            key = (checked["test"], checked["subject"], checked["protocol"])
            subjects.setdefault(key, _Subject(*key, checked["known"])).add(checked)
        return [subject for _, subject in sorted(subjects.items())]


class Out:
    """Writes lines that are no wider than the terminal."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter
        self._width = reporter.config.get_terminal_writer().fullwidth

    def line(self, text: str, *, indent: int = 4, **markup: bool) -> None:
        """Write *text*, wrapped; what comes behind the first line stands further in."""
        first, further = " " * indent, " " * (indent + 4)
        for each in _wrap(text, self._width, initial_indent=first, subsequent_indent=further):
            self._reporter.write_line(each, **markup)

    def subject(self, subject: _Subject, test: str, verbosity: int) -> None:
        """Write what is known of one subject; its doubts and gaps only if verbose."""
        head = f"{test}: {subject.name} ({subject.protocol})"
        counts = _counted(subject.counts)
        rest = f" on {_listed(subject.backends)}; {len(subject.ran)} of {subject.known} rules ran"
        colour = {_colour([subject]): True}
        if len(head) + 1 + len(counts) + len(rest) > self._width:
            self.line(head, indent=0, bold=True)
            self.line(counts + rest, **colour)
        else:
            self._reporter.write(head, bold=True)
            self._reporter.write_line(f" {counts}{rest}", **colour)
        for line in subject.broken_lines():
            self.line(line, red=True)
        if subject.fresh:
            need = "s need" if len(subject.fresh) != 1 else " needs"
            self.line(
                f"{len(subject.fresh)} rule{need} a fresh object: pass a factory, as in "
                f"`lambda: {subject.name}(...)`"
            )
        for key in sorted(subject.unconfirmed):
            self.line(f"expected failure not confirmed: {key}", yellow=True)
        if verbosity > 0:
            for line in subject.rest_lines(skipped=verbosity > 1):
                self.line(line)

    def total(self, subjects: list[_Subject], catalogue: int) -> None:
        """Write the line that holds for all."""
        counts = sum((subject.counts for subject in subjects), Counter[str]())
        ran = set(chain.from_iterable(subject.ran for subject in subjects))
        backends = set(chain.from_iterable(subject.backends for subject in subjects))
        self.line(
            f"asyncprotocol: {len(subjects)} subject{'s' * (len(subjects) != 1)} on "
            f"{_listed(backends)}: {_counted(counts)}; {len(ran)} of the {catalogue} rules in the "
            "catalogue ran",
            indent=0,
            **{_colour(subjects): True},
        )


def _colour(subjects: list[_Subject]) -> str:
    """Red if something is broken, green if something was proved, else yellow."""
    if any(subject.broken for subject in subjects):
        return "red"
    return "green" if any(subject.counts["passed"] for subject in subjects) else "yellow"


def _short(test: str) -> str:
    """The name of the test and its parameters, without file and class."""
    path, bracket, parameters = test.partition("[")
    return path.rpartition("::")[2] + bracket + parameters


def _listed(backends: set[str]) -> str:
    return ", ".join(sorted(backends))


def _counted(counts: Counter[str]) -> str:
    words = {"expected": "xfailed", "error": "without a verdict"}
    return ", ".join(f"{counts[s]} {words.get(s, s)}" for s in _ORDER if counts[s])
