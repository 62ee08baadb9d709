"""async_property."""

from __future__ import annotations

from typing import Any

import anyio
from async_property import async_cached_property

from tests.real import AWAITABLE, real


class _Slow:
    @async_cached_property
    async def answer(self) -> int:
        await anyio.sleep(1)
        return 42


@real(AWAITABLE, returns=42)
def cached() -> Any:
    return _Slow().answer
