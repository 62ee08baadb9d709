"""What a check left behind: tasks, coroutines that nobody awaited."""

from __future__ import annotations

import gc
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytest_asyncprotocol.engine.stall import what_is_awaited



class Recorder:
    """Collects warnings and unraisable errors of the whole process while it is installed."""

    def __init__(self) -> None:
        self.never_awaited: list[str] = []

    def mark(self) -> int:
        """The state of the record, for `since`."""
        return len(self.never_awaited)

    def since(self, mark: int) -> list[str]:
        """The coroutines found since *mark* that were made and never awaited, garbage included."""
        gc.collect()
        return self.never_awaited[mark:]

    def warned(self, message: Warning | str, *details: Any, **more: Any) -> None:
        """Take one warning; stands in for `warnings.showwarning`."""
        del details, more
        text = str(message)
        if isinstance(message, RuntimeWarning) and "never awaited" in text:
            self.never_awaited.append(text.splitlines()[0])


@contextmanager
def recording() -> Iterator[Recorder]:
    """Install a recorder; for the calling thread, and never for two checks at once.

    The heap as it is now is frozen meanwhile, so that looking for garbage is cheap and finds
    only what the checks made.
    """
    recorder = Recorder()
    freezes = gc.get_freeze_count() == 0
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = recorder.warned
        previous, sys.unraisablehook = sys.unraisablehook, _ignore
        if freezes:
            gc.freeze()
        try:
            yield recorder
            gc.collect()
        finally:
            if freezes:
                gc.unfreeze()
            sys.unraisablehook = previous


def _ignore(unraisable: Any) -> None:
    """What a subject raises where nobody can catch it stays off the test run's own records."""


def living_tasks(library: str) -> set[Any]:
    """The tasks of the running loop; on trio those beside the checker's own, system tasks too."""
    if library == "asyncio":
        import asyncio

        return asyncio.all_tasks()
    import trio

    root = trio.lowlevel.current_root_task()
    found: set[Any] = set()
    pending = [root] if root is not None else []
    while pending:
        task = pending.pop()
        found.add(task)
        for nursery in task.child_nurseries:
            pending.extend(nursery.child_tasks)
    return found


def describe_task(task: Any) -> str:
    """A task in words: its function, and what it waits for."""
    coroutine = task.get_coro() if hasattr(task, "get_coro") else task.coro
    name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
    return f"the task running {name.rpartition('<locals>.')[2]} ({what_is_awaited(coroutine)})"
