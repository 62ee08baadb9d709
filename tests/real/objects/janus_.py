"""janus: queues between threads and tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import janus

from tests.real import ASYNCIO, AWAITABLE, real


@real(AWAITABLE, backends=ASYNCIO, returns=1)
async def get() -> AsyncIterator[Any]:
    queue: janus.Queue[int] = janus.Queue()
    queue.sync_q.put(1)
    yield queue.async_q.get()
    await queue.aclose()
