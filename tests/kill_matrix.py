"""Which rules blame which specimens: as users see it, and raw, with `requires` switched off.

Run `python -m tests.kill_matrix` to print both matrices and write them into the documents, after
a rule or a specimen was added or changed; `--check` only compares.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import groupby
from pathlib import Path

from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.checking import begin
from pytest_asyncprotocol.model.rule import Rule
from pytest_asyncprotocol.model.verdicts import Status
from pytest_asyncprotocol.plan import plan_for
from tests.specimens import Specimen, specimens

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "kill-matrix.md"

_WRONG_SHAPE = "what has the wrong shape cannot be used, as CO020 says too; this names the cause"

SUBSUMED: Mapping[str, str] = dict.fromkeys(
    (
        "AB001", "AB002", "AB003", "AG002", "AI001", "AI002", "AW001", "AW002", "AW004", "AW005",
        "CM001", "CM002", "CM003",
    ),
    _WRONG_SHAPE,
)  # fmt: skip
"""Rules that are never alone in the raw matrix, and why they are rules all the same."""

_ABOUT = """\
# The kill matrices

Each rule is proved by specimens: small classes that violate it, and it alone. This page is written
by `python -m tests.kill_matrix` on Python {version}; the tests hold the first matrix on every
Python and backend.

The first column of rules is what a user is told: one fault, one rule. The second is the raw
matrix, in which every rule judges although one that it requires is violated; there one fault shows
in many places. Each rule has a specimen that it alone blames there too, or stands in the list
of [subsumed rules](#subsumed-rules) with the reason.
"""


@cache
def blamed(specimen: Specimen, *, raw: bool) -> frozenset[str]:
    """The ids of the rules that *specimen* violates, on whichever backend."""
    keywords = {"backends": specimen.backends, **specimen.declared}
    plan = replace(plan_for(specimen.protocol, specimen.factory, keywords), raw=raw)
    verdicts = begin(plan).verdicts
    return frozenset(
        v.rule.id for v in verdicts if v.status is Status.VIOLATED and v.rule is not None
    )


def violators(rule: str) -> list[Specimen]:
    """The specimens that violate *rule*, those of its own protocol first."""
    return [each for each in specimens() if each.blamed == rule]


def alone(rule: str) -> Specimen | None:
    """A specimen that *rule* alone blames in the raw matrix."""
    return next((each for each in violators(rule) if blamed(each, raw=True) == {rule}), None)


def page() -> str:
    """Both matrices, as Markdown."""
    blocks = [_ABOUT.format(version=".".join(map(str, sys.version_info[:2])))]
    for family, rules in groupby(catalogue().values(), key=lambda rule: rule.id[:2]):
        blocks += [f"## {family}", "\n".join(_table(list(rules)))]
    blocks += ["## Subsumed rules", "\n".join(_subsumed())]
    return "\n\n".join(blocks) + "\n"


def _table(rules: list[Rule]) -> Iterator[str]:
    yield "| rule | specimen | protocol | blamed | blamed in the raw matrix |"
    yield "|---|---|---|---|---|"
    for rule in rules:
        for each in violators(rule.id):
            shown = ", ".join(sorted(blamed(each, raw=False)))
            raw = ", ".join(sorted(blamed(each, raw=True)))
            name = each.factory.__name__
            yield f"| {rule.id} | `{name}` | {each.protocol.words} | {shown} | {raw} |"


def _subsumed() -> Iterator[str]:
    if not SUBSUMED:
        yield "None."
    for rule, reason in SUBSUMED.items():
        yield f"- {rule}: {reason}"


def main() -> None:
    """Print the matrices and write their page, or with ``--check`` say whether it is up to date."""
    written = page()
    if "--check" in sys.argv[1:]:
        if PAGE.read_text(encoding="utf-8") != written:
            sys.exit(f"not up to date: {PAGE.name}; run `python -m tests.kill_matrix`")
        return
    PAGE.write_text(written, encoding="utf-8")
    sys.stdout.write(written)


if __name__ == "__main__":
    main()
