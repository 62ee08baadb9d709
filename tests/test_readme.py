"""What README.md shows is what happens."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.conftest import RunPytest

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="the README shows what Python 3.11 prints")
def test_the_failing_example_prints_what_is_shown(
    run_pytest: RunPytest,
) -> None:
    """The first Python block, run by pytest at 100 columns, prints the block behind it.

    Python 3.11 does: newer ones have eager tasks, and so one more rule that applies.
    """
    [code] = re.findall(r"## A failing example\n\n```python\n(.*?)```", README, re.DOTALL)
    [shown] = re.findall(r"\$ pytest test_ticker\.py\n(.*?)```", README, re.DOTALL)

    run = run_pytest("test_ticker.py", columns=100, test_ticker=code)

    assert "\n".join(_lines(shown.strip())) in "\n".join(_lines(run.out))


def _lines(text: str) -> list[str]:
    """The lines of *text*; how many rules there are changes with each rule."""
    lines = map(str.rstrip, text.splitlines())
    return [re.sub(r"\d+", "N", line) if " rules" in line else line for line in lines]


def test_the_commands_are_named() -> None:
    """Both commands set up and run, and are found by their markers."""
    commands = dict(re.findall(r"<!-- command: (\w+) -->\s*```\w*\n(.+?)\n```", README))

    assert list(commands) == ["examples", "tests"]
    for command in commands.values():
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install")
