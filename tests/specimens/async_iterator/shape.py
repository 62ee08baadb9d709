"""Specimens: what an async iterator looks like."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Generator
from typing import Any

import anyio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_iterator.ending import CountsForEver
from tests.subjects import Ticker

ITERATOR = Protocol.ASYNC_ITERATOR


@conforms("AI001", ITERATOR)
class PlainTicker(Ticker):
    """Has its methods in the class."""


@violates("AI001", ITERATOR, says="OnlyOnTheInstance has no __anext__ on its type")
class OnlyOnTheInstance:
    """Has __anext__ as an attribute of the object, where the language does not look."""

    def __init__(self) -> None:
        self.__anext__ = Ticker().__anext__

    def __aiter__(self) -> OnlyOnTheInstance:
        return self


@violates("AI001", ITERATOR, says="__anext__ returned 0; expected an awaitable")
class GivesPlainValues(Ticker):
    """Returns its items themselves, where an awaitable is due."""

    def __anext__(self) -> int:
        return self.left.pop(0)


@violates(
    "AI001",
    ITERATOR,
    says=(
        "__anext__ returned <async_generator object YieldsInAnext.__anext__>; expected an awaitable"
    ),
)
class YieldsInAnext(Ticker):
    """Has a yield in __anext__, so that a call gives an async generator."""

    async def __anext__(self) -> AsyncIterator[int]:
        for item in self.left:
            yield item


@conforms("AI001", ITERATOR, items=[0, 1, 2])
class ReturnsACoroutine(Ticker):
    """Has a plain method that returns a coroutine."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        return super().__anext__()


@violates("AI004", ITERATOR, says="aiter() of it gave another object; expected the iterator itself")
class MakesANewOne(Ticker):
    """Gives a fresh iterator to whoever calls aiter()."""

    def __aiter__(self) -> Ticker:
        return Ticker()


@violates("AI004", ITERATOR, says="aiter() of it, after one item, started again: it went on with 0")
class StartsAgainByAiter(Ticker):
    """Resets itself in __aiter__."""

    def __aiter__(self) -> Ticker:
        self.left = [0, 1, 2]
        return self


@violates(
    "AI004",
    ITERATOR,
    says="without aiter() it gave no item, and 3 after it; expected anext() alone to be enough",
)
class NeedsAiter(Ticker):
    """Has no items before __aiter__ was called."""

    def __init__(self) -> None:
        self.left = []
        self.prepared = False

    def __aiter__(self) -> Ticker:
        if not self.prepared:
            self.prepared = True
            self.left = [0, 1, 2]
        return self


@violates(
    "AI004",
    ITERATOR,
    infinite=True,
    says="aiter() of it, after one item, started again: it went on with 0",
)
class CountsAnewByAiter(CountsForEver):
    """Counts for ever, and from zero again after __aiter__."""

    def __aiter__(self) -> Ticker:
        self.left = [0, 1, 2]
        return self


@conforms("AI004", ITERATOR)
class IsItsOwnIterator(Ticker):
    """Returns itself, and does nothing else."""


@conforms("AI004", ITERATOR, infinite=True)
class AlwaysTheSame(CountsForEver):
    """Looks the same from wherever one starts."""

    async def __anext__(self) -> int:
        await anyio.lowlevel.checkpoint()
        return 7


@violates(
    "AI012",
    ITERATOR,
    says=(
        "__anext__ #4 raised StopAsyncIteration at the call, before there was anything to "
        "await; expected an awaitable that raises"
    ),
)
class RaisesItsEndAtTheCall(Ticker):
    """Raises StopAsyncIteration before there is anything to await."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        if not self.left:
            raise StopAsyncIteration
        return super().__anext__()


@violates(
    "AI012",
    ITERATOR,
    raises=ValueError,
    says=(
        "__anext__ #4 raised ValueError: the source failed at the call, before there was "
        "anything to await; expected an awaitable that raises"
    ),
)
class RaisesItsErrorAtTheCall(RaisesItsEndAtTheCall):
    """Raises the declared error before there is anything to await."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        if not self.left:
            raise ValueError("the source failed")
        return super().__anext__()


@violates(
    "AI012",
    ITERATOR,
    says=(
        "__anext__ #1 raised StopAsyncIteration at the call, before there was anything to "
        "await; expected an awaitable that raises"
    ),
)
class IsEmptyAtTheCall(Ticker):
    """Has no item at all, and says so at the first call."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        raise StopAsyncIteration


@conforms("AI012", ITERATOR)
class RaisesWhenAwaited(Ticker):
    """Raises in its coroutine."""


@violates(
    "AI013",
    ITERATOR,
    says=(
        "its second __anext__() gave <coroutine object Ticker.__anext__> again, which was "
        "awaited already: that raised RuntimeError: cannot reuse already awaited coroutine"
    ),
)
class GivesOneCoroutineAgain(Ticker):
    """Makes one coroutine, and returns it from every call."""

    def __init__(self) -> None:
        super().__init__()
        self.coroutine: Coroutine[Any, Any, int] | None = None

    def __anext__(self) -> Coroutine[Any, Any, int]:
        if self.coroutine is None:
            self.coroutine = super().__anext__()
        return self.coroutine


@violates(
    "AI013",
    ITERATOR,
    backends=("asyncio",),
    infinite=True,
    says="its second __anext__() gave <Future finished result=1> again, which is done",
)
class GivesOneFutureAgain(Ticker):
    """Makes one future, and returns it from every call."""

    def __init__(self) -> None:
        self.future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.future.set_result(1)

    def __anext__(self) -> asyncio.Future[int]:
        return self.future


@violates(
    "AI013",
    ITERATOR,
    items=[0, 1, 2],
    says=(
        "an __anext__() whose coroutine was closed unused took 0; expected it to take "
        "nothing before it is awaited"
    ),
)
class TakesAtTheCall(Ticker):
    """Takes its item at the call, whether that is awaited or not."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        return self.deliver(self.left.pop(0) if self.left else None)

    async def deliver(self, item: int | None) -> int:
        """Give the item, or the end."""
        await anyio.lowlevel.checkpoint()
        if item is None:
            raise StopAsyncIteration
        return item


@violates(
    "AI013",
    ITERATOR,
    infinite=True,
    says=(
        "an __anext__() whose coroutine was closed unused took 0; expected it to take "
        "nothing before it is awaited"
    ),
)
class CountsAtTheCall(TakesAtTheCall):
    """Counts for ever, at the call."""

    def __anext__(self) -> Coroutine[Any, Any, int]:
        self.left.append(self.left[-1] + 1)
        return super().__anext__()


@conforms("AI013", ITERATOR)
class GivesFreshCoroutines(Ticker):
    """Makes a coroutine at every call."""


@conforms("AI013", ITERATOR, items=[0, 1, 2])
class IsItsOwnAwaitable(Ticker):
    """Returns itself, and can be awaited for each item."""

    def __anext__(self) -> IsItsOwnAwaitable:
        return self

    def __await__(self) -> Generator[Any, Any, int]:
        return super().__anext__().__await__()


@conforms("AI013", ITERATOR, backends=("asyncio",), items=[0, 1, 2])
class ReadsAhead(Ticker):
    """Starts a task at the call, and gives that task until it is done."""

    task: asyncio.Task[int] | None = None

    def __anext__(self) -> asyncio.Task[int]:
        if self.task is None or self.task.done():
            self.task = asyncio.ensure_future(super().__anext__())
        return self.task
