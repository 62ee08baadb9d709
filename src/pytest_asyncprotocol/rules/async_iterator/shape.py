"""What an async iterator looks like: ``__anext__`` and what it gives, ``__aiter__`` of itself."""

from __future__ import annotations

import inspect
from typing import Any

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules._methods import expect_awaitable
from pytest_asyncprotocol.rules.async_iterator.ending import alike, defensive_pass, is_declared_end
from pytest_asyncprotocol.snippets.special_uses import (
    by_anext,
    iterate_with_and_without_aiter,
    make_two_awaitables,
)


@Shown(use=by_anext)
@expect_awaitable("__anext__")
@rule("AI001", "anext-on-type", Level.MUST, feeds=Feeds.METHODS)
async def anext_on_type(case: Case) -> None:
    """``__anext__`` is found on the type and returns an awaitable.

    The language looks it up on the type, never on the instance: an attribute that only the
    instance has, or that ``__getattr__`` makes up, does not count. What it returns may be a
    coroutine or any other awaitable.

    Why:
        ``async for`` and ``anext()`` raise TypeError for such an object.

    In practice:
        A method named ``next``; a plain ``def __anext__`` that returns the item itself; an ``async
        def __anext__`` with a ``yield`` in it, whose call gives an async generator.

    Advice:
        Define ``async def __anext__(self)`` in the class, and return one item from it.

    Source:
        Python language reference, 3.4.3 "Asynchronous Iterators":
        https://docs.python.org/3/reference/datamodel.html#object.__anext__
    """
    subject = await case.fresh()
    if subject.special("__anext__") is None:
        raise Violation(f"{type(subject.object).__name__} has no __anext__ on its type")
    if case.is_instance or inspect.isasyncgen(subject.object):
        return
    try:
        given = begin_anext(subject)
    except Vacuous:
        return
    awaitable = inspect.isawaitable(given)
    discard(given)
    if not awaitable:
        raise Violation(f"__anext__ returned {describe(given)}; expected an awaitable")


@Shown(use=iterate_with_and_without_aiter)
@rule("AI004", "aiter-is-self", Level.SHOULD)
async def aiter_is_self(case: Case) -> None:
    """``aiter(it)`` is ``it``; it does not start again, and can be left out.

    Calling ``aiter()`` on an iterator changes nothing: not for one that is half used, and not for
    a fresh one, which ``anext()`` drives without it.

    Why:
        Whoever takes the first item by ``anext()`` and the rest by ``async for`` gets the first
        one twice; who uses ``anext()`` only gets nothing.

    In practice:
        ``__aiter__`` resets a counter, or makes a new object: the class is an iterable that has
        ``__anext__`` for convenience.

    Advice:
        ``def __aiter__(self): return self``. Set up in ``__init__`` or in the first
        ``__anext__``; give an iterable that can be used again an iterator class of its own.

    Source:
        Python glossary, "asynchronous iterator", and PEP 525, "Asynchronous Generator Object":
        https://docs.python.org/3/glossary.html#term-asynchronous-iterator
        https://peps.python.org/pep-0525/#asynchronous-generator-object
    """
    plain = await _pass_of_a_fresh_one(case)
    subject = await case.fresh()
    await subject.anext()
    if subject.aiter() is not subject:
        raise Violation("aiter() of it gave another object; expected the iterator itself")
    if plain.items:
        rest = await _rest_of_a_pass(case, subject, plain)
        if _is_another_pass(rest, plain):
            raise Violation(
                f"aiter() of it, after one item, started again: it went on with "
                f"{describe(rest.items[0])}"
            )
        return
    await case.tear_down()
    prepared = await _pass_of_a_fresh_one(case, prepared=True)
    if prepared.items and not (await _pass_of_a_fresh_one(case)).items:
        raise Violation(
            f"without aiter() it gave no item, and {len(prepared.items)} after it; expected "
            "anext() alone to be enough"
        )


@rule("AI012", "raises-when-awaited", Level.MUST, requires=("AI001", "AI002"), feeds=Feeds.SCENARIO)
async def raises_when_awaited(case: Case) -> None:
    """The end is raised by the awaitable, not by the call of ``__anext__``.

    Calling ``__anext__`` gives an awaitable at the end too, and awaiting that raises
    StopAsyncIteration, or the declared exception.

    Why:
        ``async for`` does not notice, but ``anext(it, default)`` does not give the default, and
        on many releases of CPython the interpreter crashes.

    In practice:
        A plain ``def __anext__`` that checks for the end, and returns a coroutine otherwise.

    Advice:
        Make it ``async def __anext__``, or raise in the coroutine that it returns.

    Source:
        Python language reference, 3.4.3 "Asynchronous Iterators", and the library reference,
        anext():
        https://docs.python.org/3/reference/datamodel.html#object.__anext__
        https://docs.python.org/3/library/functions.html#anext
    """
    end = (await defensive_pass(case, await case.fresh())).end
    if end is None:
        raise Vacuous("it did not come to an end")
    if end.at_call and is_declared_end(case, end):
        raise Violation(f"{end.operation} {end}; expected an awaitable that raises")


