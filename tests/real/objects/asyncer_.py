"""asyncer."""

from __future__ import annotations

from typing import Any

import asyncer

from tests.real import AWAITABLE, MANAGER, real


@real(MANAGER, own_scope=True, wraps_in_group=True)
def task_group() -> Any:
    return asyncer.create_task_group()


@real(AWAITABLE, returns="x")
def asyncified() -> Any:
    return asyncer.asyncify(str)("x")
