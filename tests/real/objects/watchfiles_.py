"""watchfiles."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from typing import Any

import anyio
from watchfiles import awatch

from tests.real import GENERATOR, real


@real(GENERATOR, items=[], clock="real")
async def stopped() -> AsyncIterator[Any]:
    stop = anyio.Event()
    stop.set()
    with tempfile.TemporaryDirectory() as folder:
        yield awatch(folder, stop_event=stop)
