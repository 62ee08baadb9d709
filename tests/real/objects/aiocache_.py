"""aiocache."""

from __future__ import annotations

from typing import Any

from aiocache import SimpleMemoryCache
from aiocache.lock import RedLock

from tests.real import ASYNCIO, AWAITABLE, MANAGER, real


@real(MANAGER, backends=ASYNCIO)
def cache() -> Any:
    return SimpleMemoryCache()


@real(MANAGER, backends=ASYNCIO)
def red_lock() -> Any:
    return RedLock(SimpleMemoryCache(), "key", 60)


@real(AWAITABLE, backends=ASYNCIO, returns=None)
def get() -> Any:
    return SimpleMemoryCache().get("nothing")
