"""Specimens: the clean-up of an async generator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens._bases import Holder, holds_nothing
from tests.specimens.async_generator._bases import Delegating, counting

GENERATOR = Protocol.ASYNC_GENERATOR
ASYNCIO = ("asyncio",)


class Reader(Holder, Delegating):
    """Reads from what it holds; its generator is `run`."""

    def __init__(self) -> None:
        self.inner = self.run()

    async def run(self) -> AsyncGenerator[Any, Any]:
        raise NotImplementedError
        yield

    async def lines(self) -> AsyncGenerator[int, Any]:
        """Holds the file that it reads from."""
        self.held += 1
        try:
            for number in range(3):
                await checkpoint()
                yield number
        finally:
            self.held -= 1


@violates(
    "AG008",
    GENERATOR,
    released=holds_nothing,
    says="cancelled by a cancel scope at suspension 2, and closed after that, it is not released",
)
class SaysGoodbyeFirst(Reader):
    """Awaits before it lets go, which a cancelled scope does not let it: encode/httpcore#642."""

    async def run(self) -> AsyncGenerator[Any, Any]:
        await checkpoint()
        self.held = 1
        try:
            yield 1
            await checkpoint()
            yield 2
        finally:
            await checkpoint()
            self.held = 0


@violates(
    "AG008",
    GENERATOR,
    released=holds_nothing,
    says="cancelled by a cancel scope at suspension 1, and closed after that, it is not released",
)
class CleansUpAfterErrors(Reader):
    """Lets go after an error, at its end and when it is closed, not after a cancellation."""

    async def run(self) -> AsyncGenerator[Any, Any]:
        self.held = 1
        try:
            await checkpoint()
            yield 1
            await checkpoint()
        except (Exception, GeneratorExit):
            self.held = 0
            raise
        self.held = 0


@conforms("AG008", GENERATOR, released=holds_nothing)
class LetsGoWithoutAnAwait(Reader):
    """Has nothing to await when it cleans up."""

    async def run(self) -> AsyncGenerator[Any, Any]:
        async with aclosing(self.lines()) as lines:
            async for line in lines:
                yield line


@conforms("AG008", GENERATOR, released=holds_nothing)
class SaysGoodbyeUnderAShield(Reader):
    """Awaits its clean-up where no cancellation gets at it, for a limited time."""

    async def run(self) -> AsyncGenerator[Any, Any]:
        self.held = 1
        try:
            for number in range(3):
                await checkpoint()
                yield number
        finally:
            with anyio.move_on_after(5, shield=True):
                await checkpoint()
            self.held = 0


@conforms("AG008", GENERATOR, released=holds_nothing, backends=ASYNCIO)
class SaysGoodbyeIfItCan(Reader):
    """Lets go even if its goodbye is cancelled, and knows nothing of scopes."""

    async def run(self) -> AsyncGenerator[Any, Any]:
        self.held = 1
        try:
            for number in range(3):
                await asyncio.sleep(0)
                yield number
        finally:
            try:
                await asyncio.sleep(0)
            finally:
                self.held = 0


@conforms("AG008", GENERATOR, released=holds_nothing)
class LetsGoWhenItIsClosed(Reader):
    """Outlives a cancelled step, and waits for its `aclose`."""

    number = 0

    async def asend(self, value: Any) -> Any:
        if value is not None and not self.number:
            raise TypeError("nobody could receive it yet")
        self.held = 1
        await checkpoint()
        if self.number == 3:
            self.held = 0
            raise StopAsyncIteration
        self.number += 1
        return self.number

    async def athrow(self, *details: Any) -> Any:
        await self.aclose()
        raise details[0]

    async def aclose(self) -> None:
        self.number = 3
        self.held = 0


@violates(
    "AG009",
    GENERATOR,
    released=holds_nothing,
    says=(
        "closed after item 2, it is not released: it left the generator lines to the "
        "garbage collector"
    ),
)
class LeavesItsLinesOpen(Reader):
    """Has given a heading when it begins to read, and is then closed with a file open."""

    async def run(self) -> AsyncGenerator[Any, Any]:
        yield "lines:"
        async for line in self.lines():
            yield line


@violates(
    "AG009",
    GENERATOR,
    released=holds_nothing,
    says="at its end, it is not released: it left the generator lines to the garbage collector",
)
class LooksForItsLastLine(Reader):
    """Leaves a loop as soon as it found what it looks for, and is at its end."""

    async def run(self) -> AsyncGenerator[Any, Any]:
        yield "lines:"
        async for line in self.lines():
            if line == 1:
                return


@conforms("AG009", GENERATOR, released=holds_nothing)
class ClosesItsLines(Reader):
    """Closes what it reads from where it may be left."""

    async def run(self) -> AsyncGenerator[Any, Any]:
        yield "lines:"
        async with aclosing(self.lines()) as lines:
            async for line in lines:
                yield line
                if line == 1:
                    break


