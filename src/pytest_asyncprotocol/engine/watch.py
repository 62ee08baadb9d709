"""The watch that the calling thread keeps over the thread that runs a loop."""

from __future__ import annotations

import ctypes
import queue
import sys
import threading
from typing import TypeVar

T = TypeVar("T")

INJECTIONS = 200
"""Times an exception is put into a thread that blocks, before it is abandoned."""

GRACE = 0.005
"""Real seconds given to the thread after each of them."""

abandoned: list[object] = []
"""Threads, and what they run, that could not be ended. Dropping a coroutine that swallows
everything would spin for ever in its ``close()``, so they are kept alive on purpose."""


class Interrupted(BaseException):
    """Put into a thread that blocks its event loop."""


def being_debugged() -> bool:
    """Whether a debugger has hold of this process, so that time says nothing."""
    trace = sys.gettrace()
    module = getattr(trace, "__module__", None) or type(trace).__module__
    return trace is not None and module.partition(".")[0] in ("bdb", "pdb", "pydevd", "debugpy")


def get(results: queue.SimpleQueue[T], seconds: float | None) -> T | None:
    """The next result, or None if there is none within *seconds* of real time."""
    try:
        return results.get(timeout=seconds)
    except queue.Empty:
        return None


def interrupt(thread: threading.Thread, results: queue.SimpleQueue[T]) -> T | None:
    """Put `Interrupted` into *thread* until it gives a result; None if it never does."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        for _ in range(INJECTIONS):
            _inject(thread)
            result = get(results, GRACE)
            if result is not None or not thread.is_alive():
                return result
    finally:
        sys.setswitchinterval(interval)
    return None


def _inject(thread: threading.Thread) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Interrupted)
    )
