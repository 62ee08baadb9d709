"""What the demonstrations are made of: operations of plain anyio, in a row or at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import anyio
import sniffio
from anyio.lowlevel import checkpoint

from tests.exploration.peers import Peer

T = TypeVar("T")

STUCK = "stuck"
CANCELLED = "cancelled"

TURNS = 50
"""Turns after which an operation that did not end, and waits for nobody, counts as stuck."""

MOST_ITEMS = 10


@dataclass(frozen=True, eq=False)
class Demonstration:
    """A use of what a factory makes: where the fault is, it sees *wrong*, and else *right*."""

    use: Callable[[Callable[..., Any]], Awaitable[object]]
    right: object
    wrong: object


demonstrations: dict[str, Demonstration] = {}


def shows(faulty: Callable[..., Any], *, right: object, wrong: object) -> Callable[[T], T]:
    """The function below demonstrates the fault of *faulty*."""

    def enter(use: T) -> T:
        demonstrations[f"{faulty.__module__}.{faulty.__name__}"] = Demonstration(use, right, wrong)  # type: ignore[arg-type]
        return use

    return enter


async def turns() -> None:
    """Let everybody else run until nothing moves any more."""
    for _ in range(TURNS):
        await checkpoint()


async def end_of(operation: Awaitable[object]) -> object:
    """What *operation* returns, or the type of the exception that it raises."""
    try:
        return await operation
    except Exception as error:
        return type(error)


async def at_once(*operations: Awaitable[object], peer: Peer | None = None) -> list[object]:
    """The ends of *operations*, each begun when the one before it waits for *peer*, or ended."""
    ends: list[object] = [STUCK] * len(operations)

    async def carry_out(place: int, operation: Awaitable[object]) -> None:
        ends[place] = await end_of(operation)

    quiet = anyio.Event()
    if peer is not None:
        peer.quiet = quiet
    async with anyio.create_task_group() as group:
        for place, operation in enumerate(operations):
            group.start_soon(carry_out, place, operation)
            await turns()
        if peer is not None:
            peer.quiet = None
        quiet.set()
        await turns()
        seen = list(ends)
        group.cancel_scope.cancel()
    return seen


async def side_by_side(*operations: Awaitable[object]) -> list[object]:
    """The ends of *operations*, all begun in the same turn; who is first is up to the loop."""
    ends: list[object] = [STUCK] * len(operations)

    async def carry_out(place: int, operation: Awaitable[object]) -> None:
        ends[place] = await end_of(operation)

    async with anyio.create_task_group() as group:
        for place, operation in enumerate(operations):
            group.start_soon(carry_out, place, operation)
        await turns()
        seen = list(ends)
        group.cancel_scope.cancel()
    return seen


async def alone(operation: Awaitable[object]) -> object:
    """The end of *operation*, in a task of its own."""
    return (await at_once(operation))[0]


async def drained(iterator: Any) -> list[object]:
    """All items that are left, and then how it ended."""
    seen: list[object] = []
    while len(seen) < MOST_ITEMS:
        seen.append(await alone(anext(iterator)))
        if not isinstance(seen[-1], int):
            break
    return seen


async def interrupted(operation: Awaitable[object], peer: Peer, at: str) -> object:
    """The end of *operation*, whose scope is cancelled when *peer* is asked *at*."""
    with anyio.CancelScope() as scope:
        peer.asked = lambda what: scope.cancel() if what == at else None
        try:
            return await end_of(operation)
        finally:
            peer.asked = lambda _: None
    return CANCELLED


async def interrupted_by_task(operation: Awaitable[object], peer: Peer, *at: str) -> object:
    """The end of *operation*, whose task is cancelled when *peer* is asked each of *at*."""
    task = asyncio.ensure_future(end_of(operation))
    peer.asked = lambda what: task.cancel() if what in at else None
    await asyncio.wait([task])
    peer.asked = lambda _: None
    return CANCELLED if task.cancelled() else task.result()


async def cancelled_after(steps: int, operation: Awaitable[object]) -> object:
    """The end of *operation*, whose task is cancelled after *steps* turns of the loop."""
    task = asyncio.ensure_future(end_of(operation))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    return CANCELLED if task.cancelled() else task.result()


def advance(seconds: float) -> None:
    """Put the clock of the running loop forward."""
    if sniffio.current_async_library() == "trio":
        import trio

        clock = trio.lowlevel.current_clock()
        clock.jump(seconds)  # type: ignore[attr-defined]
        return
    loop = asyncio.get_running_loop()
    before = loop.time
    loop.time = lambda: before() + seconds  # type: ignore[method-assign]
