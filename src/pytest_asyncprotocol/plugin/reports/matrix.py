"""The matrices of the page: subjects by rules, each cell a link to an entry of the subject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from pytest_asyncprotocol.explaining import plural
from pytest_asyncprotocol.plugin.reports.document import Document, ending
from pytest_asyncprotocol.plugin.reports.findings import MARKS, WORDS, Finding, name_of

_Verdict = Mapping[str, Any]


class Entries:
    """The verdicts of each subject by rule, and the place in the page at which each is told.

    A rule has an entry of its own in the list of its subject; those that were only skipped share
    one for each reason; what failed is told among the findings. In ``by_rule`` what no rule is
    blamed for stands under ``""``.
    """

    def __init__(self, document: Document, findings: list[Finding]) -> None:
        self.subjects: list[Mapping[str, Any]] = document["subjects"]
        self.rules: Mapping[str, Mapping[str, Any]] = {r["id"]: r for r in document["rules"]}
        self.by_rule = [_by_rule(subject) for subject in self.subjects]
        self._skips = [_skips(verdicts) for verdicts in self.by_rule]
        self._findings: dict[tuple[str, str], int] = {}
        for number, finding in enumerate(findings):
            self._findings.setdefault((finding.subject["id"], finding.rule or ""), number)

    def place(self, number: int, rule: str) -> str:
        """Where the verdicts on *rule* are told."""
        found = self._findings.get((self.subjects[number]["id"], rule))
        if found is not None:
            return f"f{found}"
        for group, rules in enumerate(self._skips[number].values()):
            if rule in rules:
                return f"s{number}-k{group}"
        return f"s{number}-{rule}"

    def listed(self, number: int) -> Iterator[str]:
        """The list of one subject's verdicts."""
        skipped = {rule for rules in self._skips[number].values() for rule in rules}
        for rule, verdicts in self.by_rule[number].items():
            if rule not in skipped:
                yield self._entry(number, rule, verdicts)
        for group, (reason, rules) in enumerate(self._skips[number].items()):
            links = ", ".join(self.link(rule) for rule in rules)
            yield (
                f'<li id="s{number}-k{group}"><span class="skipped">{MARKS["skipped"]} '
                f"skipped</span> {links}: {escape(reason)}</li>"
            )

    def link(self, rule: str, *, named: bool = False) -> str:
        """A link to the page of *rule*, if there is one."""
        page = self.rules.get(rule)
        if page is None:
            return escape(rule) or "no rule"
        name = f"{rule} {page['slug']}" if named else rule
        return f'<a href="#{escape(rule)}">{escape(name)}</a>'

    def _entry(self, number: int, rule: str, verdicts: list[_Verdict]) -> str:
        told: dict[tuple[str, str], list[str]] = {}
        for verdict in verdicts:
            told.setdefault((ending(verdict), _told(verdict)), []).append(verdict["backend"])
        parts = [
            f'<span class="{name}">{MARKS[name]} {WORDS[name]}</span> '
            f"on {escape(', '.join(backends))}{escape(text)}"
            for (name, text), backends in told.items()
        ]
        place = self.place(number, rule)
        if place.startswith("f"):
            parts.append(f'<a href="#{place}">explained above</a>')
        told_of = f"{self.link(rule, named=True)} {'; '.join(parts)}"
        return f'<li id="s{number}-{escape(rule)}">{told_of}</li>'


def matrices(entries: Entries) -> Iterator[tuple[str, Iterator[str]]]:
    """A table for each protocol: its name, and the lines of the table."""
    protocols: dict[str, list[int]] = {}
    for number, subject in enumerate(entries.subjects):
        protocols.setdefault(subject["protocol"], []).append(number)
    for protocol, numbers in sorted(protocols.items()):
        yield protocol, _table(entries, protocol, numbers)


def _table(entries: Entries, protocol: str, numbers: list[int]) -> Iterator[str]:
    rules = sorted({rule for n in numbers for rule in entries.by_rule[n] if rule})
    label = f"Verdicts on each {escape(protocol)}"
    yield f'<div class="matrix" role="region" tabindex="0" aria-label="{label}"><table>'
    yield '<thead><tr><th scope="col">Subject</th>'
    yield "".join(f'<th scope="col">{entries.link(rule)}</th>' for rule in rules)
    yield "</tr></thead><tbody>"
    for number in numbers:
        subject = entries.subjects[number]
        test = subject["test"].rpartition("::")[2]
        cells = "".join(_cell(entries, number, rule) for rule in rules)
        yield (
            f'<tr><th scope="row"><a href="#s{number}">{escape(name_of(subject))}</a> '
            f"<small>{escape(test)}; {escape(', '.join(subject['backends']))}</small></th>"
            f"{cells}</tr>"
        )
    yield "</tbody></table></div>"


def _cell(entries: Entries, number: int, rule: str) -> str:
    verdicts = entries.by_rule[number].get(rule)
    if verdicts is None:
        return "<td></td>"
    names = list(dict.fromkeys(map(ending, verdicts)))
    href = f'href="#{escape(entries.place(number, rule))}"'
    backends = [verdict["backend"] for verdict in verdicts]
    if len(names) == 1 and backends == entries.subjects[number]["backends"]:
        name = names[0]
        label = "" if name == "passed" else f' aria-label="{WORDS[name]}"'
        return f'<td><a class="{name}" {href}{label}>{MARKS[name]}</a></td>'
    told = ", ".join(f"{WORDS[ending(v)]} on {v['backend']}" for v in verdicts)
    marks = "".join(f'<span class="{ending(v)}">{MARKS[ending(v)]}</span>' for v in verdicts)
    return f'<td><a {href} aria-label="{escape(told)}" title="{escape(told)}">{marks}</a></td>'


def _by_rule(subject: Mapping[str, Any]) -> dict[str, list[_Verdict]]:
    found: dict[str, list[_Verdict]] = {}
    for verdict in subject["verdicts"]:
        found.setdefault(verdict["rule"] or "", []).append(verdict)
    return found


def _skips(by_rule: Mapping[str, list[_Verdict]]) -> dict[str, list[str]]:
    """The rules that were skipped on all backends, by the reason."""
    reasons: dict[str, list[str]] = {}
    for rule, verdicts in by_rule.items():
        told = {verdict["message"] for verdict in verdicts if verdict["status"] == "skipped"}
        if len(told) == 1 and all(verdict["status"] == "skipped" for verdict in verdicts):
            reasons.setdefault(told.pop(), []).append(rule)
    return reasons


def _told(verdict: _Verdict) -> str:
    """What there is to say of a verdict, behind its backends."""
    coverage = verdict["coverage"]
    parts = [verdict["message"]] if verdict["message"] else []
    if verdict["expected"] is not None:
        parts.append(f"expected: {verdict['expected']}")
    if coverage["runs"] and verdict["status"] == "passed":
        parts.append(plural(coverage["runs"], "run"))
        if coverage["points"]:
            parts.append(plural(coverage["points"], "cancellation point"))
    if not coverage["scheduled"] and coverage["runs"]:
        parts.append("scheduling not controlled")
    return f": {', '.join(parts)}" if parts else ""
