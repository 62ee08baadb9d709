"""What everybody uses passes with nothing declared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import anyio

from pytest_asyncprotocol import (
    Report,
    Status,
    assert_async_context_manager,
    assert_async_generator,
    assert_async_iterator,
)

ASYNCIO = ("asyncio",)


async def countdown() -> AsyncGenerator[int, None]:
    """Counts down, and sleeps in between."""
    for number in (3, 2, 1):
        await anyio.sleep(1)
        yield number


@asynccontextmanager
async def session() -> AsyncIterator[str]:
    """Works at its entry and at its exit."""
    await anyio.sleep(1)
    try:
        yield "session"
    finally:
        await anyio.sleep(1)


class Received:
    """Iterates over what comes through an `asyncio.Queue`, up to None."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[int | None] = asyncio.Queue()
        self.over = False
        for item in (1, 2, None):
            self.queue.put_nowait(item)

    def __aiter__(self) -> Received:
        return self

    async def __anext__(self) -> int:
        item = None if self.over else await self.queue.get()
        if item is None:
            self.over = True
            raise StopAsyncIteration
        return item


def libraries(report: Report) -> set[str]:
    """The backends on which something was proved."""
    return {v.backend for v in report if v.status is Status.PASSED}


def test_a_native_async_generator() -> None:
    """It passes as a generator and as an iterator."""
    assert libraries(assert_async_generator(countdown)) == {"asyncio", "trio"}
    assert libraries(assert_async_iterator(countdown)) == {"asyncio", "trio"}


def test_an_asynccontextmanager() -> None:
    """It passes, although its objects can't be entered twice."""
    assert libraries(assert_async_context_manager(session)) == {"asyncio", "trio"}


def test_an_iterator_over_a_queue() -> None:
    """It passes where asyncio runs."""
    assert libraries(assert_async_iterator(Received, backends=ASYNCIO)) == {"asyncio"}


def test_a_lock_of_asyncio() -> None:
    """It passes, with None as its target."""
    assert libraries(assert_async_context_manager(asyncio.Lock, backends=ASYNCIO)) == {"asyncio"}


def test_scopes_of_asyncio() -> None:
    """A task group and a time-out pass as what they are declared to be."""
    for make in (asyncio.TaskGroup, lambda: asyncio.timeout(9)):
        report = assert_async_context_manager(make, own_scope=True, backends=ASYNCIO)
        assert libraries(report) == {"asyncio"}
