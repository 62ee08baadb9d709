"""The document as one page: totals, what failed, a matrix a protocol, subjects, rules.

The page needs no script and loads nothing. A cell of a matrix is a link to what stands behind it,
so that each text is in the page once, however many subjects and rules there are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from importlib.resources import files
from typing import Any

from pytest_asyncprotocol.plugin.coverage.table import state, total
from pytest_asyncprotocol.plugin.reports.document import ENDINGS, Document
from pytest_asyncprotocol.plugin.reports.findings import (
    MARKS,
    WORDS,
    Finding,
    findings_of,
    headline,
    name_of,
)
from pytest_asyncprotocol.plugin.reports.matrix import Entries, matrices

_MOST_OPEN = 10
"""Findings up to this number are shown open."""

_CODE = re.compile(r"`([^`]+)`")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def written(document: Document) -> str:
    """The page."""
    findings = findings_of(document)
    entries = Entries(document, findings)
    tables = list(matrices(entries))
    style = files(str(__spec__.parent)).joinpath("page.css").read_text(encoding="utf-8")
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            "<title>Async protocol conformance</title>",
            f"<style>\n{style}</style>\n</head>\n<body>",
            '<a class="skip" href="#failed">Skip to what failed</a>',
            *_head(document),
            *_navigation(document, findings, [protocol for protocol, _ in tables]),
            "<main>",
            *_failed(document, findings),
            *_matrices(tables),
            *_subjects(entries),
            *_packages(document),
            *_rules(document),
            "</main>\n</body>\n</html>\n",
        ]
    )


def _head(document: Document) -> Iterator[str]:
    totals, settings, versions = (document[n] for n in ("totals", "configuration", "versions"))
    yield "<header>\n<h1>Async protocol conformance</h1>"
    yield f'<p class="headline">{escape(headline(document))}</p>'
    yield '<dl class="totals">'
    yield _total(str(totals["subjects"]), "subjects")
    for name in ENDINGS:
        number = totals["counts"][name]
        yield _total(str(number), f"{MARKS[name]} {WORDS[name]}", name if number else "none")
    rules = totals["rules"]
    yield _total(f"{rules['ran']}<small> of {rules['catalogue']}</small>", "rules ran")
    yield "</dl>"
    libraries = {"pytest-asyncprotocol": versions["pytest-asyncprotocol"], **versions["libraries"]}
    facts = [f"Backends: {', '.join(settings['backends'])}", f"level: {settings['level']}"]
    facts += [f"{n}: {', '.join(settings[n])}" for n in ("select", "ignore") if settings[n]]
    made_with = [f"{versions['implementation']} {versions['python']} on {versions['platform']}"]
    made_with += [f"{name} {version}" for name, version in libraries.items() if version]
    yield f'<p class="facts">{escape("; ".join(facts))}.<br>{escape(", ".join(made_with))}.</p>'
    yield "</header>"


def _total(number: str, label: str, kind: str = "") -> str:
    return f'<div class="{kind}"><dt>{label}</dt><dd>{number}</dd></div>'


def _navigation(document: Document, findings: list[Finding], protocols: list[str]) -> Iterator[str]:
    yield '<nav aria-label="On this page"><ul>'
    yield f'<li><a href="#failed">What failed ({len(findings)})</a></li>'
    for protocol in protocols:
        yield f'<li><a href="#{_anchor(protocol)}">{escape(protocol.capitalize())}s</a></li>'
    yield '<li><a href="#subjects">Subjects</a></li>'
    if document["packages"]:
        yield '<li><a href="#coverage">Coverage</a></li>'
    yield '<li><a href="#rules">Rules</a></li>'
    yield "</ul></nav>"


def _failed(document: Document, findings: list[Finding]) -> Iterator[str]:
    pages = {rule["id"]: rule for rule in document["rules"]}
    yield '<section id="failed">\n<h2>What failed</h2>'
    if not findings:
        yield "<p>Nothing.</p>"
    opened = " open" if len(findings) <= _MOST_OPEN else ""
    subject = None
    for number, finding in enumerate(findings):
        if finding.subject is not subject:
            subject = finding.subject
            yield f"<h3>{_subject_heading(subject)}</h3>"
        yield f'<details class="finding"{opened}>'
        yield from _finding(number, finding, pages.get(finding.rule))
        yield "</details>"
    yield "</section>"


def _subject_heading(subject: Mapping[str, Any]) -> str:
    return (
        f'{escape(name_of(subject))} <span class="as">{escape(subject["protocol"])}</span> '
        f'<span class="test">{escape(subject["test"])}</span>'
    )


def _finding(number: int, finding: Finding, page: Mapping[str, Any] | None) -> Iterator[str]:
    name = f"{page['id']} {page['slug']}" if page else finding.rule or "No rule could be judged"
    yield (
        f'<summary><span class="mark {finding.status}">{MARKS[finding.status]} '
        f"{WORDS[finding.status]}</span> <b>{escape(name)}</b> "
        f'<span class="on">on {escape(finding.where)}</span> '
        f'<span class="message">{escape(finding.message)}</span></summary>'
    )
    yield f'<div id="f{number}" class="explained">'
    if page is not None:
        yield f'<p class="rule">{_prose(page["title"])}. {_level(page)}</p>'
    if finding.trace:
        yield f"<h4>Trace</h4>\n{_listing(finding.trace)}"
    for backend, script in finding.reproducers.items():
        if script:
            yield f"<details><summary>Reproducer on {escape(backend)}</summary>"
            yield f"{_listing(script.splitlines())}</details>"
    yield "<dl>"
    if page is not None:
        yield from _explained(page)
    if finding.subject["source"]:
        yield f"<dt>Defined</dt><dd><code>{escape(finding.subject['source'])}</code></dd>"
    yield "</dl></div>"


def _listing(lines: Iterable[str]) -> str:
    return f'<pre tabindex="0">{escape(chr(10).join(lines))}</pre>'


def _explained(page: Mapping[str, Any]) -> Iterator[str]:
    for heading, text in (("Why", page["why"]), ("Look at", page["advice"])):
        if text:
            yield f"<dt>{heading}</dt><dd>{_prose(text)}</dd>"
    if page["source"]:
        yield f"<dt>Source</dt><dd>{_sourced(page)}</dd>"
    if page.get("distribution"):
        yield f"<dt>From</dt><dd>{escape(page['distribution'])}</dd>"


def _level(page: Mapping[str, Any]) -> str:
    return f'<span class="level">{escape(page["level"])}</span>'


def _sourced(page: Mapping[str, Any]) -> str:
    address: str = page["address"]
    if not re.match(r"https?://", address):
        return _prose(page["source"])
    text = page["source"].replace(address, "").strip().rstrip(":") or address
    return f'<a href="{escape(address)}" rel="noreferrer">{_prose(text)}</a>'


def _prose(text: str) -> str:
    """Text with code in single backticks, and blank lines between paragraphs."""
    return _CODE.sub(r"<code>\1</code>", escape(text)).replace("\n\n", "<br><br>")


def _matrices(tables: list[tuple[str, Iterator[str]]]) -> Iterator[str]:
    if not tables:
        return
    yield '<section id="matrix">\n<h2>Subjects and rules</h2>\n<ul class="legend">'
    for name in ENDINGS:
        yield f'<li><span class="{name}">{MARKS[name]}</span> {WORDS[name]}</li>'
    yield (
        '</ul>\n<p class="note">Each sign leads to what stands behind it. Where backends differ, a '
        "cell has a sign for each, in the order that is named with the subject.</p>"
    )
    for protocol, table in tables:
        yield f'<h3 id="{_anchor(protocol)}">{escape(protocol.capitalize())}s</h3>'
        yield from table
    yield "</section>"


def _subjects(entries: Entries) -> Iterator[str]:
    yield '<section id="subjects">\n<h2>Subjects</h2>'
    for number, subject in enumerate(entries.subjects):
        counts = " ".join(
            f'<span class="count {e}">{MARKS[e]} {subject["counts"][e]} {WORDS[e]}</span>'
            for e in ENDINGS
            if subject["counts"][e]
        )
        yield '<details class="subject">'
        yield f"<summary>{_subject_heading(subject)} {counts or 'no verdict'}</summary>"
        yield f'<div id="s{number}">'
        if subject["source"]:
            yield f"<p>Defined: <code>{escape(subject['source'])}</code></p>"
        if not subject["complete"]:
            yield "<p>One object was given: rules that need fresh ones could not run.</p>"
        for backend, what in subject["opened"].items():
            yield f"<p>Real clock on {escape(backend)}, because of {escape(', '.join(what))}</p>"
        for key in subject["unconfirmed"]:
            yield f"<p>Expected failure not confirmed: {escape(key)}</p>"
        yield "<ul>"
        yield from entries.listed(number)
        yield "</ul></div></details>"
    yield "</section>"


def _packages(document: Document) -> Iterator[str]:
    if not document["packages"]:
        return
    yield '<section id="coverage">\n<h2>Coverage</h2>'
    for package in document["packages"]:
        yield f'<details class="package"><summary>{escape(total(package))}</summary>\n<ul>'
        for row in package["targets"]:
            if not row["abstract"]:
                kind = "passed" if row["checked_on"] else "skipped"
                yield (
                    f"<li>{_target(row)} <span class='as'>{escape(row['protocol'])}</span> "
                    f'<span class="{kind}">{escape(state(row))}</span></li>'
                )
        for each in package["unimportable"]:
            module, error = escape(each["module"]), escape(each["error"])
            yield f"<li><code>{module}</code> could not be imported: {error}</li>"
        for each in package["violations"]:
            text = f"{MARKS['violated']} {escape(each['rule'])}: {escape(each['message'])}"
            yield f'<li>{_target(each)} <span class="violated">{text}</span></li>'
        yield "</ul></details>"
    yield "</section>"


def _target(row: Mapping[str, Any]) -> str:
    return f"<code>{escape(row['module'])}.{escape(row['name'])}</code>"


def _rules(document: Document) -> Iterator[str]:
    yield '<section id="rules">\n<h2>Rules</h2>'
    for page in document["rules"]:
        yield f'<article id="{escape(page["id"])}">'
        yield f"<h3>{escape(page['id'])} {escape(page['slug'])} {_level(page)}</h3>"
        yield f'<p class="rule">{_prose(page["title"])}.</p>'
        if page["what"]:
            yield f"<p>{_prose(page['what'])}</p>"
        yield "<dl>"
        yield from _explained(page)
        yield "</dl></article>"
    yield "</section>"


def _anchor(protocol: str) -> str:
    return escape(protocol.replace(" ", "-"))
