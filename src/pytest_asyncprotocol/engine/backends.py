"""Backends by name, and what can be asked of the loop that is running."""

from __future__ import annotations

import difflib
import math
import sys
from dataclasses import dataclass
from importlib.util import find_spec

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol.engine import clock
from pytest_asyncprotocol.model.exceptions import BackendUnavailable, members

__all__ = [
    "BACKENDS",
    "Backend",
    "RunningLoop",
    "checkpoint",
    "find_backend",
    "find_known_backend",
    "is_future",
    "library_in_force",
    "task_number",
]


@dataclass(frozen=True, slots=True)
class Backend:
    """A named event loop; ``library`` is what runs it."""

    name: str
    library: str
    requires: str = ""
    since: tuple[int, int] = (3, 11)


BACKENDS = {
    each.name: each
    for each in (
        Backend("asyncio", "asyncio"),
        Backend("trio", "trio", requires="trio"),
        Backend("asyncio+uvloop", "asyncio", requires="uvloop"),
        Backend("asyncio+eager", "asyncio", since=(3, 12)),
    )
}


def find_known_backend(name: str) -> Backend:
    """The backend called *name*, whether it can be had here or not.

    Raises:
        BackendUnavailable: there is none of that name.
    """
    backend = BACKENDS.get(name)
    if backend is None:
        near = difflib.get_close_matches(str(name), BACKENDS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else "."
        raise BackendUnavailable(
            f"there is no backend {name!r}{hint} Known are: {', '.join(BACKENDS)}"
        )
    return backend


def find_backend(name: str) -> Backend:
    """The backend called *name*, ready to be used.

    Raises:
        BackendUnavailable: unknown, not installed, or this Python is too old for it.
    """
    backend = find_known_backend(name)
    if sys.version_info < backend.since:
        version = ".".join(map(str, backend.since))
        raise BackendUnavailable(
            f"the backend {name} needs Python {version} or newer: leave it out of backends= "
            "and of --asyncprotocol-backends on this Python"
        )
    if backend.requires and find_spec(backend.requires) is None:
        extra = "anyio[trio]" if backend.requires == "trio" else "pytest-asyncprotocol[uvloop]"
        raise BackendUnavailable(
            f"the backend {name} needs {backend.requires}, which is not installed: run "
            f"`pip install '{extra}'`, or name the backends to use, as in "
            "backends=('asyncio',) or --asyncprotocol-backends=asyncio"
        )
    return backend


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
