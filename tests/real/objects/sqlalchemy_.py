"""SQLAlchemy, with aiosqlite below."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool

from tests.real import ASYNCIO, AWAITABLE, ITERATOR, MANAGER, real


async def _engine() -> AsyncIterator[Any]:
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=AsyncAdaptedQueuePool)
    yield engine
    await engine.dispose()


def _nothing_checked_out(connection: Any) -> bool:
    return bool(connection.engine.pool.checkedout() == 0)


@real(MANAGER, backends=ASYNCIO, value_is_self=True, released=_nothing_checked_out)
async def connect() -> AsyncIterator[Any]:
    async for engine in _engine():
        yield engine.connect()


@real(MANAGER, backends=ASYNCIO)
async def begin() -> AsyncIterator[Any]:
    async for engine in _engine():
        yield engine.begin()


@real(MANAGER, backends=ASYNCIO, value_is_self=True)
async def session() -> AsyncIterator[Any]:
    async for engine in _engine():
        yield AsyncSession(engine)


@real(AWAITABLE, backends=ASYNCIO)
async def execute() -> AsyncIterator[Any]:
    async for engine in _engine():
        async with engine.connect() as connection:
            yield connection.execute(sqlalchemy.text("select 1"))


@real(ITERATOR, backends=ASYNCIO, items=[(1,)])
async def result() -> AsyncIterator[Any]:
    async for engine in _engine():
        async with engine.connect() as connection:
            yield aiter(await connection.stream(sqlalchemy.text("select 1")))
