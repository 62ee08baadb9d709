"""aiologic: locks for threads and tasks of any library."""

from __future__ import annotations

from typing import Any

import aiologic

from tests.real import AWAITABLE, MANAGER, real


@real(MANAGER)
def lock() -> Any:
    return aiologic.Lock()


@real(MANAGER)
def semaphore() -> Any:
    return aiologic.Semaphore(1)


@real(AWAITABLE)
def event() -> Any:
    made = aiologic.Event()
    made.set()
    return made
