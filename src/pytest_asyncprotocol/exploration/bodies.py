"""Leaving a context manager by an exception, as ``async with`` does when its body raises."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from pytest_asyncprotocol.engine.library import checkpoint
from pytest_asyncprotocol.engine.running_tasks import following
from pytest_asyncprotocol.exploration.canceller import Canceller
from pytest_asyncprotocol.exploration.scheduling import let_others_run, together
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NotApplicable
from pytest_asyncprotocol.model.subject import Outcome, Subject

TURNS_OF_A_BODY = 20
"""Turns that a long body gives to other tasks."""

TIME_OF_A_BODY = 1
"""Seconds of the loop's clock that a long body gives to the tasks that its manager started."""


class BodyError(Exception):
    """What the checker raises in a body: nobody can have declared it."""

    def __init__(self) -> None:
        super().__init__("raised in the body")


def expect_entry(case: Case) -> None:
    """Leave out a manager whose entry raises, as its author declares.

    Raises:
        NotApplicable: nobody comes in, so nobody leaves.
    """
    if case.declared.enter_raises is not None:
        raise NotApplicable("declared enter_raises=, so nobody comes in")


async def entered_fresh(case: Case) -> Subject:
    """A fresh manager, entered.

    Raises:
        NotApplicable: nobody comes in, as its author declares.
    """
    expect_entry(case)
    subject = await case.fresh()
    (await subject.enter()).unwrap()
    return subject


async def with_body(subject: Subject, body: Callable[[], Awaitable[None]]) -> Outcome:
    """``async with subject: await body()``, step by step as the language defines it.

    Gives the outcome of ``__aexit__``; what it does not suppress is raised again by the caller.
    """
    (await subject.enter()).unwrap()
    try:
        await body()
    except BaseException as error:
        outcome = await subject.exit(error)
        if outcome.returned and not truth(outcome.value):
            raise
    else:
        outcome = await subject.exit()
    # Outside of the handler, where `raise` leaves the context of an error as it is.
    outcome.unwrap()
    return outcome


def truth(value: object) -> bool:
    """The truth of *value* as ``async with`` takes it; a ``__bool__`` that raises raises here."""
    return bool(value)


async def left_by(subject: Subject, error: BaseException | None) -> Outcome:
    """``__aexit__`` as ``async with`` calls it: while what the body raised is being handled."""
    if error is None:
        return await subject.exit()
    try:
        raise error
    except BaseException as raised:
        return await subject.exit(raised)


async def leave_by_error(_: Case, subject: Subject) -> None:
    """The use of a manager whose body raises; raises what comes out of the manager then."""
    error = BodyError()
    (await subject.enter()).unwrap()
    outcome = await left_by(subject, error)
    discard_unawaited(outcome)
    outcome.unwrap()
    if not suppresses(outcome):
        raise error


async def enter_and_leave(subject: Subject, entering: Awaitable[Outcome]) -> None:
    """Await *entering*; if *subject* was entered, leave it where no cancel scope reaches."""
    with anyio.CancelScope() as cover:
        if (await entering).returned:
            cover.shield = True
            discard_unawaited(await subject.exit())


async def left_in_cancelled_scope(
    case: Case, subject: Subject, error: BaseException | None
) -> BaseException | None:
    """Use *subject* in a scope that is cancelled when the body begins.

    The body raises *error*, or lets the cancellation out where that is None. Gives what comes out
    of the scope.
    """
    canceller = Canceller(case.loop)

    async def body() -> None:
        canceller.cancel()
        if error is not None:
            raise error
        await checkpoint()

    try:
        with canceller:
            discard_unawaited(await with_body(subject, body))
    except BaseException as raised:
        if case.loop.cancelled(raised):
            raise
        return raised
    return None


async def left_after_a_while(subject: Subject, library: str) -> None:
    """Use *subject*, to whatever end, with a body that takes its time."""

    async def use() -> Outcome:
        with following(library) as alive:

            async def body() -> None:
                await let_others_run(TURNS_OF_A_BODY)
                if alive():
                    await anyio.sleep(TIME_OF_A_BODY)

            return await with_body(subject, body)

    await _ended_in_own_task(use)


async def left_with_time_to_fail(subject: Subject) -> Outcome | None:
    """Use *subject* with a body that gives its background work the time to fail.

    Gives the outcome of ``__aexit__``, if ``async with`` came to its end without an exception.
    """

    async def body() -> None:
        await let_others_run(TURNS_OF_A_BODY)
        await anyio.sleep(TIME_OF_A_BODY)

    return await _ended_in_own_task(partial(with_body, subject, body))


async def _ended_in_own_task(use: Callable[[], Awaitable[Outcome]]) -> Outcome | None:
    """Carry out *use* in a task of its own, which what its manager started may cancel."""

    async def carry_out() -> Outcome | None:
        try:
            outcome = await use()
        except BaseException:
            if anyio.current_effective_deadline() == float("-inf"):
                raise
            return None
        discard_unawaited(outcome)
        return outcome

    (ended,) = await together(carry_out)
    return ended


async def a_cancellation() -> BaseException:
    """The exception by which the running library cancels, of a cancellation that is over."""
    found: BaseException | None = None
    with anyio.CancelScope() as scope:
        scope.cancel()
        try:
            await checkpoint()
        except BaseException as error:
            found = error
            raise
    if found is None:
        raise RuntimeError("a cancelled scope did not cancel")
    return found


def suppresses(outcome: Outcome) -> bool:
    """Whether ``async with`` would take this end of ``__aexit__`` as a suppression."""
    try:
        return outcome.returned and truth(outcome.value)
    except BaseException:
        return False


def discard_unawaited(outcome: Outcome) -> None:
    """End a coroutine that ``__aexit__`` returned without awaiting it, so that nothing warns."""
    if inspect.iscoroutine(outcome.value):
        outcome.value.close()
