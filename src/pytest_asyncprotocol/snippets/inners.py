"""Small objects for wrappers to wrap."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Self

from pytest_asyncprotocol.snippets.anywhere import shown
from pytest_asyncprotocol.snippets.on_asyncio import turns


async def giving(value: object, *, suspends: bool) -> object:
    """An awaitable to wrap."""
    if suspends:
        await turns(1)
    return value


async def items() -> AsyncGenerator[int]:
    """A generator to wrap."""
    try:
        for number in range(100):
            await turns(1)
            yield number
    finally:
        await turns(1)
        print("its source was cleaned up")


class Source:
    """An iterator to wrap."""

    def __init__(self, *items: Any) -> None:
        self.left = list(items)

    def __aiter__(self) -> Source:
        return self

    async def __anext__(self) -> Any:
        await turns(1)
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)

    async def aclose(self) -> None:
        self.left.clear()


class Inner:
    """A manager to wrap, which suppresses the exception of its body."""

    async def __aenter__(self) -> Self:
        await turns(1)
        print("the wrapped manager was entered")
        return self

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        kind = getattr(kind, "__name__", kind)
        trace = "no" if traceback is None else "a"
        print(f"the wrapped manager was told of: {kind}, {shown(error)}, {trace} traceback")
        await turns(1)
        return error is not None
