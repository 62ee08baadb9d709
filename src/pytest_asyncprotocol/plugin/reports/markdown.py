"""The document as Markdown that fits into the summary of a CI job."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from pytest_asyncprotocol.explaining import plural
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
    yield "## Async protocol conformance\n"
    yield f"**{escaped(headline(document))}**\n"
    rules = totals["rules"]
    backends = ", ".join(document["configuration"]["backends"])
    yield (
        f"{plural(totals['subjects'], 'subject')}, {counted(totals['counts'])}; "
        f"{rules['ran']} of the {rules['catalogue']} rules in the catalogue ran. "
        f"Backends: {escaped(backends)}; level: {escaped(document['configuration']['level'])}; "
        f"Python {escaped(document['versions']['python'])}.\n"
    )


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
        yield "### What failed\n"
    explained = 0
    for rule, findings in sorted(groups.items(), key=lambda each: (not each[0], each[0])):
        page = pages.get(rule)
        yield f"#### {_heading(rule, page)}\n"
        for finding in findings:
            explained += 1
            yield from _finding(finding, short=explained > _MOST_EXPLAINED)
        if page is not None:
            yield from _page(page)


def _heading(rule: str, page: Mapping[str, Any] | None) -> str:
    if page is None:
        return escaped(rule) or "No rule could be judged"
    return f"{page['id']} {page['slug']} ({page['level'].upper()}): {_prose(page['title'])}"


def _finding(finding: Finding, *, short: bool) -> Iterator[str]:
    subject = finding.subject
    name, where, message = name_of(subject), finding.where, finding.message
    if short:
        yield f"- {_code(name)} on {escaped(where)}: {_code(message)}\n"
        return
    details = ["Trace:", *(f"  {each}" for each in finding.trace)] if finding.trace else []
    if subject["source"]:
        details.append(f"Defined: {subject['source']}")
    details.append(f"Test: {subject['test']}")
    if any(finding.reproducers.values()):
        details.append("Reproducer: a script in the JSON and the HTML report")
    fence = _fence("\n".join(details), shortest=3)
    yield f"<details><summary>{_tag(name)} on {escape(where)}: {_tag(message)}</summary>\n"
    yield from (f"{fence}text", *details, fence)
    yield "\n</details>\n"


def _page(page: Mapping[str, Any]) -> Iterator[str]:
    for heading, text in (("Why", page["why"]), ("Look at", page["advice"])):
        if text:
            yield f"**{heading}:** {_prose(text)}\n"
    if page["source"]:
        yield f"**Source:** {_sourced(page)}\n"
    if page.get("distribution"):
        yield f"**From:** {_prose(page['distribution'])}\n"


def _sourced(page: Mapping[str, Any]) -> str:
    address: str = page["address"]
    if not re.match(r"https?://", address):
        return _prose(page["source"])
    text = page["source"].replace(address, "").strip().rstrip(":") or address
    target = re.sub(r"[()<>\s\\]", lambda found: f"%{ord(found[0]):02X}", address)
    return f"[{_prose(text)}]({target})"


def _packages(document: Document) -> Iterator[str]:
    """What was checked of each package that was asked for."""
    if document["packages"]:
        yield "### Coverage\n"
    for package in document["packages"]:
        yield f"<details><summary>{_tag(total(package))}</summary>\n"
        for row in package["targets"]:
            if not row["abstract"]:
                name = _code(f"{row['module']}.{row['name']}")
                yield f"- {name}, {escaped(row['protocol'])}: {escaped(state(row))}"
        for each in package["unimportable"]:
            yield f"- {_code(each['module'])} could not be imported: {_code(each['error'])}"
        for each in package["violations"]:
            name = _code(f"{each['module']}.{each['name']}")
            yield f"- {MARKS['violated']} {name}: {escaped(each['rule'])}: {_code(each['message'])}"
        yield "\n</details>\n"


def _rest(document: Document) -> Iterator[str]:
    unconfirmed = [(s, key) for s in document["subjects"] for key in s["unconfirmed"]]
    if unconfirmed:
        yield f"<details><summary>Expected failures not confirmed: {len(unconfirmed)}</summary>\n"
        for subject, key in unconfirmed:
            yield f"- {_code(subject['id'])}: {escaped(key)}"
        yield "\n</details>\n"


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


def _fence(text: str, *, shortest: int) -> str:
    """Backticks, one more than in any run of them in *text*."""
    return "`" * max(shortest, 1 + max(map(len, re.findall(r"`+", text)), default=0))