@Shown(use=make_two_awaitables)
@rule("AI013", "fresh-awaitables", Level.MUST, requires=("AI001", "AI002"))
async def fresh_awaitables(case: Case) -> None:
    """Each call of ``__anext__`` gives an awaitable that is still good, and begins no work.

    What one call gave, and what has been awaited, is not given again. A coroutine that is closed
    before it was awaited has taken no item; a task or a future, which reads ahead, may have.

    Why:
        A coroutine that is given again raises RuntimeError, a future that is done gives its item
        for ever; and a loop that is left before its await loses the item.

    In practice:
        The awaitable is kept in an attribute; ``return self._deliver(self.items.pop(0))`` in a
        plain ``def __anext__``.

    Advice:
        Make it ``async def __anext__``, and take the item in its body.

    Source:
        Python language reference, 3.4.3 "Asynchronous Iterators", and 3.4.2 "Coroutine Objects":
        https://docs.python.org/3/reference/datamodel.html#object.__anext__
        https://docs.python.org/3/reference/datamodel.html#coroutine-objects
    """
    try:
        await _expect_another_awaitable(await case.fresh())
        await case.tear_down()
        await _expect_no_item_taken_at_the_call(case)
    except RuleOutcome:
        raise
    except BaseException as error:
        # A failure, or a hang that the engine has just ended, is for CO020 to report.
        raise Vacuous(f"it raised {describe_exception(error)}") from error


async def _expect_another_awaitable(subject: Subject) -> None:
    first = begin_anext(subject)
    subject.note(f"__anext__() gave {describe(first)}")
    await first
    second = begin_anext(subject)
    if second is first and has_attribute(second, "done") and second.done():
        raise Violation(f"its second __anext__() gave {describe(second)} again, which is done")
    try:
        await second
    except Exception as error:
        if second is first and isinstance(error, RuntimeError):
            raise Violation(
                f"its second __anext__() gave {describe(second)} again, which was awaited "
                f"already: that raised {describe_exception(error)}"
            ) from error


async def _expect_no_item_taken_at_the_call(case: Case) -> None:
    subject = await case.fresh()
    if inspect.isasyncgen(subject.object):
        return
    unused = begin_anext(subject)
    if not inspect.iscoroutine(unused):
        discard(unused)
        return
    unused.close()
    subject.note("__anext__() -> gave a coroutine, which was closed and not awaited")
    left = await take(subject, FIRST_ITEMS - 1)
    plain = await take(await case.fresh(), FIRST_ITEMS)
    again = await take(await case.fresh(), FIRST_ITEMS)
    if not alike(plain.items, again.items) or alike(left.items, plain.items[: FIRST_ITEMS - 1]):
        return
    if alike(left.items, plain.items[1:]):
        raise Violation(
            f"an __anext__() whose coroutine was closed unused took {describe(plain.items[0])}; "
            "expected it to take nothing before it is awaited"
        )


async def _pass_of_a_fresh_one(case: Case, *, prepared: bool = False) -> Pass:
    subject = await case.fresh()
    if prepared:
        subject.aiter()
    taken = await drain(case, subject)
    await case.tear_down()
    return taken


async def _rest_of_a_pass(case: Case, subject: Subject, plain: Pass) -> Pass:
    """What comes after one item: to the end, or as far as *plain* went."""
    if plain.end is None:
        return await take(subject, len(plain.items) - 1)
    taken: Pass = await drain(case, subject)
    return taken


def _is_another_pass(rest: Pass, plain: Pass) -> bool:
    """Whether *rest*, what came after one item, is a pass of its own, as *plain* was one."""
    if plain.end is None:
        begun_again, gone_on = plain.items[:-1], plain.items[1:]
        return alike(rest.items, begun_again) and not alike(rest.items, gone_on)
    return rest.end is not None and alike(rest.items, plain.items)


def begin_anext(subject: Subject) -> Any:
    """What a call of ``__anext__`` gives, not awaited.

    Raises:
        Vacuous: there is none, or the call raised.
    """
    method = subject.special("__anext__")
    if method is None:
        raise Vacuous("it has no __anext__")
    try:
        return method()
    except BaseException as error:
        raise Vacuous(f"__anext__ raised {describe_exception(error)} at its call") from error
