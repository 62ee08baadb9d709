"""What a subject leaves behind."""

from __future__ import annotations

from pytest_asyncprotocol.engine.hygiene import describe_task
from pytest_asyncprotocol.engine.lineage import following
from pytest_asyncprotocol.exploration.leaving import carry_out, uses
from pytest_asyncprotocol.exploration.scenarios import let_others_run
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.catalogue import Level, rule
from pytest_asyncprotocol.model.exceptions import (
    NotApplicable,
    Violation,
)

TURNS_TO_END = 5
"""Turns that a task gets to end once it was cancelled, or has nothing left to do."""


@rule("CO006", "nothing-unawaited", Level.MUST, requires=("CO010",), needs_own_loop=True)
async def nothing_unawaited(case: Case) -> None:
    """Using it leaves no coroutine that was never awaited.

    Why:
        The code in that coroutine never ran: a connection was not closed, a message not sent.

    In practice:
        ``self.close()`` without ``await`` in a clean-up.

    Advice:
        Await the named coroutine.

    Source:
        Python language reference, 3.4.2 "Coroutine Objects":
        https://docs.python.org/3/reference/datamodel.html#coroutine-objects
    """
    if case.recorder is None:
        raise NotApplicable("warnings are not recorded here")
    for scenario in uses(case):
        mark = case.recorder.mark()
        await carry_out(scenario, case, await case.fresh())
        await case.tear_down()
        for found in case.recorder.since(mark):
            raise Violation(found)


@rule("CO007", "no-task-left", Level.SHOULD, requires=("CO010",))
async def no_task_left(case: Case) -> None:
    """No task outlives the operation, the close or the exit.

    When the subject has come to its end, the tasks that it started are over, or are after a few
    turns of the event loop. Declare ``background_ok=True`` for a subject that keeps a task by
    design.

    Why:
        A task that nobody waits for loses its errors, works on closed resources, and is destroyed
        pending at the end of the loop.

    In practice:
        A keep-alive task that ``__aexit__`` forgets; ``gather`` that leaves siblings running.

    Advice:
        Cancel the task and await it, or start it in a task group.

    Source:
        asyncio, "Task Groups", and Trio, "Tasks let you do multiple things at once":
        https://docs.python.org/3/library/asyncio-task.html#task-groups
        https://trio.readthedocs.io/en/stable/reference-core.html#tasks-let-you-do-multiple-things-at-once
    """
    if case.declared.background_ok:
        raise NotApplicable("declared background_ok=True")
    for scenario in uses(case):
        subject = await case.fresh()
        with following(case.library) as alive:
            await carry_out(scenario, case, subject)
        await let_others_run(TURNS_TO_END)
        left = sorted(describe_task(task) for task in alive())
        if left:
            raise Violation(f"{left[0]} is still alive after the end")
        await case.tear_down()
