"""The standard library's asyncio: locks, futures, streams, time-outs and task groups.

All of them are made for asyncio only, which ``backends=("asyncio",)`` says.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator

import pytest

from pytest_asyncprotocol import (
    Assertions,
    assert_async_context_manager,
    assert_async_iterable,
    assert_async_iterator,
    assert_awaitable,
    conformance,
)

ASYNCIO = ("asyncio",)


def test_lock() -> None:
    """asyncio.Lock gives nothing as its value, and is free after every exit."""
    assert_async_context_manager(
        asyncio.Lock,
        value=None,
        reuse="reusable",
        released=lambda lock: not lock.locked(),
        backends=ASYNCIO,
    )


def test_semaphore() -> None:
    """asyncio.Semaphore with one place, which is free after every exit."""
    assert_async_context_manager(
        lambda: asyncio.Semaphore(1),
        value=None,
        reuse="reusable",
        released=lambda semaphore: not semaphore.locked(),
        backends=ASYNCIO,
    )


@conformance.async_context_manager(
    reuse="reusable", released=lambda condition: not condition.locked(), backends=ASYNCIO
)
def test_condition() -> asyncio.Condition:
    """asyncio.Condition, entered like the lock that it holds."""
    return asyncio.Condition()


def test_timeout() -> None:
    """asyncio.timeout cancels its own body, and may do so only once."""
    assert_async_context_manager(
        lambda: asyncio.timeout(60),
        own_scope=True,
        value_is_self=True,
        reuse="single-use",
        backends=ASYNCIO,
    )


@conformance.async_context_manager(
    own_scope=True, value_is_self=True, reuse="single-use", backends=ASYNCIO
)
def test_task_group() -> asyncio.TaskGroup:
    """asyncio.TaskGroup cancels its own body when one of its tasks fails."""
    return asyncio.TaskGroup()


def test_waiting_for_an_event() -> None:
    """Event.wait() is a coroutine: it can be awaited once."""

    def waiting() -> object:
        event = asyncio.Event()
        asyncio.get_running_loop().call_later(60, event.set)
        return event.wait()

    assert_awaitable(waiting, returns=True, reawait="error", backends=ASYNCIO)


def _settle(future: asyncio.Future[str]) -> None:
    if not future.done():
        future.set_result("done")


def test_future() -> None:
    """asyncio.Future gives the same result to every await."""

    def future() -> asyncio.Future[str]:
        made = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(60, _settle, made)
        return made

    assert_awaitable(future, returns="done", reawait="same", backends=ASYNCIO)


def test_failed_future() -> None:
    """asyncio.Future raises the exception that was set, at every await."""

    def failed() -> asyncio.Future[str]:
        made: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        made.set_exception(LookupError("no such key"))
        made.exception()
        return made

    assert_awaitable(failed, raises=LookupError, reawait="same", backends=ASYNCIO)


def test_task() -> None:
    """asyncio.Task gives the result of its coroutine to every await."""
    assert_awaitable(
        lambda: asyncio.create_task(asyncio.sleep(60, "rested")),
        returns="rested",
        reawait="same",
        backends=ASYNCIO,
    )


@pytest.mark.asyncio
async def test_gather() -> None:
    """asyncio.gather gives all results, in the order of its arguments."""
    await assert_awaitable(
        lambda: asyncio.gather(asyncio.sleep(0, "first"), asyncio.sleep(0, "second")),
        returns=["first", "second"],
        reawait="same",
    )


@pytest.mark.asyncio
async def test_one_task_that_is_at_hand() -> None:
    """One task, not a factory: it is awaited once, and judged by what that shows."""
    task = asyncio.create_task(asyncio.sleep(0, "rested"))
    report = await assert_awaitable(task, returns="rested")
    assert not report.complete


def _stream_reader() -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    loop.call_later(30, reader.feed_data, b"first\nsec")
    loop.call_later(60, reader.feed_data, b"ond\n")
    loop.call_later(90, reader.feed_eof)
    return reader


def test_stream_reader() -> None:
    """asyncio.StreamReader iterates over lines, which arrive in pieces and with pauses."""
    assert_async_iterator(
        _stream_reader, items=[b"first\n", b"second\n"], cancel_safe=True, backends=ASYNCIO
    )


@conformance.async_iterator(items=[b"first\n", b"second\n"], backends=ASYNCIO)
async def test_stream_reader_of_a_connection() -> AsyncIterator[asyncio.StreamReader]:
    """The same over TCP: the factory starts a server, connects, and stops both afterwards."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        writer.write(b"first\nsecond\n")
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    yield reader
    writer.close()
    await writer.wait_closed()
    server.close()
    await server.wait_closed()


class QueueIterator:
    """Iterates over what is put into an asyncio.Queue, until None is put."""

    def __init__(self, queue: asyncio.Queue[int | None]) -> None:
        self._queue = queue
        self._ended = False

    def __aiter__(self) -> QueueIterator:
        return self

    async def __anext__(self) -> int:
        item = None if self._ended else await self._queue.get()
        if item is None:
            self._ended = True
            raise StopAsyncIteration
        return item


def test_iterator_over_a_queue(asyncprotocol: Assertions) -> None:
    """An iterator over asyncio.Queue, on asyncio's own turn of the fixture only."""
    if asyncprotocol.backend != "asyncio":
        pytest.skip("asyncio.Queue is made for asyncio")

    def made() -> QueueIterator:
        queue: asyncio.Queue[int | None] = asyncio.Queue()
        for delay, item in enumerate([0, 1, 2, None]):
            asyncio.get_running_loop().call_later(delay, queue.put_nowait, item)
        return QueueIterator(queue)

    asyncprotocol.assert_async_iterator(made, items=[0, 1, 2], cancel_safe=True)


@pytest.mark.skipif(sys.version_info < (3, 13), reason="async iteration is new in Python 3.13")
def test_as_completed() -> None:
    """asyncio.as_completed gives the tasks themselves, in the order in which they end."""

    def completed() -> object:
        slow = asyncio.create_task(asyncio.sleep(60, "slow"))
        quick = asyncio.create_task(asyncio.sleep(30, "quick"))
        return asyncio.as_completed([slow, quick])

    assert_async_iterable(
        completed,
        items=lambda tasks: [task.result() for task in tasks] == ["quick", "slow"],
        reiterable=False,
        backends=ASYNCIO,
    )
