"""Specimens for the rules about `aiter()`, about passes side by side, and about `for`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_iterable import Collection, Generating, Numbers

ITERABLE = Protocol.ASYNC_ITERABLE
ASYNCIO = ("asyncio",)


class OnlyAnext:
    """Gives 0, 1, 2, and is no iterable."""

    def __init__(self) -> None:
        self.left = [0, 1, 2]

    async def __anext__(self) -> int:
        await checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


@violates(
    "AB004",
    ITERABLE,
    says="__aiter__ returned <...OnlyAnext object>, which has no __aiter__ on its type",
)
class IteratorHasNoAiter:
    """Gives an iterator that can't be put into a loop itself."""

    def __aiter__(self) -> Any:
        return OnlyAnext()


class GivesItsItems(OnlyAnext):
    """Gives, asked for its iterator, what is left."""

    def __aiter__(self) -> Any:
        return iter(self.left)


@violates(
    "AB004",
    ITERABLE,
    says="aiter() of the iterator gave <list_iterator object>, which has no __anext__ on its type",
)
class IteratorGivesASynchronousOne:
    """Gives an iterator whose own aiter() gives none."""

    def __aiter__(self) -> Any:
        return GivesItsItems()


@conforms("AB004", ITERABLE)
@conforms("AB006", ITERABLE, independent=True, reiterable=True)
@conforms("AB007", ITERABLE)
class GivesAnIterator(Collection):
    """Gives a new iterator each time: the plain conforming iterable."""


@conforms("AB004", ITERABLE)
@conforms("AB006", ITERABLE, independent=True, items=[0, 1, 2])
@conforms("AB007", ITERABLE)
class GivesAGenerator(Generating):
    """Gives a native generator each time."""


@conforms("AB006", ITERABLE, independent=True, infinite=True)
class CountsForEver:
    """Never ends, for each of its iterators by itself."""

    async def __aiter__(self) -> AsyncIterator[int]:
        number = 0
        while True:
            await checkpoint()
            yield number
            number += 1


@violates(
    "AB006",
    ITERABLE,
    independent=True,
    says="with one pass inside of the other, one gave [1, 2]; alone it gave [0, 1, 2]",
)
class DividesItsItems:
    """Gives each of its items to one of its iterators only, as a queue does."""

    def __init__(self) -> None:
        self.left = [0, 1, 2]

    async def __aiter__(self) -> AsyncIterator[int]:
        while self.left:
            await checkpoint()
            yield self.left.pop(0)


@violates(
    "AB006",
    ITERABLE,
    independent=True,
    says={
        "asyncio": (
            "with a pass in each of two tasks, one gave ['item aa', 'item bb', 'item cc']; "
            "alone it gave ['item a', 'item b', 'item c']"
        ),
        "trio": (
            "with a pass in each of two tasks, one gave ['item aa', 'item ', 'item cc']; alone "
            "it gave ['item a', 'item b', 'item c']"
        ),
    },
)
class MixesUpTwoTasks:
    """Puts its items together in one place: two passes in turns are right, two at once are not."""

    text = ""

    async def __aiter__(self) -> AsyncIterator[str]:
        for item in "abc":
            self.text = "item "
            await checkpoint()
            self.text += item
            await checkpoint()
            yield self.text


class Connected:
    """Has one connection, which all its iterators use."""

    open = True

    def __aiter__(self) -> Any:
        self.open = True
        return Receiving(self)


class Receiving(Numbers):
    """Gives items as long as the connection is open."""

    def __init__(self, connection: Connected) -> None:
        super().__init__()
        self.connection = connection

    async def __anext__(self) -> int:
        if not self.connection.open:
            raise StopAsyncIteration
        return await super().__anext__()

    async def aclose(self) -> None:
        """Close the connection."""
        await checkpoint()
        self.connection.open = False


@violates(
    "AB006",
    ITERABLE,
    independent=True,
    says=(
        "with one of two iterators closed after its first item, one gave [0]; alone it "
        "gave [0, 1, 2]"
    ),
)
class ClosesForAll(Connected):
    """Closes what all its iterators use with the first of them."""


class Fetching(Numbers):
    """Fetches its first item early."""

    def __aiter__(self) -> Any:
        self.first: Any = self.fetch()
        return self

    async def fetch(self) -> int:
        """Fetch an item."""
        return await super().__anext__()

    async def __anext__(self) -> int:
        if self.first is not None:
            first, self.first = self.first, None
            return await first  # type: ignore[no-any-return]
        return await self.fetch()


@violates(
    "AB007", ITERABLE, says="after aiter() alone, coroutine 'Fetching.fetch' was never awaited"
)
class FetchesEarly(Fetching):
    """Makes a coroutine in its __aiter__, and awaits it in the first step."""


class Prefetching(Numbers):
    """Fetches its items in a task."""

    def __aiter__(self) -> Any:
        self.task = asyncio.ensure_future(asyncio.sleep(10))
        return self

    async def __anext__(self) -> int:
        self.task.cancel()
        return await super().__anext__()


@violates(
    "AB007",
    ITERABLE,
    backends=ASYNCIO,
    says="after aiter() alone, the task running sleep (it waits for sleep) is still alive",
)
class StartsATask(Prefetching):
    """Starts a task in its __aiter__, which only a pass ends."""


