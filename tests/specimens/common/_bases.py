"""Classes that specimens of several modules are made of."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint


class Polite:
    """A manager without a fault, that does more when its body raised."""

    async def __aenter__(self) -> Self:
        await anyio.lowlevel.checkpoint()
        return self

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if error is not None:
            await self.report()

    async def report(self) -> None:
        """Reports the error."""
        await anyio.sleep(1)


class Job:
    """Something to await."""

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.run().__await__()

    async def run(self) -> Any:
        """What awaiting it does."""
        await checkpoint()


class Session:
    """Something to enter."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()


class Visit(Session):
    """Is left without an await."""

    async def __aexit__(self, *details: object) -> None:
        """Nothing to do."""
