"""A script gets at the subject, in whatever way the test made it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_asyncprotocol import check
from tests.subjects import Ticker

ROOT = Path(__file__).parents[1]


class Restarts(Ticker):
    """Gives its items again, after its end."""

    def __init__(self, start: int = 0) -> None:
        super().__init__()
        self.start = start
        self.given = 0

    async def __anext__(self) -> int:
        self.given += 1
        if self.given % 3 == 0:
            raise StopAsyncIteration
        return self.start + self.given


def local_class() -> Callable[[], Any]:
    """One that only a function knows, with a value from outside."""
    start = 40

    class Local(Restarts):
        def __init__(self) -> None:
            super().__init__(start)

    return Local


async def waits() -> Restarts:
    """An async factory."""
    return Restarts(40)


def named_like_a_part() -> Callable[[], Any]:
    """One with a value whose name a part of scripts has too."""
    items, nothing = 40, None
    return lambda: Restarts(items if nothing is None else 0)


def given_by_a_fixture() -> Callable[[], Any]:
    """One whose values only the test knows."""
    start = object()
    return lambda: Restarts(40 if start else 0)


FACTORIES = {
    "lambda": lambda: Restarts(40),
    "local class": local_class(),
    "async": waits,
    "named like a part": named_like_a_part(),
    "two on a line": [lambda: Restarts(1), lambda: Restarts(40)][1],
}


@pytest.mark.parametrize("name", FACTORIES)
def test_a_script_makes_the_subject(name: str, tmp_path: Path) -> None:
    """It runs from the working directory, by itself."""
    report = check("async_iterator", FACTORIES[name], backends=("asyncio",), select=("AI005",))
    path = tmp_path / "show.py"
    path.write_text(report.violations[0].reproducer, encoding="utf-8")

    run = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, check=False, cwd=ROOT
    )

    assert "__anext__ #3 -> raised StopAsyncIteration" in run.stdout, run.stderr
    assert "__anext__ #4 -> returned 44" in run.stdout


def test_what_only_the_test_knows_is_to_be_filled_in() -> None:
    """The script says so at its head."""
    report = check("async_iterator", given_by_a_fixture(), backends=("asyncio",), select=("AI005",))

    assert "# To be filled in: <object object>" in report.violations[0].reproducer
