"""Specimens for the rules about async iterables."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

import anyio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates

ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR


class Numbers:
    """An async iterator over 0, 1, 2 that suspends before each."""

    def __init__(self) -> None:
        self.left = [0, 1, 2]

    def __aiter__(self) -> Numbers:
        return self

    async def __anext__(self) -> int:
        await anyio.lowlevel.checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


@conforms("AB001", ITERABLE)
@conforms("AB005", ITERABLE, reiterable=True)
class Collection:
    """Gives a new iterator each time: the plain conforming iterable."""

    def __aiter__(self) -> Any:
        return Numbers()


@violates("AB001", ITERABLE, says="OnlySynchronous has no __aiter__ on its type")
class OnlySynchronous:
    """Can be iterated, but not asynchronously."""

    def __iter__(self) -> Iterator[int]:
        return iter([1, 2])


@violates(
    "AB001",
    ITERABLE,
    says=(
        "ForwardsAttributes has no __aiter__ on its type; it has one as an attribute of "
        "the object, where the language does not look"
    ),
)
class ForwardsAttributes:
    """Forwards all attributes to an iterable, which the language does not ask for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(Collection(), name)


@violates("AB001", ITERATOR, says="HasNoAiter has no __aiter__ on its type")
class HasNoAiter:
    """Is an iterator that can't be put into a loop."""

    async def __anext__(self) -> int:
        raise StopAsyncIteration


@conforms("AB001", GENERATOR)
async def native() -> AsyncIterator[int]:
    """Is a native async generator."""
    yield 0


class Generating:
    """Has an async __aiter__ that yields, so that its call gives an async generator."""

    async def __aiter__(self) -> AsyncIterator[int]:
        for item in range(3):
            await anyio.lowlevel.checkpoint()
            yield item


@conforms("AB002", ITERABLE, reiterable=True)
class AiterIsAnAsyncGeneratorFunction(Generating):
    """Has an async __aiter__ that yields."""


@conforms("AB002", ITERABLE)
class IteratorCanBeAwaited(Numbers):
    """Gives an iterator that is an awaitable as well."""

    def __await__(self) -> Any:
        return iter(())


@violates(
    "AB002",
    ITERABLE,
    says=(
        "__aiter__ returned <coroutine object AiterIsACoroutineFunction.__aiter__>; "
        "expected the iterator itself"
    ),
)
class AiterIsACoroutineFunction:
    """Has an async __aiter__ that returns its iterator."""

    async def __aiter__(self) -> Any:
        return Numbers()


@violates(
    "AB002",
    ITERATOR,
    says=(
        "__aiter__ returned <coroutine object IteratorHasAnAsyncAiter.__aiter__>; expected "
        "the iterator itself"
    ),
)
class IteratorHasAnAsyncAiter(Numbers):
    """Has an async __aiter__ that returns itself."""

    async def __aiter__(self) -> Any:
        return self


@conforms("AB003", ITERABLE)
class AiterHasADefault:
    """Has a parameter in its __aiter__ that need not be given."""

    def __aiter__(self, start: int = 0) -> Any:
        return Numbers()


class Sparse(dict[int, Any]):
    """An iterator of a type whose signature Python does not know."""

    def __aiter__(self) -> Sparse:
        return self

    async def __anext__(self) -> int:
        await anyio.lowlevel.checkpoint()
        if len(self) == 3:
            raise StopAsyncIteration
        self[len(self)] = None
        return len(self)


@conforms("AB003", ITERABLE)
class AiterIsAType:
    """Has a type for its __aiter__, which says nothing about its parameters."""

    __aiter__ = staticmethod(Sparse)


@violates("AB003", ITERABLE, says="__aiter__ can't be called without arguments")
class AiterHasAParameter:
    """Has a parameter in its __aiter__ that nobody will give."""

    def __aiter__(self, start: int) -> Any:  # noqa: PLE0302
        return Numbers()


@violates(
    "AB003",
    ITERABLE,
    says="__aiter__ returned <list_iterator object>, which has no __anext__ on its type",
)
class GivesASynchronousIterator:
    """Returns what can be iterated, but not asynchronously."""

    def __aiter__(self) -> Any:
        return iter([1, 2])


