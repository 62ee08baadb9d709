"""Cancellation, whatever the protocol."""

from __future__ import annotations

from functools import partial

from pytest_asyncprotocol.authoring import *


# Of a generator that yields inside a task group, that group decides what comes out: see AG007.
@rule("CO001", "cancellation-passes", Level.MUST, requires=("CO010", "AG007"))
async def cancellation_passes(case: Case) -> None:
    """Cancellation is transparent: every operation lets it through.

    A cancellation that was delivered into the subject, at whichever of its suspensions, comes out
    of the operation. One that was not delivered, because it was shielded or came too late, may
    let the full result out. On asyncio a second ``Task.cancel()`` may come while the operation
    cleans up; then too, a cancellation comes out.

    Why:
        A swallowed cancellation breaks time-outs, task groups and shutdown: the caller goes on
        working in a scope that is over, or never ends.

    In practice:
        ``except BaseException``, a bare ``except:``, or ``return`` inside ``finally``.

    Advice:
        Look for handlers around the await that catch more than `Exception`; re-raise at their end.

    Source:
        asyncio, "Task Cancellation":
        https://docs.python.org/3/library/asyncio-task.html#task-cancellation
    """
    async for run in Sweep(case, map(relenting, uses(case)), twice=True):
        if run.delivered and not run.cancelled and run.error is None:
            raise Violation(f"{run.where}, it swallowed the cancellation and went on")


# Where the throw() of an iterator can't be called, TypeError comes in place of every cancellation.
@rule("CO002", "cancellation-unchanged", Level.SHOULD, requires=("CO010", "CO001", "AW007"))
async def cancellation_unchanged(case: Case) -> None:
    """Cancellation is not converted into another exception.

    When a cancellation was delivered into the subject, what comes out is that cancellation; out of
    a manager that is left by an error of its body, that error may come too.

    Why:
        ``asyncio.timeout`` then reports the other exception instead of TimeoutError, and cancel
        scopes don't recognise their own cancellation.

    In practice:
        ``except BaseException as error: raise OperationFailed from error``.

    Advice:
        Convert `Exception` only; let what is not one through.

    Source:
        Trio, "Cancellation semantics":
        https://trio.readthedocs.io/en/stable/reference-core.html#cancellation-semantics
    """
    async for run in Sweep(case, map(relenting, uses(case))):
        if not run.delivered or run.cancelled or isinstance(run.error, BodyError):
            continue
        if run.error is not None:
            raise Violation(f"{run.where}, it raised {describe_exception(run.error)} in its place")


# What goes on after a cancellation goes on after GeneratorExit too, and what hangs when it is
# closed after the one does so after the other: that is for CO001 and CO021.
@rule(
    "CO005", "close-ends-it", Level.MUST, requires=("CO010", "CO001", "CO021"), needs_own_loop=True
)
async def close_ends_it(case: Case) -> None:
    """``coroutine.close()`` ends it: it does not go on after GeneratorExit.

    At whichever of its suspensions an operation gets GeneratorExit, none of its coroutines catches
    that to await something else and give a value after it. Left alone are one that awaits while it
    cleans up and then lets GeneratorExit out, one that ends at once by a value, and one that
    raises another error.

    Why:
        The coroutine can't be got rid of: Python says "coroutine ignored GeneratorExit", and what
        the garbage collector drops goes on working where no event loop runs any more.

    In practice:
        A loop of retries with ``except BaseException: continue``, and an ``except`` for the
        cancellation before that.

    Advice:
        Retry on `Exception`, or on the errors that are expected.

    Source:
        Python language reference, coroutine.close(), and PEP 342, "New generator method: close()":
        https://docs.python.org/3/reference/datamodel.html#coroutine.close
        https://peps.python.org/pep-0342/#new-generator-method-close
    """
    async for run in EachSuspension(
        case,
        *(partial(closed_at, case, scenario) for scenario in uses(case)),
        counts=lambda run: run.closed,
        vacuous="it never suspended where coroutine.close() gets at it",
    ):
        if run.returned or run.endless:
            raise Violation(
                f"closed at suspension {run.point}, it caught GeneratorExit and went on "
                f"{'for ever' if run.endless else 'to give a value'}; expected it to end"
            )


@rule("CO009", "shields-bounded", Level.SHOULD, enabled_by=("hanging",))
async def shields_bounded(case: Case) -> None:
    """Shields are bounded: a cancellation takes effect in finite time.

    Enabled by ``hanging=``, a factory of a subject whose peer never answers. When that subject has
    waited for long and is cancelled, it ends, be it after the time limit of a shield. On asyncio
    this is so for a cancel scope, and for ``Task.cancel()``. It says nothing about a subject that
    gives up waiting by itself.

    Why:
        Time-outs and shutdown wait as long as the peer keeps silent, which can be for ever.

    In practice:
        ``CancelScope(shield=True)`` without a deadline around a close that talks to the peer.

    Advice:
        Give the shield a deadline: ``move_on_after(5, shield=True)``.

    Source:
        anyio, "Shielding", and trio.CancelScope.shield:
        https://anyio.readthedocs.io/en/stable/cancellation.html#shielding
        https://trio.readthedocs.io/en/stable/reference-core.html#trio.CancelScope.shield
    """
    cancelled = False
    for scenario in uses(case):
        for style in STYLES[case.library]:
            subject = await case.fresh_of("hanging")
            cancelled |= await cancelled_late(case, scenario, subject, style)
            await case.tear_down()
    if not cancelled:
        raise Vacuous("the subject that hanging= makes ended by itself, before it was cancelled")
