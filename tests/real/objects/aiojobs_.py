"""aiojobs."""

from __future__ import annotations

from typing import Any

import aiojobs

from tests.real import ASYNCIO, MANAGER, real


@real(MANAGER, backends=ASYNCIO, value_is_self=True)
async def scheduler() -> Any:
    return aiojobs.Scheduler()
