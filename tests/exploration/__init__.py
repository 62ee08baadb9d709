"""Faults for the exploration to find, which a plain use, or one cancellation, does not show.

``iterator_mutants`` and ``manager_mutants`` hold one good class each and twenty mutants of it, each
with one realistic slip. ``reported`` holds small classes with the faults of real bug reports, and
``mended`` the same classes without them. The demonstrations (``*_shown``) show each fault by hand,
without the checker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal, TypeVar

from pytest_asyncprotocol.model.protocols import Protocol

T = TypeVar("T")

BOTH = ("asyncio", "trio")
ASYNCIO = ("asyncio",)

FoundBy = Literal["sweep", "sequences"]


@dataclass(frozen=True, eq=False)
class Fault:
    """A class with one fault, what its author would declare, and how to see the fault by hand.

    ``sequence`` is the shortest use that shows it. ``found_by`` names the half of the exploration
    that should find it: the cancellation sweep, or the operation sequences. It shows on each of
    ``backends``, which are those that the class is for; ``good`` is the class that it is a mutant
    of.
    """

    factory: Callable[..., Any]
    protocol: Protocol
    sequence: str
    found_by: FoundBy
    declared: dict[str, Any] = field(default_factory=dict)
    backends: tuple[str, ...] = BOTH
    good: Callable[..., Any] | None = None

    @property
    def name(self) -> str:
        """What to call it in a test id."""
        return self.factory.__name__


_faults: list[Fault] = []


def faulty(
    protocol: Protocol,
    sequence: str,
    *,
    found_by: FoundBy,
    backends: tuple[str, ...] = BOTH,
    good: Callable[..., Any] | None = None,
    **declared: Any,
) -> Callable[[T], T]:
    """The class below has a fault, which *sequence* shows on each of *backends*."""

    def enter(factory: T) -> T:
        _faults.append(
            Fault(factory, protocol, sequence, found_by, declared, backends, good)  # type: ignore[arg-type]
        )
        return factory

    return enter


def faults() -> list[Fault]:
    """All faults of all modules."""
    for module in ("iterator_mutants", "manager_mutants", "reported"):
        import_module(f"{__name__}.{module}")
    return _faults
