"""What an async iterator gives after one of its steps was cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pytest_asyncprotocol.exploration.cancellation import (
    POINTS,
    STYLES,
    CancelledRun,
    cancelled_at,
)
from pytest_asyncprotocol.exploration.uses import Pass, drain, most_items, take
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NotApplicable, Vacuous, Violation
from pytest_asyncprotocol.model.rule import Level, rule
from pytest_asyncprotocol.model.subject import Subject
from pytest_asyncprotocol.model.text import describe
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

    def judge(resumed: Resumed) -> None:
        whole = resumed.items[: len(expected)] if case.declared.infinite else resumed.items
        if not as_declared(case, whole) and not _only_ended(resumed, case):
            raise Violation(f"{resumed}; expected {describe(list(expected))}")
        if resumed.failed(case):
            raise Violation(f"{resumed}; expected the end")

    await cancel_and_resume(case, judge)


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

    def judge(resumed: Resumed) -> None:
        if resumed.stopped and len(resumed.items) < count:
            raise Violation(f"{resumed}; expected {count - len(resumed.items)} more, or an error")

    await cancel_and_resume(case, judge)


async def cancel_and_resume(case: Case, judge: Callable[[Resumed], None]) -> None:
    """Cancel a pass of a fresh subject at each of its suspensions, and go on with that subject.

    Raises:
        Vacuous: no cancellation came out of a step.
    """
    most = most_items(case)
    for style in STYLES[case.library]:
        for point in POINTS:
            before: list[Any] = []
            run = await cancelled_at(point, style, case, _collecting(before, most))
            if run is not None and run.delivered and run.cancelled:
                case.points += 1
                judge(Resumed(run, before, await take(run.subject, most - len(before))))
            await case.tear_down()
            if run is None:
                break
    if not case.points:
        raise Vacuous("nothing ever suspended, so no cancellation could be delivered")


def _collecting(items: list[Any], most: int) -> Callable[[Case, Subject], Any]:
    async def collect(case: Case, subject: Subject) -> None:
        del case
        for _ in range(most):
            outcome = await subject.anext()
            if not outcome.returned:
                return
            items.append(outcome.value)

    return collect


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
