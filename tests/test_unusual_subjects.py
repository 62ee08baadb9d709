"""Objects whose methods are found in unusual ways get the verdict that the language gives them."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any, Self
from unittest.mock import AsyncMock, MagicMock

import pytest
import wrapt
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol, check
from pytest_asyncprotocol.model.verdicts import Status
from tests.specimens.async_context_manager._bases import Session
from tests.subjects import Ticker

AWAITABLE = Protocol.AWAITABLE
ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER


class Forwarder:
    """Looks up on another object what it lacks, as the language does not for special methods."""

    def __init__(self, other: object) -> None:
        self.other = other

    def __getattr__(self, name: str) -> Any:
        return getattr(self.other, name)


def mock_with_items() -> MagicMock:
    """A mock that gives what its `__aiter__` was told to."""
    mock = MagicMock()
    mock.__aiter__.return_value = [1, 2, 3]
    return mock


def mock_that_swallows() -> MagicMock:
    """A mock whose exit gives another mock, which is true."""
    mock = MagicMock()
    mock.__aexit__ = AsyncMock()
    return mock


class Generic(Ticker):
    """Can be subscripted."""

    __class_getitem__ = classmethod(types.GenericAlias)


@dataclasses.dataclass
class Counter:
    """An iterator with fields, and so with `__eq__` and without `__hash__`."""

    count: int = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if self.count == 3:
            raise StopAsyncIteration
        self.count += 1
        return self.count


class Meta(type):
    """Gives classes the methods that objects have."""

    def __aiter__(cls) -> AsyncIterator[int]:
        return Ticker()

    async def __aenter__(cls) -> object:
        await checkpoint()
        return cls

    async def __aexit__(cls, *details: object) -> None:
        await checkpoint()


def usable_class() -> type:
    """A class that is used itself, through its metaclass."""
    return Meta("Usable", (), {})


@types.coroutine
def generator_based() -> Generator[Any, Any, int]:
    """A coroutine without `__await__`."""
    yield from checkpoint().__await__()
    return 42


async def numbers() -> AsyncIterator[int]:
    """One number."""
    await checkpoint()
    yield 42


async def answer() -> int:
    """The answer."""
    await checkpoint()
    return 42


def step() -> Any:
    """The awaitable of a native generator, made in C."""
    return numbers().__anext__()


@pytest.mark.parametrize(
    ("protocol", "make", "declared"),
    [
        (AWAITABLE, AsyncMock(return_value=3), {"returns": 3}),
        # The iterator of a mock has no `__aiter__`, as a test below says.
        (ITERABLE, MagicMock, {"items": [], "ignore": ("AB004",)}),
        (ITERABLE, mock_with_items, {"items": [1, 2, 3], "ignore": ("AB004",)}),
        (MANAGER, MagicMock, {}),
        (MANAGER, AsyncMock, {}),
        (ITERABLE, lambda: wrapt.AutoObjectProxy(Ticker()), {}),
        (AWAITABLE, lambda: wrapt.AutoObjectProxy(answer()), {"returns": 42}),
        (MANAGER, lambda: wrapt.ObjectProxy(Session()), {}),
        (ITERATOR, Generic[int], {}),
        (ITERATOR, Counter, {"items": [1, 2, 3]}),
        (ITERABLE, usable_class, {}),
        (MANAGER, usable_class, {"value_is_self": True}),
        (AWAITABLE, generator_based, {"returns": 42}),
        (AWAITABLE, step, {"returns": 42}),
    ],
)
def test_what_conforms(
    protocol: Protocol, make: Callable[[], Any], declared: dict[str, Any]
) -> None:
    """However unusual its methods are found, what can be used as its protocol says is right."""
    report = check(protocol, make, **declared)

    assert [] == [f"{v.name} {v.backend}: {v.message}" for v in report.failures]


@pytest.mark.parametrize(
    ("protocol", "make", "rule"),
    [
        (ITERATOR, lambda: Forwarder(Ticker()), "AI001"),
        (ITERABLE, lambda: Forwarder(Ticker()), "AB001"),
        (MANAGER, lambda: Forwarder(Session()), "CM001"),
        (AWAITABLE, lambda: Forwarder(step()), "AW001"),
        (AWAITABLE, lambda: wrapt.ObjectProxy(answer()), "AW001"),
        (ITERABLE, lambda: wrapt.ObjectProxy(Ticker()), "AB001"),
        (ITERATOR, lambda: wrapt.ObjectProxy(Ticker()), "AI001"),
        (ITERATOR, lambda: wrapt.AutoObjectProxy(Ticker()), "AI004"),
        (ITERABLE, MagicMock, "AB004"),
        (MANAGER, mock_that_swallows, "CM004"),
    ],
)
def test_what_does_not(protocol: Protocol, make: Callable[[], Any], rule: str) -> None:
    """A method that is not found on the type is not there; a mock that is true is true."""
    report = check(protocol, make)

    assert {(rule, "asyncio"), (rule, "trio")} <= {
        (v.rule.id, v.backend) for v in report.violations if v.rule is not None
    }


@pytest.mark.parametrize("make", [AsyncMock, MagicMock])
@pytest.mark.parametrize("protocol", [ITERATOR, GENERATOR])
def test_a_mock_never_ends(protocol: Protocol, make: Callable[[], Any]) -> None:
    """Its `__anext__` gives mocks for ever, of which the author has to tell."""
    report = check(protocol, make)

    assert {Status.ERROR} == {v.status for v in report.failures}
    assert all("declare infinite=True" in v.message for v in report.failures)


def test_a_class_is_a_factory_whatever_its_metaclass() -> None:
    """To check the class itself, it is given by a function."""
    report = check(ITERABLE, Meta("Usable", (), {}))

    assert {Status.ERROR} == {v.status for v in report.failures}
    assert all("which is no async iterable" in v.message for v in report.failures)
