"""websockets: client and server on the loop-back device."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest_asyncio
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from pytest_asyncprotocol import conformance

ASYNCIO = ("asyncio",)


async def greet(connection: ServerConnection) -> None:
    """What the server does with a connection: two messages, unless it has gone."""
    with suppress(ConnectionClosed):
        await connection.send("hello")
        await connection.send("and good-bye")


@pytest_asyncio.fixture
async def address() -> AsyncIterator[str]:
    """The address of a server that runs while the test does, on pytest-asyncio's loop."""
    async with serve(greet, "127.0.0.1", 0) as server:
        host, port = next(iter(server.sockets)).getsockname()
        yield f"ws://{host}:{port}"


@conformance.async_iterable(items=["hello", "and good-bye"], reiterable=False)
async def test_messages(address: str) -> AsyncIterator[ClientConnection]:
    """A connection iterates over the messages that it receives."""
    async with connect(address) as connection:
        yield connection


@conformance.async_context_manager(value=lambda opened: isinstance(opened, ClientConnection))
def test_connection(address: str) -> object:
    """connect() gives a connection for the body, and closes it with a handshake."""
    return connect(address)


@conformance.async_context_manager(
    value=lambda server: isinstance(server, Server), backends=ASYNCIO
)
def test_server() -> object:
    """serve() gives a running server for the body, and stops it."""
    return serve(greet, "127.0.0.1", 0)
