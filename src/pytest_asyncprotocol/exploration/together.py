"""Several calls at once, each in a task of its own, in orders that can be repeated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import anyio

from pytest_asyncprotocol.engine import hooks

T = TypeVar("T")

SEEDS = 5
"""Seeds of trio's scheduler under which a rule about several tasks is run."""


async def together(*calls: Callable[[], Awaitable[T]]) -> list[T]:
    """Run *calls* concurrently, and give their results in the order of the calls.

    A call should give what went wrong, as an `Outcome` does, rather than raise it.
    """
    results: dict[int, T] = {}

    async def run(place: int, call: Callable[[], Awaitable[T]]) -> None:
        results[place] = await call()

    async with anyio.create_task_group() as tasks:
        for place, call in enumerate(calls):
            tasks.start_soon(run, place, call)
    return [results[place] for place in range(len(calls))]


def schedules(library: str) -> Iterator[int]:
    """Number the orders in which *library* can be made to run its tasks, setting each.

    asyncio has but one; trio draws, and is seeded before each number is given.
    """
    if library != "trio":
        yield 0
        return
    for seed in range(SEEDS):
        hooks.seed_trio(seed)
        yield seed
