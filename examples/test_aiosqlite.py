"""aiosqlite: connections and cursors of SQLite, which work in a thread of their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiosqlite
import pytest
import pytest_asyncio

from pytest_asyncprotocol import assert_async_context_manager, assert_awaitable, conformance

ASYNCIO = ("asyncio",)


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of an empty database."""
    return str(tmp_path_factory.mktemp("database") / "numbers.sqlite")


def test_connection(database: str) -> None:
    """aiosqlite.connect() gives itself, and closes the connection behind the body."""
    assert_async_context_manager(
        lambda: aiosqlite.connect(database),
        value_is_self=True,
        reuse="single-use",
        backends=ASYNCIO,
    )


@pytest_asyncio.fixture
async def numbers(database: str) -> AsyncIterator[aiosqlite.Connection]:
    """A connection to a database of three numbers, opened on pytest-asyncio's loop."""
    async with aiosqlite.connect(database) as connection:
        await connection.execute("create table numbers (number integer)")
        await connection.executemany("insert into numbers values (?)", [(0,), (1,), (2,)])
        yield connection


@conformance.async_iterable(items=[(0,), (1,), (2,)], reiterable=False)
async def test_rows(numbers: aiosqlite.Connection) -> AsyncIterator[aiosqlite.Cursor]:
    """A cursor iterates over the rows that were selected."""
    async with numbers.execute("select number from numbers order by number") as cursor:
        yield cursor


@conformance.async_context_manager(
    value=lambda cursor: isinstance(cursor, aiosqlite.Cursor), backends=ASYNCIO
)
async def test_execute_as_a_context_manager(database: str) -> AsyncIterator[object]:
    """execute() gives a cursor for the body, and closes it."""
    async with aiosqlite.connect(database) as connection:
        yield connection.execute("select 1")


@conformance.awaitable(
    returns=lambda cursor: isinstance(cursor, aiosqlite.Cursor), reawait="error", backends=ASYNCIO
)
async def test_execute_as_an_awaitable(database: str) -> AsyncIterator[object]:
    """The same execute(), awaited, gives a cursor that the caller closes."""
    async with aiosqlite.connect(database) as connection:
        yield connection.execute("select 1")


@pytest.mark.asyncio
async def test_fetchall(numbers: aiosqlite.Connection) -> None:
    """cursor.fetchall() is a coroutine; after its first call no rows are left."""
    async with numbers.execute("select number from numbers") as cursor:
        await assert_awaitable(
            cursor.fetchall, returns=lambda rows: isinstance(rows, list), reawait="error"
        )
