"""The other side of a connection, as the classes with faults and their demonstrations share it."""

from __future__ import annotations

from collections.abc import Callable

import anyio
from anyio.lowlevel import checkpoint


def _ignore(what: str) -> None:
    del what


class Peer:
    """Answers what it is asked, after a turn of the event loop.

    ``asked`` is told of each question when it is put, so that a demonstration can cancel there.
    While there is an event ``quiet``, answers wait for it.
    """

    def __init__(self) -> None:
        self.asked: Callable[[str], object] = _ignore
        self.quiet: anyio.Event | None = None

    async def answer(self, what: str) -> None:
        self.asked(what)
        await checkpoint()
        if self.quiet is not None:
            await self.quiet.wait()
