"""Specimens for the rules about one step of an async iterator: suspended, cancelled, closed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator, Iterator
from typing import Any, Self
from unittest import mock

import anyio
from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint, checkpoint_if_cancelled

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_iterator import Ticker

ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR


# AI014


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


# AI015


@conforms("AI015", ITERATOR, items=[0, 1, 2], checkpoints=True)
class SuspendsAlways(Ticker):
    """Suspends in each step."""


@conforms("AI015", ITERATOR, items=[0, 1, 2], checkpoints=True)
class EndsAtOnce(Ticker):
    """Suspends before each item, and not before its end: so does trio's memory channel."""

    async def __anext__(self) -> int:
        if not self.left:
            raise StopAsyncIteration
        return await super().__anext__()


@conforms("AI015", ITERATOR, items=[0, 1, 2], says="undeclared: checkpoints= would enable it")
class ServesWhatIsBuffered(Ticker):
    """Does not suspend where it has something, and nobody said that it would: StreamReader."""

    async def __anext__(self) -> int:
        if not self.left:
            await checkpoint()
            raise StopAsyncIteration
        return self.left.pop(0)


@conforms("AG003", GENERATOR)
async def gives_what_equals_all() -> AsyncIterator[Any]:
    """Gives what equals whatever was sent."""
    for _ in range(3):
        await checkpoint()
        yield mock.ANY


@conforms("AI015", GENERATOR, items=[0, 1], checkpoints=True)
async def suspends_at_each_item() -> AsyncIterator[int]:
    """Is cancelled in its first step, and ends by that."""
    for number in range(2):
        await checkpoint()
        yield number


@violates(
    "AI015",
    GENERATOR,
    items=[0, 1, 2],
    checkpoints=True,
    says="__anext__ #2 returned 1 without having suspended",
)
async def suspends_once() -> AsyncIterator[int]:
    """Gives a page, item by item, without a suspension."""
    await checkpoint()
    for number in range(3):
        yield number


@violates(
    "AI015",
    ITERATOR,
    infinite=True,
    checkpoints=True,
    says="__anext__ #1 returned 1 without having suspended",
)
class Greedy:
    """Counts, and gives nobody else a turn."""

    number = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        self.number += 1
        return self.number


@violates(
    "AI015",
    ITERATOR,
    items=[0, 1, 2],
    checkpoints=True,
    shows_on=("trio",),
    says=(
        "__anext__ #2, in a scope that was cancelled before, returned 1; expected the "
        "cancellation to come out"
    ),
)
class LetsNobodyCancel(Ticker):
    """Gives others a turn, and shuts the cancellation out behind its first item."""

    async def __anext__(self) -> int:
        if len(self.left) == 3:
            await checkpoint()
        await cancel_shielded_checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


# AI019


class Connected(Ticker):
    """Holds a connection from its first item on."""

    held = False

    async def __anext__(self) -> int:
        self.held = bool(self.left)
        return await super().__anext__()

    async def goodbye(self) -> None:
        """Say goodbye to the peer."""
        await checkpoint()

    async def aclose(self) -> None:
        """Close."""
        self.left.clear()
        try:
            await self.goodbye()
        finally:
            self.held = False


def holds_nothing(iterator: Any) -> bool:
    """What is declared as released."""
    return not iterator.held


@conforms("AI019", ITERATOR, items=[0, 1, 2], released=holds_nothing)
class ReleasesWhateverComes(Connected):
    """Releases in `finally`."""


@conforms("AI019", ITERATOR, items=[0, 1, 2], released=holds_nothing)
class ClosesUnderAShield(Connected):
    """Says goodbye under a shield that has a limit."""

    async def aclose(self) -> None:
        """Close."""
        self.left.clear()
        with anyio.move_on_after(5, shield=True):
            await self.goodbye()
        self.held = False


@conforms(
    "AI019",
    ITERATOR,
    items=[0, 1, 2],
    released=holds_nothing,
    says={"asyncio": "aclose() never suspended, so no cancellation could be delivered into it"},
)
class ClosesWithoutAnAwait(Connected):
    """Has nothing to say when it closes."""

    async def aclose(self) -> None:
        """Close."""
        self.left.clear()
        self.held = False


@conforms(
    "AI019",
    ITERATOR,
    closes=False,
    released=lambda iterator: True,
    says="not applicable: declared closes=False",
)
class HoldsNothingOfItsOwn(Ticker):
    """Leaves the closing to its owner."""

    async def aclose(self) -> None:
        """Close nothing."""
        await checkpoint()


@violates(
    "AI019",
    ITERATOR,
    items=[0, 1, 2],
    released=holds_nothing,
    says="aclose(), cancelled at its suspension 1, ended without releasing: released= is false",
)
class ReleasesBehindItsGoodbye(Connected):
    """Keeps its connection where the goodbye is cancelled."""

    async def aclose(self) -> None:
        """Close."""
        self.left.clear()
        await self.goodbye()
        self.held = False


@violates(
    "AI019",
    ITERATOR,
    items=[0, 1, 2],
    released=holds_nothing,
    shows_on=("trio",),
    says={
        "asyncio": "aclose() never suspended, so no cancellation could be delivered into it",
        "trio": (
            "aclose(), in a scope that was cancelled before, ended without releasing: "
            "released= is false"
        ),
    },
)
class LooksForACancellationFirst(Connected):
    """Gives up at once where it is cancelled already, before it has begun."""

    async def aclose(self) -> None:
        """Close."""
        await checkpoint_if_cancelled()
        self.left.clear()
        self.held = False
