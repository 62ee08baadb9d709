"""How long a check can wait: on the virtual clock an hour costs nothing."""

from __future__ import annotations

import sys
from typing import Any

import anyio

from pytest_asyncprotocol.engine import clock

A_LONG_TIME = 3600.0
"""Virtual seconds after which whatever a subject does by itself has been done."""

A_MOMENT = 0.05
"""What stands for them where seconds are real."""


async def a_long_time() -> float:
    """Seconds that the check can afford to wait."""
    return A_LONG_TIME if await has_free_time() else A_MOMENT


async def has_free_time() -> bool:
    """Whether waiting costs nothing here.

    Sleeps for an instant first, so that the clock looks at what could keep it real.
    """
    await anyio.sleep(0.001)
    quiescence = getattr(clock._in_force, "quiescence", None)
    if quiescence is None or not quiescence.virtual:
        return False
    return not getattr(_running_world(), "opened", ())


def _running_world() -> Any:
    """What the clock of the running loop knows of the outside; None where that is unknown."""
    trio_lowlevel = sys.modules.get("trio.lowlevel")
    if trio_lowlevel is not None and trio_lowlevel.in_trio_task():
        return getattr(trio_lowlevel.current_clock(), "world", None)
    asyncio_events = sys.modules.get("asyncio.events")
    loop = None if asyncio_events is None else asyncio_events._get_running_loop()
    return getattr(loop, "world", None)
