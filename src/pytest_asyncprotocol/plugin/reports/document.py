"""The document: a session's verdicts as JSON that ``report-schema.json`` describes."""

from __future__ import annotations

import json
import platform
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final, cast

from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.explaining import plain
from pytest_asyncprotocol.model.rule import Rule
from pytest_asyncprotocol.model.settings import Settings

SCHEMA: Final = "asyncprotocol-report/1"
"""The form and its version: a field may be added to it, none changes its meaning or goes away."""

Document = dict[str, Any]

ENDINGS: Final = ("violated", "error", "expected", "passed", "vacuous", "skipped")
"""How a verdict can end, the gravest first: its status, or that its violation was expected."""

_LIBRARIES = ("pytest", "anyio", "trio", "uvloop", "hypothesis")
_EXPANDED_DEPTH = 4


def document(
    checked: Mapping[str, list[dict[str, Any]]], settings: Settings, packages: list[dict[str, Any]]
) -> Document:
    """The document of all that was *checked*, by node id; the same in whatever order it came.

    *packages* says of each package whose coverage was asked for what was checked of it.
    """
    subjects = _subjects(checked)
    verdicts = [verdict for subject in subjects for verdict in subject["verdicts"]]
    ran = {v["rule"] for v in verdicts if v["rule"] and v["status"] not in ("skipped", "error")}
    judged = {verdict["rule"] for verdict in verdicts}
    return {
        "schema": SCHEMA,
        "versions": _versions(),
        "configuration": {
            "backends": list(settings.backends),
            "level": settings.level,
            "select": list(settings.select),
            "ignore": list(settings.ignore),
            "timeout": settings.timeout,
        },
        "totals": {
            "subjects": len(subjects),
            "counts": _counts(verdicts),
            "rules": {"ran": len(ran), "catalogue": len(catalogue())},
        },
        "rules": [_page(rule) for rule in catalogue().values() if rule.id in judged],
        "subjects": subjects,
        "packages": packages,
    }


def ending(verdict: Mapping[str, Any]) -> str:
    """How a verdict ended: one of `ENDINGS`."""
    if verdict["status"] == "violated" and verdict["expected"] is not None:
        return "expected"
    return str(verdict["status"])


def written(document: Document) -> str:
    """The document as text: a line for each verdict and each rule, so that two can be compared."""
    return f"{_written(document, 0)}\n"


def _written(value: Any, depth: int) -> str:
    mapping = cast("dict[str, Any]", value) if isinstance(value, dict) else None
    members: list[Any] = []
    if _nested(value):
        members = list(cast("Any", value) if mapping is None else mapping.values())
    if depth == _EXPANDED_DEPTH or not any(map(_nested, members)):
        return json.dumps(value, ensure_ascii=False)
    texts = [_written(member, depth + 1) for member in members]
    opening, closing = "[]"
    if mapping is not None:
        opening, closing = "{}"
        texts = [f"{json.dumps(key)}: {text}" for key, text in zip(mapping, texts, strict=True)]
    indent = "\n" + "  " * depth
    return f"{opening}{indent}  " + f",{indent}  ".join(texts) + f"{indent}{closing}"


def _nested(value: Any) -> bool:
    return isinstance(value, (dict, list))


def _subjects(checked: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """One entry for each subject, over all the items that judged it, in the order of the ids."""
    found: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for _, reports in sorted(checked.items()):
        seen: Counter[str] = Counter()
        for report in reports:
            name = report["test"]
            if not report["generated"]:
                name += f": {report['subject']} ({report['protocol']})"
                seen[name] += 1
            found.setdefault((report["test"], name, seen[name]), []).append(report)
    return [
        _subject(name if number < 2 else f"{name} #{number}", reports)
        for (_, name, number), reports in sorted(found.items())
    ]


def _subject(subject_id: str, reports: list[dict[str, Any]]) -> dict[str, Any]:
    """What the items say of one subject; its name is that of the class, where one item knows it."""
    function = subject_id.rpartition("::")[2].partition("[")[0]
    named = sorted(reports, key=lambda r: (r["subject"] == function, r["subject"], r["source"]))
    found = [verdict for report in reports for verdict in report["verdicts"]]
    verdicts: list[dict[str, Any]] = []
    for verdict in map(_verdict, found):
        if verdict not in verdicts:
            verdicts.append(verdict)
    verdicts.sort(key=lambda v: (v["rule"] or "", v["backend"], v["status"], v["message"]))
    return {
        "id": subject_id,
        **{name: named[0][name] for name in ("test", "subject", "protocol", "source")},
        "backends": sorted({verdict["backend"] for verdict in verdicts}),
        "opened": _opened(found),
        "complete": all(report["complete"] for report in reports),
        "counts": _counts(verdicts),
        "unconfirmed": sorted({key for report in reports for key in report["unconfirmed"]}),
        "verdicts": verdicts,
    }


def _verdict(plain_verdict: Mapping[str, Any]) -> dict[str, Any]:
    rule = plain_verdict["rule"].partition(" ")[0]
    coverage = plain_verdict["coverage"]
    verdict = {
        "rule": None if rule == "factory" else rule,
        **{name: plain_verdict[name] for name in ("backend", "status", "message", "trace")},
        "coverage": {name: coverage[name] for name in ("runs", "points", "scheduled")},
        "expected": plain_verdict["expected"],
    }
    if "reproducer" in plain_verdict:
        verdict["reproducer"] = plain_verdict["reproducer"]
    return verdict


def _opened(verdicts: list[dict[str, Any]]) -> dict[str, list[str]]:
    """What kept the clock real on each backend: in which check a thread is seen is chance."""
    opened = {(v["backend"], what) for v in verdicts for what in v["coverage"]["opened"]}
    backends = sorted({backend for backend, _ in opened})
    return {each: sorted(what for backend, what in opened if backend == each) for each in backends}


def _counts(verdicts: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counted = Counter(map(ending, verdicts))
    return {name: counted[name] for name in ENDINGS}


def _page(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "slug": rule.slug,
        "level": rule.level.value,
        "title": plain(rule.title),
        **{name: _flowing(getattr(rule, name)) for name in ("what", "why", "advice", "source")},
        "address": rule.source_address,
        "distribution": rule.distribution,
    }


def _flowing(text: str) -> str:
    """Paragraphs with a blank line between them, each in one line."""
    paragraphs = re.split(r"\n\s*\n", plain(text))
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _versions() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": sys.platform,
        "pytest-asyncprotocol": _version("pytest-asyncprotocol"),
        "libraries": {name: found for name in _LIBRARIES if (found := _version(name)) is not None},
    }


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
