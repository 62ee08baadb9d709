"""Objects of real libraries, used as their documentation says, all without a network."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from pytest_asyncprotocol import Report
from pytest_asyncprotocol.checking import begin
from pytest_asyncprotocol.model.factory import Factory
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.plan import plan_for

T = TypeVar("T", bound=Callable[..., Any])

AWAITABLE = Protocol.AWAITABLE
ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)
TRIO = ("trio",)


@dataclass(frozen=True, eq=False)
class Real:
    """What makes an object of a library, and what its documentation promises.

    ``findings`` are the rules that it breaks, with a word on each: see the page of findings.
    """

    library: str
    protocol: Protocol
    make: Callable[..., Any]
    declared: Mapping[str, Any] = field(default_factory=dict[str, Any])
    findings: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def name(self) -> str:
        """What to call it in a test id."""
        return f"{self.library}-{self.make.__name__}-{self.protocol.value}"

    def check(self) -> Report:
        """The report on it; a function that yields has its set-up and tear-down around that."""
        keywords = {
            "examples": EXAMPLES,
            **self.declared,
            "expected_failures": self.findings,
        }
        factory = Factory(
            self.make,
            self.protocol,
            yields=inspect.isasyncgenfunction(self.make),
            awaits=inspect.iscoroutinefunction(self.make),
        )
        return begin(replace(plan_for(self.protocol, self.make, keywords), factory=factory))


EXAMPLES = 40
"""Sequences of operations; those that begin in most ways come first."""

_objects: list[Real] = []


def real(
    protocol: Protocol, *, findings: Mapping[str, str] | None = None, **declared: Any
) -> Callable[[T], T]:
    """The function below makes an object of the library that its module is named after."""

    def enter(make: T) -> T:
        library = make.__module__.rpartition(".")[2].removesuffix("_")
        _objects.append(Real(library, protocol, make, declared, findings or {}))
        return make

    return enter


def real_objects() -> list[Real]:
    """All of them."""
    for path in sorted(Path(__file__).parent.glob("objects/[a-z]*.py")):
        import_module(f"{__name__}.objects.{path.stem}")
    return _objects
