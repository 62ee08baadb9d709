"""tornado."""

from __future__ import annotations

from typing import Any

from tornado import gen, locks, queues

from tests.real import ASYNCIO, AWAITABLE, ITERABLE, MANAGER, real


@real(MANAGER, backends=ASYNCIO, value=None)
async def lock() -> Any:
    return locks.Lock()


@real(
    ITERABLE, backends=ASYNCIO, items=[1, 2], infinite=True,
    findings={"AB004": "tornado 6.6.1: the iterator of a queue has no __aiter__"},
)  # fmt: skip
async def queue() -> Any:
    made: queues.Queue[int] = queues.Queue()
    for item in (1, 2, *range(100)):
        made.put_nowait(item)
    return made


@real(AWAITABLE, backends=ASYNCIO, returns=None)
async def sleep() -> Any:
    return gen.sleep(1)
