"""websockets, on the loop-back device; the connection is idle while it is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

from tests.real import ASYNCIO, ITERABLE, MANAGER, real


async def _greet(connection: Any) -> None:
    await connection.send("hello")
    await connection.send("goodbye")


async def _listen(connection: Any) -> None:
    async for _ in connection:
        pass


@real(MANAGER, backends=ASYNCIO)
async def connection() -> AsyncIterator[Any]:
    async with serve(_listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield connect(f"ws://127.0.0.1:{port}")


@real(ITERABLE, backends=ASYNCIO, items=["hello", "goodbye"])
async def messages() -> AsyncIterator[Any]:
    async with serve(_greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}") as made:
            yield made


@real(MANAGER, backends=ASYNCIO)
def server() -> Any:
    return serve(_listen, "127.0.0.1", 0)
