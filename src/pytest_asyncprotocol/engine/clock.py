"""The virtual clock: time jumps to the next timer when nothing can run, in a closed world only.

The world is closed while nothing outside of the loop can wake the subject: no thread started
since the run began is alive with work to do, and no file descriptor is waited on but the loop's
own and listening sockets. In an open world time is real, and what opened it is named.
"""

from __future__ import annotations

import asyncio
import functools
import re
import selectors
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterable
from os import fstat
from typing import TYPE_CHECKING, Any

from pytest_asyncprotocol.engine import hooks

if TYPE_CHECKING:
    from concurrent.futures import Executor

SLICE = 0.02
"""Real seconds between two looks at whether an open world has closed again."""

MOST_JUMPS = 10_000
"""Jumps of the clock in one job after which its timers count as going round in circles."""

MOST_IDLE_TURNS = 10_000
"""Turns of the loop without a jump after which busy waiting is taken to wait for the clock."""

CREEP = 0.001
"""Virtual seconds that pass in each further such turn."""


class World:
    """What could wake the loop from outside."""

    def __init__(self, busy_workers: Callable[[], int], pool_file: str) -> None:
        self._present = set(threading.enumerate())
        self._busy_workers = busy_workers
        self._pool_file = pool_file
        self._pooled: set[threading.Thread] = set()
        self.opened: list[str] = []

    def adopt_pool_threads(self, before: set[threading.Thread]) -> None:
        """Count the threads started since *before* among the loop's own pool."""
        self._pooled.update(set(threading.enumerate()) - before)

    def begin(self) -> None:
        """Forget what opened the world, for a new job."""
        self.opened = []

    def openers(self, descriptors: Iterable[int] | None) -> list[str]:
        """What keeps the world open; *descriptors* are those waited on, None if unknown."""
        found = [f"a thread ({_name(t)})" for t in self._foreign_threads()]
        if self._busy_workers() > 0:
            found.append("a worker thread")
        if descriptors is None:
            found.append("input or output")
        else:
            found += [_kind(each) for each in descriptors if not _listens(each)]
        for each in found:
            if each not in self.opened:
                self.opened.append(each)
        return found

    def _foreign_threads(self) -> list[threading.Thread]:
        own = {*self._present, threading.current_thread()}
        new = [t for t in threading.enumerate() if t not in own]
        return [t for t in new if t not in self._pooled and not self._is_pooled(t)]

    def _is_pooled(self, thread: threading.Thread) -> bool:
        worker = hooks.anyio_worker_type()
        if worker is not None and isinstance(thread, worker):
            return hooks.anyio_busy_workers() is not None
        frame = sys._current_frames().get(thread.ident or -1)
        while self._pool_file and frame is not None:
            if frame.f_code.co_filename == self._pool_file:
                return True
            frame = frame.f_back
        return False


