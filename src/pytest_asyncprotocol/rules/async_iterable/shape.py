"""What `aiter()` asks of an async iterable."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import cast

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules._methods import refuses
from pytest_asyncprotocol.snippets.special_uses import by_async_for, look_at_its_iterator

FOR_ASYNC_FOR = (Protocol.ASYNC_ITERABLE, Protocol.ASYNC_ITERATOR, Protocol.ASYNC_GENERATOR)


@Shown(use=by_async_for)
@rule("AB001", "aiter-on-type", Level.MUST, protocols=FOR_ASYNC_FOR, feeds=Feeds.METHODS)
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


@Shown(use=by_async_for)
@MethodCheck("__aiter__", inspect.iscoroutinefunction, "is `async def`; expected plain `def`")
@rule(
    "AB002",
    "aiter-not-awaited",
    Level.MUST,
    protocols=FOR_ASYNC_FOR,
    requires=("AB001",),
    feeds=Feeds.SCENARIO,
)
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


@Shown(use=by_async_for)
@MethodCheck("__aiter__", refuses(), "can't be called without arguments")
@rule(
    "AB003",
    "aiter-gives-iterator",
    Level.MUST,
    protocols=FOR_ASYNC_FOR,
    requires=("AB001", "AB002", "AI001"),
    feeds=Feeds.SCENARIO,
)
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


@Shown(use=look_at_its_iterator)
@rule(
    "AB004",
    "iterator-is-iterable",
    Level.SHOULD,
    requires=("AB001", "AB002", "AB003"),
    feeds=Feeds.SCENARIO,
)
async def iterator_is_iterable(case: Case) -> None:
    """The iterator that ``aiter()`` gives is itself async-iterable.

    It has ``__aiter__`` on its type, and ``aiter()`` of it gives an iterator again. A loop over the
    iterable works without it, so nobody notices for long.

    Why:
        ``async for`` over an iterator that was opened before raises TypeError, and for
        ``isinstance(..., AsyncIterator)`` it is none.

    In practice:
        A small class with ``async def __anext__`` alone, made for one ``__aiter__``.

    Advice:
        Add ``def __aiter__(self): return self``.

    Source:
        Python glossary, "asynchronous iterator", and collections.abc.AsyncIterator:
        https://docs.python.org/3/glossary.html#term-asynchronous-iterator
        https://docs.python.org/3/library/collections.abc.html#collections.abc.AsyncIterator
    """
    iterator = await _opened(case, await case.fresh())
    if iterator.special("__aiter__") is None:
        raise Violation(
            f"__aiter__ returned {describe(iterator.object)}, which has no __aiter__ on its type"
        )
    again = iterator.aiter()
    if again.special("__anext__") is None:
        discard(again.object)
        raise Violation(
            f"aiter() of the iterator gave {describe(again.object)}, which has no __anext__ on its "
            "type"
        )


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
