"""The standard library's contextlib, which knows no event loop: on asyncio and trio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, nullcontext

import anyio
import pytest
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Assertions, assert_async_context_manager, conformance


class Pool:
    """A pool of connections, which are but numbers."""

    def __init__(self) -> None:
        self.lent = 0

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[int]:
        """Lend a connection."""
        await anyio.sleep(1)
        self.lent += 1
        try:
            yield self.lent
        finally:
            self.lent -= 1
            await anyio.sleep(1)


def test_asynccontextmanager() -> None:
    """A generator under @asynccontextmanager that gives back what it borrowed."""
    pool = Pool()
    assert_async_context_manager(
        pool.connection, value=1, reuse="single-use", released=lambda _: pool.lent == 0
    )


@pytest.fixture
def pool() -> Pool:
    """A pool to borrow from; all subjects of one generated test share it."""
    return Pool()


@conformance.async_context_manager(value=lambda stack: isinstance(stack, AsyncExitStack))
async def test_filled_exit_stack(pool: Pool) -> AsyncExitStack:
    """AsyncExitStack that holds a connection already when it is entered."""
    stack = AsyncExitStack()
    await stack.enter_async_context(pool.connection())
    return stack


def test_exit_stack() -> None:
    """AsyncExitStack gives itself, and may be entered again."""
    assert_async_context_manager(AsyncExitStack, value_is_self=True, reuse="reusable")


def test_aclosing(asyncprotocol: Assertions) -> None:
    """aclosing() gives the generator that it will close."""

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            yield 1
        finally:
            await checkpoint()

    asyncprotocol.assert_async_context_manager(
        lambda: aclosing(numbers()), value=lambda generator: hasattr(generator, "aclose")
    )


@pytest.mark.anyio
async def test_nullcontext() -> None:
    """nullcontext() does nothing, as often as it is asked to."""
    await assert_async_context_manager(
        lambda: nullcontext("value"), value="value", reuse="reentrant"
    )
