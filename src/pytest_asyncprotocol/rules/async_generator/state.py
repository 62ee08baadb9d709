"""Rules about `asend`, `athrow` and `aclose`, and how a generator ends."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_iterator.closing import expect_closing, expect_no_item
from pytest_asyncprotocol.rules.async_iterator.ending import (
    caused_by,
    defensive_pass,
    is_declared_end,
)

MOST_YIELDS = 30
"""Places at which a generator yields that are visited at most."""


class Thrown(BaseException):
    """What is thrown into a generator: nothing that its author can have thought of."""


# A generator that loses what is thrown into it can't be closed either: AG004 says so.
@rule("AG001", "no-yield-after-close", Level.MUST, requires=("CO010", "AG004"))
async def no_yield_after_close(case: Case) -> None:
    """It never yields after GeneratorExit.

    ``aclose()`` throws GeneratorExit in at the ``yield`` where the generator stands; from there it
    may await, but not yield. It is closed at each of its first yields in a run of its own. An
    error that its clean-up raises is not meant here.

    Why:
        ``aclose()`` raises RuntimeError, and the rest of the clean-up is not run.

    In practice:
        ``yield`` in ``finally``, such as a last ``[DONE]``; a bare ``except:`` around a ``yield``
        in a loop.

    Advice:
        Catch `Exception` only around a ``yield``, and yield last items after the ``try``.

    Source:
        Python language reference, agen.aclose(), and PEP 525, "Finalization":
        https://docs.python.org/3/reference/expressions.html#agen.aclose
        https://peps.python.org/pep-0525/#finalization
    """
    expect_methods(await case.fresh(), "aclose", "athrow")
    for count in yields(case):
        subject = await case.fresh()
        if (await take(subject, count)).end is not None:
            if count == 1:
                raise Vacuous("it gave no item, so it was not at a yield")
            return
        closed = await subject.aclose()
        await case.tear_down()
        if closed.raised(RuntimeError):
            await _expect_no_answer_to_its_end(case, count)


@rule("AG002", "ends-by-return", Level.MUST, requires=("AI001", "AI002"), feeds=Feeds.SCENARIO)
async def ends_by_return(case: Case) -> None:
    """The body ends by ``return``, never by raising StopIteration or StopAsyncIteration.

    Python turns both into RuntimeError where they would leave the body of a generator.

    Why:
        The loop that should simply be over fails with RuntimeError.

    In practice:
        ``raise StopAsyncIteration`` as in a class; ``next()`` or ``await anext()`` without a
        default on an inner iterator that has come to its end.

    Advice:
        ``return``; or catch the exception where the inner iterator is asked.

    Source:
        PEP 525, "Asynchronous Generator Object":
        https://peps.python.org/pep-0525/#asynchronous-generator-object
    """
    end = (await defensive_pass(case, await case.fresh())).end
    if end is None:
        raise Vacuous("it did not come to an end")
    if is_declared_end(case, end):
        return
    if caused_by(end.error, StopIteration, StopAsyncIteration):
        raise Violation(f"{end.operation} {end}; expected StopAsyncIteration after a return")


@rule("AG003", "unstarted-state", Level.SHOULD)
async def unstarted_state(case: Case) -> None:
    """A generator that was never started can be closed, and takes no value.

    After ``aclose()`` a fresh generator gives no item. To a fresh object of a class that is a
    `collections.abc.AsyncGenerator` nothing but None can be sent: there is no ``yield`` yet that
    could receive it. One that refuses it, or ignores what it is sent, is right.

    Why:
        Code that gives up before the first item believes that the generator is over; a value that
        is sent too early is lost or comes back as an item.

    In practice:
        A class that relies on the ``aclose()`` of the abstract base class, which throws
        GeneratorExit and remembers nothing.

    Advice:
        Keep a state in the class; or pass all methods on to a generator function's object.

    Source:
        Python language reference, agen.asend() and agen.aclose():
        https://docs.python.org/3/reference/expressions.html#agen.asend
        https://docs.python.org/3/reference/expressions.html#agen.aclose
    """
    subject = await case.fresh()
    if isinstance(subject.object, AsyncGenerator):
        sent = "sent too early"
        outcome = await subject.asend(sent)
        if outcome.returned and not _ignores_what_is_sent(case, outcome.value, sent):
            raise Violation(f"{outcome.operation} of a fresh one {outcome}; expected TypeError")
        await case.tear_down()
        subject = await case.fresh()
    expect_methods(subject, "aclose")
    expect_closing(case)
    if not (await subject.aclose()).returned:
        raise Vacuous("aclose() failed")
    await expect_no_item(subject, "after aclose() of a fresh one")


@rule("AG004", "athrow-not-swallowed", Level.MUST)
async def athrow_not_swallowed(case: Case) -> None:
    """``athrow()`` raises, or returns the next item that is yielded; it never swallows.

    A generator may handle what is thrown into it and go on, and then ``athrow()`` gives the next
    item; or it ends. It doesn't give None where no item is None.

    Why:
        The exception is lost, and ``aclose()``, which is made of ``athrow()``, fails.

    In practice:
        ``async def athrow(self, *details): pass`` in a class, to satisfy the abstract base class.

    Advice:
        Raise what is passed in, or pass it on to the inner generator and return what that gives.

    Source:
        Python language reference, agen.athrow():
        https://docs.python.org/3/reference/expressions.html#agen.athrow
    """
    subject = await case.fresh()
    expect_methods(subject, "athrow")
    if inspect.isasyncgen(subject.object):
        return
    if not (await subject.anext()).returned:
        raise Vacuous("it gave no item, so it was not at a yield")
    outcome = await subject.athrow(Thrown("thrown in"))
    if not outcome.returned or outcome.value is not None:
        return
    await case.tear_down()
    reference = await case.fresh()
    if not any(item is None for item in (await drain(case, reference)).items):
        raise Violation(f"{outcome.operation} {outcome}; expected the exception, or an item")


def yields(case: Case) -> range:
    """The numbers of the items at which a generator is visited, each in a run of its own.

    Raises:
        Vacuous: it is declared to wait for ever before its first item.
    """
    listed = case.declared.listed_items
    most = MOST_YIELDS
    if case.declared.infinite:
        most = FIRST_ITEMS if listed is None else min(len(listed), MOST_YIELDS)
    if not most:
        raise Vacuous("it gives no item, so it can't be at a yield")
    return range(1, most + 1)


def expect_methods(subject: Subject, *names: str) -> None:
    """Expect the subject to have these methods, without which the rule has nothing to judge."""
    for name in names:
        if not subject.has(name):
            raise NotApplicable(f"it has no {name}()")


async def _expect_no_answer_to_its_end(case: Case, count: int) -> None:
    """Throw GeneratorExit in after *count* items, which shows what ``aclose()`` only hints at."""
    subject = await case.fresh()
    await take(subject, count)
    outcome = await subject.athrow(GeneratorExit())
    if outcome.returned:
        raise Violation(
            f"closed after item {count}, it yielded {describe(outcome.value)}; expected it to end"
        )
    await case.tear_down()


def _ignores_what_is_sent(case: Case, answer: object, sent: str) -> bool:
    listed = case.declared.listed_items
    if listed is None or not case.declared.ordered:
        return answer is not sent
    return bool(listed) and same(answer, listed[0])
