"""Classes that specimens of several modules are made of."""

from __future__ import annotations

from collections.abc import AsyncIterator

import anyio


class Numbers:
    """An async iterator over 0, 1, 2 that suspends before each."""

    def __init__(self) -> None:
        self.left = [0, 1, 2]

    def __aiter__(self) -> Numbers:
        return self

    async def __anext__(self) -> int:
        await anyio.lowlevel.checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


class Generating:
    """Has an async __aiter__ that yields, so that its call gives an async generator."""

    async def __aiter__(self) -> AsyncIterator[int]:
        for item in range(3):
            await anyio.lowlevel.checkpoint()
            yield item
