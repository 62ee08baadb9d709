"""Rules about what a subject does to the task that uses it: its context and its cancel scopes."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.common._scope_balance import imbalance_of
from pytest_asyncprotocol.rules.common.use import SHAPE
from pytest_asyncprotocol.snippets.looks import in_a_scope, variable_seen


@Shown(each_call=variable_seen)
@rule("CO014", "callers-context", Level.SHOULD, enabled_by=("sets_context", "reads_context"))
async def callers_context(case: Case) -> None:
    """It runs in its caller's context.

    Enabled by ``sets_context=``, the variable that a manager sets for its body: there it has
    another value than before, and after the exit, whether the body raised or not, it has the
    value of before again. Enabled by ``reads_context=`` too, the variable that decides what the
    subject gives: callers who have set it differently get something different, and nobody gets
    what the value of an earlier caller makes.

    Why:
        The body does not see the transaction, the user or the language that the manager is there
        to set, or the code behind it still does; work is done for another caller's user.

    In practice:
        A hop into another task, whose context is a copy: ``create_task``, a task group, a worker
        that was started long ago; ``run_in_executor``, which copies no context at all.

    Advice:
        Set and reset the variable in ``__aenter__`` and ``__aexit__`` themselves; hand what was
        read to the worker, or ``copy_context().run``.

    Source:
        PEP 567, and asyncio.to_thread() as opposed to loop.run_in_executor():
        https://peps.python.org/pep-0567/#asyncio
        https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread
    """
    if case.declared.sets_context is not None:
        for error in (None, BodyError()):
            await _expect_set_for_the_body(case, case.declared.sets_context, error)
    if case.declared.reads_context is not None:
        await _expect_read(case, case.declared.reads_context)


@Shown(each_call=in_a_scope)
@rule(
    "CO015",
    "scopes-balanced",
    Level.MUST,
    requires=SHAPE,
    needs_own_loop=True,
    judges=Fault.OPEN_SCOPE,
)
async def scopes_balanced(case: Case) -> None:
    """Cancel scopes are balanced: what it opens in its caller's task, it closes there.

    After an await or an item, and after the exit of a manager, the task has the cancel scopes,
    time-outs and task groups open that it had before. A manager may hold some while it is
    entered. So may a native async generator between two items, which AG007 judges.

    Why:
        The caller's own scopes are closed in the wrong order: "Cancel scope stack corrupted", in
        code that has nothing to do with it; and a time-out that is left open cancels its caller.

    In practice:
        ``self.scope.__enter__()`` in ``__aenter__`` or ``__anext__``, and no ``__exit__`` on some
        way out.

    Advice:
        Use ``with`` and ``async with``; where a scope must be open from ``__aenter__`` to
        ``__aexit__``, hold it in an `AsyncExitStack`.

    Source:
        anyio, "Avoiding cancel scope stack corruption", and Trio, "Cancel scopes and nurseries":
        https://anyio.readthedocs.io/en/stable/cancellation.html#avoiding-cancel-scope-stack-corruption
        https://trio.readthedocs.io/en/stable/reference-core.html#cancel-scopes-and-nurseries
    """
    for scenario in uses(case):
        found = await imbalance_of(scenario, case)
        if found.opened:
            raise Violation(f"after {found.after}, it has left open {' and '.join(found.opened)}")
        if found.closed:
            raise Violation(
                f"after {found.after}, it has closed its caller's {' and '.join(found.closed)}"
            )
        await case.tear_down()


async def _expect_set_for_the_body(
    case: Case, variable: ContextVar[Any], error: Exception | None
) -> None:
    before = variable.get(UNSET)
    subject = await case.fresh()
    (await subject.enter()).unwrap()
    inside = variable.get(UNSET)
    await left_by(subject, error)
    after = variable.get(UNSET)
    if inside is before:
        raise Violation(f"after __aenter__, its caller sees {variable.name} as it was before")
    if not (same(after, before) or (before is UNSET and after is None)):
        raise Violation(
            f"after __aexit__, {variable.name} is {describe(after)}; "
            f"expected {describe(before)}, as before"
        )
    await case.tear_down()


async def _expect_read(case: Case, variable: ContextVar[Any]) -> None:
    first, second = Marker("the first caller's"), Marker("the second caller's")
    of_first, of_second = [await _given_with(case, variable, each) for each in (first, second)]
    if first.is_shown_by(of_second):
        raise Violation(f"used where {variable.name} is {second}, it gave {describe(of_second)}")
    if _is_nothing(of_first):
        raise Vacuous(f"it gave nothing, so nothing shows whether it reads {variable.name}")
    if same(of_first, of_second):
        raise Violation(f"whatever {variable.name} was, it gave {describe(of_first)}")


def _is_nothing(given: Any) -> bool:
    """Whether a use gave no result, no target and no items."""
    return given is None or given is UNSET or (type(given) is list and not given)


async def _given_with(case: Case, variable: ContextVar[Any], value: Marker) -> Any:
    """What a fresh subject gives where *variable* has *value*; an error as text."""
    token = variable.set(value)
    try:
        subject = await case.fresh()
        error = await carry_out(use, case, subject)
        await case.tear_down()
    finally:
        variable.reset(token)
    if error is not None:
        return describe_exception(error)
    result = given(case, subject)
    return UNSET if result is subject.object else result
