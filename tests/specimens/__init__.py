"""Small known classes: for each rule some that violate it and only it, and some that conform."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from pytest_asyncprotocol import testing
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.testing import BOTH as BOTH

T = TypeVar("T", bound=Callable[..., Any])
Says = str | Mapping[str, str]

FOLDER = Path(__file__).parent


@dataclass(frozen=True, eq=False)
class Specimen(testing.Specimen):
    """A specimen with what is expected to be said, and its number among those of its name."""

    says: Says = ""
    number: int = 1

    @property
    def name(self) -> str:
        """What to call it in a test id."""
        return super().name + f"-{self.number}" * (self.number > 1)

    @property
    def messages(self) -> dict[str, str]:
        """The expected message of its rule on each backend; empty where the rule passes."""
        says = self.says
        if isinstance(says, str):
            says = dict.fromkeys(self.shows_on or self.backends, says)
        return {**dict.fromkeys(self.backends, ""), **says}


_specimens: list[Specimen] = []
_names = Counter[str]()


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
        specimen = testing.specimens()[-1]
        _names[specimen.name] += 1
        _specimens.append(Specimen(**vars(specimen), says=says, number=_names[specimen.name]))
        return entered

    return decorate


def specimens() -> list[Specimen]:
    """All specimens of all modules."""
    for path in sorted(FOLDER.glob("*/[a-z]*.py")):
        import_module(f"{__name__}.{path.parent.name}.{path.stem}")
    return _specimens
