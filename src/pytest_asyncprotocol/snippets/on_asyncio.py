"""The parts that need asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import anyio

from pytest_asyncprotocol.snippets.anywhere import Steps, shown

Event = asyncio.Event
CancelScope = anyio.CancelScope


def resumption() -> object:
    """The value that the event loop sends where it resumes."""
    return None


async def turns(number: int) -> None:
    """Let other tasks run."""
    for _ in range(number):
        await asyncio.sleep(0)


async def waiting_body() -> BaseException | None:
    """Wait to be cancelled by the manager, or else cancel; return what is raised then."""
    task: Any = asyncio.current_task()
    try:
        await turns(20)
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.sleep(0)
    except BaseException as error:
        return error
    return None


async def in_a_task(coroutine: Coroutine[Any, Any, object]) -> None:
    """Await *coroutine* in a task of its own, to whatever end."""
    task = asyncio.ensure_future(coroutine)
    await asyncio.wait([task])
    if task.cancelled():
        print("the cancellation came out")
    elif task.exception() is not None:
        print(f"it raised {shown(task.exception())}")


async def in_tasks(*coroutines: Coroutine[Any, Any, object]) -> None:
    """Await all *coroutines* at once, each in a task of its own."""
    await asyncio.gather(*map(in_a_task, coroutines))


async def in_this_task(coroutine: Coroutine[Any, Any, object]) -> None:
    """Await *coroutine*; take a cancellation back that comes out."""
    task: Any = asyncio.current_task()
    try:
        await coroutine
    except asyncio.CancelledError:
        print("the cancellation came out")
    while task.cancelling():
        task.uncancel()


def cancel_with_the_result() -> None:
    """Cancel the running task when what it waits for is done, before it goes on."""
    task: Any = asyncio.current_task()
    awaited: asyncio.Future[object] = Steps.trap
    awaited.add_done_callback(lambda _: task.cancel())


async def print_tasks_left(seconds: float) -> None:
    """Print the tasks that are still alive after some turns and *seconds*."""
    await turns(20)
    if len(asyncio.all_tasks()) > 1:
        await asyncio.sleep(seconds)
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        print("still alive: the task running", getattr(task.get_coro(), "__qualname__", None))


def print_requests() -> None:
    """Print how many requests to cancel the running task nobody took back."""
    task: Any = asyncio.current_task()
    print("requests to cancel that are left:", task.cancelling())


def told_the_loop(loop: object, context: dict[str, Any]) -> None:
    error = context.get("exception")
    print("only the loop is told:", shown(error) if error else context["message"])


class JumpingLoop(asyncio.SelectorEventLoop):
    """Does not wait for timers: its time jumps to the next one."""

    def __init__(self) -> None:
        super().__init__()
        self.jumped = 0.0
        selector: Any = vars(self)["_selector"]
        select = selector.select

        def jump(timeout: float | None) -> Any:
            ready = select(0 if timeout else timeout)
            if timeout and not ready:
                self.jumped += timeout
            return ready

        selector.select = jump

    def time(self) -> float:
        return super().time() + self.jumped
