"""What failures look like: eight small classes, each with a fault that real code has.

pytest collects this file only when it is named::

    pytest examples/broken_classes.py

Every test in it fails, and says which rule is broken, what was seen, why it matters, and where
the obligation is written down.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import suppress
from typing import Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import (
    assert_async_context_manager,
    assert_async_generator,
    assert_async_iterable,
    assert_async_iterator,
    assert_awaitable,
    conformance,
)


class ForgetsItsEnd:
    """Gives None instead of raising StopAsyncIteration: the loop over it never ends."""

    def __init__(self, items: list[int]) -> None:
        self._items = items

    def __aiter__(self) -> ForgetsItsEnd:
        return self

    async def __anext__(self) -> int | None:
        await checkpoint()
        return self._items.pop(0) if self._items else None


def test_forgets_its_end() -> None:
    """AI003: more items than were declared."""
    assert_async_iterator(lambda: ForgetsItsEnd([1, 2]), items=[1, 2])


class StartsAgain:
    """Begins anew after its end: a second loop over it, or a caller who asks once more, goes on."""

    def __init__(self) -> None:
        self._left = 2

    def __aiter__(self) -> StartsAgain:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if self._left == 0:
            self._left = 2
            raise StopAsyncIteration
        self._left -= 1
        return self._left


@conformance.async_iterator(items=[1, 0])
def test_starts_again() -> StartsAgain:
    """AI005: the end is not permanent."""
    return StartsAgain()


class AsyncAiter:
    """Has an ``async def __aiter__``, which ``async for`` has refused since Python 3.7."""

    async def __aiter__(self) -> AsyncGenerator[int, None]:
        return _numbers()


async def _numbers() -> AsyncGenerator[int, None]:
    yield 1


def test_async_aiter() -> None:
    """AB002: ``__aiter__`` gives a coroutine."""
    assert_async_iterable(AsyncAiter, items=[1])


class ForTrioInNameOnly:
    """Says nothing about its event loop, and works on asyncio only."""

    def __await__(self) -> Generator[object, None, str]:
        return self._answer().__await__()

    async def _answer(self) -> str:
        await asyncio.sleep(0.1)
        return "done"


def test_for_trio_in_name_only() -> None:
    """CO010: on trio it calls into asyncio, and it is not declared for asyncio only."""
    assert_awaitable(ForTrioInNameOnly, returns="done")


class Retries:
    """Tries again after every failure, cancellation included: no time-out can end it."""

    def __await__(self) -> Generator[object, None, str]:
        return self._answer().__await__()

    async def _answer(self) -> str:
        for _ in range(3):
            with suppress(BaseException):
                await anyio.sleep(1)
                return "done"
        return "gave up"


def test_retries() -> None:
    """CO001: it swallows the cancellation."""
    assert_awaitable(Retries, returns="done")


class LeavesATask:
    """Starts a task at its entry, and forgets it at its exit."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(asyncio.sleep(3600))
        return self

    async def __aexit__(self, *details: object) -> None:
        await asyncio.sleep(0)


@conformance.async_context_manager(value_is_self=True, backends=("asyncio",))
def test_leaves_a_task() -> LeavesATask:
    """CO007: a task outlives the exit."""
    return LeavesATask()


class HidesErrors:
    """Returns true from ``__aexit__``: whatever the body raises disappears."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> bool:
        await checkpoint()
        return True


def test_hides_errors() -> None:
    """CM004: it suppresses what the body raised, and nobody said that it may."""
    assert_async_context_manager(HidesErrors)


async def goes_on() -> AsyncGenerator[int, None]:
    """Yields while it is being closed, which Python answers with RuntimeError."""
    try:
        yield 1
        yield 2
    finally:
        yield 3


def test_goes_on() -> None:
    """AG001: it yields after it was closed."""
    assert_async_generator(goes_on)
