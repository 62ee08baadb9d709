"""Small known classes: for each rule some that violate it and only it, and some that conform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from pytest_asyncprotocol.model.protocols import Protocol

T = TypeVar("T")

BOTH = ("asyncio", "trio")
MODULES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


@dataclass(frozen=True, eq=False)
class Specimen:
    """A factory, what is declared about it, and the rule it was written for.

    ``blamed`` names the rule that it violates on each of the backends in ``shows_on``; on the
    others of ``backends``, and where ``blamed`` is None, it conforms to every rule.
    """

    rule: str
    protocol: Protocol
    factory: Callable[..., Any]
    declared: dict[str, Any] = field(default_factory=dict)
    blamed: str | None = None
    shows_on: tuple[str, ...] = ()
    backends: tuple[str, ...] = BOTH

    @property
    def name(self) -> str:
        """What to call it in a test id."""
        return f"{self.rule}-{self.factory.__name__}"


_specimens: list[Specimen] = []


def violates(
    rule: str,
    protocol: Protocol,
    *,
    shows_on: tuple[str, ...] | None = None,
    backends: tuple[str, ...] = BOTH,
    **declared: Any,
) -> Callable[[T], T]:
    """The class or factory below violates *rule*, and no other rule, on each of *shows_on*.

    These are all its *backends*, unless said otherwise; none where this Python is too old.
    """
    shown = backends if shows_on is None else shows_on

    def enter(factory: T) -> T:
        _specimens.append(
            Specimen(rule, protocol, factory, declared, rule, shown, backends)  # type: ignore[arg-type]
        )
        return factory

    return enter


def conforms(
    rule: str, protocol: Protocol, *, backends: tuple[str, ...] = BOTH, **declared: Any
) -> Callable[[T], T]:
    """The class or factory below conforms to every rule, *rule* in particular."""

    def enter(factory: T) -> T:
        _specimens.append(Specimen(rule, protocol, factory, declared, backends=backends))  # type: ignore[arg-type]
        return factory

    return enter


def specimens() -> list[Specimen]:
    """All specimens of all modules."""
    for module in MODULES:
        import_module(f"{__name__}.{module}")
    return _specimens
