"""The tasks of the running loop: who started them, and where they wait."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from pytest_asyncprotocol.engine.library import ANCESTOR, Alive, Library, find_library
from pytest_asyncprotocol.engine.stacks import Wait, what_is_awaited

__all__ = ["Alive", "coroutine_of", "describe_task", "following", "places_of_tasks"]


@contextmanager
def following(library: str) -> Generator[Alive]:
    """Give a function that tells which of the tasks started in this block are alive.

    Tasks of others that come up meanwhile, such as those of a server on the same loop, don't
    count: what is started here, and by what is started here, inherits a context variable.
    """
    mark = object()
    token = ANCESTOR.set(mark)
    try:
        with find_library(library).following(mark) as alive:
            yield alive
    finally:
        ANCESTOR.reset(token)


def coroutine_of(task: Any) -> Any:
    """The coroutine that a task of either library runs."""
    return task.get_coro() if hasattr(task, "get_coro") else task.coro


def places_of_tasks(library: Library) -> list[Wait]:
    """Where the tasks of the running loop wait in code of the author's own."""
    waiting = {what_is_awaited(coroutine_of(task)) for task in library.living_tasks()}
    return sorted(each for each in waiting if each.is_place)


def describe_task(task: Any) -> str:
    """A task in words: its function, and what it waits for."""
    coroutine = coroutine_of(task)
    name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
    return f"the task running {name.rpartition('<locals>.')[2]} ({what_is_awaited(coroutine)})"
