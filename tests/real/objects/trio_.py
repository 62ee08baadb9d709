"""trio."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import trio
import trio.testing

from tests.real import AWAITABLE, ITERATOR, MANAGER, TRIO, real


@real(MANAGER, backends=TRIO, own_scope=True, wraps_in_group=True)
def nursery() -> Any:
    return trio.open_nursery()


@real(MANAGER, backends=TRIO, value=None, reuse="reusable", released=lambda x: not x.locked())
def lock() -> Any:
    return trio.Lock()


@real(MANAGER, backends=TRIO, value=None, reuse="reusable")
def fifo_lock() -> Any:
    return trio.StrictFIFOLock()


@real(MANAGER, backends=TRIO, value=None, reuse="reentrant")
def semaphore() -> Any:
    return trio.Semaphore(2)


@real(
    ITERATOR,
    backends=TRIO,
    items=[1, 2],
    cancel_safe=True,
    concurrent="safe",
    closes=True,
    checkpoints=True,
)
async def memory_channel() -> Any:
    send, receive = trio.open_memory_channel[int](9)
    for item in (1, 2):
        send.send_nowait(item)
    send.close()
    return receive


@real(MANAGER, backends=TRIO, value_is_self=True)
async def memory_stream() -> Any:
    return trio.testing.memory_stream_pair()[0]


@trio.as_safe_channel
async def numbers() -> AsyncIterator[int]:
    """Two numbers."""
    await trio.sleep(1)
    yield 1
    yield 2


@real(MANAGER, backends=TRIO, own_scope=True)
def safe_channel() -> Any:
    return numbers()


@real(AWAITABLE, backends=TRIO, returns=None)
def sleep() -> Any:
    return trio.sleep(5)  # noqa: ASYNC105


@real(ITERATOR, backends=TRIO, items=["a\n", "b\n"])
async def open_file() -> AsyncIterator[Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines"
        path.write_text("a\nb\n")
        async with await trio.open_file(path) as file:
            yield file
