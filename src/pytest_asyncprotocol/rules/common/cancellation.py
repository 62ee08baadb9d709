"""Cancellation, whatever the protocol."""

from __future__ import annotations

from pytest_asyncprotocol.exploration.cancellation import CancelledRun, sweep
from pytest_asyncprotocol.exploration.leaving import BodyError, uses
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.catalogue import Level, rule
from pytest_asyncprotocol.model.exceptions import (
    Violation,
)
from pytest_asyncprotocol.model.text import describe_exception


@rule("CO001", "cancellation-passes", Level.MUST, requires=("CO010",))
async def cancellation_passes(case: Case) -> None:
    """Cancellation is transparent: every operation lets it through.

    A cancellation that was delivered into the subject, at whichever of its suspensions, comes out
    of the operation. One that was not delivered, because it was shielded or came too late, may
    let the full result out.

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

    def judge(run: CancelledRun) -> None:
        if run.delivered and not run.cancelled and run.error is None:
            raise Violation(f"{run.where}, it swallowed the cancellation and went on")

    await sweep(case, uses(case), judge)


@rule("CO002", "cancellation-unchanged", Level.SHOULD, requires=("CO010", "CO001"))
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

    def judge(run: CancelledRun) -> None:
        if not run.delivered or run.cancelled or isinstance(run.error, BodyError):
            return
        if run.error is not None:
            raise Violation(f"{run.where}, it raised {describe_exception(run.error)} in its place")

    await sweep(case, uses(case), judge)
