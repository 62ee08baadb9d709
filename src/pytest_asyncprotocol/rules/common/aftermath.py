"""What a cancellation leaves behind, whatever the protocol."""

from __future__ import annotations

from contextlib import suppress
from functools import partial

from pytest_asyncprotocol.authoring import *

JUDGED_BY_OTHERS = (Protocol.ASYNC_CONTEXT_MANAGER, Protocol.ASYNC_GENERATOR)
"""What these hold after a cancellation is for CM010, CM011, CM012 and AG008."""


# It requires the rules that say the same of one operation alone, so that one fault is blamed once.
@rule("CO021", "closable-after-cancellation", Level.SHOULD, judges=Fault.NO_END_OF_CLOSING,
      requires=("CO010", "CO001", "CO002", "AB008", "AG008", "AI017", "AI019", "AW012", "CM010",
                "CM011", "CM012", "CM015", "CM020"))  # fmt: skip
async def closable_after_cancellation(case: Case) -> None:
    """After a cancellation it can be closed, and then holds nothing.

    Whenever the cancellation comes, before the first step, at a suspension, or together with what
    was waited for: ``aclose()``, where there is one, comes to an end, a manager that promises
    ``reuse="reusable"`` can be entered again, and the declared ``released=`` is true. On asyncio it
    is enough that it holds nothing when a cancel scope cancels, or when ``Task.cancel()`` does.

    Why:
        What a time-out interrupted keeps its connection, or blocks whoever tries to close it.

    In practice:
        A lock that the cancelled step still holds, for which ``aclose()`` waits; a counter that
        is decreased behind the last ``await``.

    Advice:
        Restore the state in ``finally``, without an ``await`` before it.

    Source:
        Trio, "Cancellation semantics", and asyncio, "Task Cancellation":
        https://trio.readthedocs.io/en/stable/reference-core.html#cancellation-semantics
        https://docs.python.org/3/library/asyncio-task.html#task-cancellation
    """
    for scenario in uses(case):
        subject = await _used_in_cancelled_scope(case, scenario)
        if not await _is_released_when_closed(case, subject):
            raise Violation("used in a scope that was cancelled before, it keeps what it acquired")
        async for left in ReleaseSweep(case, partial(_cancelled_and_closed, scenario)):
            point = left[0].run.point
            if not any(each.released for each in left):
                raise Violation(
                    f"cancelled at suspension {point}, and closed after that, it keeps what it "
                    "acquired: released= is false"
                )
            if case.library == "asyncio" and all(each.released for each in left):
                await _expect_release_when_crossed(case, scenario, point)
    if not case.points:
        raise Vacuous(NEVER_SUSPENDED)


async def _used_in_cancelled_scope(case: Case, scenario: Scenario) -> Subject:
    """Carry out *scenario* on a fresh subject in a scope that is cancelled already."""
    subject = await case.fresh()
    subject.note("in a scope that was cancelled before:")
    try:
        with Canceller(case.loop) as canceller:
            canceller.cancel()
            await relenting(scenario)(case, subject)
    except BaseException as error:
        if case.loop.being_cancelled():
            raise
        subject.note(f"it raised {type(error).__name__}")
    return subject


async def _cancelled_and_closed(
    scenario: Scenario, case: Case, style: Style, point: int
) -> Aftermath | None:
    run = await cancelled_at(case, relenting(scenario), style, point)
    if run is None:
        return None
    return Aftermath(run, await _is_released_when_closed(case, run.subject))


async def _expect_release_when_crossed(case: Case, scenario: Scenario, point: int) -> None:
    async def carried_out(case: Case, subject: Subject) -> None:
        with suppress(Exception):
            await carry_out(scenario, case, subject)

    await case.tear_down()
    subject = await cancelled_with_result(case, carried_out, point)
    if subject is not None and not await _is_released_when_closed(case, subject):
        raise Violation(
            f"cancelled by Task.cancel() at suspension {point}, when what it waited for was "
            "done, and closed after that, it keeps what it acquired: released= is false"
        )


async def _is_released_when_closed(case: Case, subject: Subject) -> bool:
    """Close *subject*, or use it again; whether it holds nothing then.

    Raises:
        Violation: it cannot be used again.
    """
    for each in (*subject.derived, subject):
        if each.has("aclose") and each.special("__anext__"):
            await each.aclose()
    failed = await _used_again(case, subject)
    if failed is not None and failed.error is not None:
        raise Violation(
            f"used again after it was cancelled, {failed.operation} raised "
            f"{describe_exception(failed.error)}"
        )
    if case.declared.released is None or case.protocol in JUDGED_BY_OTHERS:
        return True
    return await is_released(case, subject)


async def _used_again(case: Case, subject: Subject) -> Outcome | None:
    """Enter a manager that promises to be reusable once more, and leave it; what failed, if any."""
    reusable = case.declared.reuse in ("reusable", "reentrant")
    if case.protocol is not Protocol.ASYNC_CONTEXT_MANAGER or not reusable:
        return None
    outcome = await subject.enter()
    if outcome.returned:
        outcome = await subject.exit()
    return None if outcome.returned else outcome
