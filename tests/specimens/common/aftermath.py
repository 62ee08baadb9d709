"""Specimens: what a cancellation leaves behind, whatever the protocol."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates

AWAITABLE = Protocol.AWAITABLE
ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER


class Holder:
    """Counts what it holds."""

    held = 0


def holds_nothing(holder: Any) -> bool:
    return holder.held == 0


class Request(Holder):
    """Holds a connection while it waits for the answer."""

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        self.held += 1
        try:
            await checkpoint()
        finally:
            self.held -= 1
        return 1


@conforms("CO021", AWAITABLE, returns=1, released=holds_nothing)
class GivesBack(Request):
    """The plain conforming one."""


@violates(
    "CO021",
    AWAITABLE,
    returns=1,
    released=holds_nothing,
    says="used in a scope that was cancelled before, it keeps what it acquired",
)
class GivesBackAnswered(Request):
    """Gives its connection back behind the await: encode/httpcore#830."""

    async def run(self) -> int:
        self.held += 1
        await checkpoint()
        self.held -= 1
        return 1


@violates(
    "CO021",
    AWAITABLE,
    returns=1,
    released=holds_nothing,
    says=(
        "cancelled at suspension 2, and closed after that, it keeps what it acquired: "
        "released= is false"
    ),
)
class GivesBackAfterErrors(Request):
    """Forgets at its second await that not only errors come."""

    async def run(self) -> int:
        await checkpoint()
        self.held += 1
        try:
            await checkpoint()
        except Exception:
            self.held -= 1
            raise
        self.held -= 1
        return 1


class Feed:
    """Takes its turn, reads, and gives its turn back."""

    def __init__(self) -> None:
        self.items = iter((1, 2))
        self.lock = anyio.Lock()
        self.reading = anyio.Event()
        self.reading.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        async with self.lock:
            await checkpoint()
            return self.take()

    def take(self) -> int:
        for item in self.items:
            return item
        raise StopAsyncIteration

    async def aclose(self) -> None:
        async with self.lock:
            self.items = iter(())


@conforms("CO021", ITERATOR, items=[1, 2], closes=True)
class TakesTurns(Feed):
    """Its lock is given back by whoever is cancelled."""


@violates(
    "CO021",
    ITERATOR,
    items=[1, 2],
    closes=True,
    says=(
        "aclose #1 hangs: it waits at ... in WaitsForWhoWasCancelled.aclose for "
        "Event.wait, and nothing is left that could wake it"
    ),
)
class WaitsForWhoWasCancelled(Feed):
    """Its close waits for a reader who said only at a good end that he had finished."""

    async def __anext__(self) -> int:
        self.reading = anyio.Event()
        await checkpoint()
        self.reading.set()
        return self.take()

    async def aclose(self) -> None:
        await self.reading.wait()
        await super().aclose()


class Session(Holder):
    """Can be used again."""

    busy = False

    async def __aenter__(self) -> Self:
        if self.busy:
            raise RuntimeError("in use")
        self.busy = True
        try:
            await checkpoint()
        except BaseException:
            self.busy = False
            raise
        return self

    async def __aexit__(self, *details: object) -> None:
        self.busy = False
        await checkpoint()


@conforms("CO021", MANAGER, reuse="reusable")
class CanBeUsedAgain(Session):
    """Whatever became of its last use."""


@violates(
    "CO021",
    MANAGER,
    reuse="reusable",
    says="used again after it was cancelled, __aenter__ #2 raised RuntimeError: in use",
)
class IsBusyForEver(Session):
    """An entry that was cancelled counts as one that is on its way."""

    async def __aenter__(self) -> Self:
        if self.busy:
            raise RuntimeError("in use")
        self.busy = True
        await checkpoint()
        return self


@conforms("CO021", MANAGER, reuse="single-use")
class IsDeadOnceCancelled(Session):
    """A manager for one use may be of no use after a cancellation."""

    async def __aenter__(self) -> Self:
        if self.busy:
            raise RuntimeError("it was used")
        self.busy = True
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()


class Pages:
    """Gives iterators that hold a connection each."""

    def __init__(self) -> None:
        self.held = 0

    def __aiter__(self) -> Reader:
        return Reader(self)


class Reader:
    """Holds a connection from its first step until it is closed."""

    def __init__(self, pages: Pages) -> None:
        self.pages = pages
        self.items = iter((1, 2))
        self.connected = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        if not self.connected:
            self.pages.held += 1
            self.connected = True
        await checkpoint()
        for item in self.items:
            return item
        await self.aclose()
        raise StopAsyncIteration

    async def aclose(self) -> None:
        if self.connected:
            self.connected = False
            self.pages.held -= 1


@conforms("CO021", ITERABLE, items=[1, 2], released=holds_nothing)
def pages() -> Pages:
    """What a cancelled step holds is released by the close."""
    return Pages()


class ForgetfulPages(Pages):
    """Its iterators note that they are connected when the answer is there."""

    def __aiter__(self) -> ForgetfulReader:
        return ForgetfulReader(self)


class ForgetfulReader(Reader):
    """Has connected when the answer is there, or so it notes."""

    async def __anext__(self) -> int:
        if not self.connected:
            self.pages.held += 1
            await checkpoint()
            self.connected = True
        return await super().__anext__()


@violates(
    "CO021",
    ITERABLE,
    items=[1, 2],
    released=holds_nothing,
    says="used in a scope that was cancelled before, it keeps what it acquired",
)
def forgetful_pages() -> ForgetfulPages:
    """A connection is lost where the first step is cancelled."""
    return ForgetfulPages()
