"""What the methods of an async generator look like."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from types import FunctionType

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules._methods import refuses
from pytest_asyncprotocol.rules.async_generator.state import Thrown, expect_methods
from pytest_asyncprotocol.snippets.special_uses import look_at_its_methods

METHODS = ("asend", "athrow", "aclose")
"""What an async generator has beyond an async iterator."""

EXCEPTION = "exception"
DETAILS = "type, value, traceback"
"""The two forms of ``athrow``."""

_ARGUMENTS: Mapping[str, Callable[[BaseException], tuple[object, ...]]] = {
    EXCEPTION: lambda error: (error,),
    DETAILS: lambda error: (type(error), error, error.__traceback__),
}

_ERROR = ValueError("thrown in")


def _refuses_details(method: FunctionType) -> bool:
    return sys.version_info < (3, 12) and refuses(ValueError, _ERROR, None)(method)


@Shown(use=look_at_its_methods)
@rule("AG012", "all-methods", Level.MUST, requires=("AB001", "AI001"), feeds=Feeds.METHODS)
async def all_methods(case: Case) -> None:
    """It has all five methods of an async generator.

    Those of an async iterator are for other rules; ``asend``, ``athrow`` and ``aclose`` have to be
    there too, and can be called. An async iterator that merely has an ``aclose`` is no generator,
    and is to be checked as an iterator.

    Why:
        Whoever is given a generator closes it and throws into it: ``contextlib`` loses the error
        of the body for want of ``athrow``, and ``aclosing`` can't close.

    In practice:
        A wrapper around a generator that passes on the iteration, and forgets ``aclose``.

    Advice:
        Derive from `collections.abc.AsyncGenerator`, which asks for ``asend`` and ``athrow`` and
        gives the rest.

    Source:
        Python library reference, collections.abc.AsyncGenerator:
        https://docs.python.org/3/library/collections.abc.html#collections.abc.AsyncGenerator
    """
    subject = await case.fresh()
    missing = [name for name in METHODS if not _can_be_called(subject.object, name)]
    if not missing:
        return
    is_iterator = {"asend", "athrow"} <= set(missing)
    hint = "; if it is an async iterator, check it as one" if is_iterator else ""
    names = " and no ".join(f"{name}()" for name in missing)
    raise Violation(f"{type(subject.object).__name__} has no {names}{hint}")


@MethodCheck("athrow", _refuses_details, "does not take type, value and traceback")
@MethodCheck("athrow", refuses(_ERROR), "does not take an exception alone")
@rule("AG005", "athrow-signatures", Level.MUST, requires=("CO010", "AG012"))
async def athrow_signatures(case: Case) -> None:
    """``athrow`` takes an exception, and on Python 3.11 also its type, value and traceback.

    ``athrow(exception)`` is what Python calls since 3.12, and what the ``aclose()`` of the
    abstract base class does on every version. On Python 3.11 ``contextlib`` still calls
    ``athrow(type, value, traceback)``, and so that is demanded there, and only there.

    Why:
        What was thrown does not arrive; in its place comes TypeError, and the clean-up is not run.

    In practice:
        ``async def athrow(self, typ, val, tb)`` without defaults, from the time when that was the
        only form.

    Advice:
        ``async def athrow(self, *details)``, and pass ``*details`` on; or give ``val`` and ``tb``
        None as their default.

    Source:
        Python language reference, agen.athrow(), "Changed in version 3.12":
        https://docs.python.org/3/reference/expressions.html#agen.athrow
    """
    subject = await case.fresh()
    expect_methods(subject, "athrow")
    if inspect.isasyncgen(subject.object):
        return
    await _expect_taken(case, EXCEPTION, instead_of=DETAILS)
    if sys.version_info < (3, 12):
        await _expect_taken(case, DETAILS, instead_of=EXCEPTION)


async def _expect_taken(case: Case, form: str, *, instead_of: str) -> None:
    """Expect that *form* of ``athrow`` does not fail for its form."""
    outcome = await _thrown_in(case, form)
    if not outcome.raised(Exception) or outcome.stopped:
        return
    refused = outcome.at_call and outcome.raised(TypeError)
    if refused or (await _thrown_in(case, instead_of)).raised(Thrown):
        raise Violation(f"athrow({form}) {outcome}; expected what was thrown, or an item")


async def _thrown_in(case: Case, form: str) -> Outcome:
    """What ``athrow`` does at the first yield of a fresh generator."""
    await case.tear_down()
    subject = await case.fresh()
    if not (await subject.anext()).returned:
        raise Vacuous("it gave no item, so it was not at a yield")
    return await subject.call("athrow", *_ARGUMENTS[form](Thrown("thrown in")))


def _can_be_called(obj: object, name: str) -> bool:
    return has_attribute(obj, name) and callable(getattr(obj, name))
