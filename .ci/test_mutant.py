"""Whether a changed rule module is noticed: by the specimens of its own rules, then by all others.

The pages of the rules have to be as they are written. Each specimen meets the rules of the module:
those that are blamed, that pass and that find nothing to judge have to be as the tests expect, and
what is said of a specimen's own rule as it is written. It runs in one process, without pytest,
since that is done for every mutant.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]


def changed_module() -> str:
    """The one module below ``rules/`` that differs from the last commit."""
    listed = subprocess.check_output(
        ["git", "diff", "--name-only", "--", "src/pytest_asyncprotocol/rules"],  # noqa: S607
        cwd=ROOT,
        text=True,
    ).split()
    return ".".join(Path(listed[0]).with_suffix("").parts[1:])


def rules_in(module: str) -> list[str]:
    """The ids of the rules that *module* holds; read from its text, which may not even import."""
    path = ROOT / "src" / Path(*module.split(".")).with_suffix(".py")
    lines = path.read_text(encoding="utf-8").replace("@rule(\n    ", "@rule(").splitlines()
    return [line.split('"')[1] for line in lines if line.startswith('@rule("')]


def differences(rules: list[str]) -> Iterator[str]:
    """What is not as it should be: of the pages, of the specimens of *rules*, of all others."""
    from docs import generate
    from pytest_asyncprotocol import Status, check
    from pytest_asyncprotocol.model.catalogue import Level, catalogue
    from tests.specimens import specimens
    from tests.told import RAN, TOLD, ran_of, told_of, written

    for name, page in generate.pages().items():
        if (generate.RULES / name).read_text(encoding="utf-8") != page:
            yield name
    told, ran = written(TOLD), written(RAN)
    judged = {protocol for rule in rules for protocol in catalogue()[rule].protocols}
    for each in sorted(specimens(), key=lambda specimen: specimen.rule not in rules):
        if each.protocol not in judged:
            continue
        if any("found by the sequence" in line for line in told[each.name]):
            continue
        wanted = [r for r in rules if "level" in each.declared or catalogue()[r].level != Level.MAY]
        declared = {"select": [*wanted, "CO020"], **each.declared, "examples": 0}
        report = check(each.protocol, each.factory, backends=each.backends, **declared)
        blamed = {(v.name.split()[0], v.backend) for v in report if v.status is Status.VIOLATED}
        blamed = {(rule, backend) for rule, backend in blamed if rule in rules}
        if blamed != {(each.blamed, on) for on in each.shows_on if each.blamed in rules}:
            yield f"{each.name}: {blamed}"
        if each.rule in rules and not set(told_of(each, report)) <= set(told[each.name]):
            yield f"{each.name}: {[*told_of(each, report)]}"
        expected = {_narrowed(line, rules) for line in ran[each.name]}
        yield from {_narrowed(line, rules) for line in ran_of(each, report)} - expected


def _narrowed(line: str, rules: list[str]) -> str:
    """A line of what ran, without the rules of other modules."""
    name, _, ran = line.partition(":")
    return " ".join([name, *(word for word in ran.split() if word.strip("()") in rules)])


if __name__ == "__main__":
    sys.exit(next(differences(rules_in(changed_module())), None))
