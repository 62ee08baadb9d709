"""asgiref."""

from __future__ import annotations

from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from asgiref.timeout import timeout as asgiref_timeout

from tests.real import ASYNCIO, AWAITABLE, MANAGER, real


@real(AWAITABLE, backends=ASYNCIO, returns="x")
def in_thread() -> Any:
    return sync_to_async(str)("x")


@real(MANAGER, backends=ASYNCIO)
def thread_sensitive() -> Any:
    return ThreadSensitiveContext()


@real(MANAGER, backends=ASYNCIO, own_scope=True, findings={
    "CO004": "asgiref 3.13.0: a time-out leaves its request to cancel with the task",
})  # fmt: skip
async def timeout() -> Any:
    return asgiref_timeout(60)
