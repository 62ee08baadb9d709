"""Specimens: which items an async iterator may give, and what may end it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Self, TypeVar

from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates

ITERATOR = Protocol.ASYNC_ITERATOR
ASYNCIO = ("asyncio",)
T = TypeVar("T", bound=Callable[..., Any])


def is_wrapper(enter: Callable[..., Any], rule: str, **declared: Any) -> Callable[[T], T]:
    """As *enter*, which is `violates` or `conforms`: what is below wraps its first argument."""

    def decorate(factory: T) -> T:
        enter(rule, ITERATOR, wraps=factory, **declared)(factory)
        return factory

    return decorate


class Numbers:
    """Counts from 1."""

    def __init__(self, count: int = 4) -> None:
        self.left: list[Any] = list(range(1, count + 1))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        await checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


class Pages(Numbers):
    """Gives two iterators of two numbers."""

    def __init__(self) -> None:
        self.left = [Numbers(2), Numbers(2)]


class Bytes(Numbers):
    """Gives two chunks, and an empty one."""

    def __init__(self) -> None:
        self.left = [b"1", b"2", b""]


class Wrapper:
    """Passes the items of its source on."""

    def __init__(self, source: Any = None) -> None:
        self.source = source or Numbers()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        return await anext(self.source)


@is_wrapper(conforms, "AI010", items=[1, 2, 3, 4])
class PassesOn(Wrapper):
    """Passes everything on."""


@is_wrapper(conforms, "AI010", items=[1, 2, 3, 4])
class SkipsNothings(Wrapper):
    """Leaves out what is false, as `filter(None, ...)` does."""

    async def __anext__(self) -> Any:
        while True:
            item = await anext(self.source)
            if item:
                return item


@is_wrapper(conforms, "AI010", items=[2, 3, 4, 5])
class AddsOne(Wrapper):
    """Can do nothing with what is no number."""

    async def __anext__(self) -> Any:
        return 1 + await anext(self.source)


@is_wrapper(
    conforms,
    "AI010",
    items=[b"1", b"2"],
    says=(
        "around an iterator of three numbers it gave [] and raised AttributeError: 'int' "
        "object has no attribute 'strip'"
    ),
)
class Chunks(Wrapper):
    """Reads bytes, of which the empty ones are the end by contract, as in asyncio.StreamReader."""

    def __init__(self, source: Any = None) -> None:
        super().__init__(source or Bytes())

    async def __anext__(self) -> Any:
        chunk = await anext(self.source)
        if not chunk.strip():
            raise StopAsyncIteration
        return chunk


@is_wrapper(
    conforms,
    "AI010",
    items=[1, 2],
    says="around an iterator of three numbers it gave [1001, 1002] and raised StopAsyncIteration",
)
async def takes_two(source: Any = None) -> AsyncIterator[Any]:
    """Ends before its source does, whatever that gives."""
    count = 0
    async for item in source or Numbers():
        yield item
        count += 1
        if count == 2:
            return


@is_wrapper(conforms, "AI010", items=[0, 0, 0, 1, 0, 0, 0, 2])
class SplitsIntoBytes(Wrapper):
    """Gives the four bytes of each number, one by one."""

    def __init__(self, source: Any = None) -> None:
        super().__init__(source or Numbers(2))
        self.bytes: list[int] = []

    async def __anext__(self) -> int:
        if not self.bytes:
            self.bytes += (await anext(self.source)).to_bytes(4)
        return self.bytes.pop(0)


@is_wrapper(
    violates,
    "AI010",
    items=[1, 2, 3, 4],
    says="0 as an item of its source ended it: of three items it gave [1001]",
)
class EndsAtNothing(Wrapper):
    """Takes what is false for the end, as the examples of PEP 492 do."""

    async def __anext__(self) -> Any:
        item = await anext(self.source)
        if not item:
            raise StopAsyncIteration
        return item


@is_wrapper(
    violates,
    "AI010",
    items=[1, 2, 3, 4],
    says="it raised ValueError('an item'), which was an item of its source",
)
class RaisesItsItems(Wrapper):
    """Takes an exception among its items for an error."""

    async def __anext__(self) -> Any:
        item = await anext(self.source)
        if isinstance(item, ValueError):
            raise item
        return item


@is_wrapper(
    violates,
    "AI010",
    items=[1, 2, 3, 4],
    says="it raised StopAsyncIteration(), which was an item of its source",
)
async def raises_its_items(source: Any = None) -> AsyncIterator[Any]:
    """Takes an exception for an error, and one that ends a class for an error, too."""
    async for item in source or Numbers():
        if isinstance(item, StopAsyncIteration):
            raise item
        yield item


@is_wrapper(
    violates,
    "AI010",
    items=[1, 2, 3, 4],
    backends=ASYNCIO,
    says="None as an item of its source ended it: of three items it gave [1001]",
)
class ReadsAheadUpToNone(Wrapper):
    """Reads its source into a queue, where None is the end."""

    reader: asyncio.Task[None] | None = None

    def __init__(self, source: Any = None) -> None:
        super().__init__(source)
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.ended = False

    async def read(self) -> None:
        """Fill the queue."""
        async for item in self.source:
            await self.queue.put(item)
        await self.queue.put(None)

    async def __anext__(self) -> Any:
        if self.reader is None:
            self.reader = asyncio.ensure_future(self.read())
            await asyncio.wait([self.reader])
        item = None if self.ended else await self.queue.get()
        if item is None:
            self.ended = True
            raise StopAsyncIteration
        return item


class Batches(Wrapper):
    """Gives its items by twos."""

    async def __anext__(self) -> Any:
        return [await anext(self.source), await anext(self.source)]


@is_wrapper(
    violates,
    "AI011",
    items=[[1, 2], [3, 4]],
    says=(
        "the StopAsyncIteration of its source ended it: of 3 items it gave [[1001, 1002]], "
        "and 1003 was lost"
    ),
)
class LosesHalfABatch(Batches):
    """Ends where its source ends in the midst of a batch."""


@is_wrapper(
    violates,
    "AI011",
    items=[[1, 2, 3, 4]],
    says=(
        "the StopAsyncIteration of its source ended it: of 7 items it gave [[1001, 1002, "
        "1003, 1004]], and 1005 was lost"
    ),
)
class LosesTheRestOfABatch(Wrapper):
    """Makes a batch of four in one go, and ends where its source ends in the midst of that."""

    async def __anext__(self) -> Any:
        return [await anext(self.source) for _ in range(4)]


@is_wrapper(
    violates,
    "AI011",
    items=[[1, 2], [3, 4]],
    says=(
        "the StopAsyncIteration of its source ended it: of 3 items it gave [[1001, 1002]], "
        "and 1003 was lost"
    ),
)
class LosesHalfALaterBatch(Batches):
    """Refuses a source that is too short for one batch, and loses half of a later one."""

    given = False

    async def __anext__(self) -> Any:
        try:
            batch = await super().__anext__()
        except StopAsyncIteration:
            if not self.given:
                raise ValueError("too short for one batch") from None
            raise
        self.given = True
        return batch


@is_wrapper(
    violates,
    "AI011",
    items=[1, 2, 3],
    says=(
        "the StopAsyncIteration of its source ended it: of 2 items it gave [1001], and "
        "1002 was lost"
    ),
)
class LosesTheLastOne(Wrapper):
    """Looks one item ahead, and ends when there is nothing to see: omnilib/aioitertools#39."""

    ahead: Any = None

    async def __anext__(self) -> Any:
        if self.ahead is None:
            self.ahead = [await anext(self.source)]
        item = self.ahead[0]
        self.ahead = [await anext(self.source)]
        return item


