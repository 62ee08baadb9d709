"""Which rules blame which specimens: as users see it, and raw, with `requires` switched off.

Run `python -m tests.kill_matrix` to print both matrices.

The first is what a user is told: one fault, one rule. In the raw matrix every rule judges although
one that it requires is violated; there one fault shows in many places. Each rule has a specimen
that it alone blames there too, or stands in the list of subsumed rules with the reason.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from pytest_asyncprotocol.catalogue import catalogue
from pytest_asyncprotocol.checking import begin
from pytest_asyncprotocol.model.verdicts import Status
from pytest_asyncprotocol.plan import plan_for
from tests.specimens import Specimen, specimens

_WRONG_SHAPE = "what has the wrong shape cannot be used, as CO020 says too; this names the cause"

SUBSUMED: Mapping[str, str] = dict.fromkeys(
    (
        "AB001", "AB002", "AB003", "AG002", "AI001", "AI002", "AW001", "AW002", "AW004", "AW005",
        "CM001", "CM002", "CM003",
    ),
    _WRONG_SHAPE,
)  # fmt: skip
"""Rules that are never alone in the raw matrix, and why they are rules all the same."""


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


def _lines() -> Iterator[str]:
    """Both matrices, and the subsumed rules."""
    for rule in catalogue():
        for each in violators(rule):
            told, raw = (" ".join(sorted(blamed(each, raw=raw))) for raw in (False, True))
            yield f"{each.name} ({each.protocol.words}): {told or '-'} (raw: {raw or '-'})"
    yield from (f"{rule} is subsumed: {reason}" for rule, reason in SUBSUMED.items())


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in _lines())
