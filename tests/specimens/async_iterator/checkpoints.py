"""Specimens: the steps of an async iterator as suspension points."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Self

import anyio
from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.subjects import Ticker

GENERATOR = Protocol.ASYNC_GENERATOR
ITERATOR = Protocol.ASYNC_ITERATOR


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


@conforms("AI015", ITERATOR, items=[0, 1, 2], checkpoints=True)
class SuspendsAlways(Ticker):
    """Suspends in each step."""


@conforms("AI015", ITERATOR, items=[0, 1, 2], checkpoints=True)
class EndsAtOnce(Ticker):
    """Suspends before each item, and not before its end: so does trio's memory channel."""

    async def __anext__(self) -> int:
        if not self.left:
            raise StopAsyncIteration
        return await super().__anext__()


@conforms("AI015", ITERATOR, items=[0, 1, 2], says="undeclared: checkpoints= would enable it")
class ServesWhatIsBuffered(Ticker):
    """Does not suspend where it has something, and nobody said that it would: StreamReader."""

    async def __anext__(self) -> int:
        if not self.left:
            await checkpoint()
            raise StopAsyncIteration
        return self.left.pop(0)


@conforms("AI015", GENERATOR, items=[0, 1], checkpoints=True)
async def suspends_at_each_item() -> AsyncIterator[int]:
    """Is cancelled in its first step, and ends by that."""
    for number in range(2):
        await checkpoint()
        yield number


@violates(
    "AI015",
    GENERATOR,
    items=[0, 1, 2],
    checkpoints=True,
    says="__anext__ #2 returned 1 without having suspended",
)
async def suspends_once() -> AsyncIterator[int]:
    """Gives a page, item by item, without a suspension."""
    await checkpoint()
    for number in range(3):
        yield number


@violates(
    "AI015",
    ITERATOR,
    infinite=True,
    checkpoints=True,
    says="__anext__ #1 returned 1 without having suspended",
)
class Greedy:
    """Counts, and gives nobody else a turn."""

    number = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        self.number += 1
        return self.number


@violates(
    "AI015",
    ITERATOR,
    items=[0, 1, 2],
    checkpoints=True,
    shows_on=("trio",),
    says=(
        "__anext__ #2, in a scope that was cancelled before, returned 1; expected the "
        "cancellation to come out"
    ),
)
class LetsNobodyCancel(Ticker):
    """Gives others a turn, and shuts the cancellation out behind its first item."""

    async def __anext__(self) -> int:
        if len(self.left) == 3:
            await checkpoint()
        await cancel_shielded_checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


@violates(
    "AI015",
    ITERATOR,
    items=[1, 2],
    checkpoints=True,
    says="__anext__ #2 returned 2 without having suspended",
)
class ServesFromItsBuffer:
    """What is in its buffer comes without a suspension: agronholm/anyio#1107."""

    def __init__(self) -> None:
        self.buffer: list[int] = []
        self.fetched = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        if not self.buffer and not self.fetched:
            await checkpoint()
            self.buffer, self.fetched = [1, 2], True
        elif not self.buffer:
            await checkpoint()
            raise StopAsyncIteration
        return self.buffer.pop(0)
