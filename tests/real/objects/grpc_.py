"""grpc.aio."""

from __future__ import annotations

from typing import Any

import grpc.aio

from tests.real import ASYNCIO, MANAGER, real


@real(MANAGER, backends=ASYNCIO, value_is_self=True)
async def channel() -> Any:
    return grpc.aio.insecure_channel("127.0.0.1:1")
