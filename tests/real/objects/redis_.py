"""redis, with fakeredis as the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import fakeredis

from tests.real import ASYNCIO, AWAITABLE, GENERATOR, MANAGER, real


async def _client() -> AsyncIterator[Any]:
    client = fakeredis.FakeAsyncRedis()
    yield client
    await client.aclose()


@real(MANAGER, backends=ASYNCIO, value_is_self=True)
def client() -> Any:
    return fakeredis.FakeAsyncRedis()


@real(MANAGER, backends=ASYNCIO)
async def pipeline() -> AsyncIterator[Any]:
    async for made in _client():
        yield made.pipeline()


@real(AWAITABLE, backends=ASYNCIO, returns=True)
async def set_() -> AsyncIterator[Any]:
    async for made in _client():
        yield made.set("a", "b")


@real(GENERATOR, backends=ASYNCIO, items=[b"a"])
async def scan_iter() -> AsyncIterator[Any]:
    async for made in _client():
        await made.set("a", "b")
        yield made.scan_iter()


@real(MANAGER, backends=ASYNCIO)
async def subscription() -> AsyncIterator[Any]:
    async for made in _client():
        pubsub = made.pubsub()
        yield pubsub
        await pubsub.aclose()
