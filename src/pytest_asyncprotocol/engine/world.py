"""What could wake a loop from outside: threads, and file descriptors that it waits on."""

from __future__ import annotations

import re
import socket
import stat
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from os import fstat

from pytest_asyncprotocol.engine import private_api

A_WORKER = "a worker thread"


class EngineThread(threading.Thread):
    """A thread that runs a loop of the engine; it never counts as somebody else's."""


class World:
    """What could wake the loop from outside.

    Threads in *present* are none of the subject's. *pool_file* is where the threads wait that
    the loop's library keeps for later. ``opened`` is what has kept the world open in this job.
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
        self.opened: set[str] = set()

    def openers(self, descriptors: Iterable[int] | None) -> list[str]:
        """What keeps the world open; *descriptors* are those waited on, None if unknown."""
        here = threading.current_thread()
        new = [t for t in threading.enumerate() if t is not here and t not in self._present]
        found = [_name(t) for t in new if self._is_foreign(t)]
        if self._busy_workers() > 0:
            found.append(A_WORKER)
        if descriptors is None:
            found.append("input or output")
        else:
            found += [_kind(each) for each in descriptors if not _listens(each)]
        self.opened.update(found)
        return found

    def _is_foreign(self, thread: threading.Thread) -> bool:
        if isinstance(thread, EngineThread):
            return False
        if private_api.is_pool_thread(thread):
            return not private_api.idles_in_a_pool(thread)
        worker = private_api.anyio_worker_type()
        if worker is not None and isinstance(thread, worker):
            return private_api.anyio_busy_workers() is None
        frames = private_api.frames_of(thread)
        return all(frame.f_code.co_filename != self._pool_file for frame in frames)


def present_threads() -> set[threading.Thread]:
    """The threads that there are now, without those of executors that have nothing to do.

    An executor of the author's module may outlive one check and serve the next one.
    """
    return {t for t in threading.enumerate() if not private_api.idles_in_a_pool(t)}


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
    with suppress(OSError, AttributeError):
        borrowed = socket.socket(fileno=descriptor)
        try:
            return bool(borrowed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        finally:
            borrowed.detach()
    return False
