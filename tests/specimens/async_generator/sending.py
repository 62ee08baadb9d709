"""Specimens: what an async generator answers to what is sent and thrown into it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_generator._bases import Delegating

GENERATOR = Protocol.ASYNC_GENERATOR


SUMS = {"sends": [(1, 1), (2, 3)], "throws": (ValueError, 0)}


@conforms("AG013", GENERATOR, **SUMS)
async def sums() -> AsyncIterator[int]:
    """Adds up what it is sent, and starts afresh at ValueError."""
    total = 0
    for _ in range(5):
        try:
            total += (yield total) or 0
        except ValueError:
            total = 0
        await checkpoint()


@violates("AG013", GENERATOR, **SUMS, says="asend(1) returned 0; expected 1, which sends= declares")
async def relays_by_a_loop() -> AsyncIterator[int]:
    """Takes its items by `async for`, where nothing that is sent arrives."""
    async for each in sums():
        yield each


@violates("AG013", GENERATOR, **SUMS, says="asend(2) returned 2; expected 3, which sends= declares")
async def forgets_its_sum() -> AsyncIterator[int]:
    """Answers only what was sent first."""
    total = sent = 0
    for _ in range(5):
        try:
            sent = yield total
        except ValueError:
            sent = total = 0
        await checkpoint()
        total = sent or 0


@violates(
    "AG013",
    GENERATOR,
    **SUMS,
    says="athrow(ValueError) raised ValueError: thrown in; expected 0, which throws= declares",
)
async def ends_where_it_should_start_afresh() -> AsyncIterator[int]:
    """Lets out what is thrown in."""
    total = 0
    for _ in range(5):
        total += (yield total) or 0
        await checkpoint()


@violates(
    "AG013",
    GENERATOR,
    sends=[("a", "A")],
    says="__anext__ #1 raised StopAsyncIteration; expected a first item, to answer to",
)
async def has_nothing_to_answer_to() -> AsyncIterator[str]:
    """Ends before a first item."""
    await checkpoint()
    for word in ():
        yield word


@conforms("AG013", GENERATOR, **SUMS)
class PassesSumsOn(Delegating):
    """Passes on what is sent and thrown."""

    def __init__(self) -> None:
        self.inner = sums()


class Reset(Exception):
    """Takes no arguments."""

    def __init__(self) -> None:
        super().__init__("reset")


@conforms("AG013", GENERATOR, throws=(Reset, None))
async def answers_by_none() -> AsyncIterator[None]:
    """Answers None, and then ends."""
    try:
        yield None
    except Reset:
        await checkpoint()
        yield None
