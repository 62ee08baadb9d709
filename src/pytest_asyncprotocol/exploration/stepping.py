"""Awaiting one suspension at a time, with something done at a chosen one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pytest_asyncprotocol.engine.stacks import is_overtaken
from pytest_asyncprotocol.model.relay import Relay, interruption

T = TypeVar("T")


class Stepped(Relay[T]):
    """Awaits *awaitable*, and calls *hook* just before its suspension number *at* is passed on.

    Suspensions count from 1. ``delivered`` says whether an exception of the type *watched* was
    put into the awaitable after the hook was called. It counts only where *in_force* says that
    what the hook asked for can reach this suspension: trio's own time-outs work by the same
    exception, shields or not. ``exposed`` is what it said at the chosen suspension. *on_trap* sees
    what is yielded to the loop, and may end it all by raising.
    """

    def __init__(
        self,
        awaitable: Awaitable[T],
        at: int = 0,
        hook: Callable[[], object] = lambda: None,
        *,
        watched: type[BaseException] = BaseException,
        in_force: Callable[[], bool] = lambda: True,
        on_trap: Callable[[object], object] | None = None,
    ) -> None:
        super().__init__(awaitable)
        self.delivered = False
        self.exposed = False
        self._at = at
        self._hook = hook
        self._watched = watched
        self._in_force = in_force
        self._on_trap = on_trap
        self._expected = False

    @property
    def reached(self) -> bool:
        """Whether the awaitable came to the chosen suspension."""
        return self.suspensions >= self._at > 0

    def suspended(self, trap: Any) -> None:
        """Show what was yielded, and call the hook at the chosen suspension."""
        if self._on_trap is not None:
            try:
                self._on_trap(trap)
            except BaseException:
                self.steps.close()
                raise
        if self.suspensions == self._at:
            self._hook()
            self.exposed = self._in_force()
        self._expected = self.reached and self._in_force()

    def resumed(self, sent: Any, thrown: BaseException | None) -> BaseException | None:
        """Notice the delivery of what was watched for."""
        if self._expected and isinstance(interruption(sent, thrown), self._watched):
            # Only asyncio throws, and only its `wait_for` can overtake.
            self.delivered |= thrown is None or not is_overtaken(self.steps)
        return thrown


class Intercepted(Relay[T]):
    """Awaits *awaitable*; an exception for it is put through *exchange* first."""

    def __init__(
        self, awaitable: Awaitable[T], exchange: Callable[[BaseException], BaseException]
    ) -> None:
        super().__init__(awaitable)
        self._exchange = exchange

    def resumed(self, sent: Any, thrown: BaseException | None) -> BaseException | None:
        """Throw in what is given in exchange."""
        arrived = interruption(sent, thrown)
        if arrived is None:
            return thrown
        given = self._exchange(arrived)
        return thrown if given is arrived else given
