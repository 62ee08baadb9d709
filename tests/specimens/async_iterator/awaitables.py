"""Specimens: what a step of an async iterator gives to be awaited."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Self
from unittest import mock

from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.subjects import Ticker

ITERATOR = Protocol.ASYNC_ITERATOR


class Forwarding:
    """An awaitable written by hand around a coroutine."""

    def __init__(self, coroutine: Any) -> None:
        self.coroutine = coroutine

    def __await__(self) -> Any:
        return self

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return self.coroutine.send(None)


class ForwardingAll(Forwarding):
    """Forwards all that there is."""

    def send(self, value: Any) -> Any:
        """Send to the coroutine."""
        return self.coroutine.send(value)

    def throw(self, *details: Any) -> Any:
        """Throw into the coroutine."""
        return self.coroutine.throw(*details)

    def close(self) -> None:
        """Close the coroutine."""
        self.coroutine.close()


@violates(
    "AI014",
    ITERATOR,
    items=[0, 1, 2],
    says={
        "asyncio": (
            "cancelled at suspension 1, anext(it, default) raised AttributeError: 'Forwarding' "
            "object has no attribute 'throw': what __await__ gives has no throw()"
        ),
        "trio": (
            "undisturbed, anext(it, default) raised AttributeError: 'Forwarding' object has no "
            "attribute 'send': what __await__ gives has no send()"
        ),
    },
)
class ForwardsNextOnly(Ticker):
    """Has no `send`, which trio needs, and no `throw`, which anext() needs on asyncio."""

    def __anext__(self) -> Any:
        return Forwarding(super().__anext__())


class ForwardingSend(Forwarding):
    """Forwards what is sent, and nothing that is thrown."""

    def send(self, value: Any) -> Any:
        """Send to the coroutine."""
        return self.coroutine.send(value)

    def close(self) -> None:
        """Close the coroutine."""
        self.coroutine.close()


@violates(
    "AI014",
    ITERATOR,
    items=[0, 1, 2],
    shows_on=("asyncio",),
    says=(
        "cancelled at suspension 2, anext(it, default) raised AttributeError: "
        "'ForwardingSend' object has no attribute 'throw': what __await__ gives has no "
        "throw()"
    ),
)
class ForwardsWhatIsSent(Ticker):
    """Is right on trio, which sends its cancellations, and wrong at its second item on asyncio."""

    def __anext__(self) -> Any:
        step = super().__anext__()
        return step if len(self.left) == 3 else ForwardingSend(step)


class EndsAtAwait:
    """An awaitable whose `__await__` is the step."""

    def __init__(self, left: list[int]) -> None:
        self.left = left

    def __await__(self) -> Iterator[Any]:
        if not self.left:
            raise StopAsyncIteration
        return self.step().__await__()

    async def step(self) -> int:
        """Give an item."""
        await checkpoint()
        return self.left.pop(0)


@violates(
    "AI014",
    ITERATOR,
    items=[0, 1, 2],
    says="anext(it, default) raised StopAsyncIteration; expected the default",
)
class RaisesItsEndInAwait(Ticker):
    """Raises its end when it is asked for an iterator, and not in that."""

    def __anext__(self) -> Any:
        return EndsAtAwait(self.left)


@conforms("AI014", ITERATOR, items=[0, 1, 2])
class ForwardsEverything(Ticker):
    """Forwards by hand, and forgets nothing."""

    def __anext__(self) -> Any:
        return ForwardingAll(super().__anext__())


@conforms("AI014", ITERATOR)
class GivesWhatEqualsAll(Ticker):
    """Gives what equals a default, and everything else."""

    def __anext__(self) -> Any:
        return ForwardingAll(self.step())

    async def step(self) -> Any:
        """Take a step, and give anything."""
        await super().__anext__()
        return mock.ANY


@conforms("AI014", ITERATOR, items=[0, 1, 2])
class StartsAtEachAwait(Ticker):
    """Makes a new iterator in each `__await__`, which anext() calls at every step."""

    def __anext__(self) -> Any:
        return self

    def __await__(self) -> Generator[Any, Any, int]:
        yield from checkpoint().__await__()
        return (yield from super().__anext__().__await__())


class Ready:
    """An awaitable that never suspends, and so needs neither `send` nor `throw`."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __await__(self) -> Iterator[Any]:
        return self

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        if self.value > 2:
            raise StopAsyncIteration
        raise StopIteration(self.value)


@conforms("AI014", ITERATOR, items=[0, 1, 2])
class IsReady:
    """Has all of its items at once."""

    number = -1

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Any:
        self.number += 1
        return Ready(self.number)
