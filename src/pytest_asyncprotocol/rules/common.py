"""Rules for all five protocols: cancellation, leaks, backends."""

from __future__ import annotations

from pytest_asyncprotocol.engine.hygiene import describe_task
from pytest_asyncprotocol.engine.lineage import following
from pytest_asyncprotocol.exploration.cancellation import CancelledRun, sweep
from pytest_asyncprotocol.exploration.foreign import foreign_to, understands
from pytest_asyncprotocol.exploration.leaving import carry_out, uses
from pytest_asyncprotocol.exploration.scenarios import let_others_run, use
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.catalogue import Feeds, Level, rule
from pytest_asyncprotocol.model.exceptions import (
    NotApplicable,
    NoVerdict,
    RuleOutcome,
    Vacuous,
    Violation,
)
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.text import describe, describe_exception
from pytest_asyncprotocol.model.thread_bound import WAY_OUT, needs_main_thread

SHAPE = (
    "AW001", "AW002", "AW004", "AW005",
    "AB001", "AB002", "AB003",
    "AI001", "AI002", "AI012", "AI013",
    "AG002",
    "CM001", "CM002", "CM003",
)  # fmt: skip
"""What has to be right before an object can be used at all."""

TURNS_TO_END = 5
"""Turns that a task gets to end once it was cancelled, or has nothing left to do."""


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

    When a cancellation was delivered into the subject, what comes out is that cancellation.

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
        if run.delivered and not run.cancelled and run.error is not None:
            raise Violation(f"{run.where}, it raised {describe_exception(run.error)} in its place")

    await sweep(case, uses(case), judge)


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


@rule("CO010", "backend-primitives", Level.MUST, requires=("CO020",), feeds=Feeds.SCENARIO)
async def backend_primitives(case: Case) -> None:
    """It uses only primitives of the backends that it is declared for.

    On each backend, the plain use of the subject neither calls into another event loop library
    nor yields something that this loop does not understand. Declare ``backends=("asyncio",)`` for
    a class that is made for asyncio only.

    Why:
        The class works in its author's tests and fails at the first user of the other library.

    In practice:
        ``asyncio.sleep`` in a library that says it supports trio.

    Advice:
        Use anyio's primitives, or declare the backends that are supported.

    Source:
        anyio, "The basics": https://anyio.readthedocs.io/en/stable/basics.html
    """
    foreign: list[object] = []

    def look(trap: object) -> None:
        if not understands(case.library, trap):
            foreign.append(trap)

    for scenario in uses(case):
        subject = await case.fresh()
        error = await Stepped(carry_out(scenario, case, subject), on_trap=look)
        library = None if error is None else foreign_to(case.library, error)
        if error is not None and library is not None:
            raise Violation(
                f"under {case.library} it raised {describe_exception(error)}, which comes from "
                f"{library}; if it is made for {library} only, declare backends=({library!r},)"
            ) from error
        if foreign:
            raise Violation(
                f"it yielded {describe(foreign[0])}, which {case.library} does not know"
            )
        if not case.is_instance:
            await case.tear_down()


@rule("CO020", "plain-use", Level.MUST, requires=SHAPE, feeds=Feeds.SCENARIO)
async def plain_use(case: Case) -> None:
    """Its plain use comes to an end, by a result or by the declared exception.

    One await, one pass, or one entry and exit, alone and undisturbed, neither waits for ever nor
    raises what was not declared by ``raises=``; nor does an exit from a body that raised wait for
    ever. Without this nothing else can be judged.

    Why:
        Whoever uses it as its protocol says gets nothing.

    In practice:
        It waits for an event that only another caller would set, or needs a step of preparation.

    Advice:
        Pass a factory that makes the subject ready for use, or declare ``raises=``.

    Source:
        Python language reference, 3.4 "Coroutines":
        https://docs.python.org/3/reference/datamodel.html#coroutines
    """
    subject = await case.fresh()
    try:
        declared_end = await use(case, subject)
    except RuleOutcome:
        raise
    except BaseException as error:
        if case.loop.cancelled(error):
            raise
        if foreign_to(case.library, error) is not None:
            raise Vacuous("it uses another event loop library, which CO010 judges") from error
        if needs_main_thread(error):
            raise NoVerdict(f"it raised {describe_exception(error)}; {WAY_OUT}") from error
        hint = f"if that is meant, declare raises={type(error).__name__}"
        if await _needs_aiter(case):
            hint = "after aiter() it works, but anext() does not call that: set it up in __init__"
        raise Violation(f"its plain use raised {describe_exception(error)}; {hint}") from error
    raises = case.declared.raises
    if raises is not None and declared_end is None:
        raise Violation(f"raises={raises.__name__} was declared, but nothing was raised")
    if not case.is_instance:
        await case.tear_down()
    for scenario in uses(case)[1:]:
        await carry_out(scenario, case, await case.fresh())


async def _needs_aiter(case: Case) -> bool:
    """Whether an iterator that fails by itself works once ``aiter()`` was called on it."""
    if case.is_instance or case.protocol not in (
        Protocol.ASYNC_ITERATOR,
        Protocol.ASYNC_GENERATOR,
    ):
        return False
    subject = await case.fresh()
    try:
        subject.aiter()
        await use(case, subject)
    except BaseException as error:
        if case.loop.cancelled(error):
            raise
        return False
    return True
