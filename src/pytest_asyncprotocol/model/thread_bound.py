"""Telling that something failed only because it did not run in the main thread."""

from __future__ import annotations

import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator

WAY_OUT = (
    "it needs the main thread, and the engine runs in a thread of its own: make the test async, "
    "and await the assertion there"
)


def needs_main_thread(error: BaseException) -> bool:
    """Whether *error* is what signals, trio or sqlite3 raise in a thread that is not theirs."""
    if threading.current_thread() is threading.main_thread():
        return False
    kind = type(error)
    if (kind.__module__, kind.__name__) == ("sqlite3", "ProgrammingError"):
        return "thread" in str(error)
    if not isinstance(error, (ValueError, RuntimeError)):
        return False
    files = (frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__))
    signals_of_trio = f"{os.sep}trio{os.sep}_signals.py"
    return str(error) in _refusals_of_signals() or any(f.endswith(signals_of_trio) for f in files)


def _refusals_of_signals() -> Iterator[str]:
    """What Python says where no handler can be set, whatever its wording."""
    attempts: tuple[Callable[[], object], ...] = (
        lambda: signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGTERM)),
        lambda: signal.set_wakeup_fd(-1),
    )
    for attempt in attempts:
        try:
            attempt()
        except ValueError as refusal:
            yield str(refusal)
