"""What an async iterator gives after one of its steps was cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_iterator.ending import alike, as_declared, is_declared_end


@dataclass(frozen=True, slots=True)
class Resumed:
    """One pass in which a step was cancelled: its items before that, and all that came after."""

    run: CancelledRun
    before: list[Any]
    after: Pass

    @property
    def items(self) -> list[Any]:
        """All items of the pass."""
        return [*self.before, *self.after.items]

    @property
    def stopped(self) -> bool:
        """Whether the pass came to StopAsyncIteration."""
        return self.after.end is not None and self.after.end.stopped

    def failed(self, case: Case) -> bool:
        """Whether the pass came to an end that nobody declared."""
        return self.after.end is not None and not is_declared_end(case, self.after.end)

    def __str__(self) -> str:
        end = "" if self.after.end is None else f", then {self.after.end}"
        return (
            f"{self.run.where}, and used again after that, it gave {describe(self.items)} in "
            f"all{end}"
        )


@rule("AI008", "no-item-lost", Level.SHOULD, enabled_by=("cancel_safe",))
async def no_item_lost(case: Case) -> None:
    """A step that was cancelled loses no item, and repeats none.

    Enabled by ``cancel_safe=True`` together with a list of ``items=``. Each suspension of a pass
    is cancelled in a run of its own, and the same object is then used to its end: together that
    gives the declared items. One that simply ends is for AI009 to report.

    Why:
        ``asyncio.timeout`` around ``anext()`` drops messages now and then, and nobody notices.

    In practice:
        The item is taken from the queue before the last ``await`` of ``__anext__``.

    Advice:
        Take the item after the last ``await``, or put it back where the await is cancelled.

    Source:
        Trio, "Cancellation and primitive operations":
        https://trio.readthedocs.io/en/stable/reference-core.html#cancellation-and-primitive-operations
    """
    expected = case.declared.listed_items
    if expected is None:
        raise NotApplicable("items= is not declared as a list")
    _expect_promise(case)
    first_part = _FirstPart(most_items(case))
    async for run in Sweep(case, [first_part], counts=_came_out):
        if not _came_out(run):
            continue
        resumed = await first_part.resumed(run)
        whole = resumed.items[: len(expected)] if case.declared.infinite else resumed.items
        if not as_declared(case, whole) and not _only_ended(resumed, case):
            raise Violation(f"{resumed}; expected {describe(list(expected))}")
        if resumed.failed(case):
            raise Violation(f"{resumed}; expected the end")


# What hangs after a cancellation, or has lost items when it ends, has broken AI008.
@rule(
    "AI009", "no-silent-end", Level.SHOULD, requires=("CO010", "AI008"), enabled_by=("cancel_safe",)
)
async def no_silent_end(case: Case) -> None:
    """A step that was cancelled is not turned into a silent end.

    Enabled by ``cancel_safe=True``. After a step was cancelled, the next one gives an item or
    raises an error; it raises StopAsyncIteration only where no item is left. Every generator
    function breaks this, since an exception inside its body finishes it.

    Why:
        A stream that a time-out interrupted looks as if it had come to its regular end.

    In practice:
        ``asyncio.wait_for(anext(generator), 1)`` in a loop.

    Advice:
        Write a class with ``__anext__``, or read from the generator in a task of its own.

    Source:
        Python language reference, 6.2.9.4 "Asynchronous generator-iterator methods":
        https://docs.python.org/3/reference/expressions.html#asynchronous-generator-iterator-methods
    """
    _expect_promise(case)
    count = await _number_of_items(case)
    first_part = _FirstPart(most_items(case))
    async for run in Sweep(case, [first_part], counts=_came_out):
        if not _came_out(run):
            continue
        resumed = await first_part.resumed(run)
        if resumed.stopped and len(resumed.items) < count:
            raise Violation(f"{resumed}; expected {count - len(resumed.items)} more, or an error")


class _FirstPart:
    """A scenario: a pass whose ``items`` are kept until it is cancelled."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.items: list[Any] = []

    async def __call__(self, case: Case, subject: Subject) -> None:
        self.items = []
        while len(self.items) < self.most:
            outcome = await subject.anext()
            if not outcome.returned:
                return
            self.items.append(outcome.value)

    async def resumed(self, run: CancelledRun) -> Resumed:
        """Go on with the pass, and return all of it."""
        after = await take(run.subject, self.most - len(self.items))
        return Resumed(run, self.items, after)


def _came_out(run: CancelledRun) -> bool:
    return run.delivered and run.cancelled


def _expect_promise(case: Case) -> None:
    if not case.declared.cancel_safe:
        raise NotApplicable("declared cancel_safe=False")


async def _number_of_items(case: Case) -> int:
    taken = await drain(case, await case.fresh())
    await case.tear_down()
    return len(taken.items)


def _only_ended(resumed: Resumed, case: Case) -> bool:
    """Whether it gave what it should until it ended too early."""
    if not resumed.stopped:
        return False
    if not case.declared.ordered:
        return not resumed.after.items
    given = resumed.items
    return alike(given, case.declared.items[: len(given)])
