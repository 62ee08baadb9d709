"""asyncstdlib: the tools of the standard library for async iterators, on asyncio and trio."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import asyncstdlib
import pytest
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import (
    Assertions,
    assert_async_context_manager,
    assert_async_generator,
    assert_async_iterable,
    assert_async_iterator,
    assert_awaitable,
    conformance,
)


async def numbers(most: int = 3) -> AsyncGenerator[int, None]:
    """Count from 0, with a pause before each number."""
    for number in range(most):
        await checkpoint()
        yield number


def test_map() -> None:
    """map() applies a function to each item."""
    assert_async_iterator(lambda: asyncstdlib.map(str, numbers()), items=["0", "1", "2"])


@conformance.async_generator(items=[(0, "a"), (1, "b")])
def test_zip() -> object:
    """zip() ends with the shorter of its sources, and is a native generator."""
    return asyncstdlib.zip(numbers(), "ab")


def test_chain(asyncprotocol: Assertions) -> None:
    """chain() gives the items of one source after the other."""
    asyncprotocol.assert_async_iterator(
        lambda: asyncstdlib.chain(numbers(2), ["x"]), items=[0, 1, "x"]
    )


def test_islice() -> None:
    """islice() gives every second item."""
    assert_async_generator(lambda: asyncstdlib.islice(numbers(5), 0, None, 2), items=[0, 2, 4])


def test_cycle() -> None:
    """cycle() never ends."""
    assert_async_iterator(
        lambda: asyncstdlib.cycle(numbers(2)), items=[0, 1, 0, 1, 0], infinite=True
    )


@pytest.mark.anyio
async def test_accumulate() -> None:
    """accumulate() gives the running total, here on anyio's loop."""
    await assert_async_iterator(lambda: asyncstdlib.accumulate(numbers(4)), items=[0, 1, 3, 6])


@conformance.async_iterator(items=[0, 1, 2])
def test_one_end_of_a_tee() -> object:
    """One of the two iterators that tee() makes of one source."""
    return asyncstdlib.tee(numbers())[0]


def test_tee() -> None:
    """tee() itself, as a context manager that closes its iterators."""
    assert_async_context_manager(lambda: asyncstdlib.tee(numbers()), value_is_self=True)


def test_scoped_iter() -> None:
    """scoped_iter() lends an iterator for the body, and closes its source behind it."""
    assert_async_context_manager(
        lambda: asyncstdlib.scoped_iter(numbers()),
        value=lambda iterator: hasattr(iterator, "__anext__"),
        reuse="single-use",
    )


def test_borrow() -> None:
    """borrow() lends an iterator that leaves its source open when it is closed."""
    assert_async_iterator(lambda: asyncstdlib.borrow(numbers()), items=[0, 1, 2])


def test_groups() -> None:
    """groupby() gives a key and an iterator for each run of equal items."""

    def keys(groups: list[tuple[bool, object]]) -> bool:
        return [key for key, _ in groups] == [False, True]

    assert_async_iterator(
        lambda: asyncstdlib.groupby(numbers(), key=bool),
        items=keys,
        expected_failures={
            "AI017": "asyncstdlib 3.14.0: await groupby([1]).aclose() raises AttributeError, "
            "since current_group is first set by __anext__"
        },
    )


class Settings:
    """Something with a costly attribute."""

    @asyncstdlib.cached_property
    async def answer(self) -> int:
        """Computed once."""
        await anyio.sleep(1)
        return 42


def test_cached_property() -> None:
    """cached_property computes once for an object."""
    assert_awaitable(lambda: Settings().answer, returns=42)


@conformance.awaitable(returns=42, reawait="again")
async def test_cached_value() -> object:
    """Once the value is known, what the attribute gives may be awaited again and again."""
    settings = Settings()
    await settings.answer
    return settings.answer


def test_any_iter() -> None:
    """any_iter() makes an iterator of a plain list."""
    assert_async_iterable(lambda: asyncstdlib.any_iter([0, 1]), items=[0, 1], reiterable=False)


def test_exit_stack() -> None:
    """ExitStack gives itself, as its twin in contextlib does."""
    assert_async_context_manager(asyncstdlib.ExitStack, value_is_self=True)


def test_nullcontext() -> None:
    """nullcontext() does nothing, as often as it is asked to."""
    assert_async_context_manager(lambda: asyncstdlib.nullcontext(1), value=1, reuse="reentrant")
