"""Rules about an async generator that several tasks use at once."""

from __future__ import annotations

from itertools import chain

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_generator.state import expect_methods, yields

ITEMS = 3
"""Items that a generator has to give: one to start it, and an answer to each caller."""

Answers = tuple[Outcome, Outcome]


# A scope that is open at a yield can't be left by another task than that which entered it.
@rule("AG006", "one-caller-at-a-time", Level.MUST, requires=("CO010", "AG007"))
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
    expect_methods(await case.fresh(), "asend")
    await case.tear_down()
    if len(yields(case)) < ITEMS:
        raise Vacuous("it is declared to wait for ever before it could answer two calls")
    in_a_row = await _repeatable_answers(case)
    suspended = False
    for _ in schedules(case.library):
        for swapped in (False, True):
            answers, waited = await _answers_at_once(case, swapped=swapped)
            suspended = suspended or waited
            if _are_serial(answers, in_a_row) or _are_refusals(answers, in_a_row):
                continue
            if _agree(in_a_row, await _repeatable_answers(case)):
                raise Violation(
                    f"two tasks at once: for 'a' it {answers[0]}, for 'b' it {answers[1]}; "
                    f"expected what one after the other gives ({_in_words(in_a_row)}), or a refusal"
                )
    if not suspended:
        raise Vacuous("asend() never suspends, so two calls can't meet")


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


async def _answers_at_once(case: Case, *, swapped: bool) -> tuple[Answers, bool]:
    """What 'a' and what 'b' is answered in two tasks, and whether one of these suspended."""
    subject = await _started(case)
    a, b = Stepped(subject.asend("a")), Stepped(subject.asend("b"))

    async def wait(call: Stepped[Outcome]) -> Outcome:
        return await call

    ordered = (b, a) if swapped else (a, b)
    first, second = await together(lambda: wait(ordered[0]), lambda: wait(ordered[1]))
    await case.tear_down()
    answers = (second, first) if swapped else (first, second)
    return answers, bool(a.suspensions or b.suspensions)


async def _repeatable_answers(case: Case) -> list[Answers]:
    """What calls in a row are answered, a before b and b before a.

    Raises:
        Vacuous: not the same each time.
    """
    answers, again = await _answers_both_ways(case), await _answers_both_ways(case)
    if not _agree(answers, again):
        raise Vacuous("what it answers is not repeatable, so there is nothing to compare with")
    return answers


async def _answers_both_ways(case: Case) -> list[Answers]:
    return [await _answers_in_a_row(case, swapped=swapped) for swapped in (False, True)]


def _agree(some: list[Answers], others: list[Answers]) -> bool:
    return all(map(_is_like, chain(*some), chain(*others)))


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
