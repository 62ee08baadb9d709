"""httpx, with a transport that answers by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import httpx_sse
from anyio.lowlevel import checkpoint

from tests.real import AWAITABLE, GENERATOR, ITERABLE, MANAGER, real


async def _body() -> AsyncIterator[bytes]:
    yield b"roses\nvio"
    await checkpoint()
    yield b"lets\n"


async def _answer(request: httpx.Request) -> httpx.Response:
    await checkpoint()
    return httpx.Response(200, content=_body(), request=request)


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(_answer))


@real(MANAGER, value_is_self=True)
def client() -> Any:
    return _client()


@real(AWAITABLE)
async def get() -> AsyncIterator[Any]:
    async with _client() as made:
        yield made.get("http://test/")


@real(MANAGER)
async def stream() -> AsyncIterator[Any]:
    async with _client() as made:
        yield made.stream("GET", "http://test/")


@real(ITERABLE, items=[b"abc"])
def byte_stream() -> Any:
    return httpx.ByteStream(b"abc")


@real(GENERATOR, items=["roses", "violets"])
async def lines() -> AsyncIterator[Any]:
    async with _client() as made, made.stream("GET", "http://test/") as response:
        yield response.aiter_lines()


async def _events(request: httpx.Request) -> httpx.Response:
    await checkpoint()
    headers = {"content-type": "text/event-stream"}
    return httpx.Response(200, headers=headers, content=_two_events(), request=request)


async def _two_events() -> AsyncIterator[bytes]:
    yield b"data: a\n\n"
    await checkpoint()
    yield b"data: b\n\n"


@real(MANAGER)
async def sse() -> AsyncIterator[Any]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(_events)) as made:
        yield httpx_sse.aconnect_sse(made, "GET", "http://test/")
