"""Rules about the event loop that a subject is made and used in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.common._blocking_calls import blocking_calls
from pytest_asyncprotocol.snippets.looks import blocking
from pytest_asyncprotocol.snippets.special_uses import make_in_a_thread

TURNS_OF_A_BODY = 3
"""Turns for which a manager is held, so that another task comes to want what it has."""


# No declaration says where a class may be made, and many must be made in a loop: so it is a MAY.
@Shown(use=make_in_a_thread)
@rule("CO011", "made-anywhere", Level.MAY)
async def made_anywhere(case: Case) -> None:
    """It can be made where no event loop runs.

    What the factory calls raises nothing in a thread without a loop that it does not raise in a
    thread with one. A class may well be documented as to be made inside a coroutine.

    Why:
        It can be no default of an argument, no attribute of a class, no global of a module, and
        no part of what is set up before the loop runs.

    In practice:
        ``asyncio.get_running_loop()``, ``asyncio.get_event_loop()`` or ``create_future()`` in
        ``__init__``.

    Advice:
        Ask for the loop, and start tasks, where the object is first awaited, iterated or entered.

    Source:
        asyncio, asyncio.get_event_loop() and asyncio.get_running_loop():
        https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.get_event_loop
    """
    error = await why_not_made_outside(case)
    if error is not None:
        raised = describe_exception(error)
        raise Violation(f"made where no event loop runs, it raised {raised}") from error


@Shown(in_two_loops=True)
@rule("CO012", "any-loop", Level.SHOULD, libraries=("asyncio",), needs_own_loop=True)
async def any_loop(case: Case) -> None:
    """It works in a second event loop of the same process.

    In one loop, and then in a new one, two tasks use a fresh subject each, at the same time; a
    manager is held until the other task has come to wait for what it holds. What happens in the
    second loop is what happens in the first one.

    Why:
        Test runners make a loop for each test, ``asyncio.run`` makes one for each call; an object
        that tasks have waited for belongs to the loop in which they did.

    In practice:
        An ``asyncio.Lock`` as an attribute of the class, or as a global of the module: it works
        until two tasks of another loop want it at the same time.

    Advice:
        Make locks, queues and events in ``__init__``, or keep one for each running loop.

    Source:
        asyncio, "Synchronization Primitives", and the change of Python 3.10 there:
        https://docs.python.org/3/library/asyncio-sync.html
    """
    first = await _used_by_two(case)
    for each in first:
        if is_of_another_loop(each):
            raise _second_loop(describe_exception(each)) from each
    second: list[BaseException] = []

    async def again() -> None:
        second.extend(await _used_by_two(case))

    hang = await in_another_loop(again)
    if hang is not None:
        raise Violation(f"used by two tasks at once in a second event loop, it hangs: {hang}")
    for each in second:
        if type(each) not in map(type, first):
            raise _second_loop(describe_exception(each)) from each


@Shown(profiler=blocking)
@rule("CO013", "does-not-block", Level.SHOULD, needs_own_loop=True)
async def does_not_block(case: Case) -> None:
    """It does not block the event loop.

    In the thread of the loop, its plain use calls neither ``time.sleep()``, however short, nor
    ``os.system()`` nor ``input()``, and waits on no socket that blocks. Nothing is measured: work
    that takes long, and files, are not looked at.

    Why:
        Nothing else in the process goes on meanwhile: no other task, no time-out, no
        cancellation.

    In practice:
        ``time.sleep`` between two attempts; a client library that is not async.

    Advice:
        Await the sleep of the event loop library; call what blocks in a thread:
        ``asyncio.to_thread``, ``anyio.to_thread.run_sync``.

    Source:
        asyncio, "Running Blocking Code"; flake8-async, ASYNC251:
        https://docs.python.org/3/library/asyncio-dev.html#running-blocking-code
    """
    for scenario in uses(case):
        subject = await case.fresh()
        with blocking_calls() as found:
            await carry_out(scenario, case, subject)
        for each in found:
            raise Violation(f"it blocks the event loop by {each}")
        await case.tear_down()


@Shown(eager=True)
@rule("CO017", "eager-tasks", Level.SHOULD, libraries=("asyncio",))
async def same_with_eager_tasks(case: Case) -> None:
    """It behaves the same under ``asyncio.eager_task_factory``.

    Its plain use ends in the same way where new tasks begin at once as where they wait for their
    turn. Where there is a declaration about what it gives, and that is the same each time without
    eager tasks, it is the same with them. There are such tasks from Python 3.12 on.

    Why:
        Applications switch the eager factory on for speed, and for all the libraries in them.

    In practice:
        ``self.task = create_task(self.run())``, where ``run`` uses ``self.task``: it has run up to
        its first suspension before the assignment.

    Advice:
        Set up what a task needs before it is created.

    Source:
        asyncio, "Eager Task Factory":
        https://docs.python.org/3/library/asyncio-task.html#eager-task-factory
    """
    for scenario in uses(case):
        usual = await _ended(case, scenario)
        with eager_tasks():
            eager = await _ended(case, scenario)
        if type(eager.error) is not type(usual.error):
            raise Violation(f"with eager tasks, it {_how(eager)}; without them, it {_how(usual)}")
        if same(eager.result, usual.result):
            continue
        if same((await _ended(case, scenario)).result, usual.result):
            raise Violation(
                f"with eager tasks, it gave {describe(eager.result)}; without them, "
                f"{describe(usual.result)}"
            )


@dataclass(frozen=True, slots=True)
class _End:
    """How a use ended; ``result`` is what it gave, if there is a declaration about that."""

    error: BaseException | None
    result: Any


async def _ended(case: Case, scenario: Scenario) -> _End:
    subject = await case.fresh()
    error = await carry_out(scenario, case, subject)
    end = _End(error, _declared_result(case, subject))
    await case.tear_down()
    return end


def _declared_result(case: Case, subject: Subject) -> Any:
    """What the author declared a value for, as it was really given; UNDECLARED without that."""
    names = {Protocol.AWAITABLE: "returns", Protocol.ASYNC_CONTEXT_MANAGER: "value"}
    name = names.get(case.protocol, "items")
    declared = case.declared
    if not declared.declares(name) or callable(getattr(declared, name)) or not declared.ordered:
        return UNDECLARED
    return given(case, subject)


async def _used_by_two(case: Case) -> list[BaseException]:
    """The errors of two tasks that use a fresh subject each, at the same time."""
    scenario = _held_for_a_while if case.protocol is Protocol.ASYNC_CONTEXT_MANAGER else use
    subjects = [await case.fresh(), await case.fresh()]

    async def used(subject: Subject) -> BaseException | None:
        return await carry_out(scenario, case, subject)

    errors = await together(*(partial(used, each) for each in subjects))
    await case.tear_down()
    return [error for error in errors if error is not None]


async def _held_for_a_while(case: Case, subject: Subject) -> None:
    del case
    await with_body(subject, partial(let_others_run, TURNS_OF_A_BODY))


def _how(end: _End) -> str:
    return "ended well" if end.error is None else f"raised {describe_exception(end.error)}"


def _second_loop(raised: str) -> Violation:
    return Violation(f"used by two tasks at once in a second event loop, it raised {raised}")
