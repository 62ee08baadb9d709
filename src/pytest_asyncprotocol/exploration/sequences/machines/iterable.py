"""What may come of each operation on an async iterable."""

from __future__ import annotations

from pytest_asyncprotocol.exploration.sequences.machines.iterator import IteratorModel
from pytest_asyncprotocol.exploration.sequences.running import Model, Operation, OperationSequence
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import Forbidden
from pytest_asyncprotocol.model.recording import Style
from pytest_asyncprotocol.model.subject import Subject

FIRST_PASS = "AI003"  # noqa: S105
LATER_PASS = "AB005"  # noqa: S105
PASS_BESIDE_ANOTHER = "AB006"  # noqa: S105


class OnePass(IteratorModel):
    """One pass; another one may be open, so that what is held is judged at the end of all."""

    async def expect_released(self, rule: str, when: str) -> None:
        """Nothing."""


class IterableModel(Model):
    """An async iterable: its passes, each of which is an async iterator.

    Only what promises ``reiterable=True`` is asked for a second pass, and only what promises
    ``independent=True`` for one beside another.
    """

    rules = (
        "AB005", "AB006", "AB008", "AI003", "CO001", "CO002", "CO007", "CO021",
    )  # fmt: skip

    step = Operation("anext")

    def __init__(self, case: Case, subject: Subject, style: Style) -> None:
        super().__init__(case, subject, style)
        self.passes: list[OnePass] = []
        self.number = 0

    @staticmethod
    def events(case: Case, subject: Subject) -> OperationSequence:
        """The operations that make sense besides, each as often as it shall weigh."""
        operations = [Operation("anext", at) for at in (1, 1, 2, 3)]
        operations += [Operation("aclose"), Operation("turns"), Operation("time")]
        if case.declared.reiterable:
            operations += [Operation("aiter")] * 3
        if case.declared.independent:
            operations += [Operation("anext of the first")] * 3
        return tuple(operations)

    def forbids_hanging(self, operation: Operation | None) -> str:
        """The rule that forbids *operation*, or the closing at the end, to wait for ever."""
        del operation
        if any(each.cancelled for each in self.passes):
            return "CO021"
        return PASS_BESIDE_ANOTHER if len(self.passes) > 1 else LATER_PASS

    async def aiter(self, operation: Operation) -> None:
        """Begin another pass; the one before is closed, unless both may be open at once."""
        if not self.declared.independent:
            await self.finish()
            self.passes.clear()
        self.number += 1
        iterator = self.subject.aiter()
        self.passes.append(OnePass(self.case, iterator, self.style))

    async def anext(self, operation: Operation) -> None:
        """One step of the last pass."""
        await self._last_pass(operation)

    async def anext_of_the_first(self, operation: Operation) -> None:
        """One step of the pass that was begun first."""
        if self.passes:
            await self._carry_out(self.passes[0], Operation("anext", operation.cancelled_at))

    async def aclose(self, operation: Operation) -> None:
        """Close the last pass, if it can be closed."""
        if self.passes and self.passes[-1].subject.has("aclose"):
            await self._last_pass(operation)

    async def finish(self) -> None:
        """Close all passes; then it holds nothing."""
        for each in self.passes:
            await each.finish()
        if any(each.subject.has("aclose") for each in self.passes):
            cancelled = any(each.cancelled for each in self.passes)
            await self.expect_released("CO021" if cancelled else "AB008", "when all is closed")

    async def _last_pass(self, operation: Operation) -> None:
        if not self.passes:
            await self.aiter(Operation("aiter"))
        await self._carry_out(self.passes[-1], operation)

    async def _carry_out(self, iterator: OnePass, operation: Operation) -> None:
        try:
            await iterator.carry_out(operation)
        except Forbidden as forbidden:
            if forbidden.rule != FIRST_PASS:
                raise
            if len(self.passes) > 1:
                raise Forbidden(PASS_BESIDE_ANOTHER, str(forbidden)) from forbidden
            if self.number > 1:
                raise Forbidden(LATER_PASS, str(forbidden)) from forbidden
            raise
