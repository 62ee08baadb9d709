"""The document as Markdown that fits into the summary of a CI job."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from pytest_asyncprotocol.plugin.coverage.table import state, total
from pytest_asyncprotocol.plugin.reports.document import ENDINGS, Document
from pytest_asyncprotocol.plugin.reports.findings import (
    MARKS,
    Finding,
    counted,
    findings_of,
    headline,
    name_of,
)

_MOST_EXPLAINED = 50
"""Findings that are shown with their trace; GitHub cuts a summary at 1 MiB."""

_SPECIAL = re.compile(r"[\\<>|*_`\[\]~#$]")
_CODE = re.compile(r"`([^`]+)`")


def written(document: Document) -> str:
    """The totals, a table of the subjects, and what failed, rule by rule."""
    parts = (_head, _table, _failures, _packages, _rest)
    return "\n".join(line for part in parts for line in part(document))


def _head(document: Document) -> Iterator[str]:
    totals = document["totals"]
    yield "## Async protocol conformance"
    yield ""
    yield f"**{escaped(headline(document))}**"
    yield ""
    rules = totals["rules"]
    backends = ", ".join(document["configuration"]["backends"])
    yield (
        f"{_plural(totals['subjects'], 'subject')}, {counted(totals['counts'])}; "
        f"{rules['ran']} of the {rules['catalogue']} rules in the catalogue ran. "
        f"Backends: {escaped(backends)}; level: {escaped(document['configuration']['level'])}; "
        f"Python {escaped(document['versions']['python'])}."
    )
    yield ""


def _table(document: Document) -> Iterator[str]:
    if not document["subjects"]:
        return
    yield f"| | Subject | Protocol | Backends | {' | '.join(ENDINGS)} |"
    yield f"|---|---|---|---|{'---:|' * len(ENDINGS)}"
    for subject in document["subjects"]:
        counts = subject["counts"]
        mark = MARKS["violated" if counts["violated"] or counts["error"] else "passed"]
        cells = [
            mark if counts["passed"] or mark != MARKS["passed"] else MARKS["vacuous"],
            f"{_code(name_of(subject))}<br>{_code(subject['test'])}",
            escaped(subject["protocol"]),
            escaped(", ".join(subject["backends"])),
            *(str(counts[name] or "") for name in ENDINGS),
        ]
        yield f"| {' | '.join(cells)} |"
    yield ""


def _failures(document: Document) -> Iterator[str]:
    """What failed, by rule, so that each rule is explained once."""
    pages: dict[str, Mapping[str, Any]] = {rule["id"]: rule for rule in document["rules"]}
    groups: dict[str, list[Finding]] = {}
    for finding in findings_of(document):
        groups.setdefault(finding.rule or "", []).append(finding)
    if groups:
        yield "### What failed"
        yield ""
    explained = 0
    for rule, findings in sorted(groups.items(), key=lambda each: (not each[0], each[0])):
        page = pages.get(rule)
        yield from _rule(rule, page)
        for finding in findings:
            explained += 1
            yield from _finding(finding, short=explained > _MOST_EXPLAINED)
        if page is not None:
            yield from _page(page)


def _rule(rule: str, page: Mapping[str, Any] | None) -> Iterator[str]:
    if page is None:
        yield f"#### {escaped(rule) or 'No rule could be judged'}"
    else:
        level = page["level"].upper()
        yield f"#### {page['id']} {page['slug']} ({level}): {_prose(page['title'])}"
    yield ""


def _finding(finding: Finding, *, short: bool) -> Iterator[str]:
    subject = finding.subject
    where = f"{', '.join(finding.backends)}{' only' * finding.alone}"
    details = [
        *(["Trace:", *(f"  {each}" for each in finding.trace)] if finding.trace else []),
        *([f"Defined: {subject['source']}"] if subject["source"] else []),
        f"Test: {subject['test']}",
        *(
            ["Reproducer: a script in the JSON and the HTML report"]
            if any(finding.reproducers.values())
            else []
        ),
    ]
    if short:
        yield f"- {_code(name_of(subject))} on {escaped(where)}: {_code(finding.message)}"
        yield ""
        return
    summary = f"{_tag(name_of(subject))} on {escape(where)}: {_tag(finding.message)}"
    yield f"<details><summary>{summary}</summary>"
    yield ""
    yield from _fenced(details)
    yield ""
    yield "</details>"
    yield ""


def _page(page: Mapping[str, Any]) -> Iterator[str]:
    for heading, text in (("Why", page["why"]), ("Look at", page["advice"])):
        if text:
            yield f"**{heading}:** {_prose(text)}"
            yield ""
    if page["source"]:
        yield f"**Source:** {_sourced(page)}"
        yield ""
    if page.get("distribution"):
        yield f"**From:** {_prose(page['distribution'])}"
        yield ""


def _sourced(page: Mapping[str, Any]) -> str:
    address: str = page["address"]
    text = page["source"].replace(address, "").strip().rstrip(":") or address
    if not re.match(r"https?://", address):
        return _prose(page["source"])
    target = re.sub(r"[()<>\s\\]", lambda found: f"%{ord(found[0]):02X}", address)
    return f"[{_prose(text)}]({target})"


def _packages(document: Document) -> Iterator[str]:
    """What was checked of each package that was asked for."""
    if document["packages"]:
        yield "### Coverage"
        yield ""
    for package in document["packages"]:
        yield f"<details><summary>{_tag(total(package))}</summary>"
        yield ""
        for row in package["targets"]:
            if not row["abstract"]:
                name = _code(f"{row['module']}.{row['name']}")
                yield f"- {name}, {escaped(row['protocol'])}: {escaped(state(row))}"
        for each in package["unimportable"]:
            yield f"- {_code(each['module'])} could not be imported: {_code(each['error'])}"
        for each in package["violations"]:
            name = _code(f"{each['module']}.{each['name']}")
            yield f"- {MARKS['violated']} {name}: {escaped(each['rule'])}: {_code(each['message'])}"
        yield ""
        yield "</details>"
        yield ""


def _rest(document: Document) -> Iterator[str]:
    unconfirmed = [(s, key) for s in document["subjects"] for key in s["unconfirmed"]]
    if unconfirmed:
        yield f"<details><summary>Expected failures not confirmed: {len(unconfirmed)}</summary>"
        yield ""
        for subject, key in unconfirmed:
            yield f"- {_code(subject['id'])}: {escaped(key)}"
        yield ""
        yield "</details>"
        yield ""


def escaped(text: str) -> str:
    """*text* in one line, in which nothing is markup or ends the cell of a table."""
    return _SPECIAL.sub(r"\\\g<0>", re.sub(r"\s+", " ", text).replace("&", "&amp;"))


def _prose(text: str) -> str:
    """Text with code in single backticks, which stays code."""
    parts = _CODE.split(text)
    return "".join(_code(part) if n % 2 else escaped(part) for n, part in enumerate(parts))


def _code(text: str) -> str:
    """*text* as code, also in the cell of a table."""
    line = re.sub(r"\s+", " ", text).replace("|", r"\|")
    fence = _fence(line, shortest=1)
    space = " " * ("`" in line)
    return f"{fence}{space}{line}{space}{fence}" if line.strip() else ""


def _tag(text: str) -> str:
    """*text* as code inside of a tag, where Markdown is not read."""
    return f"<code>{escape(' '.join(text.split()))}</code>"


def _fenced(lines: list[str]) -> Iterator[str]:
    fence = _fence("\n".join(lines), shortest=3)
    yield f"{fence}text"
    yield from lines
    yield fence


def _fence(text: str, *, shortest: int) -> str:
    """Backticks, one more than in any run of them in *text*."""
    return "`" * max(shortest, 1 + max(map(len, re.findall(r"`+", text)), default=0))


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