@conforms("AG009", GENERATOR, released=holds_nothing, backends=ASYNCIO)
class LetsATaskReadOn(Reader):
    """Its reader is a task of its own, which needs a turn to let go."""

    async def run(self) -> AsyncGenerator[Any, Any]:
        yield "lines:"
        task = asyncio.ensure_future(self.read())
        try:
            await asyncio.sleep(0)
            yield "and so on"
        finally:
            task.cancel()

    async def read(self) -> None:
        self.held = 1
        try:
            await asyncio.sleep(60)
        finally:
            self.held = 0


def doubled(source: Any) -> DoublesWhatItIsGiven:
    return DoublesWhatItIsGiven(source)


@violates(
    "AG010",
    GENERATOR,
    wraps=doubled,
    says="aclose #1, after item 1, returned None, and left its source open",
)
class DoublesWhatItIsGiven(Delegating):
    """Closes its own generator, and not the one below: pydantic/httpx2#1204."""

    def __init__(self, source: Any = None) -> None:
        self.inner = self.run(source or counting())

    async def run(self, source: Any) -> AsyncGenerator[int, Any]:
        async for number in source:
            yield number * 2


def peeking(source: Any) -> AsyncIterator[int]:
    return peeks(source)


@violates(
    "AG010",
    GENERATOR,
    wraps=peeking,
    says="aclose #1, after item 2, returned None, and left its source open",
)
async def peeks(source: Any = None) -> AsyncIterator[int]:
    """Would close its source at its first item, and forgets that at the others."""
    source = source or counting()
    try:
        yield await anext(source)
    except GeneratorExit:
        await source.aclose()
        raise
    async for number in source:
        yield number


def passed_on(source: Any) -> AsyncIterator[int]:
    return passes_on(source)


@conforms("AG010", GENERATOR, wraps=passed_on)
async def passes_on(source: Any = None) -> AsyncIterator[int]:
    """Closes what it was given when it is closed."""
    async with aclosing(source or counting()) as opened:
        async for number in opened:
            yield number


def only_the_first(source: Any) -> AsyncIterator[int]:
    return gives_only_the_first(source)


@conforms("AG010", GENERATOR, wraps=only_the_first)
async def gives_only_the_first(source: Any = None) -> AsyncIterator[int]:
    """Takes one item of its source, and ends behind it."""
    async with aclosing(source or counting()) as opened:
        yield await anext(opened)


def borrowed(source: Any) -> AsyncIterator[int]:
    return borrows(source)


@conforms("AG010", GENERATOR, says="undeclared: wraps= would enable it")
@conforms(
    "AG010", GENERATOR, wraps=borrowed, closes=False, says="not applicable: declared closes=False"
)
async def borrows(source: Any = None) -> AsyncIterator[int]:
    """Leaves its source to its owner: it declares so, or declares nothing."""
    async for number in source or counting():
        yield number


def of_text(source: Any) -> AsyncIterator[str]:
    return selects_text(source)


@conforms("AG010", GENERATOR, wraps=of_text, says="around a generator of numbers it gave no item")
async def selects_text(source: Any = None) -> AsyncIterator[str]:
    """Goes on to the next as long as it is given no text, and does not close what is at its end."""
    async for each in source or _bytes():
        if isinstance(each, str):
            yield each


def decoded(source: Any) -> AsyncIterator[str]:
    return decodes(source)


@conforms("AG010", GENERATOR, wraps=decoded, says="around a generator of numbers it gave no item")
async def decodes(source: Any = None) -> AsyncIterator[str]:
    """Is made for bytes, and fails for numbers."""
    async with aclosing(source or _bytes()) as opened:
        async for each in opened:
            yield each.decode()


async def _bytes() -> AsyncGenerator[bytes, Any]:
    await checkpoint()
    yield b"hello"


@violates(
    "AG008",
    GENERATOR,
    released=holds_nothing,
    says="cancelled by a cancel scope at suspension 1, and closed after that, it is not released",
)
class Stream:
    """Its `finally` awaits, and a cancelled scope cuts it short: sqlalchemy/sqlalchemy#6652."""

    def __init__(self) -> None:
        self.held = 0
        self.steps = self.run()

    async def run(self) -> AsyncIterator[int]:
        self.held = 1
        try:
            for number in range(3):
                await checkpoint()
                yield number
        finally:
            await checkpoint()
            self.held = 0

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Awaitable[int]:
        return self.steps.__anext__()

    def asend(self, value: Any) -> Awaitable[int]:
        return self.steps.asend(value)  # type: ignore[attr-defined,no-any-return]

    def athrow(self, *error: Any) -> Awaitable[int]:
        return self.steps.athrow(*error)  # type: ignore[attr-defined,no-any-return]

    def aclose(self) -> Awaitable[None]:
        return self.steps.aclose()  # type: ignore[attr-defined,no-any-return]


async def _source() -> AsyncIterator[int]:
    for number in range(3):
        await checkpoint()
        yield number


def relayed(source: Any) -> AsyncIterator[int]:
    return relays(source)


@violates(
    "AG010",
    GENERATOR,
    wraps=relayed,
    says="aclose #1, after item 1, returned None, and left its source open",
)
async def relays(source: Any = None) -> AsyncIterator[int]:
    """Leaves its source to the garbage collector: mozilla-ai/any-llm#1315."""
    async for number in source or _source():
        yield number
