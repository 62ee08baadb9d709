"""The broken classes beside this file are for reading, and run only where they are asked for."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest

BROKEN = Path(__file__).with_name("broken_classes.py")


def test_are_not_collected(pytestconfig: pytest.Config) -> None:
    """No pattern for test files takes ``broken_classes.py`` in."""
    patterns = pytestconfig.getini("python_files")

    assert BROKEN.exists()
    assert not any(fnmatch(BROKEN.name, pattern) for pattern in patterns)
