"""Rules for async generators: those that a function with ``yield`` makes, and classes like them."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator

from pytest_asyncprotocol.exploration.scenarios import drain, take
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.exploration.together import schedules, together
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.catalogue import Feeds, Level, rule
from pytest_asyncprotocol.model.declarations import same
from pytest_asyncprotocol.model.exceptions import NotApplicable, Vacuous, Violation
from pytest_asyncprotocol.model.subject import Outcome, Subject
from pytest_asyncprotocol.model.text import describe
from pytest_asyncprotocol.rules.async_iterator.closing import expect_closing, expect_no_item
from pytest_asyncprotocol.rules.async_iterator.ending import (
    caused_by,
    defensive_pass,
    is_declared_end,
)

MOST_YIELDS = 30
"""Places at which a generator yields that are visited, each in a run of its own."""

SEQUENTIAL_RUNS = 2
"""Runs that have to agree before the answers of a generator count as repeatable."""

Answers = tuple[Outcome, Outcome]


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
    _expect_methods(await case.fresh(), "aclose", "athrow")
    for count in range(1, MOST_YIELDS + 1):
        subject = await case.fresh()
        if (await take(subject, count)).end is not None:
            if count == 1:
                raise Vacuous("it gave no item, so it was not at a yield")
            return
        closed = await subject.aclose()
        await case.tear_down()
        if closed.raised(RuntimeError):
            await _expect_no_answer_to_its_end(case, count)


@rule("AG002", "ends-by-return", Level.MUST,
      requires=("AI001", "AI002"), feeds=Feeds.SCENARIO)  # fmt: skip
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


@rule("AG003", "unstarted-state", Level.SHOULD, requires=("CO010",))
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
    _expect_methods(subject, "aclose")
    expect_closing(case)
    if not (await subject.aclose()).returned:
        raise Vacuous("aclose() failed")
    await expect_no_item(subject, "after aclose() of a fresh one")


@rule("AG004", "athrow-not-swallowed", Level.MUST, requires=("CO010",))
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
    _expect_methods(subject, "athrow")
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


@rule("AG006", "one-caller-at-a-time", Level.MUST, requires=("CO010",))
async def one_caller_at_a_time(case: Case) -> None:
    """Two calls of ``asend()`` at once are refused or served one after the other.

    Two tasks send to a generator that has been started. Together they get what two calls in a
    row would have got, in either order; or one is refused with an exception, and the other gets
    what it would have got. On trio it is tried under several schedules.

    Why:
        One caller gets the answer that was meant for the other.

    In practice:
        A class keeps the value that was sent in an attribute, awaits, and answers from there.

    Advice:
        Raise RuntimeError while a call is running, as generator functions do, or use a lock.

    Source:
        Python language reference, agen.__anext__() (one at a time), and asyncio, "Asynchronous
        generators best practices":
        https://docs.python.org/3/reference/expressions.html#asynchronous-generator-iterator-methods
        https://docs.python.org/3/library/asyncio-dev.html#asynchronous-generators-best-practices
    """
    _expect_methods(await case.fresh(), "asend")
    await case.tear_down()
    in_a_row = await _repeatable_answers(case)
    suspended = False
    for _ in schedules(case.library):
        for swapped in (False, True):
            answers, suspensions = await _answers_at_once(case, swapped=swapped)
            suspended = suspended or suspensions > 0
            if _are_serial(answers, in_a_row) or _are_refusals(answers, in_a_row):
                continue
            if _agree(in_a_row, await _repeatable_answers(case)):
                raise Violation(
                    f"two tasks at once: for 'a' it {answers[0]}, for 'b' it {answers[1]}; "
                    f"expected what one after the other gives ({_in_words(in_a_row)}), or a refusal"
                )
    if not suspended:
        raise Vacuous("asend() never suspends, so two calls can't meet")


def _expect_methods(subject: Subject, *names: str) -> None:
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
    items = case.declared.items
    if case.declared.declares("items") and not callable(items) and case.declared.ordered:
        return len(items) > 0 and same(answer, items[0])
    return answer is not sent


async def _started(case: Case) -> Subject:
    subject = await case.fresh()
    if not (await subject.anext()).returned:
        raise Vacuous("it gave no first item, so it could not be started")
    return subject


async def _answers_in_a_row(case: Case, *, swapped: bool) -> Answers:
    """What 'a' and what 'b' is answered, one after the other."""
    subject = await _started(case)
    first, second = ("b", "a") if swapped else ("a", "b")
    answers = {first: await subject.asend(first), second: await subject.asend(second)}
    await case.tear_down()
    return answers["a"], answers["b"]


async def _answers_at_once(case: Case, *, swapped: bool) -> tuple[Answers, int]:
    """What 'a' and what 'b' is answered in two tasks, and how often these suspended."""
    subject = await _started(case)
    a, b = Stepped(subject.asend("a")), Stepped(subject.asend("b"))

    async def wait(call: Stepped[Outcome]) -> Outcome:
        return await call

    ordered = (b, a) if swapped else (a, b)
    first, second = await together(lambda: wait(ordered[0]), lambda: wait(ordered[1]))
    await case.tear_down()
    answers = (second, first) if swapped else (first, second)
    return answers, a.suspensions + b.suspensions


async def _repeatable_answers(case: Case) -> list[Answers]:
    """What calls in a row are answered, a before b and b before a.

    Raises:
        Vacuous: not the same each time.
    """
    runs = [
        [await _answers_in_a_row(case, swapped=swapped) for swapped in (False, True)]
        for _ in range(SEQUENTIAL_RUNS)
    ]
    if not all(_agree(run, runs[0]) for run in runs):
        raise Vacuous("what it answers is not repeatable, so there is nothing to compare with")
    return runs[0]


def _agree(some: list[Answers], others: list[Answers]) -> bool:
    return all(
        _is_like(one, other)
        for pair, other_pair in zip(some, others, strict=True)
        for one, other in zip(pair, other_pair, strict=True)
    )


def _are_serial(answers: Answers, in_a_row: list[Answers]) -> bool:
    return any(_agree([answers], [serial]) for serial in in_a_row)


def _are_refusals(answers: Answers, in_a_row: list[Answers]) -> bool:
    """Whether at least one was refused, and one that was not got an answer of its own."""
    if all(_is_refused(answer) for answer in answers):
        return True
    return any(
        _is_refused(answers[1 - i]) and any(_is_like(answers[i], row[i]) for row in in_a_row)
        for i in range(2)
    )


def _is_refused(answer: Outcome) -> bool:
    return answer.raised(Exception) and not answer.stopped


def _is_like(one: Outcome, other: Outcome) -> bool:
    if one.returned and other.returned:
        return same(one.value, other.value)
    return type(one.error) is type(other.error)


def _in_words(in_a_row: list[Answers]) -> str:
    return ", or ".join(dict.fromkeys(f"for 'a' {a} and for 'b' {b}" for a, b in in_a_row))
