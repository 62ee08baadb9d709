"""aioitertools."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aioitertools
from anyio.lowlevel import checkpoint

from tests.real import ASYNCIO, ITERATOR, real


async def _numbers(count: int = 3) -> AsyncIterator[int]:
    for number in range(count):
        await checkpoint()
        yield number


@real(ITERATOR, backends=ASYNCIO, items=[0, 1, 3])
def accumulate() -> Any:
    return aioitertools.accumulate(_numbers())


@real(ITERATOR, backends=ASYNCIO, items=[0, 1, 0])
def chain() -> Any:
    return aioitertools.chain(_numbers(2), _numbers(1))


@real(ITERATOR, backends=ASYNCIO, items=[(0, "a"), (1, "b")])
def zip_() -> Any:
    return aioitertools.zip(_numbers(), ["a", "b"])


@real(ITERATOR, backends=ASYNCIO, items=["a", "b"])
def iter_() -> Any:
    return aioitertools.iter(["a", "b"])
