"""What the loop puts into a subject, seen on its way there, and changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from typing import Any

import anyio

from pytest_asyncprotocol.engine.library import RunningLoop
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.exploration.uses import Scenario
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.recording import Scope, cancelled_now, recording
from pytest_asyncprotocol.model.subject import Subject

MOST_DELIVERIES = 50
"""Times that a cancel scope cancels a subject again which does not let go."""


class Intercepted(Awaitable[Any]):
    """Awaits *awaitable*; an exception for it is put through *exchange* first.

    asyncio throws what it puts in, trio sends an object whose ``error`` it is.
    """

    def __init__(
        self, awaitable: Awaitable[Any], exchange: Callable[[BaseException], BaseException]
    ) -> None:
        self._awaitable = awaitable
        self._exchange = exchange

    def __await__(self) -> Generator[Any, Any, Any]:
        steps: Any = self._awaitable.__await__()
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            try:
                trap = steps.send(sent) if thrown is None else steps.throw(thrown)
            except StopIteration as end:
                return end.value
            sent, thrown = None, None
            try:
                sent = yield trap
            except BaseException as error:
                thrown = error
            arrived = thrown if thrown is not None else getattr(sent, "error", None)
            if arrived is not None:
                given = self._exchange(arrived)
                thrown = thrown if given is arrived else given


def relenting(scenario: Scenario) -> Scenario:
    """*scenario*, no longer cancelled once it took `MOST_DELIVERIES` cancellations.

    A cancel scope cancels again at every suspension, and so a subject that tries again whatever
    happens would go round in circles for ever. One that is let off comes to its end.
    """

    async def relented(case: Case, subject: Subject) -> object:
        loop = RunningLoop(case.library)
        deliveries = 0

        def count(arrived: BaseException) -> BaseException:
            nonlocal deliveries
            deliveries += isinstance(arrived, loop.cancelled_type)
            if deliveries >= MOST_DELIVERIES:
                scope.shield = True
            return arrived

        with anyio.CancelScope() as scope:
            return await Intercepted(scenario(case, subject), count)
        return None

    return relented


async def closed_from_outside(point: int, case: Case, scenario: Scenario) -> bool | None:
    """Throw GeneratorExit into *scenario* at suspension *point*; None if it has none.

    A cancellation is delivered there, and GeneratorExit put in its place, so that each iterator
    on the way has its ``close()`` called by the one that waits for it.
    """
    subject = await case.fresh()
    loop = RunningLoop(case.library)
    scope = anyio.CancelScope()

    def close(arrived: BaseException) -> BaseException:
        return GeneratorExit() if loop.is_cancellation(arrived) else arrived

    async def intercepted() -> None:
        await Intercepted(scenario(case, subject), close)

    recorded = Scope("close", case.loop.task())

    def cancel() -> None:
        cancelled_now(recorded)
        scope.cancel()

    step = Stepped(intercepted(), point, cancel)

    async def run() -> None:
        with recording(recorded), scope, suppress(Exception, GeneratorExit):
            await step

    # In a task of its own, for what was closed inside of a scope leaves that open.
    with suppress(BaseExceptionGroup):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
    return True if step.reached else None
