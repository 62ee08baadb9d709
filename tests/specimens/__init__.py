"""Small known classes: for each rule some that violate it and only it, and some that conform."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from pytest_asyncprotocol import testing
from pytest_asyncprotocol.testing import BOTH as BOTH
from pytest_asyncprotocol.testing import Specimen as Specimen
from pytest_asyncprotocol.testing import conforms as conforms
from pytest_asyncprotocol.testing import violates as violates

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def specimens() -> list[Specimen]:
    """All specimens of all modules."""
    for module in MODULES:
        import_module(f"{__name__}.{module}")
    return testing.specimens()
