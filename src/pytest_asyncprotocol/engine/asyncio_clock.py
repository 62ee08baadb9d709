"""The virtual clock of asyncio: an event loop whose selector jumps."""

from __future__ import annotations

import asyncio
import selectors
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_asyncprotocol.engine import private_api
from pytest_asyncprotocol.engine.clock import SLICE, Quiescence, World

if TYPE_CHECKING:
    from concurrent.futures import Executor

T = TypeVar("T")


class VirtualEventLoop(asyncio.SelectorEventLoop):
    """An asyncio event loop with a virtual clock; ``broken`` is what ended it out of turn."""

    def __init__(self, quiescence: Quiescence, present: Iterable[threading.Thread]) -> None:
        self._quiescence = quiescence
        self._executing = 0
        self._own_descriptors: set[int] = set()
        self.broken: BaseException | None = None
        self.world = World(self._busy_workers, present)
        selector = _VirtualSelector(quiescence, self._openers, self._next_timer)
        super().__init__(selector)
        self._own_descriptors = set(selector.descriptors())

    def time(self) -> float:
        """The virtual time, in seconds."""
        return self._quiescence.now if self._quiescence.virtual else super().time()

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

    def _executed(self, future: asyncio.Future[Any]) -> None:
        del future
        self._executing -= 1

    def _busy_workers(self) -> int:
        return self._executing + (private_api.anyio_busy_workers() or 0)

    def _openers(self, descriptors: Iterable[int]) -> list[str]:
        return self.world.openers(set(descriptors) - self._own_descriptors)

    def _next_timer(self, timeout: float | None) -> float | None:
        """Seconds to the next timer: asyncio never asks its selector for more than a day."""
        when = private_api.asyncio_next_timer(self)
        if timeout is None or when is None:
            return timeout
        return None if when == float("inf") else when - self.time()


class _VirtualSelector(selectors.DefaultSelector):
    def __init__(
        self,
        quiescence: Quiescence,
        openers: Callable[[Iterable[int]], list[str]],
        next_timer: Callable[[float | None], float | None],
    ) -> None:
        super().__init__()
        self._quiescence = quiescence
        self._openers = openers
        self._next_timer = next_timer

    def descriptors(self) -> list[int]:
        """The file descriptors that are waited on."""
        return [key.fd for key in self.get_map().values()]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = self._select(timeout)
        self._quiescence.go_on()
        return ready

    def _select(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        quiescence = self._quiescence
        if not quiescence.working:
            return self._wait(timeout)
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            quiescence.turn()
            return ready
        if self._openers(self.descriptors()):
            return self._wait(SLICE if timeout is None else min(timeout, SLICE))
        # A thread may have answered, and ended, since the first look.
        ready = super().select(0)
        if not ready:
            quiescence.jump(self._next_timer(timeout))
        return ready

    def _wait(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        begun = time.monotonic()
        try:
            return super().select(timeout)
        finally:
            self._quiescence.now += time.monotonic() - begun
