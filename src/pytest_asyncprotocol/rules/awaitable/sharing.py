"""Rules about an awaitable that several tasks await, or that is awaited after a cancellation."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from functools import partial
from itertools import product

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.awaitable._waiters import Waiter, two_waiters
from pytest_asyncprotocol.snippets.looks import growth

AWAITS = 3
"""Awaits of a failed object: the first one may carry out what the others only repeat."""

ORDINALS = ("first", "second")


# What is wrong about a first await, or about a second one in the same task, is AW003's and AW009's.
@rule(
    "AW010",
    "shared-by-two",
    Level.SHOULD,
    needs_own_loop=True,
    requires=("CO010", "AW003", "AW009"),
    enabled_by=("shared",),
)
async def shared_by_two(case: Case) -> None:
    """Two tasks may await it at the same time.

    Enabled by ``shared=True``. A second task joins in at each of the suspensions of a first one,
    and both get what one of them alone gets: the value declared by ``returns=``, a value that is
    not None in place of one, or the declared exception. With ``reawait="same"`` it is the same
    value. On trio it is tried under several schedules.

    Why:
        The second caller goes on with None, or resumes the operation of the first one, by which
        trio loses count of its cancel scopes.

    In practice:
        ``if not self.loading: ...`` and then ``return self.value``, which is not there yet; one
        coroutine whose ``__await__()`` each caller gets, which does not say "awaited already" as
        ``await`` does.

    Advice:
        Let the first caller keep the result and set an event that the others wait for; or begin
        the operation anew for each caller.

    Source:
        asyncio, Future and Event, which any number of tasks may wait for:
        https://docs.python.org/3/library/asyncio-future.html#asyncio.Future
        https://docs.python.org/3/library/asyncio-sync.html#asyncio.Event
    """
    await isolated(case, _shared_by_two, "awaited by two tasks at once")


async def _shared_by_two(case: Case) -> None:
    alone = await _awaited_alone(case)
    async for _ in EachSuspension(
        case,
        partial(_shared_at, case, alone),
        counts=lambda _: 0,
        vacuous="it never suspended, so two tasks could not meet",
    ):
        pass


async def _shared_at(case: Case, alone: Outcome, at: int) -> bool | None:
    """Have two tasks meet at suspension *at* in each schedule; None if none gets that far."""
    for _ in schedules(case.library):
        await case.tear_down()
        waiters = await two_waiters(case, await case.fresh(), at)
        if not waiters[0].reached:
            return None
        case.points += 1
        _expect_alike(case, [waiter.outcome or alone for waiter in waiters], alone, at)
    return True


def _expect_alike(case: Case, outcomes: list[Outcome], alone: Outcome, at: int) -> None:
    first, second = outcomes
    seen = (
        f"a second task joined in at suspension {at} of a first one: for the first it {first}, for "
        f"the second it {second}"
    )
    if not all(_is_like(case, outcome, alone) for outcome in outcomes):
        raise Violation(f"{seen}; for one alone it {alone}")
    if case.declared.reawait == "same" and alone.returned and not same(second.value, first.value):
        raise Violation(f"{seen}; expected the same value")


# An object that does not serve two tasks at all, or that is stuck after any cancellation, has a
# fault of its own.
@rule(
    "AW011",
    "cancels-nobody-else",
    Level.SHOULD,
    requires=("CO010", "AW010", "AW012"),
    enabled_by=("shared",),
)
async def cancels_nobody_else(case: Case) -> None:
    """Cancelling one waiter does not cancel the others.

    Enabled by ``shared=True``. Of two tasks that await it at the same time, the first or the
    second is cancelled, by a cancel scope and on asyncio by ``Task.cancel()`` too; the other one
    still gets what it gets alone.

    Why:
        One caller that runs into its time-out takes down all others: they end by a CancelledError
        that nobody sent them, or wait for ever.

    In practice:
        A task that is kept and awaited by every caller: ``Task.cancel()`` of one of them cancels
        what it waits for.

    Advice:
        ``await asyncio.shield(self.task)``, or an event that the task sets when it is done; and
        cancel the task when nobody waits any more.

    Source:
        asyncio, "Shielding From Cancellation":
        https://docs.python.org/3/library/asyncio-task.html#shielding-from-cancellation
    """
    alone = await _awaited_alone(case)
    async for pair in EachSuspension(
        case,
        *(
            partial(_one_cancelled, case, style, number)
            for style, number in product(STYLES[case.library], (0, 1))
        ),
        counts=lambda pair: pair.cancelled.outcome is None,
        vacuous="nobody could be cancelled while another task waited",
    ):
        outcome = pair.other.outcome
        if outcome is not None and not _is_like(case, outcome, alone):
            raise Violation(
                f"when the {ORDINALS[pair.number]} of two tasks that awaited it was cancelled by "
                f"{pair.style.value}, the other {outcome}; alone it {alone}"
            )


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two tasks that awaited one subject, of which *number* was cancelled."""

    style: Style
    number: int
    cancelled: Waiter
    other: Waiter


