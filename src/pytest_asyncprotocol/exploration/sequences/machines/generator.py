"""The state machine of an async generator: that of an iterator, and more."""

from __future__ import annotations

from typing import ClassVar

from pytest_asyncprotocol.exploration.bodies import BodyError
from pytest_asyncprotocol.exploration.sequences.machines.iterator import IteratorMachine, Phase
from pytest_asyncprotocol.exploration.sequences.operations import Operation


class GeneratorMachine(IteratorMachine):
    """An async generator: an async iterator that takes values and exceptions."""

    rules: ClassVar[tuple[str, ...]] = (*IteratorMachine.rules, "AG004")

    @Operation(weight=2, cancel_at=(1,))
    async def asend(self, at: int = 0) -> None:
        """``asend(None)``, which is a step."""
        await self._step(lambda: self.subject.asend(None), at)

    @Operation(cancel_at=(1,), hangs="AG004")
    async def athrow(self, at: int = 0) -> None:
        """``athrow()`` of an exception; what it raises ends the generator."""
        if not self._has_more(1):
            return
        error = BodyError()
        outcome = await self.call(lambda: self.subject.athrow(error), at)
        self._lose_track()
        self.certain = False
        over = self.phase in (Phase.ENDED, Phase.CLOSED)
        if outcome is not None and not outcome.returned and not over:
            self.phase = Phase.ENDED if outcome.stopped else Phase.FAILED
