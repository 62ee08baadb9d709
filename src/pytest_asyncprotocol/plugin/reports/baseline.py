"""A comparison with an earlier report: what is newly violated, mended, or no longer run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_asyncprotocol.explaining import plural
from pytest_asyncprotocol.plugin.reports.document import ENDINGS, SCHEMA, Document, ending
from pytest_asyncprotocol.plugin.reports.scope import Scope
from pytest_asyncprotocol.plugin.terminal import Out

_GIVES_AN_ANSWER = ("violated", "passed")

_Triple = tuple[str, str, str]
"""The id of a subject, a rule and a backend."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier report: the verdict on each triple, and the test of each subject."""

    name: str
    verdicts: Mapping[_Triple, Mapping[str, Any]]
    tests: Mapping[str, str]


@dataclass(slots=True)
class Comparison:
    """What changed; each triple with what is to be said of it."""

    name: str
    new: dict[_Triple, str] = field(default_factory=dict[_Triple, str])
    mended: dict[_Triple, str] = field(default_factory=dict[_Triple, str])
    lost: dict[_Triple, str] = field(default_factory=dict[_Triple, str])
    left_out: Counter[str] = field(default_factory=Counter[str])

    @property
    def failed(self) -> bool:
        """Whether the session has to fail."""
        return bool(self.new or self.lost)

    def write(self, out: Out, *, quiet: bool) -> None:
        """Write the section; if *quiet*, only what fails the session."""
        _write(out, "new violations", self.new, red=True)
        _write(out, "no longer run, or without an answer", self.lost, red=True)
        if not quiet:
            _write(out, "mended", self.mended, green=True)
            for reason, number in sorted(self.left_out.items()):
                verdicts = plural(number, "verdict")
                out.line(f"left out: {verdicts} of the baseline, since {reason}", indent=0)
        if self.failed or not quiet:
            out.line(self._total(), indent=0, **{"red" if self.failed else "green": True})

    def _total(self) -> str:
        new, lost = plural(len(self.new), "new violation"), plural(len(self.lost), "verdict")
        counted = f"{new}, {lost} lost, {len(self.mended)} mended"
        outcome = "the session fails" if self.failed else "nothing got worse"
        return f"asyncprotocol: against {self.name}: {counted}; {outcome}"


def read(path: Path) -> Baseline:
    """The report at *path*, as something to compare with.

    Raises:
        pytest.UsageError: it can't be read, is no report, or has another version.
    """
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _wrong(f"{path} can't be read: {error.strerror or error}") from None
    except ValueError as error:
        raise _wrong(f"{path} is no JSON: {error}") from None
    document: dict[str, Any] = cast("Any", found) if isinstance(found, dict) else {}
    schema = document.get("schema")
    if schema != SCHEMA:
        says = f"its schema is {schema!r}" if schema else "it names no schema"
        raise _wrong(
            f"{path} is no report that this version can compare with: {says}, not {SCHEMA!r}; "
            "write it again by --asyncprotocol-report"
        )
    try:
        tests = {subject["id"]: subject["test"] for subject in document["subjects"]}
        return Baseline(path.name, _by_triple(document), tests)
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(f"{path} is damaged: {type(error).__name__}: {error}") from None


def compare(earlier: Baseline, found: Document, scope: Scope) -> Comparison:
    """What changed between *earlier* and what was *found* by a session of this *scope*."""
    now = _by_triple(found)
    ran = {subject["test"] for subject in found["subjects"]}
    comparison = Comparison(earlier.name)
    for triple, verdict in sorted(now.items()):
        before = earlier.verdicts.get(triple, {}).get("status")
        if ending(verdict) == "violated" and before != "violated":
            comparison.new[triple] = verdict["message"]
        elif verdict["status"] == "passed" and before == "violated":
            comparison.mended[triple] = "now passed"
    for triple, before in sorted(earlier.verdicts.items()):
        if before["status"] not in _GIVES_AN_ANSWER:
            continue
        if triple in now:
            if now[triple]["status"] not in _GIVES_AN_ANSWER:
                comparison.lost[triple] = f"{now[triple]['status']}, {now[triple]['message']}"
            continue
        test = earlier.tests[triple[0]]
        reason = scope.reason_for_absence(test, triple[2], ran=test in ran)
        if reason is None:
            comparison.lost[triple] = "absent"
        else:
            comparison.left_out[reason] += 1
    return comparison


def _by_triple(found: Mapping[str, Any]) -> dict[_Triple, Mapping[str, Any]]:
    """The verdict on each triple; the gravest where there are several."""
    verdicts = [
        ((subject["id"], verdict["rule"], verdict["backend"]), verdict)
        for subject in found["subjects"]
        for verdict in subject["verdicts"]
        if verdict["rule"] is not None
    ]
    verdicts.sort(key=lambda each: ENDINGS.index(each[1]["status"]), reverse=True)
    return dict(verdicts)


def _write(out: Out, title: str, triples: Mapping[_Triple, str], **markup: bool) -> None:
    """Write a line for each subject and text, with the rules that it is about."""
    if not triples:
        return
    out.line(f"{title}: {len(triples)}", indent=0, bold=True)
    rules: dict[tuple[str, str], dict[str, list[str]]] = {}
    for (subject, rule, backend), text in triples.items():
        rules.setdefault((subject, text), {}).setdefault(rule, []).append(backend)
    subject = ""
    for (each, text), named in sorted(rules.items()):
        if each != subject:
            subject = each
            out.line(subject, indent=2)
        backends = {", ".join(sorted(on)) for on in named.values()}
        listed = ", ".join(f"{rule} ({', '.join(sorted(on))})" for rule, on in named.items())
        if len(backends) == 1:
            listed = f"{', '.join(named)} on {backends.pop()}"
        out.line(f"{listed}: {text}", **markup)


def _wrong(text: str) -> pytest.UsageError:
    return pytest.UsageError(f"--asyncprotocol-baseline (or its ini twin): {text}")
