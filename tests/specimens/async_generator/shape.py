"""Specimens: what the methods of an async generator look like."""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_generator._bases import Delegating, counting
from tests.subjects import Ticker

GENERATOR = Protocol.ASYNC_GENERATOR


async def echo() -> AsyncGenerator[Any, Any]:
    """Answers with what it was sent, for ever."""
    answer = None
    while True:
        sent = yield answer
        await anyio.lowlevel.checkpoint()
        answer = sent


since_3_12 = conforms if sys.version_info >= (3, 12) else violates


@violates(
    "AG005",
    GENERATOR,
    says=(
        "athrow(exception) raised TypeError: TakesThreeArguments.athrow() missing 2 "
        "required positional arguments: 'error' and 'traceback' at the call, before there "
        "was anything to await; expected what was thrown, or an item"
    ),
)
class TakesThreeArguments(Delegating):
    """Has the `athrow` of old, which is given three arguments, and no fewer."""

    async def athrow(self, kind: Any, error: Any, traceback: Any) -> Any:
        return await self.inner.athrow(error)


@violates(
    "AG005",
    GENERATOR,
    says=(
        "athrow(exception) raised TypeError: CannotEvenCloseItself.athrow() missing 2 "
        "required positional arguments: 'error' and 'traceback' at the call, before there "
        "was anything to await; expected what was thrown, or an item"
    ),
)
class CannotEvenCloseItself(AsyncGenerator[int, Any]):
    """Has such an `athrow`, which the `aclose` of the abstract base class calls with one."""

    def __init__(self) -> None:
        self.inner = counting()

    async def asend(self, value: Any) -> int:
        return await self.inner.asend(value)

    async def athrow(self, kind: Any, error: Any, traceback: Any) -> int:
        return await self.inner.athrow(error)


@violates(
    "AG005",
    GENERATOR,
    says=(
        "athrow(exception) raised IndexError: tuple index out of range; expected what was "
        "thrown, or an item"
    ),
)
class LooksIntoItsDetails(Delegating):
    """Takes whatever comes, and then relies on there being three."""

    async def athrow(self, *details: Any) -> Any:
        return await self.inner.athrow(details[1])


@violates(
    "AG005",
    GENERATOR,
    says=(
        "athrow(exception) raised TypeError: TakesNoArgument.athrow() takes 1 positional "
        "argument but 2 were given at the call, before there was anything to await; "
        "expected what was thrown, or an item"
    ),
)
class TakesNoArgument(Delegating):
    """Has an `athrow` into which nothing can be thrown."""

    async def athrow(self) -> Any:  # type: ignore[override]
        return await self.inner.athrow(ValueError("thrown in"))


@conforms("AG005", GENERATOR)
class RaisesItsOwn(Delegating):
    """Raises a TypeError of its own for whatever is thrown into it, but for GeneratorExit."""

    async def athrow(self, *details: Any) -> Any:
        kind = details[0] if isinstance(details[0], type) else type(details[0])
        if issubclass(kind, GeneratorExit):
            return await self.inner.athrow(*details)
        await self.inner.aclose()
        raise TypeError("it has to be text")


@since_3_12(
    "AG005",
    GENERATOR,
    items=[0, 1, 2],
    says=(
        "athrow(type, value, traceback) raised TypeError: TakesOneArgument.athrow() takes "
        "2 positional arguments but 4 were given at the call, before there was anything to "
        "await; expected what was thrown, or an item"
    ),
)
class TakesOneArgument(Delegating):
    """Has the `athrow` that Python calls since 3.12, and not that of 3.11."""

    async def athrow(self, error: Any) -> Any:
        return await self.inner.athrow(error)


@conforms("AG005", GENERATOR, items=[0, 1, 2])
class TakesOneArgumentOrThree(AsyncGenerator[int, Any]):
    """Has the `athrow` of the abstract base class, and inherits the rest."""

    def __init__(self) -> None:
        self.inner = counting()

    async def asend(self, value: Any) -> int:
        return await self.inner.asend(value)

    async def athrow(self, kind: Any, error: Any = None, traceback: Any = None) -> int:
        return await self.inner.athrow(kind if error is None else error)

    async def aclose(self) -> None:
        await self.inner.aclose()


@conforms("AG005", GENERATOR)
async def native() -> AsyncIterator[int]:
    """Takes either form, as each generator function's object does."""
    yield 1
    await checkpoint()


@conforms("AG005", GENERATOR, infinite=True)
class GoesOnWhateverIsThrown(Delegating):
    """Answers what is thrown into it by an item, but for GeneratorExit."""

    def __init__(self) -> None:
        self.inner = echo()

    async def athrow(self, *details: Any) -> Any:
        kind = details[0] if isinstance(details[0], type) else type(details[0])
        if issubclass(kind, GeneratorExit):
            return await self.inner.athrow(*details)
        return await self.inner.asend("handled")


class Ducks:
    """A generator by its methods alone."""

    def __init__(self) -> None:
        self.inner = counting()

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> int:
        return await self.inner.asend(None)

    async def asend(self, value: Any) -> int:
        return await self.inner.asend(value)


@violates("AG012", GENERATOR, says="CannotBeClosed has no aclose()")
class CannotBeClosed(Ducks):
    """Passes on all methods, and forgets `aclose`: langfuse/langfuse-python#1112."""

    async def athrow(self, *details: Any) -> int:
        return await self.inner.athrow(*details)


@violates("AG012", GENERATOR, says="NothingCanBeThrownIn has no athrow()")
class NothingCanBeThrownIn(Ducks):
    """Forgets `athrow`."""

    async def aclose(self) -> None:
        await self.inner.aclose()


@violates("AG012", GENERATOR, says="HasAFlagForAMethod has no athrow()")
class HasAFlagForAMethod(NothingCanBeThrownIn):
    """Has an `athrow` that is no method."""

    athrow = None


@violates(
    "AG012",
    GENERATOR,
    says=(
        "IsAnIteratorThatCanBeClosed has no asend() and no athrow(); if it is an async "
        "iterator, check it as one"
    ),
)
class IsAnIteratorThatCanBeClosed(Ticker):
    """Has nothing of a generator but `aclose`."""

    async def aclose(self) -> None:
        self.left.clear()


@violates(
    "AG012",
    GENERATOR,
    says=(
        "IsAnIterator has no asend() and no athrow() and no aclose(); if it is an async "
        "iterator, check it as one"
    ),
)
class IsAnIterator(Ticker):
    """Has nothing of a generator at all."""


@conforms("AG012", GENERATOR, items=[0, 1, 2])
class HasAllByItself(CannotBeClosed):
    """Derives from nothing, and has everything."""

    async def aclose(self) -> None:
        await self.inner.aclose()


@conforms("AG012", GENERATOR, items=[0, 1, 2])
class InheritsThree(AsyncGenerator[int, Any]):
    """Defines what the abstract base class asks for, and remembers when it was closed."""

    number = 0

    async def asend(self, value: Any) -> int:
        await checkpoint()
        if value is not None and not self.number:
            raise TypeError("nobody could receive it yet")
        if self.number == 3:
            raise StopAsyncIteration
        self.number += 1
        return self.number - 1

    async def athrow(self, *details: Any) -> int:
        self.number = 3
        raise details[0]
