"""Reports and rules as text for people."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from functools import partial

from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.rule import Rule
from pytest_asyncprotocol.model.verdicts import Report, Skip, Status, Verdict

WIDTH = 100
LEFT_OUT = (Skip.NOT_APPLICABLE, Skip.UNDECLARED)
"""Why a rule says nothing about a subject, as it was declared."""


def plain(text: str) -> str:
    """The text of a docstring for a terminal: code in single backticks."""
    return re.sub(r"``([^`]+)``", r"`\1`", text)


def plural(number: int, noun: str) -> str:
    """So many of a thing, in words."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def explain(report: Report) -> str:
    """What failed, in full: the verdict, a table of the rules, then each one explained."""
    groups = _grouped(report.failures)
    parts: list[Iterable[str]] = [_explained(group, report) for group in groups]
    parts.insert(0, _table(groups) if groups else _nothing_proved(report))
    if len(report) > 1:
        parts.append(_wrapped(counts(report)))
    return "\n\n".join([verdict_line(report), *map("\n".join, parts)])


def verdict_line(report: Report) -> str:
    """The whole report in one line."""
    violated = len({v.name for v in report.failures if v.status is Status.VIOLATED})
    errors = len({v.name for v in report.failures if v.status is Status.ERROR})
    parts = [f"{plural(violated, 'rule')} violated"] if violated else []
    if errors:
        parts.append(f"{plural(errors, 'check')} without a verdict")
    if not parts:
        parts = ["all rules hold" if report.passed else "nothing was proved"]
    return f"{report.subject} as {report.protocol.noun}: {', '.join(parts)}"


def counts(report: Report) -> str:
    """How much was checked, of how much."""
    ran = {v.name for v in report if v.status in (Status.PASSED, Status.VIOLATED, Status.VACUOUS)}
    applicable = {v.name for v in report if v.rule is not None and v.skip not in LEFT_OUT}
    known = [r for r in catalogue().values() if report.protocol in r.protocols]
    line = (
        f"{len(ran)} of {plural(len(applicable), 'applicable rule')} ran, of {len(known)} for "
        f"{report.protocol.noun} and {len(catalogue())} in the catalogue"
    )
    fresh = {v.name for v in report if v.skip is Skip.NEEDS_FRESH}
    if fresh:
        need = "needs" if len(fresh) == 1 else "need"
        line += (
            f"; {plural(len(fresh), 'rule')} {need} a fresh object: pass a factory, for example "
            f"`lambda: {report.subject}(...)`"
        )
    for key in report.unconfirmed:
        line += f"; expected failure not confirmed: {key}"
    return line


def explain_verdicts(verdicts: Iterable[Verdict], report: Report) -> str:
    """One rule's failed verdicts in full."""
    return "\n".join(_explained(list(verdicts), report))


def explain_rule(rule: Rule) -> str:
    """A rule's page: what it says, why, how it is broken in practice, advice and source."""
    named = ", ".join(p.words for p in rule.protocols)
    protocols = "all protocols" if len(rule.protocols) == len(Protocol) else named
    lines = [f"{rule.name} · {rule.level.value.upper()} · {protocols}"]
    if rule.distribution is not None:
        lines.append(f"from {rule.distribution}")
    lines += [rule.title, "", rule.what] if rule.what else [rule.title]
    texts = (rule.why, rule.practice, rule.advice, rule.source)
    for heading, text in zip(("Why", "In practice", "Advice", "Source"), texts, strict=True):
        if text:
            lines += ["", f"{heading}:", textwrap.indent(text, "    ")]
    if rule.enabled_by:
        lines += ["", f"Enabled by: {', '.join(f'{n}=' for n in rule.enabled_by)}"]
    if rule.requires:
        lines += ["", *_wrapped(f"Judged only where these hold: {', '.join(rule.requires)}")]
    return plain("\n".join(lines))


def _grouped(verdicts: Iterable[Verdict]) -> list[list[Verdict]]:
    """Verdicts of the same rule with the same status, whatever the backend."""
    groups: dict[tuple[str, Status], list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault((verdict.name, verdict.status), []).append(verdict)
    return sorted(groups.values(), key=lambda g: (g[0].status is Status.ERROR, g[0].name))


def _table(groups: list[list[Verdict]]) -> Iterator[str]:
    names = max(len(g[0].name) for g in groups)
    backends = max(len(_backends(g)) for g in groups)
    for group in groups:
        rule = None if group[0].status is Status.ERROR else group[0].rule
        level = "ERROR" if rule is None else rule.level.value.upper()
        line = f"  {group[0].name:{names}}  {level:6}  {_backends(group):{backends}}  "
        width = max(WIDTH - len(line), 20)
        yield line + textwrap.shorten(group[0].message, width, placeholder=" …")


def _explained(group: list[Verdict], report: Report) -> Iterator[str]:
    first, different = group[0], {(v.message, v.trace): v for v in reversed(group)}.values()
    judged = first.rule if first.status is Status.VIOLATED else None
    yield f"{first.name}, on {_backends(group)}"
    if judged is not None:
        yield from _block("Rule", f"{judged.title}.")
    for verdict in reversed(different):
        where = f" ({verdict.backend})" if len(different) > 1 else ""
        heading = "Found" if first.status is Status.VIOLATED else "Error"
        yield from _block(f"{heading}{where}", verdict.message)
        if verdict.trace:
            yield "  Trace:"
            for line in verdict.trace:
                yield from _wrapped(line, "    ")
    if judged is not None:
        yield from _block("Why", judged.why)
        yield from _block("Look at", judged.advice)
    yield from _block("Defined", report.source or "")
    if judged is not None:
        yield from _block("Source", judged.source)
        yield from _block("From", judged.distribution or "")


def _block(heading: str, text: str) -> Iterator[str]:
    if text:
        yield from _wrapped(f"{heading}: {plain(text)}", "  ")


def _wrapped(text: str, indent: str = "") -> list[str]:
    """*text* in lines of the width; addresses of pages stay in one piece."""
    wrap = partial(textwrap.wrap, break_long_words=False, break_on_hyphens=False)
    return wrap(text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ")


def _nothing_proved(report: Report) -> Iterator[str]:
    if not len(report):
        yield "  no rule is left to check: look at select=, ignore= and level="
    backends: dict[str, list[str]] = {}
    for verdict in report:
        ended = f"{verdict.status.value}, {verdict.message}".removesuffix(", ")
        if verdict.expected is not None:
            ended = f"failed as expected ({verdict.expected})"
        backends.setdefault(f"{verdict.name}, on {{}}: {ended}", []).append(verdict.backend)
    for line, where in backends.items():
        yield from _wrapped(line.replace("{}", ", ".join(where), 1), "  ")


def _backends(group: list[Verdict]) -> str:
    return ", ".join(dict.fromkeys(v.backend for v in group))
