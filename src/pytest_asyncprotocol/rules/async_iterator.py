"""Rules for async iterators, and for async generators, which are async iterators too."""

from __future__ import annotations

from pytest_asyncprotocol.exploration.scenarios import after_the_end, whole_pass
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.catalogue import Feeds, Level, rule
from pytest_asyncprotocol.model.exceptions import NotApplicable, Vacuous, Violation


@rule("AI001", "anext-on-type", Level.MUST, feeds=Feeds.LOOK)
async def anext_on_type(case: Case) -> None:
    """``__anext__`` is found on the type.

    The language looks it up on the type, never on the instance: an attribute that only the
    instance has, or that ``__getattr__`` makes up, does not count.

    Why:
        ``async for`` and ``anext()`` raise TypeError for such an object.

    In practice:
        A method named ``next``, or a proxy that forwards attributes by ``__getattr__``.

    Advice:
        Define ``async def __anext__(self)`` in the class.

    Source:
        Python language reference, 3.4.3 "Asynchronous Iterators":
        https://docs.python.org/3/reference/datamodel.html#asynchronous-iterators
    """
    subject = await case.fresh()
    if subject.special("__anext__") is None:
        raise Violation(f"{type(subject.object).__name__} has no __anext__ on its type")


@rule("AI005", "sticky-stop", Level.MUST, requires=("CO010",), feeds=Feeds.SCENARIO)
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
