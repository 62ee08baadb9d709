"""aiodataloader."""

from __future__ import annotations

from typing import Any

from aiodataloader import DataLoader

from tests.real import ASYNCIO, AWAITABLE, real


async def _batch(keys: list[int]) -> list[int]:
    return [key * 2 for key in keys]


@real(AWAITABLE, backends=ASYNCIO, returns=42, reawait="same")
async def load() -> Any:
    return DataLoader(_batch).load(21)
