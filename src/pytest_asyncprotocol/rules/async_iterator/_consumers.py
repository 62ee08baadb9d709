"""Two tasks that take items from one async iterator at the same time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import anyio

from pytest_asyncprotocol.authoring import *


@dataclass(slots=True)
class Consumer:
    """What one task got: its items, and how it ended, which is None if it had enough."""

    items: list[Any] = field(default_factory=list[Any])
    end: Outcome | None = None


@dataclass(slots=True)
class Consumed:
    """What one iterator gave to two tasks.

    ``met`` says that a call of one task began while one of the other was under way, ``reached``
    that the first task came to the suspension at which the second one was to begin.
    """

    first: Consumer = field(default_factory=Consumer)
    second: Consumer = field(default_factory=Consumer)
    met: bool = False
    reached: bool = False

    @property
    def items(self) -> list[Any]:
        """The items of both."""
        return [*self.first.items, *self.second.items]

    @property
    def ends(self) -> list[Outcome]:
        """How they ended."""
        return [each.end for each in (self.first, self.second) if each.end is not None]


async def consume(
    iterator: Subject, *, each: int, altogether: int | None = None, begin_at: int = 0
) -> Consumed:
    """Let two tasks take items of *iterator*, *each* at most so many, *altogether* so many.

    Both begin at once, or the second one when the first comes to its suspension *begin_at*.
    """
    consumed = Consumed()
    asked = running = 0
    may_begin = anyio.Event()

    async def ask() -> Outcome:
        """One ``__anext__``; one that raises leaves its place to another."""
        nonlocal asked, running
        consumed.met = consumed.met or running > 0
        asked += 1
        running += 1
        try:
            outcome = await iterator.anext()
        finally:
            running -= 1
        asked -= not outcome.returned
        return outcome

    async def take(consumer: Consumer) -> None:
        while len(consumer.items) < each and (altogether is None or asked < altogether):
            outcome = await ask()
            if not outcome.returned:
                consumer.end = outcome
                return
            consumer.items.append(outcome.value)

    async def begin() -> None:
        step = Stepped(take(consumed.first), begin_at, may_begin.set)
        try:
            await step
        finally:
            consumed.reached = step.reached
            may_begin.set()

    async def follow() -> None:
        if begin_at:
            await may_begin.wait()
        await take(consumed.second)

    await together(begin, follow)
    return consumed
