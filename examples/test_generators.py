"""Native async generators, the interpreter's own, on asyncio and trio."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import anyio
import pytest
import trio.testing
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import (
    assert_async_generator,
    assert_async_iterable,
    assert_async_iterator,
    assert_awaitable,
    conformance,
)


async def countdown(start: int = 3) -> AsyncGenerator[int, None]:
    """Count down, with a pause before each number."""
    for number in range(start, 0, -1):
        await anyio.sleep(1)
        yield number


async def running_total() -> AsyncGenerator[int, int]:
    """Add up what is sent, for ever."""
    total = 0
    while True:
        total += (yield total) or 0
        await anyio.sleep(1)


async def logged(log: list[str]) -> AsyncGenerator[str, None]:
    """Two items, and clean-up that awaits."""
    try:
        yield "first"
        await anyio.sleep(1)
        yield "second"
    finally:
        with anyio.CancelScope(shield=True):
            await checkpoint()
        log.append("closed")


def test_as_a_generator() -> None:
    """By all the methods that a generator has."""
    assert_async_generator(countdown, items=[3, 2, 1], closes=True)


def test_as_an_iterator() -> None:
    """By the methods that ``async for`` uses."""
    assert_async_iterator(countdown, items=[3, 2, 1])


def test_as_an_iterable() -> None:
    """A generator object is a one-shot iterable."""
    assert_async_iterable(countdown, items=[3, 2, 1], reiterable=False)


def test_without_an_end() -> None:
    """A generator that never ends, of which the first items are known."""
    assert_async_generator(running_total, items=[0, 0, 0], infinite=True)


def test_without_items() -> None:
    """A generator that ends before its first item."""
    assert_async_generator(lambda: countdown(0), items=[])


@pytest.fixture
def log() -> list[str]:
    """What the generators of one test have written."""
    return []


@conformance.async_generator(items=["first", "second"])
def test_with_clean_up(log: list[str]) -> AsyncGenerator[str, None]:
    """A generator that holds something, and awaits while it lets go of it."""
    return logged(log)


@pytest.mark.trio
async def test_on_the_loop_of_pytest_trio(autojump_clock: trio.testing.MockClock) -> None:
    """The same generator on the loop that pytest-trio runs this test on."""
    await assert_async_generator(countdown, items=[3, 2, 1])


async def double(number: int) -> int:
    """A coroutine function."""
    await anyio.sleep(1)
    return 2 * number


def test_coroutine() -> None:
    """A native coroutine: a second await is refused."""
    assert_awaitable(lambda: double(21), returns=42, reawait="error")
