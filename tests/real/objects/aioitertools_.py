"""aioitertools."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aioitertools
from aioitertools.asyncio import as_generated as as_generated_items
from aioitertools.more_itertools import chunked as chunked_items
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


@real(ITERATOR, backends=ASYNCIO, items=[[0, 1], [2]])
def chunked() -> Any:
    return chunked_items(_numbers(), 2)


@real(ITERATOR, backends=ASYNCIO, items=[0, 1, 2])
def tee() -> Any:
    return aioitertools.tee(_numbers())[0]


@real(
    ITERATOR,
    backends=ASYNCIO,
    findings={"CO001": "aioitertools 0.13.0: a cancellation looks like the end of the iteration"},
)
def as_generated() -> Any:
    return as_generated_items([_numbers(), _numbers()])
