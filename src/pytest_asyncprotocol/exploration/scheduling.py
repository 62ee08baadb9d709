"""Several calls at once, each in a task of its own, in orders that can be repeated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextvars import ContextVar
from typing import TypeVar

import anyio

from pytest_asyncprotocol.engine import private_api
from pytest_asyncprotocol.engine.clock import a_long_time
from pytest_asyncprotocol.engine.library import checkpoint, library_in_force, task_number
from pytest_asyncprotocol.model.recording import paused

T = TypeVar("T")

SEEDS = 5
"""Seeds of trio's scheduler under which a rule about several tasks is run."""

TURNS_TO_END = 5
"""Turns in which a task ends that was cancelled, or has nothing left to do."""

_last_first = ContextVar("_last_first", default=False)
"""Whether `together` starts its calls in reverse order."""


async def together(*calls: Callable[[], Awaitable[T]]) -> list[T]:
    """Run *calls* concurrently, and give their results in the order of the calls.

    A call should give what went wrong, as an `Outcome` does, rather than raise it.
    """
    results: dict[int, T] = {}

    async def run(place: int, call: Callable[[], Awaitable[T]]) -> None:
        results[place] = await call()

    async with anyio.create_task_group() as tasks:
        numbered = list(enumerate(calls))
        for place, call in reversed(numbered) if _last_first.get() else numbered:
            tasks.start_soon(run, place, call)
    return [results[place] for place in range(len(calls))]


def schedules(library: str) -> Iterator[int]:
    """Number the orders in which *library* can be made to run its tasks, setting each.

    asyncio runs them as they were started, so that `together` starts them in the one order and
    in the other; trio draws, and is seeded before each number is given.
    """
    if library != "trio":
        yield 0
        token = _last_first.set(True)
        try:
            yield 1
        finally:
            _last_first.reset(token)
        return
    for seed in range(SEEDS):
        private_api.seed_trio(seed)
        yield seed


async def let_others_run(turns: int = 1) -> None:
    """Give every task that can run *turns* turns."""
    paused(task_number(library_in_force() or ""), turns)
    for _ in range(turns):
        await checkpoint()


async def wait_long() -> None:
    """Wait until whatever was to happen by itself has happened."""
    await anyio.sleep(await a_long_time())
