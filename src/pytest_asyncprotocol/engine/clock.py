"""The virtual clock: time jumps to the next timer when nothing can run, in a closed world only.

The world is closed while nothing outside of the loop can wake the subject: no thread started
since the checks began is alive with work to do, and no file descriptor is waited on but the
loop's own and listening sockets. In an open world time is real, and what opened it is named.
"""

from __future__ import annotations

import concurrent.futures.thread
import math
import re
import socket
import stat
import sys
import threading
from collections.abc import Callable, Iterable
from os import fstat
from types import FrameType

from pytest_asyncprotocol.engine import private_api

SLICE = 0.02
"""Real seconds between two looks at whether an open world has closed again."""

MOST_JUMPS = 10_000
"""Jumps of the clock within one operation, after which its timers count as going in circles."""

MOST_TURNS = 10_000
"""Turns of the loop without a jump, after which an operation counts as waiting busily."""

A_WORKER = "a worker thread"


class EngineThread(threading.Thread):
    """A thread that runs a loop of the engine; it never counts as somebody else's."""


class Stuck(SystemExit):
    """Raised inside a loop that is given up: what runs there resists its cancellation.

    A `SystemExit`, for asyncio lets no other exception of a callback end the loop.
    """


class World:
    """What could wake the loop from outside.

    Threads in *present* are none of the subject's. *pool_file* is where the threads wait that
    the loop's library keeps for later.
    """

    def __init__(
        self,
        busy_workers: Callable[[], int],
        present: Iterable[threading.Thread],
        pool_file: str = "",
    ) -> None:
        self._busy_workers = busy_workers
        self._present = set(present)
        self._pool_file = pool_file
        self._opened: set[str] = set()

    @property
    def opened(self) -> tuple[str, ...]:
        """What has kept the world open since `begin`."""
        return tuple(sorted(self._opened))

    def begin(self) -> None:
        """Forget what opened the world, for a new job."""
        self._opened = set()

    def openers(self, descriptors: Iterable[int] | None) -> list[str]:
        """What keeps the world open; *descriptors* are those waited on, None if unknown."""
        found = [_name(t) for t in self._foreign_threads()]
        if self._busy_workers() > 0:
            found.append(A_WORKER)
        if descriptors is None:
            found.append("input or output")
        else:
            found += [_kind(each) for each in descriptors if not _listens(each)]
        self._opened.update(found)
        return found

    def _foreign_threads(self) -> list[threading.Thread]:
        here = threading.current_thread()
        new = [t for t in threading.enumerate() if t is not here and t not in self._present]
        frames = sys._current_frames() if new else {}
        return [t for t in new if self._is_foreign(t, frames.get(t.ident or -1))]

    def _is_foreign(self, thread: threading.Thread, frame: FrameType | None) -> bool:
        if isinstance(thread, EngineThread):
            return False
        if private_api.is_pool_thread(thread):
            return not _idles_in_a_pool(frame)
        worker = private_api.anyio_worker_type()
        if worker is not None and isinstance(thread, worker):
            return private_api.anyio_busy_workers() is None
        while self._pool_file and frame is not None:
            if frame.f_code.co_filename == self._pool_file:
                return False
            frame = frame.f_back
        return True


class Quiescence:
    """Decides what happens when nothing can run: wait, jump, or say that it hangs.

    ``hung`` is called in the loop's thread when a job can never go on; ``circling`` when only
    timers fire, or it polls without end. Both are called again where that did not end the job.
    Where *virtual* is false, time is the computer's, and nothing is ever decided.
    """

    def __init__(
        self, hung: Callable[[], None], circling: Callable[[], None], *, virtual: bool = True
    ) -> None:
        self.now = 0.0
        self.virtual = virtual
        self.working = False
        self.given_up = False
        self._hung = hung
        self._circling = circling
        self._jumps = 0
        self._turns = 0

    def begin(self) -> None:
        """A job begins."""
        self.working = self.virtual
        self.progress()

    def end(self) -> None:
        """The job has ended; until the next one the loop just waits."""
        self.working = False

    def progress(self) -> None:
        """An operation of the subject ended: it does not go in circles."""
        self._jumps = self._turns = 0

    def turn(self) -> None:
        """The loop made a turn in which something could run."""
        if not self.working:
            return
        self._turns += 1
        if self._turns > MOST_TURNS:
            self.progress()
            self._busy()

    def _busy(self) -> None:
        """Something can always run."""
        self._circling()

    def jump(self, seconds: float | None) -> None:
        """Nothing can run and the world is closed; *seconds* to the next timer, None if none."""
        self._turns = 0
        if seconds is None:
            self._hung()
            return
        self._jumps += 1
        # asyncio fires a timer only when time is beyond it, be it by the least step.
        self.now = math.nextafter(self.now + seconds, math.inf)
        if self._jumps > self._most_jumps():
            self.progress()
            self._circling()

    def _most_jumps(self) -> int:
        return MOST_JUMPS

    def go_on(self) -> None:
        """Called in every turn of the loop.

        Raises:
            Stuck: the loop was given up.
        """
        if self.given_up:
            raise Stuck


_in_force = threading.local()


def put_in_force(quiescence: Quiescence) -> None:
    """Make *quiescence* the one that `progressed` tells, in this thread."""
    _in_force.quiescence = quiescence


def progressed() -> None:
    """An operation of the subject ended; called in the thread of its loop."""
    quiescence = getattr(_in_force, "quiescence", None)
    if quiescence is not None:
        quiescence.progress()


def threads_of_others() -> set[threading.Thread]:
    """The threads that there are now, without those of executors that have nothing to do.

    An executor of the author's module may outlive one check and serve the next one.
    """
    frames = sys._current_frames()
    return {
        t
        for t in threading.enumerate()
        if not (private_api.is_pool_thread(t) and _idles_in_a_pool(frames.get(t.ident or -1)))
    }


def _idles_in_a_pool(frame: FrameType | None) -> bool:
    """Whether *frame*, the innermost of a thread of an executor, is where it waits for work."""
    if frame is None or frame.f_code is not concurrent.futures.thread._worker.__code__:
        return False
    if private_api.work_is_pending():
        return False
    return bool(frame.f_locals["work_queue"].empty())


def _name(thread: threading.Thread) -> str:
    if private_api.is_pool_thread(thread):
        return A_WORKER
    name = re.sub(r"\d+", "N", thread.name)
    return f"a thread ({name})"


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
