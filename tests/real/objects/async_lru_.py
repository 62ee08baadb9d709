"""async-lru."""

from __future__ import annotations

import asyncio
from typing import Any

from async_lru import alru_cache

from tests.real import ASYNCIO, AWAITABLE, real


@real(AWAITABLE, backends=ASYNCIO, returns=42)
def cached() -> Any:
    @alru_cache
    async def answer() -> int:
        await asyncio.sleep(1)
        return 42

    return answer()
