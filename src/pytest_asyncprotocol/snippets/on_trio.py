"""The parts that need trio."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import outcome
import trio
from trio.testing import MockClock

from pytest_asyncprotocol.snippets.anywhere import shown

__all__ = ["MockClock"]

Event = trio.Event
CancelScope = trio.CancelScope


def resumption() -> object:
    """The value that the event loop sends where it resumes."""
    return outcome.Value(None)


async def turns(number: int) -> None:
    """Let other tasks run."""
    for _ in range(number):
        await trio.lowlevel.checkpoint()


async def waiting_body() -> BaseException | None:
    """Wait to be cancelled by the manager, or else cancel; return what is raised then."""
    try:
        await turns(20)
        await trio.sleep(1)
    except trio.Cancelled as error:
        return error
    found = None
    with trio.CancelScope() as scope:
        scope.cancel()
        try:
            await trio.lowlevel.checkpoint()
        except trio.Cancelled as error:
            found = error
            raise
    return found


async def in_a_task(coroutine: Coroutine[Any, Any, object]) -> None:
    """Await *coroutine* in a task of its own, to whatever end."""
    await in_tasks(coroutine)


async def in_tasks(*coroutines: Coroutine[Any, Any, object]) -> None:
    """Await all *coroutines* at once, each in a task of its own."""

    async def to_its_end(coroutine: Coroutine[Any, Any, object]) -> None:
        try:
            await coroutine
        except BaseException as error:
            print(f"it raised {shown(error)}")
            if isinstance(error, trio.Cancelled):
                raise

    async with trio.open_nursery() as nursery:
        for each in coroutines:
            nursery.start_soon(to_its_end, each)


async def print_tasks_left(seconds: float) -> None:
    """Print the tasks that are still alive after some turns and *seconds*."""
    await turns(20)
    await trio.sleep(seconds)
    own: Any = trio.lowlevel.current_task()
    for nursery in own.parent_nursery.parent_task.child_nurseries:
        for task in nursery.child_tasks - {own}:
            if "TrioToken" not in task.name:
                print(f"still alive: the task running {task.name}")
