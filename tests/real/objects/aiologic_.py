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


@real(MANAGER)
def condition() -> Any:
    return aiologic.Condition()


@real(MANAGER, reuse="reentrant")
def reentrant_lock() -> Any:
    return aiologic.RLock()


@real(AWAITABLE, returns=1)
def queue() -> Any:
    made: aiologic.SimpleQueue[int] = aiologic.SimpleQueue()
    made.put(1)
    return made.async_get()
