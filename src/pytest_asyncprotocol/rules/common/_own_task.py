"""A subject that is used in an asyncio task of its own, which nobody cancels from outside."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pytest_asyncprotocol.authoring import *

TURNS_TO_WAIT = 3
"""Turns that a step gets to come to where it waits."""


@dataclass(frozen=True, slots=True)
class Alone:
    """How a call ended in a task of its own.

    ``error`` is what it raised; ``requests`` how many requests to cancel its task were left.
    """

    error: BaseException | None
    requests: int

    @property
    def cancelled(self) -> bool:
        """Whether a cancellation came out."""
        return isinstance(self.error, asyncio.CancelledError)


async def alone(
    call: Callable[[], Awaitable[object]], *, patience: float | None = None
) -> Alone | None:
    """Carry out *call* in a task of its own; None if it takes longer than *patience*."""
    done: Alone | None = None

    async def run() -> None:
        nonlocal done
        error: BaseException | None = None
        try:
            await call()
        except BaseException as raised:
            error = raised
        done = Alone(error, _take_back_requests())

    task = asyncio.ensure_future(run())
    try:
        await asyncio.wait([task], timeout=patience)
    finally:
        task.cancel()
    if not task.done():
        return None
    return done or Alone(asyncio.CancelledError(), 0)


async def under_timeout(call: Callable[[], Awaitable[object]], at: int) -> Alone | None:
    """Carry out *call* inside an ``asyncio.timeout`` that ends at suspension number *at*.

    None if there is no such suspension.
    """
    step: Stepped[None] | None = None

    async def run() -> None:
        await call()

    async def limited() -> None:
        nonlocal step
        now = asyncio.get_running_loop().time()
        async with asyncio.timeout(None) as limit:
            step = Stepped(run(), at, lambda: limit.reschedule(now))
            await step

    ended = await alone(limited)
    if step is None or not step.reached:
        return None
    return ended


def _take_back_requests() -> int:
    """How many requests to cancel this task there are; none is left."""
    task = asyncio.current_task()
    requests = 0
    while task is not None and task.cancelling():
        task.uncancel()
        requests += 1
    return requests


async def waiting_while_closed(iterator: Subject) -> Alone | None:
    """How an ``__anext__`` ended that was waiting when another task called ``aclose()``.

    None if it did not wait, or went on to wait for long.
    """

    async def step() -> None:
        (await iterator.anext()).unwrap()

    waiting = asyncio.ensure_future(alone(step))
    closing: asyncio.Future[Alone | None] | None = None
    try:
        await let_others_run(TURNS_TO_WAIT)
        if waiting.done():
            return None
        closing = asyncio.ensure_future(alone(iterator.aclose))
        await asyncio.wait([waiting], timeout=await a_long_time())
        return waiting.result() if waiting.done() else None
    finally:
        for each in (waiting, closing):
            if each is not None:
                each.cancel()
