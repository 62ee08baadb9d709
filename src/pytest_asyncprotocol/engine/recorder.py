"""What a check left behind: tasks, coroutines that nobody awaited, errors nobody could catch."""

from __future__ import annotations

import gc
import logging
import re
import sys
import threading
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager
from inspect import currentframe
from types import FrameType
from typing import Any

from pytest_asyncprotocol.engine import private_api
from pytest_asyncprotocol.engine.library import find_library
from pytest_asyncprotocol.model.protocols import has_attribute
from pytest_asyncprotocol.model.text import describe_exception, type_name

_DETAILS = re.compile(r"<([\w.]+)[^>]*>")
_NUMBER = re.compile(r"\d+")

MOST_ALLOCATIONS = 50_000
"""Objects more than before, after which a job is followed by a collection of garbage."""

_FROZEN_AT_START = gc.get_freeze_count()
"""Python 3.12 freezes some objects itself. What others froze, as before a fork, stays so."""

LOGGERS = ("asyncio", "trio.async_generator_errors")
"""Where asyncio and trio report what they find when they clean up."""


class Recorder:
    """Collects warnings and unraisable errors of the whole process while it is installed."""

    def __init__(self) -> None:
        self._never_awaited: list[str] = []
        self._mishaps: list[str] = []
        self._lost: list[str] = []
        self._present = set(threading.enumerate())

    def mark(self) -> int:
        """The state of the record, for `since`; garbage that is there already comes before it."""
        gc.collect()
        return len(self._never_awaited)

    def since(self, mark: int) -> list[str]:
        """The coroutines found since *mark* that were made and never awaited, garbage included."""
        gc.collect()
        return self._never_awaited[mark:]

    def mark_mishaps(self) -> int:
        """The state of the record, for `mishaps_since`."""
        gc.collect()
        return len(self._mishaps)

    def mishaps_since(self, mark: int) -> list[str]:
        """Unclosed resources and errors that nobody could catch, since *mark*."""
        gc.collect()
        return self._mishaps[mark:]

    @contextmanager
    def lost_errors(self, library: str) -> Generator[Callable[[], list[str]]]:
        """Give a function that tells the errors which nobody got in this block.

        Those are what goes to a log of asyncio or trio, ends a thread, or only reaches the
        exception handler of asyncio's running loop.
        """
        gc.collect()
        mark = len(self._lost)

        def since() -> list[str]:
            gc.collect()
            return self._lost[mark:]

        with find_library(library).lost_errors(self._lose):
            yield since

    def _lose(self, error: object) -> None:
        if isinstance(error, Exception):
            self._lost.append(describe_exception(error))

    def logged(self, record: logging.LogRecord) -> bool:
        """Take one record of a library's log, and keep it out of that; a filter of loggers."""
        self._lose(record.exc_info[1] if record.exc_info else None)
        return False

    def warned(self, message: Warning | str, *details: Any, **more: Any) -> None:
        """Take one warning; stands in for `warnings.showwarning`."""
        del details, more
        lines = str(message).splitlines() or [""]
        if isinstance(message, RuntimeWarning) and "never awaited" in lines[0]:
            self._never_awaited.append(lines[0])
        elif isinstance(message, ResourceWarning) and not _is_about_a_generator(currentframe()):
            text = _NUMBER.sub("N", _DETAILS.sub(r"<\1>", lines[0]))
            self._mishaps.append(f"ResourceWarning: {text}")

    def unraisable(self, unraisable: Any) -> None:
        """Take one error of a ``__del__`` or the like; stands in for `sys.unraisablehook`."""
        found = unraisable.object
        name = found.__qualname__ if has_attribute(found, "__qualname__") else type_name(found)
        error = unraisable.exc_value or unraisable.exc_type()
        self._mishaps.append(f"{describe_exception(error)}, in {name}")

    def thread_died(self, details: Any) -> bool:
        """Take the error that ended a thread; false if the thread was there before."""
        if details.thread in self._present or details.thread is None:
            return False
        self._lose(details.exc_value)
        return True


@contextmanager
def recording() -> Generator[Recorder]:
    """Install a recorder; for the calling thread, and never for two checks at once.

    The heap as it is now is frozen meanwhile, so that looking for garbage is cheap and finds
    only what the checks made; and it is looked for only when asked, so that what one check left
    does not come to light in another.
    """
    recorder = Recorder()
    before = sys.unraisablehook, threading.excepthook

    def thread_died(details: Any) -> None:
        if not recorder.thread_died(details):
            before[1](details)

    collects, freezes = gc.isenabled(), gc.get_freeze_count() <= _FROZEN_AT_START
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = recorder.warned
        sys.unraisablehook, threading.excepthook = recorder.unraisable, thread_died
        gc.disable()
        if freezes:
            gc.freeze()
        try:
            with _logs_kept(recorder):
                yield recorder
        finally:
            gc.collect()
            if freezes:
                gc.unfreeze()
            if collects:
                gc.enable()
            sys.unraisablehook, threading.excepthook = before


@contextmanager
def _logs_kept(recorder: Recorder) -> Generator[None]:
    """What the libraries log about a subject would keep its remains alive in others' records."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [(logger.disabled, logger.level, logger.filters) for logger in loggers]
    for logger in loggers:
        logger.disabled = False
        logger.setLevel(logging.DEBUG)
        logger.filters = [recorder.logged]
    try:
        yield
    finally:
        for logger, (disabled, level, filters) in zip(loggers, before, strict=True):
            logger.disabled, logger.filters = disabled, filters
            logger.setLevel(level)


def _is_about_a_generator(frame: FrameType | None) -> bool:
    """Whether trio warns that an async generator was dropped, whatever that held, in *frame*."""
    files = (each.f_code.co_filename for each in private_api.outward(frame))
    warning = next((file for file in files if file not in {__file__, warnings.__file__}), None)
    return warning == private_api.trio_generators_file()


def collect_if_many() -> None:
    """Look for garbage where much was made; for the loop's thread, between two jobs."""
    if not gc.isenabled() and gc.get_count()[0] > MOST_ALLOCATIONS:
        gc.collect()
