"""The standard uses of a subject, stage by stage.

A stage is carried out once in the life of a subject and remembered, and begins by the stages
that come before it: so a fresh subject goes as far as its rule asks, and one instance can feed
many rules by one use.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pytest_asyncprotocol.exploration.bodies import leave_by_error
from pytest_asyncprotocol.exploration.foreign import foreign_to
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NoVerdict, Violation
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.subject import Outcome, Subject

T = TypeVar("T")

Scenario = Callable[[Case, Subject], Awaitable[object]]
"""A use of a subject, from its beginning to its end."""

LONGEST_PASS = 1000
"""Items after which a subject that did not say ``infinite=True`` counts as endless."""

FIRST_ITEMS = 10
"""Items taken of an infinite subject that does not declare its first ones."""

BEYOND = 3
"""Items taken beyond the declared ones, and calls made after the end."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Items taken from an iterator, and how it ended; ``end`` is None if it was left early."""

    items: list[Any]
    end: Outcome | None


def stage(function: Callable[[Case, Subject], Awaitable[T]]) -> Callable[[Case, Subject], Any]:
    """Make *function* a stage: carried out once in the life of a subject."""

    async def remembered(case: Case, subject: Subject) -> T:
        name = function.__name__
        if name not in subject.stages:
            subject.stages[name] = await function(case, subject)
        result: T = subject.stages[name]
        return result

    remembered.__name__ = function.__name__
    remembered.__doc__ = function.__doc__
    return remembered


async def take(iterator: Subject, most: int) -> Pass:
    """At most *most* items of *iterator*, one ``__anext__`` each."""
    items: list[Any] = []
    while len(items) < most:
        outcome = await iterator.anext()
        if not outcome.returned:
            return Pass(items, outcome)
        items.append(outcome.value)
    return Pass(items, None)


def most_items(case: Case) -> int:
    """How many items of a pass are worth taking, as far as the declarations say."""
    listed = case.declared.listed_items
    if case.declared.infinite:
        return FIRST_ITEMS if listed is None else len(listed)
    return LONGEST_PASS if listed is None else len(listed) + BEYOND


async def drain(case: Case, iterator: Subject) -> Pass:
    """One pass to the end, or as far as the declarations say that it is worth going.

    Raises:
        NoVerdict: it has no end, and the author did not say so.
    """
    taken = await take(iterator, most_items(case))
    bounded = case.declared.infinite or case.declared.listed_items is not None
    if taken.end is None and not bounded:
        raise NoVerdict(
            f"it gave {LONGEST_PASS} items and no end: if it never ends, declare infinite=True; "
            "if it should have ended by then, declare items=[...]"
        )
    return taken


@stage
async def awaited(_: Case, subject: Subject) -> Outcome:
    """The first ``await`` of an awaitable."""
    return await subject.wait()


@stage
async def awaited_again(case: Case, subject: Subject) -> Outcome:
    """The second ``await`` of the same object."""
    await awaited(case, subject)
    return await subject.wait()


@stage
async def whole_pass(case: Case, subject: Subject) -> Pass:
    """One pass over an iterator."""
    return await drain(case, subject)


@stage
async def opened(_: Case, subject: Subject) -> Subject:
    """``aiter()`` of an iterable."""
    return subject.aiter()


@stage
async def iterated(case: Case, subject: Subject) -> Pass:
    """One pass over what ``aiter()`` of an iterable gives."""
    try:
        iterator = await opened(case, subject)
    except Violation as violation:
        raise violation.__cause__ or violation from None
    return await drain(case, iterator)


@stage
async def after_the_end(case: Case, subject: Subject) -> list[Outcome]:
    """Calls of ``__anext__`` after the iterator ended; empty if it never did."""
    taken: Pass = await whole_pass(case, subject)
    if taken.end is None:
        return []
    return [await subject.anext() for _ in range(BEYOND)]


@stage
async def closed_twice(case: Case, subject: Subject) -> list[Outcome]:
    """Two calls of ``aclose()`` on an iterator that came to its end."""
    await after_the_end(case, subject)
    return [await subject.aclose(), await subject.aclose()]


@stage
async def entered(_: Case, subject: Subject) -> Outcome:
    """``__aenter__`` of a context manager."""
    return await subject.enter()


@stage
async def exited(case: Case, subject: Subject) -> Outcome:
    """``__aexit__`` after a body that raised nothing."""
    (await entered(case, subject)).unwrap()
    return await subject.exit()


async def use(case: Case, subject: Subject) -> BaseException | None:
    """The plain use of a subject, as its protocol has it.

    Gives the exception by which it ended, if that is the declared one; raises any other.
    """
    try:
        await _use(case, subject)
    except BaseException as error:
        declared = case.declared.raises
        if case.protocol is Protocol.ASYNC_CONTEXT_MANAGER and ended_on_entry(subject, error):
            declared = case.declared.enter_raises
        if declared is not None and isinstance(error, declared) and not case.loop.cancelled(error):
            return error
        raise
    return None


def given(case: Case, subject: Subject) -> Any:
    """What the plain use of *subject* gave: a result, a list of items, or the value of an entry.

    None if it did not come to that.
    """
    if case.protocol is Protocol.AWAITABLE:
        outcome = subject.stages.get(awaited.__name__)
    elif case.protocol is Protocol.ASYNC_CONTEXT_MANAGER:
        outcome = subject.stages.get(entered.__name__)
    else:
        name = iterated if case.protocol is Protocol.ASYNC_ITERABLE else whole_pass
        taken: Pass | None = subject.stages.get(name.__name__)
        return None if taken is None else taken.items
    return None if outcome is None else outcome.value


def ended_on_entry(subject: Subject, error: BaseException) -> bool:
    """Whether *error*, by which the plain use of a manager ended, came from ``__aenter__``."""
    entry: Outcome | None = subject.stages.get(entered.__name__)
    return entry is not None and entry.error is error


async def _use(case: Case, subject: Subject) -> None:
    if case.protocol is Protocol.AWAITABLE:
        (await awaited(case, subject)).unwrap()
    elif case.protocol is Protocol.ASYNC_CONTEXT_MANAGER:
        (await exited(case, subject)).unwrap()
    elif case.protocol is Protocol.ASYNC_ITERABLE:
        _unwrap_end(await iterated(case, subject))
    else:
        _unwrap_end(await whole_pass(case, subject))
        if subject.has("aclose") and not case.is_instance:
            await _close(case, subject)


async def _close(case: Case, subject: Subject) -> None:
    """Close *subject*; an error is for the rules on closing, but one of another library."""
    closed = await subject.aclose()
    if closed.error is not None and foreign_to(case.library, closed.error) is not None:
        raise closed.error


def _unwrap_end(taken: Pass) -> None:
    if taken.end is not None and not taken.end.stopped:
        taken.end.unwrap()


def uses(case: Case) -> tuple[Scenario, ...]:
    """The ways in which a subject is used: a manager also by a body that raises."""
    if case.protocol is Protocol.ASYNC_CONTEXT_MANAGER and not case.is_instance:
        return (use, leave_by_error)
    return (use,)


async def carry_out(scenario: Scenario, case: Case, subject: Subject) -> BaseException | None:
    """Carry out *scenario* to whatever end, and give what it raised."""
    try:
        await scenario(case, subject)
    except BaseException as error:
        if case.loop.cancelled(error):
            raise
        return error
    return None
