"""The watch that the calling thread keeps over the thread that runs a loop."""

from __future__ import annotations

import ctypes
import queue
import sys
import threading
from collections.abc import Iterable
from typing import TypeVar

from pytest_asyncprotocol.engine import private_api

T = TypeVar("T")

INJECTIONS = 300
"""Times an exception is put into a thread that blocks, before it is abandoned."""

GRACE = 0.001
"""Real seconds given to the thread after each of them."""

_DEBUGGERS = ("bdb", "pdb", "pydevd", "_pydevd_bundle", "debugpy")

abandoned: list[threading.Thread] = []
"""Threads that could not be ended; see `keep_alive`."""


class Interrupted(BaseException):
    """Put into a thread that blocks its event loop."""


def keep_alive(objects: Iterable[object]) -> None:
    """Never let *objects* be collected, not even when the interpreter ends.

    Dropping a coroutine that swallows everything would spin forever in its ``close()``, in
    whichever thread collects it.
    """
    for each in objects:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(each))


def being_debugged(thread: threading.Thread | None = None) -> bool:
    """Whether a debugger has hold of this thread or *thread*, so that time says nothing."""
    if _is_debuggers(sys.gettrace()):
        return True
    monitoring = getattr(sys, "monitoring", None)
    if monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None:
        return True
    return thread is not None and any(
        _is_debuggers(frame.f_trace) or _package(frame.f_globals.get("__name__")) in _DEBUGGERS
        for frame in private_api.frames_of(thread)
    )


def get(results: queue.SimpleQueue[T], seconds: float | None) -> T | None:
    """The next result, or None if there is none within *seconds* of real time."""
    try:
        return results.get(timeout=seconds)
    except queue.Empty:
        return None


def interrupt(thread: threading.Thread, results: queue.SimpleQueue[T]) -> T | None:
    """Put `Interrupted` into *thread* until it gives a result; None if it never does."""
    interval = sys.getswitchinterval()
    # With the usual interval an injection can hit the handler of the one before, every time.
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(INJECTIONS):
            if not thread.is_alive():
                break
            result = _inject(thread.ident or 0, threading.get_ident(), results)
            if result is not None:
                return result
    finally:
        sys.setswitchinterval(interval)
    return get(results, 0)


def _inject(thread: int, own: int, results: queue.SimpleQueue[T]) -> T | None:
    """Put `Interrupted` into *thread*, and take it back if it does not arrive soon.

    While an exception is on its way, CPython before 3.13 has every thread look for it all the
    time, and one that is traced, by coverage for example, then never gets into a function of
    Python. Only the arrival of an exception ends that, hence the one put into the *own* thread.
    """
    put = ctypes.pythonapi.PyThreadState_SetAsyncExc
    error = ctypes.py_object(Interrupted)
    to_thread, to_own = ctypes.c_ulong(thread), ctypes.c_ulong(own)
    result = None
    try:
        put(to_thread, error)
        try:  # noqa: SIM105, a context manager would be a function of Python
            result = results.get(timeout=GRACE)
        except queue.Empty:
            pass
        put(to_thread, None)
        put(to_own, error)
        for _ in range(1000):
            pass
    except Interrupted:
        return result
    return result


def _is_debuggers(trace: object) -> bool:
    if trace is None:
        return False
    module = getattr(trace, "__module__", None) or type(trace).__module__
    return _package(module) in _DEBUGGERS


def _package(module: object) -> str:
    return str(module).partition(".")[0]
