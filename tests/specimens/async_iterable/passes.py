"""Specimens: the passes over an async iterable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import count
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_iterable._bases import Generating, Numbers
from tests.specimens.async_iterable.shape import Collection

ITERABLE = Protocol.ASYNC_ITERABLE


@violates(
    "AB005",
    ITERABLE,
    reiterable=True,
    says="its first pass gave [0, 1, 2], its second gave []; expected the same",
)
class IsUsedUp(Numbers):
    """Says that it can be iterated again, and is used up."""


@violates(
    "AB005",
    ITERABLE,
    reiterable=True,
    says="its first pass gave [0, 1, 2], its second gave [0, 1]; expected the same",
)
class LosesAnItemEachTime:
    """Says that it can be iterated again, and gives less each time."""

    def __init__(self) -> None:
        self.passes = 0

    async def __aiter__(self) -> AsyncIterator[int]:
        self.passes += 1
        for item in range(4 - self.passes):
            await anyio.lowlevel.checkpoint()
            yield item


@violates(
    "AB005",
    ITERABLE,
    reiterable=True,
    says=(
        "its first pass gave [0, 1, 2], its second gave [] and raised RuntimeError: "
        "already consumed at the call, before there was anything to await; expected the "
        "same"
    ),
)
class RefusesWhatItPromised(Generating):
    """Says that it can be iterated again, and refuses."""

    used = False

    def __aiter__(self) -> Any:
        if self.used:
            raise RuntimeError("already consumed")
        self.used = True
        return super().__aiter__()


@violates(
    "AB005",
    ITERABLE,
    reiterable=False,
    says="it was declared reiterable=False, but its second pass gave [3]; expected no item",
)
class GivesTheRestLater(Numbers):
    """Says that it is one-shot, and gives in a second pass what came in late."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.left = [3]
            raise


@violates(
    "AB005",
    ITERABLE,
    reiterable=True,
    says="its first pass gave [], its second gave [3]; expected the same",
)
@violates(
    "AB005",
    ITERABLE,
    reiterable=False,
    says="it was declared reiterable=False, but its second pass gave [3]; expected no item",
)
class HasNothingAtFirst(GivesTheRestLater):
    """Gives nothing in its first pass, and in a second one what came in late."""

    def __init__(self) -> None:
        self.left = []


@violates(
    "AB005",
    ITERABLE,
    reiterable=False,
    says="it was declared reiterable=False, but its second pass gave [0, 1, 2]; expected no item",
)
class IsNotOneShot(Collection):
    """Says that it is one-shot, and starts afresh."""


@violates(
    "AB005",
    ITERABLE,
    reiterable=False,
    says=(
        "__anext__ #5 hangs: it waits at ... in HangsInTheSecondPass.__anext__ for "
        "Event.wait, and nothing is left that could wake it"
    ),
)
class HangsInTheSecondPass(Numbers):
    """Waits in a second pass for an item that never comes."""

    async def __anext__(self) -> int:
        if self.left is None:
            await anyio.Event().wait()
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.left = None  # type: ignore[assignment]
            raise


@conforms("AB005", ITERABLE, reiterable=False)
class IsEmptyAfterwards(Numbers):
    """Says that it is one-shot, and is empty afterwards."""


@conforms("AB005", ITERABLE, reiterable=False)
class RefusesTheSecondPass(RefusesWhatItPromised):
    """Says that it is one-shot, and refuses a second pass at once."""


@conforms("AB005", ITERABLE, reiterable=False)
class RefusesTheFirstItem(Generating):
    """Says that it is one-shot, and refuses to give an item in a second pass."""

    used = False

    async def __aiter__(self) -> AsyncIterator[int]:
        if self.used:
            raise RuntimeError("already consumed")
        self.used = True
        async for item in super().__aiter__():
            yield item


@conforms("AB005", ITERABLE, reiterable=True)
class MakesItsItems:
    """Gives new objects in each pass, which have no equality of their own."""

    async def __aiter__(self) -> AsyncIterator[object]:
        yield object()
        await anyio.lowlevel.checkpoint()
        yield object()


class Batch:
    """Raises when it is compared, or asked for the truth of that, as arrays do."""

    def __eq__(self, other: object) -> bool:
        raise ValueError("the truth of a batch is ambiguous")

    __hash__ = object.__hash__


@conforms("AB005", ITERABLE, reiterable=True)
class GivesBatches:
    """Gives items that can't be compared."""

    async def __aiter__(self) -> AsyncIterator[Batch]:
        yield Batch()
        await anyio.lowlevel.checkpoint()
        yield Batch()


@conforms("AB005", ITERABLE, reiterable=True, ordered=False)
class ComesInAnyOrder:
    """Gives its items in another order each time."""

    def __init__(self) -> None:
        self.items: list[list[int]] = [[1], [2], [3]]

    async def __aiter__(self) -> AsyncIterator[list[int]]:
        self.items.reverse()
        for item in self.items:
            await anyio.lowlevel.checkpoint()
            yield item


@conforms("AB005", ITERABLE, reiterable=True, infinite=True)
class NeverEnds:
    """Counts for ever, and starts afresh each time."""

    async def __aiter__(self) -> AsyncIterator[int]:
        item = 0
        while True:
            await anyio.lowlevel.checkpoint()
            yield item
            item += 1


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
