"""What users are told about each specimen stays as it was read and found good."""

from __future__ import annotations

import sys

import pytest

from tests.specimens import specimens
from tests.told import told_of, written

WRITTEN = written()
NAMES = sorted({each.name for each in specimens()})


@pytest.mark.parametrize("name", NAMES)
def test_the_verdict_is_as_written(name: str) -> None:
    """On Python 3.11 word for word; the texts of Python's own errors differ between versions."""
    told = sorted(line for each in specimens() if each.name == name for line in told_of(each))
    expected = sorted(WRITTEN.get(name, []))
    if sys.version_info[:2] != (3, 11):
        told, expected = (
            [_without_message(t) for t in told],
            [_without_message(e) for e in expected],
        )

    assert expected == told


def _without_message(line: str) -> str:
    return ": ".join(line.split(": ")[:2])


def test_nothing_is_left_over() -> None:
    """A specimen that was renamed or removed leaves no lines behind."""
    assert set(WRITTEN) <= set(NAMES)