@conforms("AB007", ITERABLE, backends=ASYNCIO)
class EndsItsTask(Prefetching):
    """Starts a task in its __aiter__, and ends it in its aclose()."""

    async def aclose(self) -> None:
        """End the task."""
        self.task.cancel()


class Topic:
    """Knows its subscribers."""

    def __init__(self) -> None:
        self.subscribers: list[Subscription] = []

    def __aiter__(self) -> Any:
        self.subscribers.append(Subscription(self))
        return self.subscribers[-1]


class Subscription(Numbers):
    """Is taken out of its topic at the end, and when it is closed."""

    def __init__(self, topic: Topic) -> None:
        super().__init__()
        self.topic = topic

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.leave()
            raise

    async def aclose(self) -> None:
        """Leave the topic."""
        self.leave()
        self.left.clear()

    def leave(self) -> None:
        """Leave the topic, if that was not done."""
        if self in self.topic.subscribers:
            self.topic.subscribers.remove(self)


@conforms("AB007", ITERABLE, released=lambda topic: not topic.subscribers)
class UnsubscribesWhenClosed(Topic):
    """Registers a subscriber in its __aiter__, which its aclose() takes out again."""


@conforms("AB007", ITERABLE, released=lambda station: not station.on_air)
class GoesOffTheAir(Collection):
    """Has to be entered, and lasts until it is left, however few iterators there were."""

    on_air = False

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.on_air = True
        return self

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()
        self.on_air = False


class LeavesOnlyWhenBegun(Subscription):
    """Is taken out by its aclose() only if it was asked for an item."""

    begun = False

    async def __anext__(self) -> int:
        self.begun = True
        return await super().__anext__()

    async def aclose(self) -> None:
        """Leave the topic, as the `finally` of a generator would that has begun."""
        if self.begun:
            await super().aclose()


@violates(
    "AB007",
    ITERABLE,
    released=lambda topic: not topic.subscribers,
    says="after aiter() alone, it is not released: released= is false",
)
class KeepsWhoNeverBegan(Topic):
    """Registers a subscriber in its __aiter__, and keeps one that never took an item."""

    def __aiter__(self) -> Any:
        self.subscribers.append(LeavesOnlyWhenBegun(self))
        return self.subscribers[-1]


class Both(Generating):
    """Can be iterated either way."""

    def __iter__(self) -> Iterator[int]:
        return iter(range(3))


@conforms("AB009", ITERABLE, level="may")
class GivesTheSameEitherWay(Both):
    """Gives the same to `for` and to `async for`."""


@violates("AB009", ITERABLE, level="may", says="`for` gives [0, 1], `async for` [0, 1, 2]")
class ForgetsTheLast(Both):
    """Gives one item less to `for`."""

    def __iter__(self) -> Iterator[int]:
        return iter(range(2))


@conforms("AB009", ITERABLE, level="may")
class GivesWhatEqualsNothing(Both):
    """Gives a number that does not even equal itself."""

    value = float("nan")

    def __iter__(self) -> Iterator[float]:
        return iter([self.value])

    async def __aiter__(self) -> AsyncIterator[float]:
        await checkpoint()
        yield self.value


@violates(
    "AB009",
    ITERABLE,
    level="may",
    items=[2, 1, 0],
    ordered=False,
    says="`for` gives [1, 2, 3], `async for` [0, 1, 2]",
)
class GivesOthersInWhateverOrder(Both):
    """Gives other numbers to `for`."""

    def __iter__(self) -> Iterator[int]:
        return iter(range(1, 4))


@violates("AB009", ITERABLE, level="may", says="`for` gives [0, 1, 2, 3], `async for` [0, 1, 2]")
class KnowsNoEnd(Both):
    """Counts for ever in a `for` loop."""

    def __iter__(self) -> Iterator[int]:
        return count()


@violates("AB009", ITERABLE, level="may", says="`for` gives [0, 1, 2, 3], `async for` [0, 1, 2]")
class GoesOneTooFar(Both):
    """Gives one item more to `for`."""

    def __iter__(self) -> Iterator[int]:
        return iter(range(4))


@conforms("AB009", ITERABLE, level="may", infinite=True)
class CountsEitherWay:
    """Counts for ever, to `for` and to `async for`."""

    def __iter__(self) -> Iterator[int]:
        return count()

    async def __aiter__(self) -> AsyncIterator[int]:
        for number in self:
            await checkpoint()
            yield number


@conforms(
    "AB009",
    ITERABLE,
    level="may",
    says="its synchronous iteration raised TypeError: use `async for`",
)
class RefusesToBlock(Both):
    """Raises where it is iterated synchronously, as aiostream does."""

    def __iter__(self) -> Iterator[int]:
        raise TypeError("use `async for`")


@conforms("AB009", ITERABLE, level="may", says="not applicable: its items have to be awaited")
class GivesWhatHasToBeAwaited(Both):
    """Gives coroutines to `for`, and their results to `async for`, as asyncio.as_completed does."""

    def __iter__(self) -> Iterator[Any]:
        return (anyio.sleep(0) for _ in range(3))


@conforms("AB009", ITERABLE, level="may", says="not applicable: it has no synchronous iteration")
class CanBeAwaitedTheOldWay(Generating):
    """Has its __await__ under the name of __iter__ too, as a future."""

    def __await__(self) -> Any:
        return checkpoint().__await__()

    __iter__ = __await__
