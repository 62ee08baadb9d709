"""What the engine asks of an event loop library, and what checks ask of the loop that runs."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from pkgutil import resolve_name
from threading import Thread
from typing import Any, Protocol

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol.engine import clock
from pytest_asyncprotocol.model.backends import Backend
from pytest_asyncprotocol.model.exceptions import members

__all__ = ["RunningLoop", "checkpoint", "library_in_force", "open_scopes", "task_number"]

ANCESTOR: ContextVar[object | None] = ContextVar("ANCESTOR", default=None)
"""Marks the tasks that are followed: a task inherits it from the one that starts it."""

SETTLING_TURNS = 5
"""Turns that a loop gets to end what was left behind in it."""

Alive = Callable[[], set[Any]]


class Loop(Protocol):
    """A loop with the clock of the engine; anyio makes it and runs it by ``options``."""

    options: dict[str, Any]

    def in_force(self) -> bool:
        """Whether this is the loop that runs in this thread."""
        ...

    def is_broken(self) -> bool:
        """Whether something ended it out of turn."""
        return False

    def give_up(self) -> None:
        """End the loop, whatever runs there; called in its own thread."""

    def leave(self, error: BaseException) -> None:
        """End the loop as `give_up` does, with *error* for the code that runs it."""

    def clear(self) -> None:
        """End the tasks that are still there after `leave`, or forget them."""


class Library(Protocol):
    """An event loop library. Most questions are about the loop that runs in this thread."""

    name: str

    def loop(self, quiescence: clock.Quiescence, present: set[Thread], backend: Backend) -> Loop:
        """A loop of *backend*. No thread in *present* belongs to what will run there."""
        ...

    def controlled(self) -> AbstractContextManager[None]:
        """Have the order in which tasks run depend on nothing but `seed`."""
        return nullcontext()

    def seed(self, seed: int) -> bool:
        """Choose one of the orders in which tasks can run; False where that can't be done."""
        return True

    def threadsafe_caller(self) -> Callable[[Callable[[], object]], object]:
        """A function by which any thread has the loop call another function."""
        ...

    def time(self) -> float:
        """The loop's time, in seconds."""
        ...

    def waiting_callbacks(self) -> int:
        """How many callbacks, and timers of asyncio, wait in the loop."""
        ...

    def lost_errors(self, take: Callable[[object], None]) -> AbstractContextManager[None]:
        """Call *take* with each error that only the loop's exception handler would get."""
        return nullcontext()

    def ignore_lost_errors(self) -> None:
        """Keep such errors off the log, for as long as the loop lives."""

    def current_task(self) -> Any:
        """The task that runs; asyncio has None in a callback."""

    def living_tasks(self) -> set[Any]:
        """The tasks of the loop, system tasks of trio included."""
        ...

    def following(self, mark: object) -> AbstractContextManager[Alive]:
        """Follow the tasks that are started with *mark* as `ANCESTOR`, and tell which are alive."""
        ...

    def cancelling(self) -> int:
        """How many requests to cancel the running task are pending; always 0 on trio."""
        return 0

    def open_scopes(self) -> list[tuple[str, object]]:
        """The name and the identity of each scope around the running task, outermost first."""
        ...

    def cancel(self, tasks: set[Any]) -> None:
        """Cancel each of *tasks*, where a task can be cancelled by itself."""

    def insist(self, tasks: set[Any]) -> None:
        """Have a cancellation arrive in each of *tasks*, shielded or not."""

    def relent(self) -> None:
        """Take back the request that `insist` made of the running task."""

    def forget(self, tasks: set[Any]) -> None:
        """Have the end of the loop not wait for *tasks*, which resist their cancellation."""


@cache
def find_library(name: str) -> Library:
    """The library called *name*, imported when it is first asked for."""
    library: Library = resolve_name(f"pytest_asyncprotocol.engine.{name}_:LIBRARY")
    return library


def library_in_force() -> str | None:
    """The library whose loop really runs in this thread: ``asyncio``, ``trio`` or None.

    Asks the libraries themselves: sniffio's variable is inherited by code that no loop runs.
    """
    trio_lowlevel = sys.modules.get("trio.lowlevel")
    if trio_lowlevel is not None and trio_lowlevel.in_trio_task():
        return "trio"
    with suppress(RuntimeError):
        asyncio.get_running_loop()
        return "asyncio"
    return None


def task_number(library: str) -> int:
    """A number for the running task of *library*."""
    return id(find_library(library).current_task())


class RunningLoop:
    """What the checker asks of the loop that it runs on."""

    def __init__(self, library: str) -> None:
        self.library = library
        self._library = find_library(library)
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
        deadline = anyio.current_effective_deadline()
        return deadline == -math.inf or self._library.cancelling() > 0

    def progressed(self) -> None:
        """An operation of the subject ended, so its timers do not just go in circles."""
        clock.progressed()

    def now(self) -> float:
        """The loop's time."""
        return self._library.time()

    def task(self) -> int:
        """A number for the running task."""
        return task_number(self.library)

    def in_force(self) -> bool:
        """Whether this loop is still the one that runs."""
        return library_in_force() == self.library


@dataclass(frozen=True, slots=True)
class OpenScopes:
    """What was open at one moment: equal to what was open at another if nothing has changed.

    ``cancelling`` is asyncio's count of requests to cancel the task; 0 on trio.
    """

    names: tuple[str, ...]
    cancelling: int
    identities: tuple[int, ...]
    _kept: tuple[object, ...] = field(compare=False, repr=False)

    def opened_since(self, before: OpenScopes) -> tuple[str, ...]:
        """The names of what is open now and was not open *before*, from the outside inward."""
        known = set(before.identities)
        return tuple(
            name
            for name, identity in zip(self.names, self.identities, strict=True)
            if identity not in known
        )


def open_scopes(library: str) -> OpenScopes:
    """The cancel scopes, time-outs and task groups that are open in the running task."""
    running = find_library(library)
    found = running.open_scopes()
    return OpenScopes(
        names=tuple(name for name, _ in found),
        cancelling=running.cancelling(),
        identities=tuple(id(scope) for _, scope in found),
        _kept=tuple(scope for _, scope in found),
    )
