"""A cancellation that crosses with the result: it comes when what was awaited is already done.

Only asyncio delivers such a one. Trio, and the cancel scopes of anyio, let the result through,
and cancel at the next suspension.
"""

from __future__ import annotations

import asyncio
from typing import cast

from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.exploration.uses import Scenario
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.recording import Scope, cancelled_now, recording
from pytest_asyncprotocol.model.subject import Subject


async def cancelled_with_result(point: int, case: Case, scenario: Scenario) -> Subject | None:
    """Run *scenario* on a fresh subject, and cancel its task at suspension *point*, on asyncio.

    The cancellation comes when the future that it waits for is done, and before it goes on.
    Gives the subject; None if it did not wait for a future there.
    """
    subject = await case.fresh()
    awaited: object = None
    crossed = False

    def look(trap: object) -> None:
        nonlocal awaited
        awaited = trap

    def cancel(done: asyncio.Future[object]) -> None:
        nonlocal crossed
        cancelled_now(recorded)
        crossed = task.cancel() and not done.cancelled()

    def wait_for_the_result() -> None:
        if isinstance(awaited, asyncio.Future):
            cast("asyncio.Future[object]", awaited).add_done_callback(cancel)

    async def run() -> None:
        with recording(recorded):
            await scenario(case, subject)

    recorded = Scope("crossed", case.loop.task())
    step = Stepped(run(), point, wait_for_the_result, on_trap=look)
    task = asyncio.ensure_future(step)
    try:
        await asyncio.wait([task])
    finally:
        task.cancel()
    if not task.cancelled():
        task.exception()
    if not crossed:
        return None
    subject.note(f"cancelled at suspension {point}, when what it waited for was done")
    return subject
