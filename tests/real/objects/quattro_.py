"""quattro."""

from __future__ import annotations

from typing import Any

import quattro

from tests.real import ASYNCIO, MANAGER, real


@real(MANAGER, backends=ASYNCIO, own_scope=True, value_is_self=True, wraps_in_group=True)
def task_group() -> Any:
    return quattro.TaskGroup()
