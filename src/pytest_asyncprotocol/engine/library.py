"""What can be asked of the loop that is running."""

from __future__ import annotations

import math
import sys

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol.engine import clock
from pytest_asyncprotocol.model.exceptions import members

__all__ = ["RunningLoop", "checkpoint", "is_future", "library_in_force", "task_number"]


def library_in_force() -> str | None:
    """The library whose loop really runs in this thread: ``asyncio``, ``trio`` or None.

    Asks the libraries themselves: sniffio's variable is inherited by code that no loop runs.
    """
    trio_lowlevel = sys.modules.get("trio.lowlevel")
    if trio_lowlevel is not None and trio_lowlevel.in_trio_task():
        return "trio"
    asyncio_events = sys.modules.get("asyncio.events")
    if asyncio_events is not None and asyncio_events._get_running_loop() is not None:
        return "asyncio"
    return None


def is_future(obj: object) -> bool:
    """Whether *obj* is a future or a task of asyncio's."""
    futures = sys.modules.get("asyncio.futures")
    return futures is not None and futures.isfuture(obj)


def task_number(library: str) -> int:
    """A number for the running task of *library*."""
    if library == "trio":
        import trio

        return id(trio.lowlevel.current_task())
    import asyncio

    return id(asyncio.current_task())


class RunningLoop:
    """What the checker asks of the loop that it runs on."""

    def __init__(self, library: str) -> None:
        self.library = library
        self.cancelled_type = anyio.get_cancelled_exc_class()

    def cancelled(self, error: BaseException) -> bool:
        """Whether *error* is a cancellation that the checker asked for, or a group of such."""
        return self.is_cancellation(error) and self.being_cancelled()

    def is_cancellation(self, error: BaseException) -> bool:
        """Whether *error* is the exception by which the library cancels, or a group of such."""
        inner = members(error)
        if inner:
            return all(map(self.is_cancellation, inner))
        return isinstance(error, self.cancelled_type)

    def being_cancelled(self) -> bool:
        """Whether a scope around the current task, or the task itself, was cancelled."""
        if anyio.current_effective_deadline() == -math.inf:
            return True
        if self.library == "asyncio":
            import asyncio

            task = asyncio.current_task()
            return task is not None and task.cancelling() > 0
        return False

    def progressed(self) -> None:
        """An operation of the subject ended, so its timers do not just go in circles."""
        clock.progressed()

    def now(self) -> float:
        """The loop's time."""
        return anyio.current_time()

    def task(self) -> int:
        """A number for the running task."""
        return task_number(self.library)

    def in_force(self) -> bool:
        """Whether this loop is still the one that runs."""
        return library_in_force() == self.library
