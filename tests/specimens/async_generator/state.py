"""Specimens: `asend`, `athrow` and `aclose`, and how a generator ends."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Any
from unittest import mock

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_generator._bases import Delegating

GENERATOR = Protocol.ASYNC_GENERATOR


@violates("AG001", GENERATOR, says="closed after item 1, it yielded '[DONE]'; expected it to end")
async def last_words() -> AsyncIterator[str]:
    """Yields once more in its clean-up."""
    try:
        await anyio.lowlevel.checkpoint()
        yield "item"
    finally:
        yield "[DONE]"


@violates(
    "AG001", GENERATOR, infinite=True, says="closed after item 1, it yielded 1; expected it to end"
)
async def hard_to_kill() -> AsyncIterator[int]:
    """Catches everything that comes in at its yield, and goes on; but only once."""
    caught = False
    while True:
        try:
            yield 1
        except BaseException:
            if caught:
                raise
            caught = True


@violates(
    "AG001",
    GENERATOR,
    items=["hello"],
    infinite=True,
    says="closed after item 1, it yielded 'goodbye'; expected it to end",
)
async def says_goodbye() -> AsyncIterator[str]:
    """Greets, waits for ever, and yields once more when it is closed."""
    try:
        await anyio.lowlevel.checkpoint()
        yield "hello"
        await anyio.Event().wait()
    except GeneratorExit:
        yield "goodbye"


@violates("AG001", GENERATOR, says="closed after item 1, it yielded '[DONE]'; expected it to end")
class DelegatesLastWords(Delegating):
    """Passes all methods on to a generator that yields in its clean-up."""

    def __init__(self) -> None:
        self.inner = last_words()


@conforms("AG001", GENERATOR)
async def awaits_in_its_clean_up() -> AsyncIterator[int]:
    """Awaits in its clean-up, and does not yield."""
    try:
        yield 1
        yield 2
    finally:
        await anyio.lowlevel.checkpoint()


@conforms("AG001", GENERATOR, items=[0, 1], infinite=True)
async def answers_once() -> AsyncIterator[int]:
    """Waits for ever when it has answered one caller, and so would a second one."""
    await anyio.lowlevel.checkpoint()
    yield 0
    await anyio.lowlevel.checkpoint()
    yield 1
    await anyio.Event().wait()


@conforms("AG001", GENERATOR)
async def fails_in_its_clean_up() -> AsyncIterator[int]:
    """Raises RuntimeError of its own when it is closed before its end."""
    try:
        await anyio.lowlevel.checkpoint()
        yield 1
    except GeneratorExit:
        raise RuntimeError("closed too early") from None


@violates(
    "AG002",
    GENERATOR,
    says=(
        "__anext__ #2 raised RuntimeError: async generator raised StopAsyncIteration; "
        "expected StopAsyncIteration after a return"
    ),
)
async def raises_stopasynciteration() -> AsyncIterator[int]:
    """Ends as a class would."""
    await anyio.lowlevel.checkpoint()
    yield 1
    raise StopAsyncIteration


@violates(
    "AG002",
    GENERATOR,
    says=(
        "__anext__ #3 raised RuntimeError: async generator raised StopIteration; expected "
        "StopAsyncIteration after a return"
    ),
)
async def lets_stopiteration_out() -> AsyncIterator[int]:
    """Calls next() and does not catch its end."""
    iterator = iter([1, 2])
    while True:
        yield next(iterator)


@conforms("AG002", GENERATOR, items=[0, 1, 2])
async def returns() -> AsyncIterator[int]:
    """Ends by coming to its end."""
    for number in range(3):
        await anyio.lowlevel.checkpoint()
        yield number


@violates(
    "AG003",
    GENERATOR,
    says="__anext__ #1, after aclose() of a fresh one, returned 1; expected StopAsyncIteration",
)
class RemembersNoClose(AsyncGenerator[int, Any]):
    """Relies on the aclose() of the abstract base class, which remembers nothing."""

    number = 0

    async def asend(self, value: Any) -> int:
        """Count."""
        await anyio.lowlevel.checkpoint()
        if value is not None and not self.number:
            raise TypeError("nobody could receive it yet")
        if self.number == 3:
            raise StopAsyncIteration
        self.number += 1
        return self.number

    async def athrow(self, *details: Any) -> int:
        """Raise what is passed in."""
        raise details[0]


@violates(
    "AG003", GENERATOR, says="asend #1 of a fresh one returned 'sent too early'; expected TypeError"
)
class EchoesBeforeItsStart(Delegating):
    """Answers with what it is sent, even before its first yield."""

    async def asend(self, value: Any) -> Any:
        """Answer at once, if there is something to answer."""
        return await super().asend(None) if value is None else value


async def nothing() -> AsyncGenerator[Any, Any]:
    """Suspends, and ends without an item."""
    await anyio.lowlevel.checkpoint()
    for item in ():
        yield item


@violates(
    "AG003",
    GENERATOR,
    items=[],
    says="asend #1 of a fresh one returned 'sent too early'; expected TypeError",
)
class EchoesThoughItIsEmpty(EchoesBeforeItsStart):
    """Answers with what it is sent, and has no item that this could be."""

    def __init__(self) -> None:
        self.inner = nothing()


@violates(
    "AG003",
    GENERATOR,
    items=[0, 1, 2],
    says="asend #1 of a fresh one returned 14; expected TypeError",
)
class AnswersBeforeItsStart(Delegating):
    """Makes an item of what it is sent before its first yield."""

    started = False

    async def asend(self, value: Any) -> Any:
        """Answer at once, if there is something to answer."""
        if value is not None and not self.started:
            return len(value)
        self.started = True
        return await super().asend(value)


@conforms("AG003", GENERATOR, items=[0, 1, 2])
class PassesEverythingOn(Delegating):
    """Behaves as the generator inside."""


@conforms("AG003", GENERATOR, items=[0, 1, 2])
class IgnoresWhatItIsSent(Delegating):
    """Takes no notice of what it is sent, at whatever time."""

    async def asend(self, value: Any) -> Any:
        """Give the next item."""
        return await super().asend(None)


@conforms("AG003", GENERATOR, closes=False, says="not applicable: declared closes=False")
class BorrowedGenerator(Delegating):
    """Leaves the closing to its owner, and says so."""

    async def aclose(self) -> None:
        """Leave the inner generator open."""


@violates("AG004", GENERATOR, says="athrow #1 returned None; expected the exception, or an item")
class SwallowsWhatIsThrown(Delegating):
    """Does nothing where something is thrown into it."""

    async def athrow(self, *details: Any) -> Any:
        """Lose the exception."""


@violates(
    "AG004",
    GENERATOR,
    infinite=True,
    says="athrow #1 returned None; expected the exception, or an item",
)
class CannotBeClosed(AsyncGenerator[int, Any]):
    """Swallows what is thrown into it, the GeneratorExit of the abstract base class too."""

    async def asend(self, value: Any) -> int:
        """Give the same item always."""
        await anyio.lowlevel.checkpoint()
        return 1

    async def athrow(self, *details: Any) -> Any:
        """Lose the exception."""


@conforms("AG004", GENERATOR)
class RaisesWhatIsThrown(Delegating):
    """Raises what the inner generator does not handle."""


@conforms("AG004", GENERATOR, infinite=True)
class GoesOnAfterAnError(Delegating):
    """Handles what is thrown into it, and yields None, which is an item of it."""

    def __init__(self) -> None:
        self.inner = self.numbers()

    async def numbers(self) -> AsyncGenerator[None, Any]:
        """Yield for ever."""
        while True:
            await anyio.lowlevel.checkpoint()
            with suppress(Exception):
                yield None


@conforms("AG003", GENERATOR)
async def gives_what_equals_all() -> AsyncIterator[Any]:
    """Gives what equals whatever was sent."""
    for _ in range(3):
        await checkpoint()
        yield mock.ANY


@violates("AG001", GENERATOR, says="closed after item 2, it yielded '[DONE]'; expected it to end")
async def sends_a_last_word() -> AsyncIterator[str]:
    """Yields in `finally`, once it was under way: Continuum-AI-Corp/OrcaRouter-Lite#49."""
    await checkpoint()
    yield "data"
    try:
        await checkpoint()
        yield "data"
    finally:
        yield "[DONE]"
