"""aiostream: streams are iterable, awaitable and async context managers at once."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

from aiostream import stream

from tests.real import ASYNCIO, AWAITABLE, ITERABLE, ITERATOR, MANAGER, real


@real(ITERABLE, items=[0, 1, 2], reiterable=True, backends=ASYNCIO)
def range_() -> Any:
    return stream.range(3, interval=1)


@real(ITERABLE, items=[0, 2, 4], backends=ASYNCIO)
def map_() -> Any:
    return stream.map(stream.range(3), lambda n: n * 2)


@real(AWAITABLE, returns=2, backends=ASYNCIO)
def last_item() -> Any:
    return stream.range(3)


# From Python 3.12 on that takes an item, which the rule does not take.
@real(MANAGER, backends=ASYNCIO, findings={
    "CM022": "aiostream 0.8.1: a StopAsyncIteration of the body comes out as RuntimeError",
} if sys.version_info < (3, 12) else {})  # fmt: skip
def streamer() -> Any:
    return stream.range(3).stream()


@real(ITERATOR, backends=ASYNCIO, items=[0, 1])
async def opened_streamer() -> AsyncIterator[Any]:
    async with stream.range(2).stream() as made:
        yield made


async def _numbers(count: int = 3) -> AsyncIterator[int]:
    for number in range(count):
        await asyncio.sleep(0)
        yield number


@real(ITERABLE, backends=ASYNCIO, ordered=False, items=[0, 1, 2, 0, 1, 2])
def merge() -> Any:
    return stream.merge(_numbers(), _numbers())
