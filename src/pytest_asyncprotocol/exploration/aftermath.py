"""What is done with a subject after a use of it was cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import anyio

from pytest_asyncprotocol.engine.library import RunningLoop
from pytest_asyncprotocol.exploration.cancellation import CancelledRun, Style, cancelled_at
from pytest_asyncprotocol.exploration.crossing import cancelled_with_result
from pytest_asyncprotocol.exploration.interception import relenting
from pytest_asyncprotocol.exploration.uses import Scenario, carry_out
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.recording import Scope, cancelled_now, recording
from pytest_asyncprotocol.model.subject import Outcome, Subject


async def cancelled_before(case: Case, scenario: Scenario) -> Subject:
    """Carry out *scenario* on a fresh subject in a scope that is cancelled already."""
    subject = await case.fresh()
    loop = RunningLoop(case.library)
    subject.note("in a scope that was cancelled before:")
    recorded = Scope("scope", loop.task())
    try:
        with recording(recorded), anyio.CancelScope() as scope:
            cancelled_now(recorded)
            scope.cancel()
            await relenting(scenario)(case, subject)
    except BaseException as error:
        if loop.being_cancelled():
            raise
        subject.note(f"it raised {type(error).__name__}")
    return subject


async def cancelled_run(
    point: int, style: Style, case: Case, scenario: Scenario
) -> CancelledRun | None:
    """As `cancelled_at`, of a subject that may go on and on."""
    return await cancelled_at(point, style, case, relenting(scenario))


async def crossed_run(point: int, case: Case, scenario: Scenario) -> Subject | None:
    """The subject of a run whose cancellation came together with what it waited for."""

    async def carried_out(case: Case, subject: Subject) -> None:
        with suppress(Exception):
            await carry_out(scenario, case, subject)

    return await cancelled_with_result(point, case, carried_out)


async def close(subject: Subject) -> list[Outcome]:
    """Close *subject*, and the iterators that it gave, where they can be closed."""
    return [await each.aclose() for each in _closable(subject)]


def _closable(subject: Subject) -> Iterator[Subject]:
    for each in (*subject.derived, subject):
        if each.has("aclose") and each.special("__anext__"):
            yield each


async def use_again(case: Case, subject: Subject) -> Outcome | None:
    """Enter a manager that promises to be reusable once more, and leave it; what failed, if any."""
    reusable = case.declared.reuse in ("reusable", "reentrant")
    if case.protocol is not Protocol.ASYNC_CONTEXT_MANAGER or not reusable:
        return None
    entry = await subject.enter()
    if not entry.returned:
        return entry
    left = await subject.exit()
    return None if left.returned else left
