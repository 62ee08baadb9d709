"""What the engine asks of trio, and trio's virtual clock; importing this imports trio."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable
from contextlib import AbstractContextManager, contextmanager
from threading import Thread
from typing import Any

import trio
import trio.testing

from pytest_asyncprotocol.engine import private_api
from pytest_asyncprotocol.engine.clock import SLICE, Quiescence
from pytest_asyncprotocol.engine.library import ANCESTOR, Alive, Library, Loop
from pytest_asyncprotocol.engine.world import World
from pytest_asyncprotocol.model.backends import Backend

CUSHION = 0.001
"""Real seconds beyond what a pending `wait_all_tasks_blocked` asks for, to be told from it."""

UNKNOWN_CUSHION = 0.005
"""Real seconds given to those who may wait for idleness, where that can't be known."""


class _Trio(Library):
    """trio: tasks in random order, which scopes cancel and nothing else."""

    name = "trio"

    def loop(self, quiescence: Quiescence, present: set[Thread], backend: Backend) -> Loop:
        return VirtualTrioClock(quiescence, present)

    def controlled(self) -> AbstractContextManager[None]:
        return private_api.deterministic_trio()

    def seed(self, seed: int) -> bool:
        return private_api.seed_trio(seed)

    def threadsafe_caller(self) -> Callable[[Callable[[], object]], object]:
        return trio.lowlevel.current_trio_token().run_sync_soon

    def time(self) -> float:
        return trio.current_time()

    def waiting_callbacks(self) -> int:
        return trio.lowlevel.current_statistics().run_sync_soon_queue_size

    def ignore_lost_errors(self) -> None:
        """There are none."""

    def current_task(self) -> trio.lowlevel.Task:
        return trio.lowlevel.current_task()

    def living_tasks(self) -> set[Any]:
        root = trio.lowlevel.current_root_task()
        found: set[Any] = set()
        pending = [root] if root is not None else []
        while pending:
            task = pending.pop()
            found.add(task)
            for nursery in task.child_nurseries:
                pending.extend(nursery.child_tasks)
        return found

    @contextmanager
    def following(self, mark: object) -> Generator[Alive]:
        """By the tasks' contexts; system tasks inherit none, so of these the new ones count."""
        root = trio.lowlevel.current_root_task()
        before = self.living_tasks()

        def is_followed(task: Any) -> bool:
            nursery = task.parent_nursery
            by_the_system = nursery is not None and nursery.parent_task is root
            return task.context.get(ANCESTOR) is mark or (by_the_system and task not in before)

        yield lambda: set(filter(is_followed, self.living_tasks() - {self.current_task()}))

    def open_scopes(self) -> list[tuple[str, object]]:
        task = trio.lowlevel.current_task()
        nurseries = [nursery.cancel_scope for nursery in task.child_nurseries]
        found = [
            ("a nursery" if any(scope is each for each in nurseries) else "a cancel scope", status)
            for status, scope in private_api.trio_cancel_scopes(task)
        ]
        return found[::-1]

    def cancel(self, tasks: set[Any]) -> None:
        """Trio cancels scopes, and no task by itself."""

    def insist(self, tasks: set[Any]) -> None:
        for task in tasks:
            private_api.lift_trio_shields(task)

    def relent(self) -> None:
        """A lifted shield is no request."""

    def forget(self, tasks: set[Any]) -> None:
        """Trio waits for all of its tasks."""


LIBRARY = _Trio()


class VirtualTrioClock(Loop, trio.abc.Clock, trio.abc.Instrument):
    """A trio clock, and the instrument that tells it when nothing can run.

    Trio asks `deadline_to_sleep_time` only when no task can run, and calls `after_io_wait` when
    it has made those runnable that events woke, and before it looks at deadlines.
    """

    def __init__(self, quiescence: Quiescence, present: Iterable[Thread]) -> None:
        self._quiescence = quiescence
        self._world = quiescence.world = World(
            trio.testing.active_thread_count, present, private_api.trio_thread_file()
        )
        self.options = {"clock": self, "instruments": [self]}
        self._idle = False
        self._closed = False
        self._asked = 0.0
        self._left: float | None = None
        self._begun = 0.0

    def in_force(self) -> bool:
        """Whether the loop that runs in this thread has this clock."""
        return trio.lowlevel.current_clock() is self

    def give_up(self) -> None:
        """Have `current_time` end the loop."""
        self._quiescence.given_up = True

    def leave(self, error: BaseException) -> None:
        """End the loop, with *error* for the code that called anyio."""
        private_api.end_anyio_call(error)
        self.give_up()

    def clear(self) -> None:
        """Nothing outlives a loop of trio."""

    def start_clock(self) -> None:
        """Nothing to start."""

    def current_time(self) -> float:
        """The virtual time, in seconds; trio asks for it in every turn."""
        self._quiescence.go_on()
        return self._quiescence.now if self._quiescence.virtual else time.monotonic()

    def deadline_to_sleep_time(self, deadline: float) -> float:
        """How long to wait for events."""
        left = deadline - self.current_time()
        self._idle = True
        self._closed = False
        self._asked = self._sleep_time(left) if self._quiescence.working else left
        return self._asked

    def _sleep_time(self, left: float) -> float:
        if self._world.openers(private_api.trio_awaited_descriptors()):
            return min(left, SLICE)
        self._left = None if left == float("inf") else left
        cushion = private_api.trio_idle_cushion()
        if cushion == private_api.UNKNOWN:
            # Somebody may wait for this very idleness: it is given a moment, and is no hang.
            self._closed = self._left is not None
            return UNKNOWN_CUSHION if self._closed else SLICE
        self._closed = True
        return 0.0 if cushion is None else cushion + CUSHION

    def before_io_wait(self, timeout: float) -> None:
        """Trio is about to wait for *timeout* seconds, less than asked if somebody waits for it."""
        if timeout != self._asked:
            self._closed = False
        self._begun = time.monotonic()

    def after_io_wait(self, timeout: float) -> None:
        """Trio has waited, and expires deadlines after this."""
        idle, self._idle = self._idle, False
        quiescence = self._quiescence
        if not idle:
            quiescence.turn()
            return
        if not (self._closed and quiescence.working):
            quiescence.now += time.monotonic() - self._begun
        if trio.lowlevel.current_statistics().tasks_runnable:
            quiescence.turn()
        elif self._closed and quiescence.working:
            quiescence.jump(self._left)
        self._closed = False
