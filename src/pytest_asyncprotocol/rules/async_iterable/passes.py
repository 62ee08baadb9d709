"""Rules about the passes over an async iterable."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import islice
from typing import cast

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.snippets.special_uses import by_both_iterations


@rule("AB005", "second-pass", Level.SHOULD, enabled_by=("reiterable",), feeds=Feeds.SCENARIO)
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
        if not (same_items(case, first, second) and same_end(first.end, second.end)):
            raise Violation(
                f"its first pass {shown(first)}, its second {shown(second)}; expected the same"
            )
    elif first.end is None:
        raise Vacuous("its first pass never ended, so what comes next is not a second one")
    else:
        second = await _another_pass(subject, len(first.items) + 1)
        if second.items:
            raise Violation(
                f"it was declared reiterable=False, but its second pass {shown(second)}; "
                "expected no item"
            )
    if not first.items:
        raise Vacuous("its first pass gave no item, so the passes could not differ")


@Shown(use=by_both_iterations)
@rule("AB009", "both-iterations-agree", Level.MAY)
async def both_iterations_agree(case: Case) -> None:
    """``__iter__`` and ``__aiter__`` of one class give the same items.

    Items that have to be awaited are not compared, and a synchronous iteration that raises says
    nothing.

    Why:
        Whoever ports a loop from ``for`` to ``async for`` gets something else.

    In practice:
        Two loops over the same data, of which one was changed.

    Advice:
        Let both give what one function of the class makes.

    Source:
        Nothing demands it; collections.abc.Iterable and AsyncIterable have the same meaning:
        https://docs.python.org/3/library/collections.abc.html#collections.abc.AsyncIterable
    """
    subject = await case.fresh()
    method = subject.special("__iter__")
    if method is None or _is_await(subject.object):
        raise NotApplicable("it has no synchronous iteration")
    asynchronous: Pass = await iterated(case, await case.fresh())
    most = len(asynchronous.items) + (asynchronous.end is not None)
    try:
        synchronous = Pass(list(islice(cast("Iterator[object]", method()), most)), None)
    except Exception as error:
        raise Vacuous(f"its synchronous iteration raised {describe_exception(error)}") from error
    if any(map(inspect.isawaitable, synchronous.items + asynchronous.items)):
        for item in synchronous.items:
            discard(item)
        raise NotApplicable("its items have to be awaited")
    if not same_items(case, synchronous, asynchronous):
        raise Violation(
            f"`for` gives {describe(synchronous.items)}, `async for` {describe(asynchronous.items)}"
        )


def _is_await(obj: object) -> bool:
    """Whether the ``__iter__`` of *obj* is there for ``yield from``, as that of a future."""
    cls = type(obj)
    return getattr(cls, "__iter__", None) is getattr(cls, "__await__", obj)


async def _another_pass(subject: Subject, most: int) -> Pass:
    try:
        iterator = subject.aiter()
    except Violation as violation:
        return Pass([], Outcome("__aiter__", error=violation.__cause__, at_call=True))
    return await take(iterator, most)


def same_items(case: Case, first: Pass, second: Pass) -> bool:
    """Whether the second pass gave what the first one gave, as far as that can be compared."""
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


def same_end(one: Outcome | None, other: Outcome | None) -> bool:
    """Whether two passes ended alike, or neither did."""
    if one is None or other is None:
        return one is other
    return type(one.error) is type(other.error)


def shown(taken: Pass) -> str:
    """What a pass gave, and how it ended if not as usual."""
    end = "" if taken.end is None or taken.end.stopped else f" and {taken.end}"
    return f"gave {describe(taken.items)}{end}"
