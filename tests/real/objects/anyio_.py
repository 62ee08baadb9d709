"""anyio."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import anyio.streams.buffered
import anyio.streams.stapled
import anyio.streams.text
from anyio import to_thread

from tests.real import AWAITABLE, ITERABLE, ITERATOR, MANAGER, real


@real(MANAGER, value=None, reuse="reusable", released=lambda x: not x.locked())
def lock() -> anyio.Lock:
    return anyio.Lock()


@real(MANAGER, reuse="reusable")
def semaphore() -> anyio.Semaphore:
    return anyio.Semaphore(1)


@real(MANAGER, value=None, reuse="reusable")
def condition() -> anyio.Condition:
    return anyio.Condition()


@real(MANAGER, value=None, reuse="reusable", released=lambda x: x.borrowed_tokens == 0)
def limiter() -> anyio.CapacityLimiter:
    return anyio.CapacityLimiter(1)


@real(MANAGER, own_scope=True, value_is_self=True, wraps_in_group=True)
def task_group() -> Any:
    return anyio.create_task_group()


@real(
    ITERATOR,
    items=[1, 2, 3],
    cancel_safe=True,
    concurrent="safe",
    closes=True,
    checkpoints=True,
)
async def memory_object_stream() -> Any:
    send, receive = anyio.create_memory_object_stream[int](9)
    for item in (1, 2, 3):
        send.send_nowait(item)
    send.close()
    return receive


@real(MANAGER, value_is_self=True)
async def memory_object_stream_as_manager() -> AsyncIterator[Any]:
    send, receive = anyio.create_memory_object_stream[int](9)
    yield receive
    send.close()


@real(AWAITABLE, returns="x")
def thread() -> Any:
    return to_thread.run_sync(str, "x")


@real(AWAITABLE, returns=None)
def sleep() -> Any:
    return anyio.sleep(5)


@real(ITERABLE, items=["a\n", "b\n"])
async def open_file() -> AsyncIterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines"
        path.write_text("a\nb\n")
        async with await anyio.open_file(path) as file:
            yield file


@real(MANAGER, value_is_self=True)
async def opened_file() -> AsyncIterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines"
        path.write_text("a\nb\n")
        file = await anyio.open_file(path)
        yield file
        await file.aclose()


@real(ITERATOR)
async def iterdir() -> AsyncIterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "a").touch()
        yield anyio.Path(folder).iterdir()


@real(MANAGER)
def temporary_directory() -> Any:
    return anyio.TemporaryDirectory()


@real(MANAGER)
def temporary_file() -> Any:
    return anyio.TemporaryFile()


@real(MANAGER, value_is_self=True)
async def listener() -> Any:
    return await anyio.create_tcp_listener(local_host="127.0.0.1")


@real(ITERATOR, items=[b"abc", b"def"])
async def buffered_stream() -> Any:
    send, receive = anyio.create_memory_object_stream[bytes](9)
    for item in (b"abc", b"def"):
        send.send_nowait(item)
    send.close()
    return anyio.streams.buffered.BufferedByteReceiveStream(receive)


@real(ITERATOR, items=["ab", "c"])
async def text_stream() -> Any:
    send, receive = anyio.create_memory_object_stream[bytes](9)
    for item in (b"ab", b"c"):
        send.send_nowait(item)
    send.close()
    return anyio.streams.text.TextReceiveStream(receive)


@real(MANAGER, value_is_self=True)
async def stapled_stream() -> Any:
    send, receive = anyio.create_memory_object_stream[bytes](9)
    return anyio.streams.stapled.StapledObjectStream(send, receive)