async def _one_cancelled(case: Case, style: Style, number: int, at: int) -> _Pair | None:
    waiters = await two_waiters(case, await case.fresh(), at, style=style, cancelling=number)
    if not waiters[0].reached:
        return None
    return _Pair(style, number, waiters[number], waiters[1 - number])


# What is wrong about an await without any cancellation is AW003's and AW009's, and what swallows
# one is CO001's.
@rule(
    "AW012",
    "not-stuck-after-cancellation",
    Level.SHOULD,
    requires=("CO010", "AW003", "AW009", "CO001"),
)
async def not_stuck_after_cancellation(case: Case) -> None:
    """After a cancelled await the object is not stuck.

    At each of its suspensions an await is cancelled, and the object awaited again: that gives a
    value or an error, and does not wait for ever. With ``retryable=True`` it gives what an
    undisturbed await gives: the value declared by ``returns=``, a value that is not None in place
    of one, or the declared exception.

    Why:
        One time-out, and whoever tries again waits for ever.

    In practice:
        ``self.busy = True`` before the ``try`` whose ``finally`` takes it back; an event that only
        the cancelled caller would have set.

    Advice:
        Let nothing suspend between such a mark and the ``try``; or make the object dead for good,
        with a clear error.

    Source:
        Trio, "Cancellation and primitive operations", and asyncio, "Task Cancellation":
        https://trio.readthedocs.io/en/stable/reference-core.html#cancellation-and-primitive-operations
        https://docs.python.org/3/library/asyncio-task.html#task-cancellation
    """
    alone = await _awaited_alone(case) if case.declared.retryable else None
    async for run in Sweep(
        case,
        [relenting(awaited)],
        counts=lambda run: run.cancelled,
        vacuous="no await of it could be cancelled",
    ):
        if run.cancelled:
            outcome = await run.subject.wait()
            if alone is not None and not _is_like(case, outcome, alone):
                raise Violation(
                    f"{run.where}, and awaited again, it {outcome}; undisturbed it {alone}"
                )


# A second await that waits for ever is AW009's.
@Shown(each_call=growth)
@rule("AW013", "stored-error-kept", Level.MAY, requires=("CO010", "AW009"))
async def stored_error_kept(case: Case) -> None:
    """A stored exception is not degraded by repeated awaits.

    Where each await of a failed object raises, the traceback and the chain of ``__context__`` of
    what it raises do not grow from await to await.

    Why:
        The traceback of an object that is often awaited fills the log, and keeps alive what the
        frames in it hold.

    In practice:
        ``raise self.error``, which adds its frames to the traceback that the error has already.

    Advice:
        ``raise self.error.with_traceback(self.traceback)``, with the traceback kept from the first
        time, as `asyncio.Future` does.

    Source:
        Python library reference, BaseException.with_traceback(), and PEP 3134:
        https://docs.python.org/3/library/exceptions.html#BaseException.with_traceback
        https://peps.python.org/pep-3134/
    """
    subject = await case.fresh()
    frames: list[int] = []
    contexts: list[int] = []
    for _ in range(AWAITS):
        error = (await subject.wait()).error
        if error is None:
            raise Vacuous("it did not fail, so there is no stored exception")
        walked = traceback.walk_tb(error.__traceback__)
        frames.append(sum(not is_ours(frame.f_code) for frame, _ in walked))
        contexts.append(_depth(error))
    for what, sizes in (("traceback", frames), ("chain of __context__", contexts)):
        if sizes[-1] > sizes[-2]:
            raise Violation(
                f"the {what} of what it raised grew from {sizes[-2]} to {sizes[-1]} between its "
                "second await and its third"
            )


def _depth(error: BaseException) -> int:
    """How many exceptions *error* says that it was raised while handling."""
    seen: set[int] = set()
    context = error.__context__
    while context is not None and id(context) not in seen:
        seen.add(id(context))
        context = context.__context__
    return len(seen)


async def _awaited_alone(case: Case) -> Outcome:
    outcome = await (await case.fresh()).wait()
    await case.tear_down()
    return outcome


def _is_like(case: Case, outcome: Outcome, alone: Outcome) -> bool:
    """Whether *outcome* is as good as that of an undisturbed await."""
    if not alone.returned:
        return type(outcome.error) is type(alone.error)
    if not outcome.returned or not case.declared.declares("returns"):
        return outcome.returned and (outcome.value is not None or alone.value is None)
    return case.declared.as_judge("returns")(outcome.value)
