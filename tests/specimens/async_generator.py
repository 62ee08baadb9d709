"""Specimens for the rules about async generators."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from typing import Any

import anyio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates

GENERATOR = Protocol.ASYNC_GENERATOR


async def counting() -> AsyncGenerator[int, Any]:
    """Counts to three, and suspends before each item: the plain conforming generator."""
    for number in range(3):
        await anyio.lowlevel.checkpoint()
        yield number


async def echo() -> AsyncGenerator[Any, Any]:
    """Answers with what it was sent, for ever."""
    answer = None
    while True:
        sent = yield answer
        await anyio.lowlevel.checkpoint()
        answer = sent


class Delegating(AsyncGenerator[Any, Any]):
    """Passes all methods on to a generator function's object."""

    def __init__(self) -> None:
        self.inner = counting()

    async def asend(self, value: Any) -> Any:
        """Send to the inner generator."""
        return await self.inner.asend(value)

    async def athrow(self, *details: Any) -> Any:
        """Throw into the inner generator."""
        return await self.inner.athrow(*details)

    async def aclose(self) -> None:
        """Close the inner generator."""
        await self.inner.aclose()


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


@conforms("AI015", GENERATOR, items=[0], infinite=True, checkpoints=True)
@conforms(
    "AG006",
    GENERATOR,
    items=[0],
    infinite=True,
    says="it is declared to wait for ever before it could answer two calls",
)
@conforms("AG011", GENERATOR, items=[0], infinite=True)
@conforms("AG007", GENERATOR, items=[0], infinite=True)
@conforms("AG001", GENERATOR, items=[0], infinite=True)
async def waits_for_more() -> AsyncIterator[int]:
    """Waits for ever behind its first item, as a listener does to whom nobody speaks."""
    await anyio.lowlevel.checkpoint()
    yield 0
    await anyio.Event().wait()


@conforms("AG001", GENERATOR, items=[0, 1], infinite=True)
async def answers_once() -> AsyncIterator[int]:
    """Waits for ever when it has answered one caller, and so would a second one."""
    await anyio.lowlevel.checkpoint()
    yield 0
    await anyio.lowlevel.checkpoint()
    yield 1
    await anyio.Event().wait()


@conforms("AG006", GENERATOR, items=[0, 1, 2], infinite=True)
async def answers_twice() -> AsyncIterator[int]:
    """Waits for ever when it has answered two callers."""
    async for number in counting():
        yield number
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


class Echo(AsyncGenerator[Any, Any]):
    """Answers with what it was sent, from an attribute that two callers share."""

    started = closed = False
    last: Any = None

    async def asend(self, value: Any) -> Any:
        """Answer."""
        if self.closed:
            raise StopAsyncIteration
        if value is not None and not self.started:
            raise TypeError("nobody could receive it yet")
        self.started = True
        self.last = value
        await anyio.lowlevel.checkpoint()
        return self.last

    async def athrow(self, *details: Any) -> Any:
        """End."""
        self.closed = True
        raise details[0]


@violates(
    "AG006",
    GENERATOR,
    infinite=True,
    says={
        "asyncio": (
            "two tasks at once: for 'a' it returned 'b', for 'b' it returned 'b'; expected "
            "what one after the other gives (for 'a' returned 'a' and for 'b' returned 'b'), "
            "or a refusal"
        ),
        "trio": (
            "two tasks at once: for 'a' it returned 'a', for 'b' it returned 'a'; expected "
            "what one after the other gives (for 'a' returned 'a' and for 'b' returned 'b'), "
            "or a refusal"
        ),
    },
)
class MixesItsCallersUp(Echo):
    """Gives one caller the other one's answer."""


@violates(
    "AG006",
    GENERATOR,
    infinite=True,
    says={
        "asyncio": (
            "two tasks at once: for 'a' it returned 'b', for 'b' it raised RuntimeError: one "
            "at a time; expected what one after the other gives (for 'a' returned 'a' and for "
            "'b' returned 'b'), or a refusal"
        ),
        "trio": (
            "two tasks at once: for 'a' it raised RuntimeError: one at a time, for 'b' it "
            "returned 'a'; expected what one after the other gives (for 'a' returned 'a' and "
            "for 'b' returned 'b'), or a refusal"
        ),
    },
)
class RefusesTooLate(Echo):
    """Refuses a second caller when it has taken its value for that of the first."""

    serving = False

    async def asend(self, value: Any) -> Any:
        """Answer, unless somebody else is being answered."""
        if self.serving:
            self.last = value
            raise RuntimeError("one at a time")
        self.serving = True
        try:
            return await super().asend(value)
        finally:
            self.serving = False


@violates(
    "AG006",
    GENERATOR,
    infinite=True,
    says=(
        "two tasks at once: for 'a' it returned 'b', for 'b' it returned 'a'; expected "
        "what one after the other gives (for 'a' returned 'a' and for 'b' returned 'b'), "
        "or a refusal"
    ),
)
class ServesTheSmallest(Echo):
    """Answers first what is smallest of all that waits, whoever asked for it."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []

    async def asend(self, value: Any) -> Any:
        """Answer."""
        self.waiting.append(value)
        try:
            await super().asend(value)
        finally:
            self.waiting.sort(key=str)
            answer = self.waiting.pop(0)
        return answer


@conforms("AG006", GENERATOR, infinite=True)
class ServesOneAfterTheOther(Echo):
    """Serves its callers in turn."""

    def __init__(self) -> None:
        self.lock = anyio.Lock()

    async def asend(self, value: Any) -> Any:
        """Answer, under a lock."""
        async with self.lock:
            return await super().asend(value)


@conforms("AG006", GENERATOR, infinite=True)
async def refuses_the_second() -> AsyncIterator[Any]:
    """Refuses a second caller, as every generator function's object does."""
    answer = None
    while True:
        sent = yield answer
        await anyio.lowlevel.checkpoint()
        answer = sent


@conforms("AG006", GENERATOR)
async def short() -> AsyncIterator[int]:
    """Ends at the first value that it is sent."""
    yield 1
    await anyio.lowlevel.checkpoint()


@conforms("AG006", GENERATOR, says="asend() never suspends, so two calls can't meet")
async def never_suspends() -> AsyncIterator[int]:
    """Leaves no room for a second caller."""
    yield 1
    yield 2
