"""anyio: locks, streams, task groups and files, on asyncio and trio."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.memory import MemoryObjectReceiveStream

from pytest_asyncprotocol import (
    Assertions,
    assert_async_context_manager,
    assert_async_iterable,
    assert_async_iterator,
    assert_awaitable,
    conformance,
)


def test_lock() -> None:
    """anyio.Lock gives nothing as its value, and is free after every exit."""
    assert_async_context_manager(
        anyio.Lock, value=None, reuse="reusable", released=lambda lock: not lock.locked()
    )


@conformance.async_context_manager(
    value_is_self=True, reuse="reusable", released=lambda semaphore: semaphore.value == 1
)
def test_semaphore() -> anyio.Semaphore:
    """anyio.Semaphore with one place, which is free after every exit."""
    return anyio.Semaphore(1)


def test_capacity_limiter(asyncprotocol: Assertions) -> None:
    """anyio.CapacityLimiter refuses a task that borrows twice."""
    asyncprotocol.assert_async_context_manager(
        lambda: anyio.CapacityLimiter(1),
        value=None,
        reuse="reusable",
        released=lambda limiter: limiter.borrowed_tokens == 0,
    )


def test_condition() -> None:
    """anyio.Condition, entered like the lock that it holds."""
    assert_async_context_manager(
        anyio.Condition, reuse="reusable", released=lambda condition: not condition.locked()
    )


def test_task_group() -> None:
    """A task group of anyio cancels its own body when one of its tasks fails."""
    assert_async_context_manager(
        anyio.create_task_group, own_scope=True, value_is_self=True, reuse="single-use"
    )


@conformance.async_iterator(items=[0, 1, 2], cancel_safe=True)
async def test_memory_object_stream() -> AsyncIterator[MemoryObjectReceiveStream[int]]:
    """The receiving end of a memory object stream, while another task sends."""
    send, receive = anyio.create_memory_object_stream[int]()

    async def produce() -> None:
        async with send:
            with suppress(anyio.BrokenResourceError):  # nobody receives any more
                for number in range(3):
                    await anyio.sleep(1)
                    await send.send(number)

    async with receive, anyio.create_task_group() as tasks:
        tasks.start_soon(produce)
        yield receive
        tasks.cancel_scope.cancel()


def test_closing_a_memory_object_stream() -> None:
    """A memory object stream as a context manager: it is closed behind the body."""
    assert_async_context_manager(
        lambda: anyio.create_memory_object_stream[int](1)[1], value_is_self=True
    )


def test_waiting_for_an_event(asyncprotocol: Assertions) -> None:
    """Event.wait() is a coroutine; here the event has been set."""

    def waiting() -> object:
        event = anyio.Event()
        event.set()
        return event.wait()

    asyncprotocol.assert_awaitable(waiting, returns=None, reawait="error")


def test_work_in_a_thread() -> None:
    """to_thread.run_sync gives what the function in the thread returns."""
    assert_awaitable(lambda: anyio.to_thread.run_sync(sum, [20, 22]), returns=42, reawait="error")


@pytest.fixture
def poem(tmp_path: Path) -> Path:
    """A file of two lines."""
    path = tmp_path / "poem.txt"
    path.write_text("roses\nviolets\n", encoding="utf-8")
    return path


@conformance.async_iterable(items=["roses\n", "violets\n"], reiterable=False)
async def test_lines_of_a_file(poem: Path) -> AsyncIterator[anyio.AsyncFile[str]]:
    """anyio.open_file gives an iterable over lines, read in worker threads."""
    async with await anyio.open_file(poem, encoding="utf-8") as file:
        yield file


def test_closing_a_file(poem: Path) -> None:
    """A file of anyio as a context manager: it is closed after every exit."""
    assert_async_context_manager(lambda: anyio.open_file(poem), value_is_self=True)


@pytest.mark.anyio
async def test_paths_in_a_folder(poem: Path) -> None:
    """anyio.Path.iterdir() iterates over the folder, in worker threads."""
    await assert_async_iterator(anyio.Path(poem.parent).iterdir, items=[anyio.Path(poem)])


@pytest.mark.anyio
async def test_matching_paths(poem: Path) -> None:
    """anyio.Path.glob() the same, seen as an iterable."""
    await assert_async_iterable(
        lambda: anyio.Path(poem.parent).glob("*.txt"), items=[anyio.Path(poem)], reiterable=False
    )


def test_temporary_directory() -> None:
    """anyio.TemporaryDirectory is gone after every exit."""
    assert_async_context_manager(
        anyio.TemporaryDirectory, value=lambda name: Path(name).name.startswith("tmp")
    )


@pytest.fixture
async def address(anyio_backend: str) -> AsyncIterator[tuple[str, int]]:
    """The address of a server on the loop-back device, which runs while the test does."""

    async def greet(stream: SocketStream) -> None:
        async with stream:
            await stream.send(b"hello")

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, greet)
        yield listener.extra(SocketAttribute.local_address)  # noqa: S610
        tasks.cancel_scope.cancel()


@conformance.async_context_manager(value_is_self=True)
async def test_closing_a_connection(address: tuple[str, int]) -> AsyncIterator[SocketStream]:
    """A TCP connection of anyio, against a server that an async fixture of anyio runs."""
    async with await anyio.connect_tcp(*address) as stream:
        yield stream


@conformance.async_iterator(items=[b"hello"])
async def test_bytes_of_a_connection(address: tuple[str, int]) -> AsyncIterator[SocketStream]:
    """The same connection iterates over the bytes that it receives."""
    async with await anyio.connect_tcp(*address) as stream:
        yield stream
