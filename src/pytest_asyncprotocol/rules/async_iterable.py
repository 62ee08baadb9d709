"""Rules for async iterables; what ``async for`` needs of iterators and generators too."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import cast

from pytest_asyncprotocol.exploration.release import is_released_now
from pytest_asyncprotocol.exploration.scenarios import Pass, iterated, opened, take
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.catalogue import Feeds, Level, rule
from pytest_asyncprotocol.model.exceptions import Vacuous, Violation
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.subject import Outcome, Subject, discard
from pytest_asyncprotocol.model.text import describe

FOR_ASYNC_FOR = (Protocol.ASYNC_ITERABLE, Protocol.ASYNC_ITERATOR, Protocol.ASYNC_GENERATOR)


@rule("AB001", "aiter-on-type", Level.MUST, protocols=FOR_ASYNC_FOR, feeds=Feeds.LOOK)
async def aiter_on_type(case: Case) -> None:
    """``__aiter__`` is found on the type.

    The language looks it up on the type, never on the instance. ``__iter__`` does not stand in for
    it. An async iterator has it as well, so that ``async for`` takes it.

    Why:
        ``async for`` and ``aiter()`` raise TypeError for such an object.

    In practice:
        A proxy that forwards attributes by ``__getattr__``; an iterator with ``__anext__`` alone,
        which nobody has yet put into a loop by itself.

    Advice:
        Define ``def __aiter__(self)`` in the class; in an iterator it returns ``self``.

    Source:
        Python language reference, 3.4.3 "Asynchronous Iterators":
        https://docs.python.org/3/reference/datamodel.html#object.__aiter__
    """
    subject = await case.fresh()
    if subject.special("__aiter__") is None:
        name = type(subject.object).__name__
        claim = "; it has one as an attribute of the object, where the language does not look"
        found = claim if subject.has("__aiter__") else ""
        raise Violation(f"{name} has no __aiter__ on its type{found}")


@rule(
    "AB002", "aiter-not-awaited", Level.MUST,
    protocols=FOR_ASYNC_FOR, requires=("AB001",), feeds=Feeds.SCENARIO,
)  # fmt: skip
async def aiter_not_awaited(case: Case) -> None:
    """``__aiter__`` gives the iterator at once, not an awaitable of it.

    What the call returns is used as it is; nothing awaits it. An ``async def __aiter__`` with a
    ``yield`` in it is fine: its call returns an async generator.

    Why:
        ``async for`` raises TypeError, and a coroutine is never awaited; ``isinstance(...,
        AsyncIterable)`` sees nothing of it.

    In practice:
        ``async def __aiter__(self): return self``, as Python 3.5 had it at first.

    Advice:
        Take away the ``async``, and do what has to be awaited in the first ``__anext__``.

    Source:
        Python language reference, 3.4.3 "Asynchronous Iterators" (changed in version 3.7):
        https://docs.python.org/3/reference/datamodel.html#asynchronous-iterators
    """
    iterator = await _opened(case, await case.fresh())
    if iterator.special("__anext__") is None and inspect.isawaitable(iterator.object):
        discard(iterator.object)
        raise Violation(
            f"__aiter__ returned {describe(iterator.object)}; expected the iterator itself"
        )


@rule(
    "AB003", "aiter-gives-iterator", Level.MUST,
    protocols=FOR_ASYNC_FOR, requires=("AB001", "AB002", "AI001"), feeds=Feeds.SCENARIO,
)  # fmt: skip
async def aiter_gives_iterator(case: Case) -> None:
    """``aiter(obj)`` works without arguments, and gives an object with ``__anext__``.

    ``__anext__`` has to be on the type of what it gives. What else ``__aiter__`` may raise is
    judged with the plain use.

    Why:
        ``async for`` raises TypeError.

    In practice:
        ``return iter(self.items)``, or an ``__aiter__`` with a parameter that has no default.

    Advice:
        Return an object with ``async def __anext__``, or make ``__aiter__`` an async generator.

    Source:
        Python language reference, 3.4.3 "Asynchronous Iterators":
        https://docs.python.org/3/reference/datamodel.html#object.__aiter__
    """
    subject = await case.fresh()
    try:
        iterator = await _opened(case, subject)
    except Vacuous as vacuous:
        if isinstance(vacuous.__cause__, TypeError) and not _takes_no_argument(subject):
            raise Violation("__aiter__ can't be called without arguments") from vacuous
        raise
    if iterator.special("__anext__") is None:
        raise Violation(
            f"__aiter__ returned {describe(iterator.object)}, which has no __anext__ on its type"
        )


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


@rule(
    "AB008", "released-when-left", Level.SHOULD,
    protocols=FOR_ASYNC_FOR, requires=("CO010",), enabled_by=("released",),
)  # fmt: skip
async def released_when_left(case: Case) -> None:
    """Leaving the loop early releases the resource at a definite point.

    After one item the loop is left as its user can leave it: by ``aclose()`` of the iterator or of
    the iterable, and by the end of an ``async with`` where one of them is an async context
    manager. Then ``released`` holds at once, without waiting for the garbage collector.

    Why:
        Each ``break`` keeps a connection, until the garbage collector comes by, or for ever.

    In practice:
        ``__aiter__`` returns a plain iterator around an async generator, and offers no ``aclose()``
        that would close it.

    Advice:
        Give the iterator an ``async def aclose()`` that releases, so that ``contextlib.aclosing``
        works, or make the iterable an async context manager.

    Source:
        PEP 533, "Background and motivation":
        https://peps.python.org/pep-0533/#background-and-motivation
    """
    subject = await case.fresh()
    managers = await _enter(subject)
    iterator = subject.aiter()
    if iterator is not subject:
        managers += await _enter(iterator)
    outcome = await iterator.anext()
    if not outcome.returned:
        raise Vacuous("it gave no item, so it could not be left early")
    closable = [each for each in dict.fromkeys((iterator, subject)) if each.has("aclose")]
    for each in closable:
        await each.aclose()
    for each in reversed(managers):
        await each.exit()
    if await is_released_now(case, subject):
        return
    if not (closable or managers):
        raise Violation(
            "left after one item, it is not released, and there is no way to close it: "
            "neither aclose() nor `async with`"
        )
    how = " and ".join(["aclose()"] * bool(closable) + ["__aexit__"] * bool(managers))
    raise Violation(f"left after one item and closed by {how}, it is not released")


async def _opened(case: Case, subject: Subject) -> Subject:
    """What ``__aiter__`` gives.

    Raises:
        Vacuous: it raised.
    """
    try:
        iterator: Subject = await opened(case, subject)
    except Violation as violation:
        raise Vacuous(f"{violation}, which CO020 judges") from violation.__cause__
    return iterator


def _takes_no_argument(subject: Subject) -> bool:
    method = subject.special("__aiter__")
    try:
        inspect.signature(cast("Callable[..., object]", method)).bind()
    except TypeError:
        return False
    except ValueError:
        return True
    return True


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


async def _enter(subject: Subject) -> list[Subject]:
    """Enter *subject*, if it is an async context manager; gives what has to be exited."""
    if subject.special("__aenter__") is None or subject.special("__aexit__") is None:
        return []
    entry = await subject.enter()
    if not entry.returned:
        raise Vacuous(f"__aenter__ {entry}, so the loop could not be begun")
    return [subject]
