"""databases, with aiosqlite below."""

from __future__ import annotations

from typing import Any

from databases import Database

from tests.real import ASYNCIO, MANAGER, real


@real(MANAGER, backends=ASYNCIO, value_is_self=True)
def database() -> Any:
    return Database("sqlite+aiosqlite://")
