"""What a subject leaves behind."""

from __future__ import annotations

from pytest_asyncprotocol.authoring import *


@rule("CO006", "nothing-unawaited", Level.MUST, needs_own_loop=True)
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


@Shown(seconds=1)
@rule("CO007", "no-task-left", Level.SHOULD)
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
        left = [describe_task(task) for task in alive()]
        if left:
            raise Violation(f"{min(left)} is still alive after the end")
        await case.tear_down()


@rule("CO008", "no-error-lost", Level.SHOULD, needs_own_loop=True)
async def no_error_lost(case: Case) -> None:
    """No error goes only to the loop's exception handler.

    Nor only to the log of asyncio or trio, or to the hook for errors of threads. Whatever goes
    wrong in a task, a callback or a thread of the subject is raised to the caller, by the operation
    or at the end; or it is handled. One that is raised to the caller may be reported besides.

    Why:
        The operation reports success, and the only trace of the failure is a line in a log, at
        some later time.

    In practice:
        ``asyncio.create_task(self.work())`` of which nobody ever asks the result.

    Advice:
        Await the task at the end, or start it in a task group.

    Source:
        asyncio, "Detect never-retrieved exceptions":
        https://docs.python.org/3/library/asyncio-dev.html#detect-never-retrieved-exceptions
    """
    if case.recorder is None:
        raise NotApplicable("errors are not recorded here")
    for scenario in uses(case):
        await settle(case.recorder)
        with case.recorder.lost_errors(case.library) as lost:
            raised = await _trace_of(scenario, case)
            lost()
            await let_others_run(TURNS_TO_END)
            found = sorted(lost())
        for each in found:
            if not any(each in line for line in raised):
                raise Violation(f"{each} was raised where nobody but a log or a hook got it")


async def settle(recorder: Record) -> None:
    """Collect the garbage of earlier checks, and let it have its last turns."""
    recorder.mark()
    await let_others_run(TURNS_TO_END)


async def _trace_of(scenario: Scenario, case: Case) -> tuple[str, ...]:
    """The trace of one use of a subject that nothing holds any more."""
    await carry_out(scenario, case, await case.fresh())
    await let_others_run(TURNS_TO_END)
    trace = case.trace()
    await case.tear_down()
    return trace
