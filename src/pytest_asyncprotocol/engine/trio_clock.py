"""The virtual clock of trio. Importing this module imports trio, which is optional."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

import trio
import trio.testing

from pytest_asyncprotocol.engine import private_api
from pytest_asyncprotocol.engine.clock import SLICE, Quiescence, World

CUSHION = 0.001
"""Real seconds beyond what a pending `wait_all_tasks_blocked` asks for, to be told from it."""

UNKNOWN_CUSHION = 0.005
"""Real seconds given to those who may wait for idleness, where that can't be known."""


class VirtualTrioClock(trio.abc.Clock, trio.abc.Instrument):
    """A trio clock, and the instrument that tells it when nothing can run.

    Trio asks `deadline_to_sleep_time` only when no task can run, and calls `after_io_wait` when
    it has made those runnable that events woke, and before it looks at deadlines.
    """

    def __init__(self, quiescence: Quiescence, present: Iterable[threading.Thread]) -> None:
        self._quiescence = quiescence
        self.world = World(
            trio.testing.active_thread_count, present, private_api.trio_thread_file()
        )
        self._idle = False
        self._closed = False
        self._asked = 0.0
        self._left: float | None = None
        self._begun = 0.0

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
        self._asked = left
        if not self._quiescence.working:
            return left
        if self.world.openers(private_api.trio_awaited_descriptors()):
            self._asked = min(left, SLICE)
            return self._asked
        self._left = None if left == float("inf") else left
        cushion = private_api.trio_idle_cushion()
        if cushion == private_api.UNKNOWN:
            # Somebody may wait for this very idleness: it is given a moment, and is no hang.
            self._closed = self._left is not None
            self._asked = UNKNOWN_CUSHION if self._closed else SLICE
            return self._asked
        self._closed = True
        self._asked = 0.0 if cushion is None else cushion + CUSHION
        return self._asked

    def before_io_wait(self, timeout: float) -> None:
        """Trio is about to wait for *timeout* seconds, less than asked if somebody waits for it."""
        if timeout != self._asked:
            self._closed = False
        self._begun = time.monotonic()

    def after_io_wait(self, timeout: float) -> None:
        """Trio has waited, and expires deadlines after this."""
        del timeout
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
