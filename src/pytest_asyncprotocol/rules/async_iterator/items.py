"""Which items an async iterator may give, and what may end it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_iterator._source import Source, holds
from pytest_asyncprotocol.rules.async_iterator.ending import alike

NUMBERS = tuple(range(1001, 1009))
"""Items that a wrapper may count with, and that nothing else is identical with."""

MOST_FOR_EACH = 4
"""Items that a wrapper gives for each one of its source, at most, until it counts as endless."""


@rule("AI010", "any-value-is-an-item", Level.SHOULD, enabled_by=("wraps",))
async def any_value_is_an_item(case: Case) -> None:
    """Every value is a legal item: falsy ones, None, tuples, and exceptions.

    ``wraps=`` takes an iterator of three items, the second of which is 0, "", None, an empty or a
    full tuple, a ValueError or a StopAsyncIteration object, one after the other. None of these
    ends what ``wraps=`` makes before its source has come to its end, nor is raised by it. It may
    leave such an item out, as a filter does, and may raise an error where it can do nothing with
    it. One that by contract ends at such an item should not declare ``wraps=``.

    Why:
        The loop ends at the first empty line or zero, and the rest of the data is missing.

    In practice:
        ``if not item: raise StopAsyncIteration``; None, or an exception, put into a queue to say
        that it is over.

    Advice:
        Compare with a sentinel object of your own: ``if item is _END``.

    Source:
        Python language reference, 3.4.3 "Asynchronous Iterators" (only StopAsyncIteration ends):
        https://docs.python.org/3/reference/datamodel.html#object.__anext__
    """
    plain = await _around(case, NUMBERS[:3])
    if not plain.ended:
        raise Vacuous(f"around an iterator of three numbers it {plain}")
    for value in _values():
        run = await _around(case, (NUMBERS[0], value, NUMBERS[2]))
        if run.raised(value):
            raise Violation(f"it raised {describe(value)}, which was an item of its source")
        lost = plain.passes_on and not holds(run.taken.items, NUMBERS[2])
        if run.stopped and (lost or not run.source.ended):
            raise Violation(
                f"{describe(value)} as an item of its source ended it: of three items it gave "
                f"{describe(run.taken.items)}"
            )


# What ends at an item of its source is AI010's.
@rule(
    "AI011", "inner-end-contained", Level.SHOULD, requires=("CO010", "AI010"), enabled_by=("wraps",)
)
async def inner_end_contained(case: Case) -> None:
    """The StopAsyncIteration of an inner iterator does not end the outer one by accident.

    ``wraps=`` takes iterators of one to eight numbers. Where the StopAsyncIteration of such a
    source comes out of what ``wraps=`` makes of it, as that very object, no item may be lost that
    was taken from the source, and that comes out when the source is longer. And what makes one
    iterator out of an iterator of iterators does not end with the first of these. An
    iterator that ends with its source, catches that to end, or turns it into an error, is right.

    Why:
        The last batch is missing, or every page but the first, and nothing says so.

    In practice:
        ``[await anext(self.source) for _ in range(self.size)]`` in ``__anext__``: the source ends
        in the midst of a batch. In a generator the same is a RuntimeError.

    Advice:
        Catch StopAsyncIteration around each ``anext()``, or read the source by ``async for``.

    Source:
        PEP 525, "Asynchronous Generators" (for generators; a class has to do it itself):
        https://peps.python.org/pep-0525/#support-for-asynchronous-iteration-protocol
    """
    runs = [await _around(case, NUMBERS[:count]) for count in range(1, len(NUMBERS) + 1)]
    if all(run.failed for run in runs):
        await _expect_all_pages(case)
        return
    if not any(run.stopped for run in runs):
        raise Vacuous("around iterators of numbers it never came to StopAsyncIteration")
    for run, longer in itertools.pairwise(runs):
        if not (run.taken.items and run.ended_by(run.source)):
            continue
        for item in run.source.taken:
            if holds(longer.taken.items, item) and not holds(run.taken.items, item):
                raise Violation(
                    f"the StopAsyncIteration of its source ended it: of {len(run.source.taken)} "
                    f"items it gave {describe(run.taken.items)}, and {describe(item)} was lost"
                )


async def _expect_all_pages(case: Case) -> None:
    """Expect that an iterator over iterators does not end with the first of them."""
    pages = [Source(NUMBERS[:2]), Source(NUMBERS[2:4])]
    run = await _around(case, pages)
    if run.failed:
        raise Vacuous(f"around numbers, and around iterators of numbers, it {run}")
    if not run.source.ended and any(run.ended_by(page) for page in pages):
        raise Violation(
            "the StopAsyncIteration of the first of two iterators in its source ended it: it gave "
            f"{describe(run.taken.items)}"
        )


@dataclass(frozen=True, slots=True)
class _Run:
    """What a wrapper made of a source."""

    source: Source
    taken: Pass
    passes_on: bool

    @property
    def stopped(self) -> bool:
        """Whether it came to its end."""
        return self.taken.end is not None and self.taken.end.stopped

    @property
    def ended(self) -> bool:
        """Whether it came to its end with its source."""
        return self.stopped and self.source.ended

    @property
    def failed(self) -> bool:
        """Whether it raised an error before it gave anything."""
        end = self.taken.end
        return not self.taken.items and end is not None and not end.stopped

    def raised(self, value: object) -> bool:
        """Whether it raised *value* itself, or Python's RuntimeError in its place."""
        error = None if self.taken.end is None else self.taken.end.error
        cause = None if error is None else error.__cause__
        return isinstance(value, BaseException) and (value is error or value is cause)

    def ended_by(self, source: Source) -> bool:
        """Whether what ended it is the very exception that ended *source*."""
        return self.taken.end is not None and self.taken.end.error is source.end

    def __str__(self) -> str:
        end = "did not end" if self.taken.end is None else str(self.taken.end)
        return f"gave {describe(self.taken.items)} and {end}"


async def _around(case: Case, items: Sequence[Any]) -> _Run:
    source = Source(items)
    subject = case.wrapping(source, source.as_source())
    if subject.special("__anext__") is None:
        raise Vacuous(f"wraps= gave {describe(subject.object)}, which has no __anext__")
    taken = await take(subject, MOST_FOR_EACH * len(items) + BEYOND)
    await case.tear_down()
    return _Run(source, taken, alike(taken.items, items))


def _values() -> tuple[Any, ...]:
    return (0, "", None, (), (2, 3), ValueError("an item"), StopAsyncIteration())
