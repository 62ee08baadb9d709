"""Rules about what an async generator answers to what is sent and thrown into it."""

from __future__ import annotations

from contextlib import suppress

from pytest_asyncprotocol.authoring import *


# A generator that takes nothing, or loses what is thrown in, breaks the rules named here.
@rule(
    "AG013",
    "answers-as-declared",
    Level.MUST,
    requires=("CO010", "AG004", "AG005", "AG012"),
    enabled_by=("sends", "throws"),
)
async def answers_as_declared(case: Case) -> None:
    """It answers what is sent and thrown into it as declared.

    After the first item, ``asend(value)`` gives what ``sends=[(value, received), ...]`` says, pair
    by pair to one generator. In a fresh one, after the first item, ``athrow()`` of an exception of
    the type in ``throws=(type, received)`` gives what is declared there.

    Why:
        The generator is used for a conversation, and one side gets a wrong answer, or the answer
        to an earlier question.

    In practice:
        A wrapper takes the items by ``async for``, so that what is sent never arrives inside; a
        ``yield`` whose value is dropped.

    Advice:
        ``sent = yield answer``; pass on ``asend`` and ``athrow`` in a wrapper.

    Source:
        Python language reference, agen.asend() and agen.athrow():
        https://docs.python.org/3/reference/expressions.html#agen.asend
        https://docs.python.org/3/reference/expressions.html#agen.athrow
    """
    if case.declared.sends:
        subject = await _at_its_first_item(case)
        for sent, received in case.declared.sends:
            outcome = await subject.asend(sent)
            _expect(outcome, received, f"asend({describe(sent)})", "sends=")
        await case.tear_down()
    if case.declared.throws is not None:
        kind, received = case.declared.throws
        subject = await _at_its_first_item(case)
        outcome = await subject.athrow(_made(kind))
        _expect(outcome, received, f"athrow({kind.__name__})", "throws=")


async def _at_its_first_item(case: Case) -> Subject:
    subject = await case.fresh()
    outcome = await subject.anext()
    if not outcome.returned:
        raise Violation(f"{outcome.operation} {outcome}; expected a first item, to answer to")
    return subject


def _expect(outcome: Outcome, received: object, call: str, declared_by: str) -> None:
    if not outcome.returned or not same(outcome.value, received):
        raise Violation(
            f"{call} {outcome}; expected {describe(received)}, which {declared_by} declares"
        )


def _made(kind: type[BaseException]) -> BaseException:
    """An exception of the type *kind*.

    Raises:
        NoVerdict: the checker can't make one.
    """
    for arguments in (("thrown in",), ()):
        with suppress(Exception):
            return kind(*arguments)
    raise NoVerdict(
        f"an exception of the type {kind.__name__} in throws= can't be made without arguments"
    )
