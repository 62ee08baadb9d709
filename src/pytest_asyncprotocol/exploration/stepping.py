"""Awaiting one suspension at a time, with something done at a chosen one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from pytest_asyncprotocol.engine.stacks import is_overtaken

T = TypeVar("T")


class Stepped(Awaitable[T], Generic[T]):
    """Awaits *coroutine*, and calls *hook* just before its suspension number *at* is passed on.

    Suspensions count from 1. ``suspensions`` says how many there were, ``delivered`` whether an
    exception of the type *watched* was put into the coroutine after the hook was called: asyncio
    throws it, trio sends an object whose ``error`` it is. It counts only where *in_force* says
    that what the hook asked for can reach this suspension: trio's own time-outs work by the same
    exception, shields or not. ``exposed`` is what it said at the chosen suspension. *on_trap* sees
    what is yielded to the loop, and may end it all by raising.
    """

    def __init__(
        self,
        coroutine: Coroutine[Any, Any, T],
        at: int = 0,
        hook: Callable[[], object] = lambda: None,
        *,
        watched: type[BaseException] = BaseException,
        in_force: Callable[[], bool] = lambda: True,
        on_trap: Callable[[object], object] | None = None,
    ) -> None:
        self.suspensions = 0
        self.delivered = False
        self.exposed = False
        self._coroutine = coroutine
        self._at = at
        self._hook = hook
        self._watched = watched
        self._in_force = in_force
        self._on_trap = on_trap

    @property
    def reached(self) -> bool:
        """Whether the coroutine came to the chosen suspension."""
        return self.suspensions >= self._at > 0

    def _show(self, trap: object) -> None:
        """Let *on_trap* see what was yielded; what it raises ends the coroutine."""
        if self._on_trap is None:
            return
        try:
            self._on_trap(trap)
        except BaseException:
            self._coroutine.close()
            raise

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._coroutine.__await__()
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            try:
                trap = steps.send(sent) if thrown is None else steps.throw(thrown)
            except StopIteration as end:
                result: T = end.value
                return result
            self.suspensions += 1
            self._show(trap)
            if self.suspensions == self._at:
                self._hook()
                self.exposed = self._in_force()
            expected = self.reached and self._in_force()
            sent, thrown = None, None
            try:
                sent = yield trap
            except BaseException as error:
                thrown = error
            arrived = thrown if thrown is not None else getattr(sent, "error", None)
            if expected and isinstance(arrived, self._watched) and not is_overtaken(steps):
                self.delivered = True
