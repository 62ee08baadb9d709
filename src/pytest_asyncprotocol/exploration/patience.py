"""Waiting until nothing happens any more, and what a cancellation does to a subject then."""

from __future__ import annotations

import asyncio

import anyio

from pytest_asyncprotocol.engine.free_time import a_long_time
from pytest_asyncprotocol.exploration.cancellation import Style
from pytest_asyncprotocol.exploration.interception import relenting
from pytest_asyncprotocol.exploration.uses import Scenario, carry_out
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.subject import Subject


async def wait_long() -> None:
    """Wait until whatever was to happen by itself has happened."""
    await anyio.sleep(await a_long_time())


async def cancelled_late(case: Case, scenario: Scenario, subject: Subject, style: Style) -> bool:
    """Cancel *scenario* when it has waited long, and wait for its end; False if it ended before."""
    patience = await a_long_time()
    if style is Style.LEVEL:
        with anyio.move_on_after(patience) as scope:
            await carry_out(relenting(scenario), case, subject)
        return scope.cancel_called
    task = asyncio.ensure_future(carry_out(scenario, case, subject))
    try:
        await asyncio.wait([task], timeout=patience)
        late = task.cancel()
        await asyncio.wait([task])
    finally:
        task.cancel()
    return late
