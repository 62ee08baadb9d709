"""Whether a changed rule module is noticed: by the specimens of its own rules, then by more.

The pages of the rules have to be as they are written. Each specimen meets the whole battery, as in
the tests: the rules that are blamed have to be as expected, and what is said of its own rule as it
is written. It runs in one process, without pytest, since that is done for every mutant.
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
    """What is not as it should be: of the pages, of the specimens of *rules*, of their kin."""
    from docs import generate
    from pytest_asyncprotocol import check
    from tests.specimens import specimens
    from tests.told import line_of, written

    for name, page in generate.pages().items():
        if (generate.RULES / name).read_text(encoding="utf-8") != page:
            yield name
    families = {rule[:2] for rule in rules}
    told = {line for lines in written().values() for line in lines}
    own = [each for each in specimens() if each.rule in rules]
    kin = [each for each in specimens() if each.rule not in rules and each.rule[:2] in families]
    for each in (*own, *kin):
        if any("found by the sequence" in line for line in written().get(each.name, ())):
            continue
        report = check(
            each.protocol, each.factory, backends=each.backends, examples=0, **each.declared
        )
        blamed = {(v.name.split()[0], v.backend) for v in report.failures}
        if blamed != {(each.blamed, backend) for backend in each.shows_on}:
            yield f"{each.name}: {blamed}"
        for verdict in report.of(each.rule):
            if each in own and line_of(each, verdict) not in told:
                yield line_of(each, verdict)


if __name__ == "__main__":
    sys.exit(next(differences(rules_in(changed_module())), None))
