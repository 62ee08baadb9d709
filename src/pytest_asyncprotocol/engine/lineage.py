"""Which tasks a piece of code started, itself or through what it started."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_ancestor: ContextVar[object | None] = ContextVar("_ancestor", default=None)


async def _generator() -> AsyncGenerator[None]:
    yield


_closing = _generator().aclose()
_closing.close()  # Python 3.13 warns of one that is dropped
_CLOSING_OF_A_GENERATOR = type(_closing)

Alive = Callable[[], set[Any]]


@contextmanager
def following(library: str) -> Generator[Alive]:
    """Give a function that tells which of the tasks started in this block are alive.

    Tasks of others that come up meanwhile, such as those of a server on the same loop, don't
    count: what is started here, and by what is started here, inherits a context variable.
    """
    mark = object()
    followed = _on_trio(mark) if library == "trio" else _on_asyncio(mark)
    token = _ancestor.set(mark)
    try:
        with followed as alive:
            yield alive
    finally:
        _ancestor.reset(token)


@contextmanager
def _on_asyncio(mark: object) -> Generator[Alive]:
    """By the loop's task factory, which runs in the context of whoever starts the task.

    A task in which the loop closes a generator that was dropped is the loop's own.
    """
    import asyncio

    loop = asyncio.get_running_loop()
    previous: Any = loop.get_task_factory()
    started: list[Any] = []

    def make(loop: asyncio.AbstractEventLoop, coroutine: Any, **details: Any) -> Any:
        if previous is None:
            task: Any = asyncio.Task(coroutine, loop=loop, **details)
        else:
            task = previous(loop, coroutine, **details)
        if _ancestor.get() is mark and not isinstance(coroutine, _CLOSING_OF_A_GENERATOR):
            started.append(task)
        return task

    loop.set_task_factory(make)
    try:
        yield lambda: {task for task in started if not task.done()}
    finally:
        loop.set_task_factory(previous)


@contextmanager
def _on_trio(mark: object) -> Generator[Alive]:
    """By the tasks' contexts; system tasks inherit none, so of these the new ones count."""
    import trio

    from pytest_asyncprotocol.engine.recorder import living_tasks

    root = trio.lowlevel.current_root_task()
    before = living_tasks("trio")

    def is_new_system_task(task: Any) -> bool:
        nursery = task.parent_nursery
        return nursery is not None and nursery.parent_task is root and task not in before

    def alive() -> set[Any]:
        own = trio.lowlevel.current_task()
        return {
            task
            for task in living_tasks("trio")
            if task is not own and (task.context.get(_ancestor) is mark or is_new_system_task(task))
        }

    yield alive
