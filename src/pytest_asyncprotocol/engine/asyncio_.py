"""What the engine asks of asyncio, and an asyncio event loop with a virtual clock."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import contextmanager
from pkgutil import resolve_name
from threading import Thread
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pytest_asyncprotocol.engine import private_api, watchdog
from pytest_asyncprotocol.engine.clock import SLICE, Quiescence, Stuck
from pytest_asyncprotocol.engine.library import ANCESTOR, SETTLING_TURNS, Alive, Library, Loop
from pytest_asyncprotocol.engine.world import World
from pytest_asyncprotocol.model.backends import Backend

if TYPE_CHECKING:
    from concurrent.futures import Executor

T = TypeVar("T")


class _Asyncio(Library):
    """asyncio: one task after the other, in the order in which they can go on."""

    name = "asyncio"

    def loop(self, quiescence: Quiescence, present: set[Thread], backend: Backend) -> Loop:
        return _Loop(quiescence, present, backend)

    def threadsafe_caller(self) -> Callable[[Callable[[], object]], object]:
        return asyncio.get_running_loop().call_soon_threadsafe

    def time(self) -> float:
        return asyncio.get_running_loop().time()

    def waiting_callbacks(self) -> int:
        return private_api.asyncio_callbacks(asyncio.get_running_loop())

    @contextmanager
    def lost_errors(self, take: Callable[[object], None]) -> Generator[None]:
        loop = asyncio.get_running_loop()
        handler = loop.get_exception_handler()
        loop.set_exception_handler(lambda _, context: take(context.get("exception")))
        try:
            yield
        finally:
            loop.set_exception_handler(handler)

    def ignore_lost_errors(self) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)

    def current_task(self) -> asyncio.Task[Any] | None:
        return asyncio.current_task()

    def living_tasks(self) -> set[Any]:
        return asyncio.all_tasks()

    @contextmanager
    def following(self, mark: object) -> Generator[Alive]:
        """By the loop's task factory, which runs in the context of the code that starts the task.

        A task in which the loop awaits the ``aclose()`` of a generator that was dropped, an
        ``async_generator_athrow``, is the loop's own.
        """
        loop = asyncio.get_running_loop()
        previous: Any = loop.get_task_factory()
        started: list[Any] = []

        def make(loop: asyncio.AbstractEventLoop, coroutine: Any, **details: Any) -> Any:
            if previous is None:
                task: Any = asyncio.Task(coroutine, loop=loop, **details)
            else:
                task = previous(loop, coroutine, **details)
            if ANCESTOR.get() is mark and type(coroutine).__name__ != "async_generator_athrow":
                started.append(task)
            return task

        loop.set_task_factory(make)
        try:
            yield lambda: {task for task in started if not task.done()}
        finally:
            loop.set_task_factory(previous)

    def cancelling(self) -> int:
        task = asyncio.current_task()
        return 0 if task is None else task.cancelling()

    def open_scopes(self) -> list[tuple[str, object]]:
        task = asyncio.current_task()
        if task is None:
            return []
        scopes = reversed(list(private_api.anyio_cancel_scopes(task)))
        return [
            *(("a cancel scope", scope) for scope in scopes),
            *(("asyncio.TaskGroup", group) for group in private_api.asyncio_task_groups(task)),
            *(("asyncio.timeout()", timeout) for timeout in private_api.asyncio_timeouts(task)),
        ]

    def cancel(self, tasks: set[Any]) -> None:
        for task in tasks:
            task.cancel()

    def insist(self, tasks: set[Any]) -> None:
        self.cancel(tasks)

    def relent(self) -> None:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()

    def forget(self, tasks: set[Any]) -> None:
        watchdog.keep_alive(tasks)
        for task in tasks:
            private_api.forget_asyncio_task(task)


LIBRARY = _Asyncio()


class _Loop(Loop):
    def __init__(self, quiescence: Quiescence, present: set[Thread], backend: Backend) -> None:
        self.options = {"loop_factory": self._make}
        self._quiescence = quiescence
        self._present = present
        self._backend = backend
        self._loop: Any = None

    def _make(self) -> Any:
        if self._backend.loop_factory:
            self._loop = resolve_name(self._backend.loop_factory)()
        else:
            self._loop = VirtualEventLoop(self._quiescence, self._present)
        if self._backend.task_factory:
            self._loop.set_task_factory(resolve_name(self._backend.task_factory))
        return self._loop

    def in_force(self) -> bool:
        return asyncio.get_running_loop() is self._loop

    def is_broken(self) -> bool:
        return isinstance(self._loop, VirtualEventLoop) and self._loop.broken is not None

    def give_up(self) -> None:
        self._quiescence.given_up = True
        if not isinstance(self._loop, VirtualEventLoop):
            raise Stuck

    def leave(self, error: BaseException) -> NoReturn:
        raise error from None

    def clear(self) -> None:
        if self._loop is None or self._loop.is_closed():
            return

        async def settle() -> None:
            LIBRARY.cancel(asyncio.all_tasks() - {asyncio.current_task()})
            for _ in range(SETTLING_TURNS):
                await asyncio.sleep(0)

        self._loop.run_until_complete(settle())
        LIBRARY.forget(asyncio.all_tasks(self._loop))


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop with a virtual clock; ``broken`` is what ended it out of turn."""

    def __init__(self, quiescence: Quiescence, present: Iterable[Thread]) -> None:
        self.broken: BaseException | None = None
        self.quiescence = quiescence
        self.world = quiescence.world = World(self._busy_workers, present)
        self._executing = 0
        selector = _VirtualSelector(self)
        super().__init__(selector)
        selector.own = selector.descriptors()

    def time(self) -> float:
        """The virtual time, in seconds."""
        return self.quiescence.now if self.quiescence.virtual else super().time()

    def run_until_complete(self, future: Generator[Any, None, T] | Awaitable[T]) -> T:
        """As the base class, remembering the first exception that ends it."""
        try:
            return super().run_until_complete(future)
        except BaseException as error:
            self.broken = self.broken or error
            raise

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """As the base class, counted: a thread at work keeps the clock real."""
        future = super().run_in_executor(executor, func, *args)
        self._executing += 1
        future.add_done_callback(self._executed)
        return future

    def _executed(self, _: object) -> None:
        self._executing -= 1

    def _busy_workers(self) -> int:
        return self._executing + (private_api.anyio_busy_workers() or 0)

    def next_timer(self, timeout: float | None) -> float | None:
        """Seconds to the next timer: asyncio never asks its selector for more than a day."""
        when = private_api.asyncio_next_timer(self)
        if timeout is None or when is None:
            return timeout
        return None if when == float("inf") else when - self.time()


class _VirtualSelector(selectors.DefaultSelector):
    """``own`` are the file descriptors that the loop itself waits on."""

    def __init__(self, loop: VirtualEventLoop) -> None:
        super().__init__()
        self.own: set[int] = set()
        self._loop = loop

    def descriptors(self) -> set[int]:
        """The file descriptors that are waited on."""
        return {key.fd for key in self.get_map().values()}

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._select(timeout)
        self._loop.quiescence.go_on()
        return ready

    def _select(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        quiescence = self._loop.quiescence
        if not quiescence.working:
            return self._wait(timeout)
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            quiescence.turn()
            return ready
        if self._loop.world.openers(self.descriptors() - self.own):
            return self._wait(SLICE if timeout is None else min(timeout, SLICE))
        # A thread may have answered, and ended, since the first look.
        ready = super().select(0)
        if not ready:
            quiescence.jump(self._loop.next_timer(timeout))
        return ready

    def _wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        begun = time.monotonic()
        try:
            return super().select(timeout)
        finally:
            self._loop.quiescence.now += time.monotonic() - begun
