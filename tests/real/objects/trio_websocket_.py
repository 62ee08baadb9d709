"""trio-websocket, on the loop-back device."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import trio
from trio_websocket import ConnectionClosed, open_websocket_url, serve_websocket

from tests.real import MANAGER, TRIO, real


async def _listen(request: Any) -> None:
    connection = await request.accept()
    try:
        while True:
            await connection.get_message()
    except ConnectionClosed:
        return


@real(MANAGER, backends=TRIO, own_scope=True)
async def connection() -> AsyncIterator[Any]:
    async with trio.open_nursery() as nursery:
        serve = partial(serve_websocket, _listen, "127.0.0.1", 0, ssl_context=None)
        server = await nursery.start(serve)
        yield open_websocket_url(f"ws://127.0.0.1:{server.port}")
        nursery.cancel_scope.cancel()