class Quiescence:
    """Decides what happens when nothing can run: wait, jump, or say that it hangs.

    ``hung`` is called in the loop's thread when a job can never go on; ``circling`` when only
    timers fire.
    """

    def __init__(self, hung: Callable[[], None], circling: Callable[[], None]) -> None:
        self.now = 0.0
        self.working = False
        self.waiting = False
        self._hung = hung
        self._circling = circling
        self._jumps = 0
        self._turns = 0

    def begin(self) -> None:
        """A job begins."""
        self.working = True
        self._jumps = self._turns = 0

    def end(self) -> None:
        """The job has ended; until the next one the loop just waits."""
        self.working = False

    def turn(self) -> None:
        """The loop made a turn in which something could run."""
        if not self.working:
            return
        self._turns += 1
        if self._turns > MOST_IDLE_TURNS:
            self.now += CREEP
        if self._turns > MOST_IDLE_TURNS + MOST_JUMPS:
            self._turns = 0
            self._circling()

    def jump(self, seconds: float | None) -> None:
        """Nothing can run and the world is closed; *seconds* to the next timer, None if none."""
        self._turns = 0
        if seconds is None:
            self._hung()
            return
        self._jumps += 1
        self.now += seconds
        if self._jumps > MOST_JUMPS:
            self._jumps = 0
            self._circling()


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop with a virtual clock."""

    def __init__(self, quiescence: Quiescence) -> None:
        self._quiescence = quiescence
        self._executing = 0
        self.world = World(self._busy_workers, "")
        self._own_descriptors: set[int] = set()
        super().__init__(_VirtualSelector(quiescence, self._openers))
        self._own_descriptors = set(self._selector.get_map())  # type: ignore[attr-defined]

    def time(self) -> float:
        """The virtual time, in seconds."""
        return self._quiescence.now

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """As the base class, counted: a thread at work keeps the clock real."""
        before = set(threading.enumerate())
        future = super().run_in_executor(executor, func, *args)
        if executor is None:
            self.world.adopt_pool_threads(before)
        self._executing += 1
        future.add_done_callback(self._executed)
        return future

    def _executed(self, future: asyncio.Future[Any]) -> None:
        del future
        self._executing -= 1

    def _busy_workers(self) -> int:
        return self._executing + (hooks.anyio_busy_workers() or 0)

    def _openers(self, descriptors: Iterable[int]) -> list[str]:
        return self.world.openers(set(descriptors) - self._own_descriptors)


class _VirtualSelector(selectors.DefaultSelector):
    def __init__(
        self, quiescence: Quiescence, openers: Callable[[Iterable[int]], list[str]]
    ) -> None:
        super().__init__()
        self._quiescence = quiescence
        self._openers = openers

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        quiescence = self._quiescence
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            quiescence.turn()
            return ready
        if not quiescence.working:
            return self._wait(timeout)
        if self._openers(self.get_map()):
            return self._wait(SLICE if timeout is None else min(timeout, SLICE))
        ready = super().select(0)
        if not ready:
            quiescence.jump(timeout)
        return ready

    def _wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        begun = time.monotonic()
        self._quiescence.waiting = True
        try:
            return super().select(timeout)
        finally:
            self._quiescence.waiting = False
            self._quiescence.now += time.monotonic() - begun


@functools.cache
def trio_clock_type() -> type[Any]:
    """The class of trio's virtual clock, which needs trio to be defined."""
    import trio
    import trio.testing

    class VirtualClock(trio.abc.Clock, trio.abc.Instrument):
        """A trio clock, and the instrument that tells it when nothing can run."""

        def __init__(self, quiescence: Quiescence) -> None:
            self._quiescence = quiescence
            self.world = World(trio.testing.active_thread_count, hooks.trio_thread_file())
            self._asked = 0.0
            self._deadline: float | None = None
            self._begun = 0.0
            self._closed = False

        def start_clock(self) -> None:
            """Nothing to start."""

        def current_time(self) -> float:
            """The virtual time, in seconds."""
            return self._quiescence.now

        def deadline_to_sleep_time(self, deadline: float) -> float:
            """How long to wait for events; asked only when nothing can run."""
            left = deadline - self._quiescence.now
            self._deadline = None if left == float("inf") else left
            self._closed = False
            self._asked = left
            if self._quiescence.working:
                if self.world.openers(hooks.trio_awaited_descriptors()):
                    self._asked = min(left, SLICE)
                else:
                    self._closed = True
                    cushion = hooks.trio_idle_cushion()
                    self._asked = 0.0 if cushion is None else max(cushion, 0.0) + CREEP
            return self._asked

        def before_io_wait(self, timeout: float) -> None:
            """Trio is about to wait for *timeout* seconds."""
            if self._closed and timeout != self._asked:
                self._closed = False
            self._begun = time.monotonic()
            self._quiescence.waiting = timeout > 0

        def after_io_wait(self, timeout: float) -> None:
            """Trio has waited, and expires deadlines after this."""
            quiescence = self._quiescence
            quiescence.waiting = False
            if trio.lowlevel.current_statistics().tasks_runnable:
                quiescence.turn()
            elif self._closed:
                quiescence.jump(self._deadline)
            elif timeout > 0:
                quiescence.now += time.monotonic() - self._begun
            self._closed = False

    return VirtualClock


def _name(thread: threading.Thread) -> str:
    return re.sub(r"\d+", "N", thread.name)


def _kind(descriptor: int) -> str:
    try:
        mode = fstat(descriptor).st_mode
    except OSError:
        return "a closed file descriptor"
    if stat.S_ISSOCK(mode):
        return "a socket"
    return "a pipe" if stat.S_ISFIFO(mode) else "a file descriptor"


def _listens(descriptor: int) -> bool:
    option = getattr(socket, "SO_ACCEPTCONN", None)
    if option is None:
        return False
    try:
        with socket.socket(fileno=descriptor) as borrowed:
            try:
                return bool(borrowed.getsockopt(socket.SOL_SOCKET, option))
            finally:
                borrowed.detach()
    except OSError:
        return False
