"""Two tasks that await one subject at the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import anyio

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.model.relay import Relay
from pytest_asyncprotocol.model.subject import Loop


@dataclass(slots=True)
class Waiter:
    """One of the tasks: ``outcome`` is None while it waits, and if it was cancelled.

    ``reached`` says that it came to the suspension that it was to stay in; ``suspended`` is set
    then, or when it ends before.
    """

    outcome: Outcome | None = None
    reached: bool = False
    suspended: anyio.Event = field(default_factory=anyio.Event)
    cancel: Callable[[], object] = bool

    async def wait(
        self, subject: Subject, at: int, until: anyio.Event, style: Style, loop: Loop
    ) -> None:
        """Await *subject*, and stay in suspension *at* as long as *until* is not set."""
        canceller = Canceller(loop, style)
        self.cancel = canceller.cancel

        def reach() -> None:
            self.reached = True
            self.suspended.set()

        try:
            with canceller:
                self.outcome = await _Held(subject.wait(), at, reach, until)
        except loop.cancelled_type:
            canceller.uncancel()
            # `asyncio.gather` makes a new CancelledError, which the scope does not know as its own.
            if loop.being_cancelled():
                raise
        finally:
            self.suspended.set()


class _Held(Relay[Outcome]):
    """Awaits *awaitable*; in its suspension *at* calls *reach*, and stays until *until* is set."""

    def __init__(
        self,
        awaitable: Awaitable[Outcome],
        at: int,
        reach: Callable[[], None],
        until: anyio.Event,
    ) -> None:
        super().__init__(awaitable)
        self._at = at
        self._reach = reach
        self._until = until

    def suspended(self, trap: Any) -> None:
        """Say that the chosen suspension was reached."""
        if self.suspensions == self._at:
            self._reach()

    def wait(self, trap: Any) -> Generator[Any, Any, Any]:
        """Prolong the chosen suspension."""
        sent = yield trap
        if self.suspensions == self._at:
            yield from self._stay().__await__()
        return sent

    async def _stay(self) -> None:
        """Shielded, for the suspension that this prolongs may be one that can't be cancelled."""
        with anyio.CancelScope(shield=True):
            await self._until.wait()


async def two_waiters(
    case: Case,
    subject: Subject,
    at: int,
    *,
    style: Style = Style.LEVEL,
    cancelling: int | None = None,
) -> tuple[Waiter, Waiter]:
    """Await *subject* in two tasks, the second one while the first one is in suspension *at*.

    The first one goes on when the second one is suspended too, or has ended; before that, the one
    that *cancelling* names, 0 or 1, is cancelled.
    """
    loop = case.loop
    waiters = first, second = Waiter(), Waiter()
    go_on = anyio.Event()

    async def join() -> None:
        await first.suspended.wait()
        if first.reached:
            await second.wait(subject, 1, go_on, style, loop)
        second.suspended.set()

    async def direct() -> None:
        await second.suspended.wait()
        if cancelling is not None:
            waiters[cancelling].cancel()
        go_on.set()

    await together(lambda: first.wait(subject, at, go_on, style, loop), join, direct)
    return waiters