@violates(
    "AB003",
    ITERABLE,
    says="__aiter__ returned <...GivesTheIterable object>, which has no __anext__ on its type",
)
class GivesTheIterable:
    """Returns itself, though it has no __anext__."""

    def __aiter__(self) -> Any:
        return self


@violates(
    "AB003",
    ITERATOR,
    says="__aiter__ returned <list_iterator object>, which has no __anext__ on its type",
)
class IteratorGivesASynchronousOne(Numbers):
    """Returns another thing than itself, which can't be iterated asynchronously."""

    def __aiter__(self) -> Any:
        return iter([1, 2])


@violates(
    "CO020",
    ITERABLE,
    says=(
        "its plain use raised TypeError: not like this; if that is meant, declare raises=TypeError"
    ),
)
class AiterRaises:
    """Raises in its __aiter__, though it can be called."""

    def __aiter__(self) -> Any:
        raise TypeError("not like this")


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


class Connection:
    """Counts what it has open."""

    open = 0

    async def receive(self) -> AsyncIterator[int]:
        """Is open as long as it is iterated."""
        self.open += 1
        try:
            for item in range(3):
                await anyio.lowlevel.checkpoint()
                yield item
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            self.open -= 1


def is_closed(connection: Connection) -> bool:
    """Whether nothing is open."""
    return connection.open == 0


async def is_closed_by_and_by(connection: Connection) -> bool:
    """Whether nothing is open, as something that has to be awaited."""
    await anyio.lowlevel.checkpoint()
    return connection.open == 0


@conforms("AB008", ITERABLE, released=is_closed)
class CanBeClosed(Connection):
    """Gives an async generator, whose aclose() releases."""

    def __aiter__(self) -> Any:
        return self.receive()


@conforms("AB008", ITERABLE, released=is_closed_by_and_by)
class CanBeAskedOnly(CanBeClosed):
    """Has to be awaited to say whether it is released."""


class Hidden:
    """An iterator around an async generator, without an aclose()."""

    def __init__(self, inner: AsyncIterator[int]) -> None:
        self.inner = inner

    def __aiter__(self) -> Hidden:
        return self

    async def __anext__(self) -> int:
        return await self.inner.__anext__()


@violates(
    "AB008",
    ITERABLE,
    released=is_closed,
    says=(
        "left after one item, it is not released, and there is no way to close it: neither "
        "aclose() nor `async with`"
    ),
)
class CannotBeClosed(Connection):
    """Hides its generator, so that nobody can close it."""

    def __aiter__(self) -> Any:
        self.inner = self.receive()
        return Hidden(self.inner)


class ClosesNothing(Hidden):
    """An iterator around an async generator, with an aclose() for the looks of it."""

    async def aclose(self) -> None:
        """Does nothing."""


@violates(
    "AB008",
    ITERABLE,
    released=is_closed,
    says="left after one item and closed by aclose(), it is not released",
)
class ClosingDoesNotRelease(Connection):
    """Gives an iterator whose aclose() does nothing."""

    def __aiter__(self) -> Any:
        self.inner = self.receive()
        return ClosesNothing(self.inner)


@conforms("AB008", ITERABLE, released=is_closed)
class IsAContextManager(CannotBeClosed):
    """Hides its generator, and closes it at the end of `async with`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.inner.aclose()  # type: ignore[attr-defined]


class HiddenInAContext(Hidden):
    """An iterator around an async generator, to be used by `async with`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.inner.aclose()  # type: ignore[attr-defined]


@conforms("AB008", ITERABLE, released=is_closed)
class IteratorIsAContextManager(Connection):
    """Gives an iterator that is to be used by `async with`."""

    def __aiter__(self) -> Any:
        return HiddenInAContext(self.receive())


@conforms("AB008", ITERABLE, released=is_closed)
class CannotBeEntered(CanBeClosed):
    """Has half of what an async context manager needs, which nobody can use."""

    async def __aexit__(self, *details: object) -> None:
        """Never called."""


@conforms("AB008", ITERABLE, released=is_closed)
class ClosedByTheIterable(CannotBeClosed):
    """Hides its generator, and closes it in an aclose() of its own."""

    async def aclose(self) -> None:
        """Closes what was given."""
        with contextlib.suppress(AttributeError):
            await self.inner.aclose()  # type: ignore[attr-defined]
