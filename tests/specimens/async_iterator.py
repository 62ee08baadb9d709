"""Specimens for the rules about async iterators."""

from __future__ import annotations

import anyio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates

ITERATOR = Protocol.ASYNC_ITERATOR


class Ticker:
    """Counts to three, and suspends before each item: the plain conforming iterator."""

    def __init__(self) -> None:
        self.left = [0, 1, 2]

    def __aiter__(self) -> Ticker:
        return self

    async def __anext__(self) -> int:
        await anyio.lowlevel.checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


@conforms("AI005", ITERATOR, items=[0, 1, 2])
class Sticky(Ticker):
    """Ends, and stays at its end."""


@violates("AI005", ITERATOR)
class StartsAgain(Ticker):
    """Gives items again after its end."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.left = [0, 1, 2]
            raise


@violates("AI005", ITERATOR, items=[1])
class WaitsForTheSentinel:
    """Takes its sentinel once, and waits for ever afterwards."""

    def __init__(self) -> None:
        self.send, self.receive = anyio.create_memory_object_stream[int | None](9)
        self.send.send_nowait(1)
        self.send.send_nowait(None)

    def __aiter__(self) -> WaitsForTheSentinel:
        return self

    async def __anext__(self) -> int:
        value = await self.receive.receive()
        if value is None:
            raise StopAsyncIteration
        return value


@conforms("AI005", ITERATOR, resumable=True)
class DeclaredResumable(StartsAgain):
    """Says that it may go on."""


@conforms("AI005", ITERATOR)
class RaisesAnotherErrorAfterTheEnd(Ticker):
    """Closes itself at its end, as anyio's streams do when they are closed."""

    ended = False

    async def __anext__(self) -> int:
        if self.ended:
            await anyio.lowlevel.checkpoint()
            raise anyio.ClosedResourceError
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.ended = True
            raise


@conforms("AI001", ITERATOR)
class PlainTicker(Ticker):
    """Has its methods in the class."""


@violates("AI001", ITERATOR)
class OnlyOnTheInstance:
    """Has __anext__ as an attribute of the object, where the language does not look."""

    def __init__(self) -> None:
        self.__anext__ = Ticker().__anext__

    def __aiter__(self) -> OnlyOnTheInstance:
        return self