@is_wrapper(
    violates,
    "AI011",
    items=[1, 2],
    says=(
        "the StopAsyncIteration of the first of two iterators in its source ended it: it "
        "gave [1001, 1002]"
    ),
)
class EndsWithItsFirstPage(Wrapper):
    """Ends with the first of its pages: LonamiWebs/Telethon#1117."""

    page: Any = None

    def __init__(self, source: Any = None) -> None:
        super().__init__(source or Pages())

    async def __anext__(self) -> Any:
        if self.page is None:
            self.page = await anext(self.source)
        return await anext(self.page)


@is_wrapper(conforms, "AI011", items=[1, 2, 3, 4])
class EndsWithItsSource(Wrapper):
    """Lets the end of its source out, which is its own end."""


@is_wrapper(conforms, "AI011", items=[[1, 2], [3, 4]])
class KeepsHalfABatch(Batches):
    """Gives the last batch, however small it is."""

    async def __anext__(self) -> Any:
        first = await anext(self.source)
        try:
            return [first, await anext(self.source)]
        except StopAsyncIteration:
            return [first]


@is_wrapper(conforms, "AI011", items=[[1, 2], [3, 4]])
class DropsHalfABatch(Batches):
    """Leaves the last batch out on purpose, and says so by an end of its own."""

    async def __anext__(self) -> Any:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            raise StopAsyncIteration from None


@is_wrapper(
    conforms,
    "AI011",
    items=[1, 2, 3, 4],
    raises=EOFError,
    says="around iterators of numbers it never came to StopAsyncIteration",
)
class FailsAtTheEndOfItsSource(Wrapper):
    """Makes an error of the end of its source, as asyncio.StreamReader.readexactly() does."""

    async def __anext__(self) -> Any:
        try:
            return await anext(self.source)
        except StopAsyncIteration:
            raise EOFError from None


@is_wrapper(conforms, "AI011", items=[(1, 2), (2, 3), (3, 4)])
class Pairs(Wrapper):
    """Gives each item together with the one before; of a single item it makes nothing."""

    before: Any = None

    async def __anext__(self) -> Any:
        if self.before is None:
            self.before = (await anext(self.source),)
        pair = (*self.before, await anext(self.source))
        self.before = pair[1:]
        return pair


@is_wrapper(conforms, "AI011", items=[2, 4])
class EverySecond(Wrapper):
    """Takes more from its source than it gives."""

    async def __anext__(self) -> Any:
        await anext(self.source)
        return await anext(self.source)


@is_wrapper(conforms, "AI011", items=[(1, "a"), (2, "b")])
class WithLetters(Wrapper):
    """Ends with the shortest of its sources, as `zip` does."""

    def __init__(self, source: Any = None) -> None:
        super().__init__(source)
        self.letters = Numbers()
        self.letters.left = ["a", "b"]

    async def __anext__(self) -> Any:
        return await anext(self.source), await anext(self.letters)


@is_wrapper(conforms, "AI011", items=[[1, 2], [3, 4]])
async def batches_by_generator(source: Any = None) -> AsyncIterator[Any]:
    """Ends in the midst of a batch by RuntimeError, since it is a generator."""
    source = source or Numbers()
    first: Any = await anext(source)
    while first is not None:
        yield [first, await anext(source)]
        first = await anext(source, None)


@is_wrapper(conforms, "AI011", items=[1, 2, 1, 2])
class AllPages(Wrapper):
    """Goes on with the next page where one ends."""

    page: Any = None

    def __init__(self, source: Any = None) -> None:
        super().__init__(source or Pages())

    async def __anext__(self) -> Any:
        while True:
            if self.page is None:
                self.page = await anext(self.source)
            try:
                return await anext(self.page)
            except StopAsyncIteration:
                self.page = None
