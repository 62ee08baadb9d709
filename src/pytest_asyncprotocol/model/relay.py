"""The one loop that drives an awaitable by hand, between the event loop and what awaits it."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Relay(Awaitable[T], Generic[T]):
    """Awaits *awaitable*: passes on what it yields, and what the event loop sends or throws in.

    A subclass overrides the methods for what it wants to see or to change. ``steps`` is the
    coroutine that is driven; ``suspensions`` counts how often it was suspended.
    """

    def __init__(self, awaitable: Awaitable[T]) -> None:
        self.steps: Any = None
        self.suspensions = 0
        self._awaitable: Awaitable[T] | None = awaitable

    def advance(self, sent: Any, thrown: BaseException | None) -> Any:
        """Go on to the next suspension, and return what is yielded there."""
        return self.steps.send(sent) if thrown is None else self.steps.throw(thrown)

    def suspended(self, trap: Any) -> None:
        """See *trap*, which is about to be yielded to the event loop."""

    def wait(self, trap: Any) -> Generator[Any, Any, Any]:
        """Yield *trap* to the event loop, and return what that sends."""
        return (yield trap)

    def resumed(self, sent: Any, thrown: BaseException | None) -> BaseException | None:
        """See what the event loop sent or threw; return what is thrown in."""
        del sent
        return thrown

    def __await__(self) -> Generator[Any, Any, T]:
        awaitable, self._awaitable = self._awaitable, None
        self.steps = _awaiting(awaitable)
        del awaitable
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            try:
                trap = self.advance(sent, thrown)
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                sent = thrown = None
            self.suspensions += 1
            self.suspended(trap)
            try:
                sent = yield from self.wait(trap)
            except BaseException as error:
                thrown = error
            thrown = self.resumed(sent, thrown)


def interruption(sent: Any, thrown: BaseException | None) -> BaseException | None:
    """The exception by which the event loop interrupts, if it does.

    asyncio throws it, trio sends an object whose ``error`` it is.
    """
    return thrown if thrown is not None else getattr(sent, "error", None)


async def _awaiting(awaitable: Any) -> Any:
    return await awaitable
