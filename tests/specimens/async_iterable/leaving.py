"""Specimens: a pass over an async iterable that is left early."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens._bases import Holder
from tests.subjects import Ticker

ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR


class Connection:
    """Counts what it has open."""

    open = 0

    async def receive(self) -> AsyncIterator[int]:
        """Is open as long as it is iterated."""
        self.open += 1
        try:
            for item in range(3):
                await anyio.lowlevel.checkpoint()
                yield item
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.lowlevel.checkpoint()
            self.open -= 1


def is_closed(connection: Connection) -> bool:
    """Whether nothing is open."""
    return connection.open == 0


async def is_closed_by_and_by(connection: Connection) -> bool:
    """Whether nothing is open, as something that has to be awaited."""
    await anyio.lowlevel.checkpoint()
    return connection.open == 0


@conforms("AB008", ITERABLE, released=is_closed)
class CanBeClosed(Connection):
    """Gives an async generator, whose aclose() releases."""

    def __aiter__(self) -> Any:
        return self.receive()


@conforms("AB008", ITERABLE, released=is_closed_by_and_by)
class CanBeAskedOnly(CanBeClosed):
    """Has to be awaited to say whether it is released."""


class Hidden:
    """An iterator around an async generator, without an aclose()."""

    def __init__(self, inner: AsyncIterator[int]) -> None:
        self.inner = inner

    def __aiter__(self) -> Hidden:
        return self

    async def __anext__(self) -> int:
        return await self.inner.__anext__()


@violates(
    "AB008",
    ITERABLE,
    released=is_closed,
    says=(
        "left after one item, it is not released, and there is no way to close it: neither "
        "aclose() nor `async with`"
    ),
)
class CannotBeClosed(Connection):
    """Hides its generator, so that nobody can close it."""

    def __aiter__(self) -> Any:
        self.inner = self.receive()
        return Hidden(self.inner)


class ClosesNothing(Hidden):
    """An iterator around an async generator, with an aclose() for the looks of it."""

    async def aclose(self) -> None:
        """Does nothing."""


@violates(
    "AB008",
    ITERABLE,
    released=is_closed,
    says="left after one item and closed by aclose(), it is not released",
)
class ClosingDoesNotRelease(Connection):
    """Gives an iterator whose aclose() does nothing."""

    def __aiter__(self) -> Any:
        self.inner = self.receive()
        return ClosesNothing(self.inner)


@conforms("AB008", ITERABLE, released=is_closed)
class IsAContextManager(CannotBeClosed):
    """Hides its generator, and closes it at the end of `async with`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.inner.aclose()  # type: ignore[attr-defined]


class HiddenInAContext(Hidden):
    """An iterator around an async generator, to be used by `async with`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.inner.aclose()  # type: ignore[attr-defined]


@conforms("AB008", ITERABLE, released=is_closed)
class IteratorIsAContextManager(Connection):
    """Gives an iterator that is to be used by `async with`."""

    def __aiter__(self) -> Any:
        return HiddenInAContext(self.receive())


@conforms("AB008", ITERABLE, released=is_closed)
class CannotBeEntered(CanBeClosed):
    """Has half of what an async context manager needs, which nobody can use."""

    async def __aexit__(self, *details: object) -> None:
        """Never called."""


@conforms("AB008", ITERABLE, released=is_closed)
class ClosedByTheIterable(CannotBeClosed):
    """Hides its generator, and closes it in an aclose() of its own."""

    async def aclose(self) -> None:
        """Closes what was given."""
        with contextlib.suppress(AttributeError):
            await self.inner.aclose()  # type: ignore[attr-defined]


class Handle:
    """Something that an iterator holds."""

    open = False


@conforms("AB008", ITERATOR, released=lambda iterator: not iterator.handle.open)
class LetsGo(Ticker):
    """Lets go of its handle when it is closed, or has come to its end."""

    def __init__(self) -> None:
        super().__init__()
        self.handle = Handle()

    async def __anext__(self) -> int:
        self.handle.open = True
        try:
            return await super().__anext__()
        except BaseException:
            self.handle.open = False
            raise

    async def aclose(self) -> None:
        """Close."""
        self.left.clear()
        self.handle.open = False


@violates(
    "AB008",
    ITERATOR,
    released=lambda iterator: not iterator.handle.open,
    says="left after one item and closed by aclose(), it is not released",
)
class ForgetsItsHandle(LetsGo):
    """Ends when it is closed, and keeps its handle."""

    async def aclose(self) -> None:
        """Close, in a way."""
        self.left.clear()


@violates(
    "AB008",
    ITERABLE,
    released=lambda pages: pages.held == 0,
    says="left after one item and closed by aclose(), it is not released",
)
class Pages(Holder):
    """Opens its connection late, and lets nobody close it: opentelemetry-python-contrib#4710."""

    def __aiter__(self) -> AsyncIterator[int]:
        return self.pages()

    async def pages(self) -> AsyncIterator[int]:
        self.held += 1
        for number in range(3):
            await checkpoint()
            yield number
        self.held -= 1
