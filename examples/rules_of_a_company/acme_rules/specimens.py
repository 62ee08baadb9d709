"""Small classes that break one of our rules and nothing else, and others that keep them all."""

from __future__ import annotations

from typing import Self

from anyio.lowlevel import checkpoint

from pytest_asyncprotocol.testing import Protocol, conforms, violates


@violates("ACME001", Protocol.ASYNC_ITERATOR, items=[0, 1, 2])
class OpenEnded:
    """It cannot be closed at all, which the language allows."""

    def __init__(self) -> None:
        self.left = [2, 1, 0]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop()


@violates("ACME001", Protocol.ASYNC_ITERATOR, items=[0, 1, 2])
class TakesItsTime(OpenEnded):
    """It can be closed, and knows no limit."""

    async def aclose(self) -> None:
        """Give no more items."""
        self.left.clear()


@conforms("ACME001", Protocol.ASYNC_ITERATOR, items=[0, 1, 2])
class Feed(OpenEnded):
    """It can be closed within a time limit."""

    async def aclose(self, timeout: float = 5.0) -> None:
        """Give no more items."""
        del timeout
        self.left.clear()


@conforms("ACME002", Protocol.ASYNC_CONTEXT_MANAGER)
class Session:
    """It says when it is closed."""

    closed = True

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.closed = False
        return self

    async def __aexit__(self, *details: object) -> None:
        self.closed = True
        await checkpoint()


@violates("ACME002", Protocol.ASYNC_CONTEXT_MANAGER)
class OpenForEver(Session):
    """It never says so."""

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()


@violates("ACME002", Protocol.ASYNC_CONTEXT_MANAGER)
class OpenAfterAnError(Session):
    """It says so where all went well."""

    async def __aexit__(self, *details: object) -> None:
        self.closed = details[0] is None
        await checkpoint()
