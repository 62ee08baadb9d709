"""Specimens: what `aiter()` asks of an async iterable."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_iterable._bases import Generating, Numbers

ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR


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
class IteratorGivesNoneByAiter:
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
