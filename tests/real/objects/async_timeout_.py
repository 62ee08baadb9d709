"""async-timeout."""

from __future__ import annotations

from typing import Any

import async_timeout

from tests.real import ASYNCIO, MANAGER, real


@real(MANAGER, backends=ASYNCIO, own_scope=True)
async def timeout() -> Any:
    return async_timeout.timeout(60)
