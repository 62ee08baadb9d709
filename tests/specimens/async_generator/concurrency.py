"""Specimens: an async generator that several tasks use at once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import anyio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_generator._bases import counting

GENERATOR = Protocol.ASYNC_GENERATOR


@conforms("AG006", GENERATOR, items=[0, 1, 2], infinite=True)
async def answers_twice() -> AsyncIterator[int]:
    """Waits for ever when it has answered two callers."""
    async for number in counting():
        yield number
    await anyio.Event().wait()


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
