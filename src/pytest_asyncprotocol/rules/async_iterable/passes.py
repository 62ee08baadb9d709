"""Rules about the passes over an async iterable."""

from __future__ import annotations

from pytest_asyncprotocol.exploration.scenarios import Pass, iterated, take
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.catalogue import Feeds, Level, rule
from pytest_asyncprotocol.model.exceptions import Vacuous, Violation
from pytest_asyncprotocol.model.subject import Outcome, Subject
from pytest_asyncprotocol.model.text import describe


@rule(
    "AB005", "second-pass", Level.SHOULD,
    requires=("CO010",), enabled_by=("reiterable",), feeds=Feeds.SCENARIO,
)  # fmt: skip
async def second_pass(case: Case) -> None:
    """A re-iterable object starts afresh; a one-shot one is empty or refuses.

    With ``reiterable=True`` each pass is a full one, equal to the first; items that can't be
    compared, or that are equal only to themselves, are merely counted. With ``reiterable=False`` a
    second pass gives no item: it ends at once or raises. It never gives a part, and never waits
    for ever.

    Why:
        The second loop works on a part of the data, and nobody notices.

    In practice:
        ``__aiter__`` returns ``self`` and the position stays where the first loop left it.

    Advice:
        Make ``__aiter__`` give a new iterator each time. If there is but one stream to read, raise
        an error that says so when it is read again.

    Source:
        Python glossary, "asynchronous iterable", and "iterable" by analogy:
        https://docs.python.org/3/glossary.html#term-asynchronous-iterable
    """
    subject = await case.fresh()
    first: Pass = await iterated(case, subject)
    if case.declared.reiterable:
        second = await _another_pass(subject, len(first.items) + (first.end is not None))
        if not (_same_items(case, first, second) and _same_end(first.end, second.end)):
            raise Violation(
                f"its first pass {_shown(first)}, its second {_shown(second)}; expected the same"
            )
    elif first.end is None:
        raise Vacuous("its first pass never ended, so what comes next is not a second one")
    else:
        second = await _another_pass(subject, len(first.items) + 1)
        if second.items:
            raise Violation(
                f"it was declared reiterable=False, but its second pass {_shown(second)}; "
                "expected no item"
            )
    if not first.items:
        raise Vacuous("its first pass gave no item, so the passes could not differ")


async def _another_pass(subject: Subject, most: int) -> Pass:
    try:
        iterator = subject.aiter()
    except Violation as violation:
        return Pass([], Outcome("__aiter__", error=violation.__cause__, at_call=True))
    return await take(iterator, most)


def _same_items(case: Case, first: Pass, second: Pass) -> bool:
    if len(first.items) != len(second.items):
        return False
    if callable(case.declared.items):
        return bool(case.declared.items(second.items))
    if case.declared.ordered:
        return all(map(_alike, first.items, second.items))
    left = list(second.items)
    for item in first.items:
        match = next((i for i, other in enumerate(left) if _alike(item, other)), None)
        if match is None:
            return False
        del left[match]
    return True


def _alike(one: object, other: object) -> bool:
    """Whether two items are equal, as far as items of their kind can be compared at all."""
    if type(one) is type(other) and type(one).__eq__ is object.__eq__:
        return True
    try:
        return one is other or bool(one == other)
    except Exception:
        return True


def _same_end(one: Outcome | None, other: Outcome | None) -> bool:
    if one is None or other is None:
        return one is other
    return type(one.error) is type(other.error)


def _shown(taken: Pass) -> str:
    end = "" if taken.end is None or taken.end.stopped else f" and {taken.end}"
    return f"gave {describe(taken.items)}{end}"
