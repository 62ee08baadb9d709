"""What a cancellation leaves behind, whatever the protocol."""

from __future__ import annotations

from pytest_asyncprotocol.exploration.aftermath import (
    cancelled_before,
    cancelled_run,
    close,
    crossed_run,
    use_again,
)
from pytest_asyncprotocol.exploration.cancellation import POINTS, STYLES
from pytest_asyncprotocol.exploration.release import is_released
from pytest_asyncprotocol.exploration.uses import Scenario, uses
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import Vacuous, Violation
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.rule import Fault, Level, rule
from pytest_asyncprotocol.model.subject import Subject
from pytest_asyncprotocol.model.text import describe_exception

JUDGED_BY_OTHERS = (Protocol.ASYNC_CONTEXT_MANAGER, Protocol.ASYNC_GENERATOR)
"""What these hold after a cancellation is for CM010, CM011, CM012 and AG008."""


# It requires the rules that say the same of one operation alone, so that one fault is blamed once.
@rule(
    "CO021",
    "closable-after-cancellation",
    Level.SHOULD,
    requires=(
        "CO010",
        "CO001",
        "CO002",
        "AB008",
        "AG008",
        "AI017",
        "AI019",
        "AW012",
        "CM010",
        "CM011",
        "CM012",
        "CM015",
        "CM020",
    ),
    judges=Fault.NO_END_OF_CLOSING,
)
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
        subject = await cancelled_before(case, scenario)
        if not await _is_closed(case, subject):
            raise Violation("used in a scope that was cancelled before, it keeps what it acquired")
        await _cancel_everywhere(case, scenario)
    if not case.points:
        raise Vacuous("nothing ever suspended, so no cancellation could be delivered")


async def _cancel_everywhere(case: Case, scenario: Scenario) -> None:
    for point in POINTS:
        closed: list[bool] = []
        for style in STYLES[case.library]:
            await case.tear_down()
            run = await cancelled_run(point, style, case, scenario)
            if run is not None:
                case.points += run.delivered
                closed.append(await _is_closed(case, run.subject))
        if not closed:
            return
        if not any(closed):
            raise Violation(
                f"cancelled at suspension {point}, and closed after that, it keeps what it "
                "acquired: released= is false"
            )
        if case.library == "asyncio" and all(closed):
            await _cross(point, case, scenario)


async def _cross(point: int, case: Case, scenario: Scenario) -> None:
    await case.tear_down()
    subject = await crossed_run(point, case, scenario)
    if subject is not None and not await _is_closed(case, subject):
        raise Violation(
            f"cancelled by Task.cancel() at suspension {point}, when what it waited for was "
            "done, and closed after that, it keeps what it acquired: released= is false"
        )


async def _is_closed(case: Case, subject: Subject) -> bool:
    """Close *subject*, or use it again; whether it holds nothing then.

    Raises:
        Violation: it cannot be used again.
    """
    await close(subject)
    failed = await use_again(case, subject)
    if failed is not None and failed.error is not None:
        raise Violation(
            f"used again after it was cancelled, {failed.operation} raised "
            f"{describe_exception(failed.error)}"
        )
    if case.declared.released is None or case.protocol in JUDGED_BY_OTHERS:
        return True
    return await is_released(case, subject)
