"""Classes that specimens of several modules are made of."""

from __future__ import annotations

from typing import Any, Self

import anyio


class Session:
    """Enters and leaves, and suspends each time: the plain conforming manager."""

    async def __aenter__(self) -> Any:
        await anyio.lowlevel.checkpoint()
        return self

    async def __aexit__(self, kind: object, error: object, traceback: object) -> Any:
        await anyio.lowlevel.checkpoint()


class Slot:
    """Takes a slot on entry, and gives it back at its exit, even if that is cancelled."""

    taken = 0

    async def __aenter__(self) -> Self:
        await anyio.lowlevel.checkpoint()
        self.taken += 1
        return self

    async def __aexit__(self, kind: object, *details: object) -> None:
        try:
            await anyio.lowlevel.checkpoint()
        finally:
            self.taken -= 1


def is_free(slot: Any) -> bool:
    """What the specimens with a slot declare as released."""
    return slot.taken == 0


class Prompt(Session):
    """Leaves without a suspension, where a cancellation could take the place of an error."""

    async def __aexit__(self, *details: object) -> None:
        """Nothing to wait for."""
