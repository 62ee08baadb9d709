"""Classes that specimens of several modules are made of."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import anyio


async def counting() -> AsyncGenerator[int, Any]:
    """Counts to three, and suspends before each item: the plain conforming generator."""
    for number in range(3):
        await anyio.lowlevel.checkpoint()
        yield number


class Delegating(AsyncGenerator[Any, Any]):
    """Passes all methods on to a generator function's object."""

    def __init__(self) -> None:
        self.inner = counting()

    async def asend(self, value: Any) -> Any:
        """Send to the inner generator."""
        return await self.inner.asend(value)

    async def athrow(self, *details: Any) -> Any:
        """Throw into the inner generator."""
        return await self.inner.athrow(*details)

    async def aclose(self) -> None:
        """Close the inner generator."""
        await self.inner.aclose()
