"""Classes that specimens of several modules are made of."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

import anyio


async def work(result: Any = 42) -> Any:
    """Suspends once, and gives *result*."""
    await anyio.lowlevel.checkpoint()
    return result


class Steps:
    """Another awaitable's iterator, by hand and with all that it takes."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.inner: Any = awaitable.__await__()

    def __await__(self) -> Steps:
        return self

    def __iter__(self) -> Steps:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        return self.inner.send(value)

    def throw(self, error: Any, *details: Any) -> Any:
        return self.inner.throw(error)

    def close(self) -> None:
        self.inner.close()
