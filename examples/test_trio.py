"""trio: nurseries, channels, locks, files and sockets.

All of them are made for trio only, which ``backends=("trio",)`` says.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial
from pathlib import Path

import pytest
import trio
import trio.testing

from pytest_asyncprotocol import (
    Assertions,
    assert_async_context_manager,
    assert_async_iterator,
    assert_awaitable,
    conformance,
)

TRIO = ("trio",)


def test_nursery() -> None:
    """trio.open_nursery cancels its own body when one of its tasks fails."""
    assert_async_context_manager(
        trio.open_nursery,
        own_scope=True,
        value=lambda nursery: isinstance(nursery, trio.Nursery),
        backends=TRIO,
    )


@conformance.async_context_manager(
    value=None, reuse="reusable", released=lambda lock: not lock.locked(), backends=TRIO
)
def test_lock() -> trio.Lock:
    """trio.Lock gives nothing as its value, and is free after every exit."""
    return trio.Lock()


def test_semaphore() -> None:
    """trio.Semaphore with one place, which is free after every exit."""
    assert_async_context_manager(
        lambda: trio.Semaphore(1),
        reuse="reusable",
        released=lambda semaphore: semaphore.value == 1,
        backends=TRIO,
    )


@pytest.mark.trio
async def test_capacity_limiter() -> None:
    """trio.CapacityLimiter, on the loop of pytest-trio."""
    await assert_async_context_manager(
        lambda: trio.CapacityLimiter(1),
        reuse="reusable",
        released=lambda limiter: limiter.borrowed_tokens == 0,
    )


@conformance.async_iterator(items=[0, 1, 2], cancel_safe=True, backends=TRIO)
async def test_memory_channel() -> AsyncIterator[trio.MemoryReceiveChannel[int]]:
    """The receiving end of a memory channel, while another task sends."""
    send, receive = trio.open_memory_channel[int](0)

    async def produce() -> None:
        async with send:
            for number in range(3):
                await trio.sleep(1)
                await send.send(number)

    async with receive, trio.open_nursery() as nursery:
        nursery.start_soon(produce)
        yield receive
        nursery.cancel_scope.cancel()


def test_closing_a_memory_channel() -> None:
    """A memory channel as a context manager: it is closed behind the body."""
    assert_async_context_manager(
        lambda: trio.open_memory_channel[int](0)[1], value_is_self=True, backends=TRIO
    )


@trio.as_safe_channel
async def safe_numbers() -> AsyncGenerator[int, None]:
    """A generator that runs in a task of its own."""
    for number in range(3):
        await trio.sleep(1)
        yield number


@conformance.async_iterator(items=[0, 1, 2], backends=TRIO)
async def test_safe_channel() -> AsyncIterator[object]:
    """What @trio.as_safe_channel makes of a generator, as an iterator."""
    async with safe_numbers() as channel:
        yield channel


def test_opening_a_safe_channel() -> None:
    """The same as a context manager: it ends the task behind it."""
    assert_async_context_manager(safe_numbers, own_scope=True, backends=TRIO)


def test_event(asyncprotocol: Assertions) -> None:
    """Event.wait() is a coroutine; here the event has been set."""
    if asyncprotocol.backend != "trio":
        pytest.skip("trio.Event is made for trio")

    def waiting() -> object:
        event = trio.Event()
        event.set()
        return event.wait()

    asyncprotocol.assert_awaitable(waiting, returns=None, reawait="error")


def test_sleep() -> None:
    """trio.sleep, under the virtual clock."""
    assert_awaitable(partial(trio.sleep, 3600), returns=None, reawait="error", backends=TRIO)


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    """A file of two lines."""
    path = tmp_path / "poem.txt"
    path.write_text("roses\nviolets\n", encoding="utf-8")
    return path


@conformance.async_iterator(items=["roses\n", "violets\n"], backends=TRIO)
async def test_lines_of_a_file(poem: Path) -> AsyncIterator[object]:
    """trio.open_file gives an iterator over lines, read in worker threads."""
    async with await trio.open_file(poem, encoding="utf-8") as file:
        yield file


def test_closing_a_file(poem: Path) -> None:
    """trio.Path.open() gives a file that is closed after every exit."""
    assert_async_context_manager(trio.Path(poem).open, value_is_self=True, backends=TRIO)


def _socket_pair() -> tuple[trio.SocketStream, trio.SocketStream]:
    one, other = trio.socket.socketpair()
    return trio.SocketStream(one), trio.SocketStream(other)


@conformance.async_iterator(items=[b"hello"], backends=TRIO)
async def test_socket_stream() -> AsyncIterator[trio.SocketStream]:
    """trio.SocketStream iterates over the bytes that it receives."""
    near, far = _socket_pair()
    async with near:
        async with far:
            await far.send_all(b"hello")
        yield near


@conformance.async_context_manager(value_is_self=True, backends=TRIO)
async def test_closing_a_socket_stream() -> AsyncIterator[trio.SocketStream]:
    """trio.SocketStream as a context manager: it is closed behind the body."""
    near, far = _socket_pair()
    async with near, far:
        yield near


def test_memory_stream() -> None:
    """The streams of trio.testing: the far end closes, which ends the iteration."""

    async def receiving() -> trio.abc.ReceiveStream:
        near, far = trio.testing.memory_stream_pair()
        await far.send_all(b"hello")
        await far.aclose()
        return near

    assert_async_iterator(receiving, items=[b"hello"], backends=TRIO)
