"""aiohttp: the client session and its responses, against a server on the loop-back device."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from aiohttp import web

from pytest_asyncprotocol import assert_async_context_manager, conformance

ASYNCIO = ("asyncio",)


def test_session() -> None:
    """aiohttp.ClientSession gives itself, and is closed after every exit."""
    assert_async_context_manager(
        aiohttp.ClientSession,
        value_is_self=True,
        backends=ASYNCIO,
    )


@pytest_asyncio.fixture
async def address() -> AsyncIterator[str]:
    """The address of a server that runs while the test does."""

    async def answer(request: object) -> object:
        del request
        return web.Response(text="roses\nviolets\n")

    application = web.Application()
    application.router.add_get("/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    yield f"http://{host}:{port}/"
    await runner.cleanup()


@conformance.async_context_manager(value=lambda response: response.ok)
async def test_response(address: str) -> AsyncIterator[object]:
    """session.get() gives a response for the body, and releases its connection."""
    async with aiohttp.ClientSession() as session:
        yield session.get(address)


@conformance.async_iterator(items=[b"roses\n", b"violets\n"])
async def test_lines(address: str) -> AsyncIterator[object]:
    """response.content iterates over the lines of the body."""
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        yield aiter(response.content)
