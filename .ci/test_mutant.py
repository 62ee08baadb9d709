"""Run the tests that a changed rule module concerns: first those of its own rules, then more."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = ("tests/test_specimens.py", "tests/test_told.py")


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


def main() -> None:
    """Exit with 0 if the mutant survives."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    rules = rules_in(changed_module())
    families = sorted({rule[:2] for rule in rules})
    for names in (rules, families):
        command = [sys.executable, "-m", "pytest", "-x", "-q", *TESTS, "-k", " or ".join(names)]
        if subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode:  # noqa: S603
            sys.exit(1)


if __name__ == "__main__":
    main()
