"""Several tasks that take items from one async iterator at the same time."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio

from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.exploration.together import together
from pytest_asyncprotocol.model.subject import Outcome, Subject

PAUSE = 0.01
"""Seconds of the loop's clock between two items, where a consumer pauses."""


@dataclass(slots=True)
class Consumer:
    """What one task got: its items, and how it ended, which is None if it had enough.

    ``behind`` is how many items had been given when it asked for its first one.
    """

    items: list[Any] = field(default_factory=list[Any])
    end: Outcome | None = None
    behind: int = 0


@dataclass(slots=True)
class Consumed:
    """What one iterator gave to several tasks.

    ``items`` are those of all, ``ends`` the ends of all, in the order in which they came; ``met``
    says that a call of one task began while one of another was under way.
    """

    consumers: list[Consumer]
    items: list[Any] = field(default_factory=list[Any])
    ends: list[Outcome] = field(default_factory=list[Outcome])
    met: bool = False
    asked: int = 0
    running: int = 0


async def consume(
    iterator: Subject,
    *,
    tasks: int,
    each: int,
    altogether: int | None = None,
    begin_at: int = 0,
    pausing: bool = False,
) -> Consumed:
    """Let *tasks* take items of *iterator*, *each* at most so many, *altogether* so many.

    All begin at once, or the others when the first one comes to its suspension *begin_at*. Where
    they are *pausing*, each waits a moment before its second call.
    """
    consumed = Consumed([Consumer() for _ in range(tasks)])
    may_begin = anyio.Event()

    async def take(consumer: Consumer) -> None:
        consumer.behind = len(consumed.items)
        while len(consumer.items) < each:
            if altogether is not None and consumed.asked >= altogether:
                return
            if pausing and len(consumer.items) == 1:
                await anyio.sleep(PAUSE)
            outcome = await _ask(iterator, consumed)
            if not outcome.returned:
                consumer.end = outcome
                consumed.ends.append(outcome)
                return
            consumer.items.append(outcome.value)
            consumed.items.append(outcome.value)

    async def begin(consumer: Consumer) -> None:
        try:
            await Stepped(take(consumer), begin_at, may_begin.set)
        finally:
            may_begin.set()

    async def follow(consumer: Consumer) -> None:
        if begin_at:
            await may_begin.wait()
        await take(consumer)

    first, *others = consumed.consumers
    await together(partial(begin, first), *(partial(follow, each) for each in others))
    return consumed


async def _ask(iterator: Subject, consumed: Consumed) -> Outcome:
    """One ``__anext__``; one that raises leaves its place to another."""
    consumed.met = consumed.met or consumed.running > 0
    consumed.asked += 1
    consumed.running += 1
    try:
        outcome = await iterator.anext()
    finally:
        consumed.running -= 1
    consumed.asked -= not outcome.returned
    return outcome
