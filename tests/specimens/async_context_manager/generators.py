"""Specimens: the generator behind an async context manager."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER


@conforms("CM019", MANAGER)
@conforms("CM022", MANAGER)
@conforms("CM017", MANAGER)
@contextlib.asynccontextmanager
async def generator() -> AsyncIterator[int]:
    """Yields once."""
    await checkpoint()
    try:
        yield 1
    finally:
        await checkpoint()


@conforms("CM019", MANAGER)
@contextlib.asynccontextmanager
async def one_yield_of_two() -> AsyncIterator[int]:
    """Has two places to yield, and comes to one of them."""
    if await is_remote():
        yield 1
    else:
        yield 2


async def is_remote() -> bool:
    """Decides."""
    await checkpoint()
    return False


@conforms("CM019", MANAGER)
@contextlib.asynccontextmanager
async def fails_at_its_exit() -> AsyncIterator[int]:
    """Raises a RuntimeError of its own when the body failed."""
    try:
        yield 1
    except Exception as error:
        raise RuntimeError("rolled back") from error


@conforms("CM019", MANAGER)
@contextlib.asynccontextmanager
async def complains_itself() -> AsyncIterator[int]:
    """Raises a RuntimeError of its own, which comes from nothing."""
    try:
        yield 1
    except Exception:
        raise RuntimeError("rolled back") from None


@contextlib.asynccontextmanager
async def refuses() -> AsyncIterator[int]:
    """Raises what failed."""
    await checkpoint()
    raise RuntimeError("refused")
    yield 1


@contextlib.asynccontextmanager
async def logs_and_returns() -> AsyncIterator[int]:
    """Handles what failed, and then has nothing to yield."""
    try:
        await checkpoint()
        raise ConnectionError("refused")
    except ConnectionError:
        return
    yield 1


@conforms("CM019", MANAGER, failing_enter=refuses)
@violates(
    "CM019",
    MANAGER,
    failing_enter=logs_and_returns,
    says="__aenter__ #1: the generator ended before it yielded",
)
@contextlib.asynccontextmanager
async def connects() -> AsyncIterator[int]:
    """Yields once; what it is like when it fails is declared."""
    await checkpoint()
    yield 1


@violates("CM019", MANAGER, says="__aenter__ #1: the generator ended before it yielded")
@contextlib.asynccontextmanager
async def never_yields() -> AsyncIterator[int]:
    """Yields on a path that is not taken."""
    if await is_remote():
        yield 1


@violates("CM019", MANAGER, says="__aenter__ #1: the generator ended before it yielded")
@contextlib.asynccontextmanager
async def out_of_time_before_it_yields() -> AsyncIterator[int]:
    """Its scope ends it before the body begins."""
    with anyio.move_on_after(1):
        await anyio.sleep(2)
        yield 1


@violates(
    "CM019",
    MANAGER,
    says=(
        "__aexit__ #1, after a body that raised nothing: the generator yielded again; "
        "expected it to end"
    ),
)
@contextlib.asynccontextmanager
async def yields_twice() -> AsyncIterator[int]:
    """Yields behind its clean-up too."""
    yield 1
    await checkpoint()
    yield 2


@violates(
    "CM019",
    MANAGER,
    says=(
        "__aexit__ #1, after a body that raised BodyError: the generator yielded again; "
        "expected it to end"
    ),
)
@contextlib.asynccontextmanager
async def tries_again() -> AsyncIterator[int]:
    """Wants to run its body again when that failed."""
    while True:
        try:
            yield 1
            break
        except Exception:
            await checkpoint()


@violates(
    "CM019",
    MANAGER,
    says=(
        "__aexit__ #1, after a body that raised BodyError: the generator yielded again; "
        "expected it to end"
    ),
)
@contextlib.asynccontextmanager
async def yields_an_alternative() -> AsyncIterator[str]:
    """Falls back to another value when the first one led to an error."""
    try:
        yield "remote"
    except Exception:
        yield "local"


@conforms("CM019", MANAGER)
@asynccontextmanager
async def with_a_time_limit() -> AsyncIterator[None]:
    """Yields inside a scope, as a function with this decorator may."""
    with anyio.fail_after(30):
        await checkpoint()
        yield
