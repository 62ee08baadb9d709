"""aiohttp, against a server on the loop-back device."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.real import ASYNCIO, AWAITABLE, ITERATOR, MANAGER, real


async def _hello(request: web.Request) -> web.Response:
    return web.Response(text="hello\nworld\n")


def _server() -> TestServer:
    app = web.Application()
    app.router.add_get("/", _hello)
    return TestServer(app)


@real(MANAGER, backends=ASYNCIO, value_is_self=True)
async def session() -> Any:
    return aiohttp.ClientSession()


@real(MANAGER, backends=ASYNCIO)
async def get() -> AsyncIterator[Any]:
    async with _server() as server, aiohttp.ClientSession() as made:
        yield made.get(server.make_url("/"))


@real(AWAITABLE, backends=ASYNCIO)
async def request() -> AsyncIterator[Any]:
    async with _server() as server, aiohttp.ClientSession() as made:
        yield made.get(server.make_url("/"))


@real(ITERATOR, backends=ASYNCIO, items=[b"hello\n", b"world\n"])
async def chunks() -> AsyncIterator[Any]:
    async with (
        _server() as server,
        aiohttp.ClientSession() as made,
        made.get(server.make_url("/")) as response,
    ):
        yield aiter(response.content)


@real(MANAGER, backends=ASYNCIO, value_is_self=True)
async def connector() -> Any:
    return aiohttp.TCPConnector()
