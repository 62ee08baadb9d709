"""What may come of each operation on an async generator: those of an iterator, and more."""

from __future__ import annotations

from typing import ClassVar

from pytest_asyncprotocol.exploration.bodies import BodyError
from pytest_asyncprotocol.exploration.sequences.machines.iterator import IteratorModel, Phase
from pytest_asyncprotocol.exploration.sequences.running import Operation, OperationSequence
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.subject import Subject


class GeneratorModel(IteratorModel):
    """An async generator: an async iterator that takes values and exceptions."""

    rules: ClassVar[tuple[str, ...]] = (*IteratorModel.rules, "AG004")

    @staticmethod
    def events(case: Case, subject: Subject) -> OperationSequence:
        """The operations that make sense besides, each as often as it shall weigh."""
        more = [Operation("asend"), Operation("asend"), Operation("asend", 1)]
        more += [Operation("athrow"), Operation("athrow", 1)]
        return (*IteratorModel.events(case, subject), *more)

    def forbids_hanging(self, operation: Operation | None) -> str:
        """The rule that forbids *operation*, or the closing at the end, to wait for ever."""
        if operation is not None and operation.name == "athrow":
            return "CO021" if self.cancelled else "AG004"
        return super().forbids_hanging(operation)

    async def asend(self, operation: Operation) -> None:
        """``asend(None)``, which is a step."""
        if not self._has_more(1):
            return
        outcome = await self.call(lambda: self.subject.asend(None), operation)
        if outcome is None:
            self._lose_track()
        else:
            self._judge(outcome)

    async def athrow(self, operation: Operation) -> None:
        """``athrow()`` of an exception; what it raises ends the generator."""
        if not self._has_more(1):
            return
        error = BodyError()
        outcome = await self.call(lambda: self.subject.athrow(error), operation)
        self._lose_track()
        self.certain = False
        if outcome is None or self.phase in (Phase.ENDED, Phase.CLOSED):
            return
        if not outcome.returned:
            self.phase = Phase.ENDED if outcome.stopped else Phase.FAILED
