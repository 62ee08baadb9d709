"""What an async iterator gives, and how it ends."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from pytest_asyncprotocol.authoring import *


@rule("AI002", "ends-by-stopasynciteration", Level.MUST, requires=("AI001",), feeds=Feeds.SCENARIO)
async def ends_by_stopasynciteration(case: Case) -> None:
    """The end is StopAsyncIteration; StopIteration never escapes.

    StopIteration, the end of a plain iterator, is not let out of ``__anext__``: a coroutine turns
    it into RuntimeError. Of the body of an async generator AG002 says the same.

    Why:
        The loop that should simply be over fails with "coroutine raised StopIteration".

    In practice:
        ``return next(self.iterator)`` in ``async def __anext__``.

    Advice:
        Catch StopIteration where ``next()`` is called, and raise StopAsyncIteration in its place.

    Source:
        PEP 492, "Why StopAsyncIteration?", and PEP 479:
        https://peps.python.org/pep-0492/#why-stopasynciteration
        https://peps.python.org/pep-0479/
    """
    subject = await case.fresh()
    if case.protocol is Protocol.ASYNC_GENERATOR and inspect.isasyncgen(subject.object):
        raise NotApplicable("AG002 says it of the body of a generator")
    end = (await defensive_pass(case, subject)).end
    if end is None:
        raise Vacuous("it did not come to an end")
    if not is_declared_end(case, end) and caused_by(end.error, StopIteration):
        raise Violation(f"{end.operation} {end}; expected StopAsyncIteration")


@rule(
    "AI003",
    "declared-items",
    Level.MUST,
    protocols=(Protocol.ASYNC_ITERATOR, Protocol.ASYNC_GENERATOR, Protocol.ASYNC_ITERABLE),
    enabled_by=("items", "infinite"),
    feeds=Feeds.SCENARIO,
)
async def declared_items(case: Case) -> None:
    """It gives exactly the declared items in their order, and then ends.

    With ``ordered=False`` their order is free, with ``infinite=True`` they are the first ones and
    no end may come, with ``raises=`` the end is that exception. A callable judges the list of all
    items.

    Why:
        Items that are missing, repeated, out of order or made up are wrong data.

    In practice:
        ``next(iterator, None)`` gives None for ever; pages that are fetched at once come in the
        order of their arrival; the last, shorter batch is dropped.

    Advice:
        Compare what is given with what was declared, item by item.

    Source:
        Python language reference, 3.4.3 "Asynchronous Iterators":
        https://docs.python.org/3/reference/datamodel.html#object.__anext__
    """
    subject = await case.fresh()
    one_pass = iterated if case.protocol is Protocol.ASYNC_ITERABLE else whole_pass
    taken: Pass = await one_pass(case, subject)
    declared = case.declared
    if declared.infinite and taken.end is not None:
        raise Violation(
            f"{taken.end.operation} {taken.end}; infinite=True was declared, so expected no end"
        )
    if not declared.declares("items"):
        return
    if callable(declared.items):
        if not declared.as_judge("items")(taken.items):
            raise Violation(f"it gave {describe(taken.items)}, which items= does not accept")
        return
    expected: Sequence[Any] = declared.items
    given = taken.items[: len(expected)] if declared.infinite else taken.items
    if not as_declared(case, given):
        raise Violation(_difference(case, given, expected))


@rule("AI005", "sticky-stop", Level.MUST, feeds=Feeds.SCENARIO)
async def sticky_stop(case: Case) -> None:
    """Exhaustion is permanent.

    Once ``__anext__`` raised StopAsyncIteration, every further call raises it too, or another
    error such as ClosedResourceError; it neither gives an item nor waits for ever. Declare
    ``resumable=True`` for an iterator that may go on, such as one over a growing file.

    Why:
        Whoever asks once more, a second ``async for`` or a helper that looks ahead, gets items
        out of nowhere, or hangs.

    In practice:
        A sentinel is taken from a queue once, and the next call waits for an item that never
        comes.

    Advice:
        Remember that the end was reached, and raise StopAsyncIteration at once from then on.

    Source:
        Python library reference, iterator.__next__, by analogy ("deemed broken"):
        https://docs.python.org/3/library/stdtypes.html#iterator.__next__
    """
    if case.declared.resumable:
        raise NotApplicable("declared resumable=True")
    subject = await case.fresh()
    taken = await whole_pass(case, subject)
    if taken.end is None or not taken.end.stopped:
        raise Vacuous("it never raised StopAsyncIteration")
    for outcome in await after_the_end(case, subject):
        if outcome.returned:
            raise Violation(
                f"{outcome.operation}, after the end, {outcome}; expected StopAsyncIteration"
            )


async def defensive_pass(case: Case, subject: Subject) -> Pass:
    """One pass over an iterator of which nobody knows yet whether it can be used at all.

    Raises:
        Vacuous: it did not come to an end; CO020 says so.
    """
    try:
        taken: Pass = await whole_pass(case, subject)
    except NoVerdict as endless:
        raise Vacuous("it did not come to an end") from endless
    except BaseException as error:
        # A hang that the engine has just ended is for CO020 to report.
        if not case.loop.cancelled(error):
            raise
        raise Vacuous("it did not come to an end") from error
    return taken


def is_declared_end(case: Case, end: Outcome) -> bool:
    """Whether an iterator may end this way: by StopAsyncIteration, or as declared."""
    raises = case.declared.raises
    return end.stopped or (raises is not None and end.raised(raises))


def caused_by(error: BaseException | None, *ends: type[BaseException]) -> bool:
    """Whether *error* is one of *ends*, or what Python makes of one that a body lets out."""
    if isinstance(error, RuntimeError):
        return isinstance(error.__cause__, ends)
    return isinstance(error, ends)


def alike(real: Sequence[Any], expected: Sequence[Any]) -> bool:
    """Whether two lists have the same items in the same order."""
    return len(real) == len(expected) and all(map(same, real, expected))


def as_declared(case: Case, given: Sequence[Any]) -> bool:
    """Whether *given* are the items of a declared list, in its order if that was declared."""
    expected = case.declared.items
    if case.declared.ordered:
        return alike(given, expected)
    return not missing_from(given, expected) and not missing_from(expected, given)


def missing_from(given: Sequence[Any], expected: Sequence[Any]) -> list[Any]:
    """The items that *expected* has and *given* has not, or not as often."""
    left, missing = list(given), list[Any]()
    for item in expected:
        found = next((i for i, each in enumerate(left) if same(each, item)), None)
        if found is None:
            missing.append(item)
        else:
            del left[found]
    return missing


def _difference(case: Case, given: Sequence[Any], expected: Sequence[Any]) -> str:
    if not case.declared.ordered:
        missing, extra = missing_from(given, expected), missing_from(expected, given)
        return f"it did not give {describe(missing)}, and gave {describe(extra)} in excess"
    for number, (real, declared) in enumerate(zip(given, expected, strict=False), 1):
        if not same(real, declared):
            return f"item {number} was {describe(real)}; expected {describe(declared)}"
    if len(given) < len(expected):
        return (
            f"it ended where item {len(given) + 1} of {len(expected)} was due; expected "
            f"{describe(expected[len(given)])}"
        )
    return (
        f"item {len(expected) + 1} was {describe(given[len(expected)])}; expected the end, after "
        f"all {len(expected)} declared items"
    )
