"""aiosqlite: SQLite in a thread of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiosqlite

from tests.real import ASYNCIO, AWAITABLE, ITERABLE, MANAGER, real


@real(MANAGER, backends=ASYNCIO)
def connect() -> Any:
    return aiosqlite.connect(":memory:")


@real(AWAITABLE, backends=ASYNCIO)
async def execute() -> AsyncIterator[Any]:
    async with aiosqlite.connect(":memory:") as connection:
        yield connection.execute("select 1")


@real(ITERABLE, backends=ASYNCIO, items=[(1,), (2,)])
async def cursor() -> AsyncIterator[Any]:
    async with aiosqlite.connect(":memory:") as connection:
        yield await connection.execute("select 1 union select 2")
