"""Small known classes: for each rule some that violate it and only it, and some that conform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from pytest_asyncprotocol import testing
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.testing import BOTH as BOTH
from pytest_asyncprotocol.testing import Specimen as Specimen

T = TypeVar("T", bound=Callable[..., Any])
Says = str | Mapping[str, str]

MODULES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))

_said: dict[Specimen, Says] = {}


def violates(
    rule: str, protocol: Protocol, *, says: Says = "", **declared: Any
) -> Callable[[T], T]:
    """As `testing.violates`; *says* is the message on Python 3.11, or one for each backend."""
    return _saying(says, testing.violates(rule, protocol, **declared))


def conforms(
    rule: str, protocol: Protocol, *, says: Says = "", **declared: Any
) -> Callable[[T], T]:
    """As `testing.conforms`; *says* is the reason, if *rule* finds nothing to judge."""
    return _saying(says, testing.conforms(rule, protocol, **declared))


def _saying(says: Says, enter: Callable[[T], T]) -> Callable[[T], T]:
    def decorate(factory: T) -> T:
        entered = enter(factory)
        _said[testing.specimens()[-1]] = says
        return entered

    return decorate


def messages(specimen: Specimen) -> dict[str, str]:
    """The expected message of its rule on each backend; empty where the rule passes."""
    says = _said[specimen]
    if isinstance(says, str):
        says = dict.fromkeys(specimen.shows_on or specimen.backends, says)
    return {**dict.fromkeys(specimen.backends, ""), **says}


def specimens() -> list[Specimen]:
    """All specimens of all modules."""
    for module in MODULES:
        import_module(f"{__name__}.{module}")
    return list(_said)
