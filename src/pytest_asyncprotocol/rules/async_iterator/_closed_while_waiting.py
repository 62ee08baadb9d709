"""Closing an async iterator from another task."""

from __future__ import annotations

import anyio

from pytest_asyncprotocol.authoring import *


async def closed_while_waiting(case: Case, iterator: Subject, at: int) -> bool:
    """Take items, and call ``aclose()`` in another task at suspension *at* of the first one.

    Where that is 0, it is called when the first task has waited for long. Returns when both have
    ended, and says whether the first one came to that suspension. Where ``aclose()`` raises, the
    first task is cancelled.
    """
    suspended = anyio.Event()
    scope = anyio.CancelScope()
    over = closing = reached = False

    async def take() -> None:
        for _ in range(most_items(case)):
            if closing or not (await iterator.anext()).returned:
                return

    async def consume() -> None:
        nonlocal over, reached
        step = Stepped(take(), at, suspended.set)
        with absorbing(scope, case.loop):
            await step
        over = True
        reached = step.reached
        suspended.set()

    async def close() -> None:
        nonlocal closing
        await (suspended.wait() if at else wait_long())
        if over:
            return
        closing = True
        if not (await iterator.aclose()).returned:
            scope.cancel()

    await together(consume, close)
    return reached
