"""Rules about a hand-written iterator that passes on what the loop sends and throws."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.awaitable._delegation import (
    Delegation,
    cancelled_by_hand,
    closed_by_hand,
)
from pytest_asyncprotocol.snippets.special_uses import interrupt_by_hand, throw_by_hand

NEVER_INTERRUPTED = "it never suspended, so it could not be interrupted"


# What a throw() makes of an argument that it does not take is AW007's.
@Shown(use=interrupt_by_hand)
@rule("AW006", "passes-interruptions-on", Level.SHOULD, requires=("CO010", "AW005", "AW007"))
async def passes_interruptions_on(case: Case) -> None:
    """An iterator written by hand passes ``throw()`` and ``close()`` on.

    What it waits for is told when the await is cancelled, which asyncio does by ``throw()``, and
    when it is closed: no coroutine is left suspended where it stood. An iterator that waits for no
    other operation needs neither method. Coroutines, generators and futures pass both on by
    themselves, so nothing is asked of what ``return self._run().__await__()`` gives.

    Why:
        The caller is cancelled, and the operation knows nothing of it: its clean-up runs whenever
        the garbage collector comes by, or never.

    In practice:
        A class with ``__iter__``, ``__next__`` and ``send`` around another awaitable's iterator.

    Advice:
        Write ``__await__`` as a generator with ``yield from``; or give the iterator ``throw`` and
        ``close`` that call those of the inner one.

    Source:
        Python language reference, coroutine.throw() and coroutine.close(), and PEP 380:
        https://docs.python.org/3/reference/datamodel.html#coroutine.throw
        https://peps.python.org/pep-0380/#formal-semantics
    """
    for interrupt, done, method in (
        (cancelled_by_hand, "cancelled", "throw"),
        (closed_by_hand, "closed", "close"),
    ):
        async for delegation in EachSuspension(case, partial(interrupt, case)):
            if delegation.untold:
                raise Violation(
                    f"{done} at suspension {delegation.point}, its iterator "
                    f"{_fault(delegation, method)} to {_named(delegation.untold[0])}, which was "
                    "left suspended"
                )
    if not case.points:
        raise Vacuous(NEVER_INTERRUPTED)


# What tries again whatever happens comes to no end when it is interrupted: that is CO001's.
@Shown(use=throw_by_hand)
@rule("AW007", "throw-takes-one-argument", Level.MUST, requires=("CO010", "AW005", "CO001"))
async def throw_takes_one_argument(case: Case) -> None:
    """The ``throw()`` of an iterator written by hand can be called with the exception alone.

    That is how asyncio cancels. The form with three arguments, type, value and traceback, is
    deprecated; a ``throw`` that takes it too is fine. Nothing is asked of an iterator without
    ``throw``, or of one that Python itself provides.

    Why:
        In place of the cancellation TypeError comes out, and what the iterator waits for is left
        as it stood.

    In practice:
        ``def throw(self, typ, val, tb)``, or ``val`` passed on where it is None.

    Advice:
        Write ``def throw(self, error)``, with ``*details`` behind it for the old form.

    Source:
        Python language reference, coroutine.throw() (changed in version 3.12):
        https://docs.python.org/3/reference/datamodel.html#coroutine.throw
    """
    async for delegation in EachSuspension(
        case,
        partial(cancelled_by_hand, case),
        counts=lambda each: has_attribute(each.iterator, "throw"),
        vacuous=NEVER_INTERRUPTED,
    ):
        if not has_attribute(delegation.iterator, "throw"):
            raise Vacuous("its iterator has no throw(), which AW006 judges")
        if not _takes_one_argument(delegation.iterator.throw):
            raise Violation("the throw() of its iterator can't be called with the exception alone")
        if delegation.protest is not None:
            raise Violation(
                f"cancelled at suspension {delegation.point}, the throw() of its iterator was "
                "given the exception alone, and raised "
                f"{describe_exception(delegation.protest)}"
            )


def _fault(delegation: Delegation, method: str) -> str:
    if has_attribute(delegation.iterator, method):
        return f"did not pass {method}() on"
    return f"has no {method}() to pass that on"


def _named(operation: Any) -> str:
    return f"the {type(operation).__name__} {operation.__qualname__.rpartition('<locals>.')[2]}"


def _takes_one_argument(throw: Any) -> bool:
    try:
        inspect.signature(throw).bind(GeneratorExit())
    except TypeError:
        return False
    except ValueError:
        return True
    return True
