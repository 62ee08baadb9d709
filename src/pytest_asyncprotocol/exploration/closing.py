"""Closing an async iterator from another task, or in a scope that was cancelled before."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from pytest_asyncprotocol.engine.backends import RunningLoop
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.exploration.together import together
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.subject import Outcome, Subject

A_WHILE = 1.0
"""Seconds of the loop's clock after which a call counts as waiting for something."""


@dataclass(slots=True)
class Interrupted:
    """A task that took items until another one called ``aclose()``.

    ``reached`` says that it came to the chosen suspension, ``closed`` is how ``aclose()`` ended,
    None if there was no call to interrupt; ``left_waiting`` that the call did not end for a while
    although ``aclose()`` had returned.
    """

    reached: bool = False
    closed: Outcome | None = None
    left_waiting: bool = False


async def closed_while_waiting(iterator: Subject, at: int, most: int) -> Interrupted:
    """Take at most *most* items, and call ``aclose()`` in another task at suspension *at*.

    ``aclose()`` is called too where the first task waits for a while before it comes there. Where
    ``aclose()`` raises, the first task is cancelled.
    """
    seen = Interrupted()
    suspended = anyio.Event()
    scope = anyio.CancelScope()
    over = closing = False
    closed_at = ended_at = 0.0

    async def take() -> None:
        for _ in range(most):
            if closing or not (await iterator.anext()).returned:
                return

    async def consume() -> None:
        nonlocal over, ended_at
        step = Stepped(take(), at, suspended.set)
        with scope:
            await step
        over, ended_at = True, anyio.current_time()
        seen.reached = step.reached
        suspended.set()

    async def close() -> None:
        nonlocal closing, closed_at
        with anyio.move_on_after(A_WHILE):
            await suspended.wait()
        if over:
            return
        closing = True
        seen.closed = await iterator.aclose()
        closed_at = anyio.current_time()
        if over:
            closed_at = ended_at
        elif seen.closed.error is not None:
            scope.cancel()

    await together(consume, close)
    returned = seen.closed is not None and seen.closed.returned
    seen.left_waiting = returned and ended_at - closed_at > A_WHILE
    return seen


async def close_in_cancelled_scope(case: Case, iterator: Subject) -> None:
    """``aclose()``, to whatever end, in a scope that is cancelled already."""
    loop = RunningLoop(case.library)
    iterator.note("in a scope that was cancelled before:")
    try:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await iterator.aclose()
    except BaseException as error:
        # `asyncio.gather` makes a new CancelledError, which the scope does not know as its own.
        if not isinstance(error, loop.cancelled_type) or loop.being_cancelled():
            raise
