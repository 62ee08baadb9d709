"""tenacity."""

from __future__ import annotations

from typing import Any

from tenacity import AsyncRetrying, stop_after_attempt

from tests.real import ASYNCIO, AWAITABLE, ITERABLE, real


@real(ITERABLE, backends=ASYNCIO, infinite=True)
def attempts() -> Any:
    return AsyncRetrying(stop=stop_after_attempt(1))


@real(AWAITABLE, backends=ASYNCIO, returns=42)
def retried() -> Any:
    async def answer() -> int:
        return 42

    return AsyncRetrying(stop=stop_after_attempt(2))(answer)
