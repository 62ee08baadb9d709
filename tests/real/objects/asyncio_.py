"""asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Self

from tests.real import ASYNCIO, AWAITABLE, ITERABLE, ITERATOR, MANAGER, real


class QueueIterator:
    """The items of a queue, up to a sentinel: what everybody writes around `asyncio.Queue`."""

    def __init__(self, *items: Any) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        for item in (*items, None):
            self.queue.put_nowait(item)
        self.ended = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        item = None if self.ended else await self.queue.get()
        if item is None:
            self.ended = True
            raise StopAsyncIteration
        return item


@real(ITERATOR, backends=ASYNCIO, items=[1, 2, 3], cancel_safe=True)
def queue_iterator() -> QueueIterator:
    return QueueIterator(1, 2, 3)


@real(MANAGER, backends=ASYNCIO, value=None, reuse="reusable", released=lambda x: not x.locked())
def lock() -> asyncio.Lock:
    return asyncio.Lock()


@real(MANAGER, backends=ASYNCIO, value=None, reuse="reentrant")
def semaphore() -> asyncio.Semaphore:
    return asyncio.Semaphore(2)


@real(MANAGER, backends=ASYNCIO, value=None, reuse="reusable")
def condition() -> asyncio.Condition:
    return asyncio.Condition()


@real(MANAGER, backends=ASYNCIO, reuse="reusable")
async def barrier() -> asyncio.Barrier:
    return asyncio.Barrier(1)


@real(MANAGER, backends=ASYNCIO, own_scope=True, value_is_self=True, wraps_in_group=True)
def task_group() -> asyncio.TaskGroup:
    return asyncio.TaskGroup()


@real(MANAGER, backends=ASYNCIO, own_scope=True, value_is_self=True)
def timeout() -> asyncio.Timeout:
    return asyncio.timeout(60)


@real(AWAITABLE, backends=ASYNCIO, returns=1, reawait="same")
async def future() -> asyncio.Future[int]:
    made = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(1, _set_result, made)
    return made


def _set_result(future: asyncio.Future[int]) -> None:
    if not future.done():
        future.set_result(1)


@real(AWAITABLE, backends=ASYNCIO, returns=1, reawait="same")
async def task() -> asyncio.Task[int]:
    return asyncio.ensure_future(asyncio.sleep(1, 1))


@real(AWAITABLE, backends=ASYNCIO, returns=[1, 2])
async def gather() -> Any:
    return asyncio.gather(asyncio.sleep(1, 1), asyncio.sleep(2, 2))


@real(AWAITABLE, backends=ASYNCIO, returns=1)
def wait_for() -> Any:
    return asyncio.wait_for(asyncio.sleep(1, 1), 60)


@real(AWAITABLE, backends=ASYNCIO, returns="x")
def to_thread() -> Any:
    return asyncio.to_thread(str, "x")


@real(ITERABLE, backends=ASYNCIO, items=[b"a\n", b"b\n"])
async def stream_reader() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(b"a\nb\n")
    reader.feed_eof()
    return reader


@real(MANAGER, backends=ASYNCIO, value_is_self=True)
async def server() -> AsyncIterator[asyncio.Server]:
    made = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    yield made
    made.close()
