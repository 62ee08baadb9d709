"""contextlib, and generators of the language itself."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from anyio.lowlevel import checkpoint

from tests.real import AWAITABLE, GENERATOR, MANAGER, real


async def _numbers() -> AsyncIterator[int]:
    for number in range(3):
        await checkpoint()
        yield number


@real(GENERATOR, items=[0, 1, 2], concurrent="refused", closes=True, checkpoints=True)
def generator() -> Any:
    return _numbers()


@real(AWAITABLE, returns=None)
def coroutine() -> Any:
    return checkpoint()


@real(MANAGER)
def aclosing() -> Any:
    return contextlib.aclosing(_numbers())


@real(MANAGER, value_is_self=True)
def exit_stack() -> Any:
    return contextlib.AsyncExitStack()


@real(MANAGER, value=1, reuse="reentrant")
def nullcontext() -> Any:
    return contextlib.nullcontext(1)


@contextlib.asynccontextmanager
async def _managed() -> AsyncIterator[int]:
    await checkpoint()
    try:
        yield 1
    finally:
        await checkpoint()


@real(MANAGER, value=1)
def generator_based() -> Any:
    return _managed()

    stack = contextlib.AsyncExitStack()
    stack.push_async_callback(checkpoint)
    stack.push_async_exit(_managed())
    return contextlib.AsyncExitStack()
