"""Small iterators and context managers, one right and some broken; also for pytests in tests."""

from __future__ import annotations

from contextlib import suppress
from typing import Self

from anyio.lowlevel import checkpoint


class Ticker:
    """Counts to three, and suspends before each item: the plain conforming iterator."""

    def __init__(self, size: int = 3) -> None:
        self.size, self.left = size, list(range(size))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


class Restarting(Ticker):
    """Gives items again after its end."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.left = list(range(self.size))
            raise


class Swallowing(Ticker):
    """Swallows cancellation, and whatever else is raised."""

    async def __anext__(self) -> int:
        with suppress(BaseException):
            await checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


class Room:
    """Enters and leaves, and suspends each time."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()
