"""Closing an async iterator from another task."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from pytest_asyncprotocol.exploration.cancellation import absorbing
from pytest_asyncprotocol.exploration.patience import wait_long
from pytest_asyncprotocol.exploration.scheduling import together
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.subject import Outcome, Subject


@dataclass(slots=True)
class Interrupted:
    """A task that took items until another one called ``aclose()``.

    ``reached`` says that it came to the chosen suspension, ``closed`` is how ``aclose()`` ended,
    None if there was no call to interrupt.
    """

    reached: bool = False
    closed: Outcome | None = None


async def closed_while_waiting(case: Case, iterator: Subject, at: int, most: int) -> Interrupted:
    """Take at most *most* items, and call ``aclose()`` in another task at suspension *at*.

    Where that is 0, it is called when the first task has waited for long. Returns when both have
    ended. Where ``aclose()`` raises, the first task is cancelled.
    """
    seen = Interrupted()
    suspended = anyio.Event()
    scope = anyio.CancelScope()
    over = closing = False

    async def take() -> None:
        for _ in range(most):
            if closing or not (await iterator.anext()).returned:
                return

    async def consume() -> None:
        nonlocal over
        step = Stepped(take(), at, suspended.set)
        with absorbing(scope, case.library):
            await step
        over = True
        seen.reached = step.reached
        suspended.set()

    async def close() -> None:
        nonlocal closing
        await (suspended.wait() if at else wait_long())
        if over:
            return
        closing = True
        seen.closed = await iterator.aclose()
        if not seen.closed.returned:
            scope.cancel()

    await together(consume, close)
    return seen
