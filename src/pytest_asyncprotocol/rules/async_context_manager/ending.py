"""Rules about an exit that comes to an end."""

from __future__ import annotations

from pytest_asyncprotocol.authoring import *

ENDS_THE_PROGRAM = (KeyboardInterrupt, SystemExit, GeneratorExit)


@rule("CM014", "exit-terminates", Level.SHOULD)
async def exit_terminates(case: Case) -> None:
    """``__aexit__`` comes to an end, however the body ended, and whatever became of its tasks.

    It does not wait for ever where the body was cancelled or let out what ends the program; where
    it is called in a scope that is cancelled; nor where the body took so long that a task of the
    manager's came to its end before. That of the manager which ``failing_background=`` makes comes
    to an end too. A clean exit at once, and one from a body that raised, are part of plain use.
    Task groups wait for their children by contract, and say so by ``waits_for_children=True``.

    Why:
        Ctrl-C, a time-out or a failure elsewhere turn into a program that hangs in its clean-up,
        and has to be killed.

    In practice:
        ``await self.reader``, a task that is cancelled only where the body raised nothing or an
        `Exception`; a message to a worker that died, or an event that only it would set.

    Advice:
        Cancel what the exit waits for, on each path, before it waits; set such events in
        ``finally``.

    Source:
        Trio, "Tasks let you do multiple things at once", and asyncio, "Task Cancellation":
        https://trio.readthedocs.io/en/stable/reference-core.html#tasks-let-you-do-multiple-things-at-once
        https://docs.python.org/3/library/asyncio-task.html#task-cancellation
    """
    declared = case.declared
    if declared.waits_for_children:
        raise NotApplicable("declared waits_for_children=True")
    for error in (await a_cancellation(), *(kind() for kind in ENDS_THE_PROGRAM)):
        subject = await entered_fresh(case)
        discard_unawaited(await left_by(subject, error))
        await case.tear_down()
    for body_error in (None, BodyError()):
        await left_in_cancelled_scope(case, await case.fresh(), body_error)
        await case.tear_down()
    await left_after_a_while(await case.fresh(), case.library)
    if declared.failing_background is not None:
        await case.tear_down()
        await left_after_a_while(await case.fresh_of("failing_background"), case.library)
