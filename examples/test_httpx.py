"""httpx: the client and its responses, on asyncio and trio, without a network."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import httpx
import pytest
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import (
    assert_async_context_manager,
    assert_async_generator,
    assert_async_iterable,
    assert_awaitable,
    conformance,
)


async def body() -> AsyncGenerator[bytes, None]:
    """A body that arrives in two pieces."""
    yield b"roses\nvio"
    await checkpoint()
    yield b"lets\n"


async def answer(request: httpx.Request) -> httpx.Response:
    """What the server says to every request."""
    await checkpoint()
    return httpx.Response(200, content=body(), request=request)


def client() -> httpx.AsyncClient:
    """A client whose transport answers by itself."""
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


def test_client() -> None:
    """httpx.AsyncClient gives itself, and is closed after every exit, for good."""
    assert_async_context_manager(client, value_is_self=True, reuse="single-use")


@pytest.fixture
async def opened(anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client, open while the test runs, on anyio's own loop."""
    async with client() as made:
        yield made


@conformance.async_context_manager(value=lambda response: response.is_success)
def test_streamed_response(opened: httpx.AsyncClient) -> object:
    """client.stream() gives a response, and closes it behind the body."""
    return opened.stream("GET", "http://test/")


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")
@conformance.async_iterator(items=["roses", "violets"])
async def test_lines(opened: httpx.AsyncClient) -> AsyncIterator[AsyncIterator[str]]:
    """Response.aiter_lines() gives the lines, however the body arrives.

    Closed early, it leaves the generators that it reads from to the garbage collector, which
    trio warns of; see README.md.
    """
    async with opened.stream("GET", "http://test/") as response:
        yield response.aiter_lines()


@pytest.mark.anyio
async def test_request(opened: httpx.AsyncClient) -> None:
    """client.get() is a coroutine."""
    await assert_awaitable(
        lambda: opened.get("http://test/"),
        returns=lambda response: response.text == "roses\nviolets\n",
        reawait="error",
    )


def test_bytes() -> None:
    """Response.aiter_bytes() is a native generator over the pieces."""
    assert_async_generator(
        lambda: httpx.Response(200, content=body()).aiter_bytes(),
        items=[b"roses\nvio", b"lets\n"],
    )


def test_byte_stream() -> None:
    """httpx.ByteStream, the body of a request that is known as a whole, can be read again."""
    assert_async_iterable(lambda: httpx.ByteStream(b"roses\n"), items=[b"roses\n"], reiterable=True)
