"""databases, with aiosqlite below."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from databases import Database

from tests.real import ASYNCIO, GENERATOR, MANAGER, real


@real(MANAGER, backends=ASYNCIO, value_is_self=True)
def database() -> Any:
    return Database("sqlite+aiosqlite://")


@real(MANAGER, backends=ASYNCIO)
async def transaction() -> AsyncIterator[Any]:
    async with Database("sqlite+aiosqlite://") as database:
        yield database.transaction()


@real(
    GENERATOR,
    backends=ASYNCIO,
    findings={"AG011": "databases 0.9.0: keeps its transaction in a variable of the context"},
)
async def iterate() -> AsyncIterator[Any]:
    async with Database("sqlite+aiosqlite://") as database:
        yield database.iterate("select 1")
