"""What readers look for first: failures, each on all backends that show it alike."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pytest_asyncprotocol.plugin.reports.document import ENDINGS, Document, ending

MARKS: Final[dict[str, str]] = dict(zip(ENDINGS, ("✗", "!", "⊘", "✓", "○", "-"), strict=True))
"""A sign for each way to end, so that colour is never needed."""

WORDS: Final = {e: e for e in ENDINGS} | {
    "expected": "failed as expected",
    "error": "without a verdict",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A failure of a subject, on one backend or several.

    ``reproducers`` are scripts that show it, by backend; ``where`` names these backends, and says
    "only" where the rule holds on others.
    """

    subject: Mapping[str, Any]
    rule: str | None
    status: str
    message: str
    trace: tuple[str, ...]
    reproducers: Mapping[str, str]
    where: str


def findings_of(document: Document) -> list[Finding]:
    """All failures, in the order of the subjects."""
    return [finding for subject in document["subjects"] for finding in _of_subject(subject)]


def name_of(subject: Mapping[str, Any]) -> str:
    """What to call a subject, with its number where a test checks several of that name."""
    number = re.search(r" #\d+$", subject["id"])
    return str(subject["subject"]) + (number[0] if number else "")


def counted(counts: Mapping[str, int]) -> str:
    """How many verdicts ended how, as a list in words."""
    return ", ".join(f"{counts[e]} {WORDS[e]}" for e in ENDINGS if counts[e]) or "no verdict"


def headline(document: Document) -> str:
    """The outcome in one sentence."""
    failed = {f.subject["id"] for f in findings_of(document)}
    subjects = document["totals"]["subjects"]
    if not subjects:
        return "Nothing was checked."
    if failed:
        return f"{len(failed)} of {subjects} subjects break a rule or gave no verdict."
    if not document["totals"]["counts"]["passed"]:
        return "Nothing was proved."
    return "Every rule that ran holds, or fails as expected."


def _of_subject(subject: Mapping[str, Any]) -> Iterator[Finding]:
    groups: dict[tuple[Any, ...], dict[str, str]] = {}
    held = {verdict["rule"] for verdict in subject["verdicts"] if verdict["status"] == "passed"}
    for verdict in subject["verdicts"]:
        if ending(verdict) in ("violated", "error"):
            key = (verdict["rule"], verdict["status"], verdict["message"], tuple(verdict["trace"]))
            groups.setdefault(key, {})[verdict["backend"]] = verdict.get("reproducer", "")
    for (rule, status, message, trace), scripts in groups.items():
        where = ", ".join(scripts) + " only" * (rule in held)
        yield Finding(subject, rule, status, message, trace, scripts, where)
