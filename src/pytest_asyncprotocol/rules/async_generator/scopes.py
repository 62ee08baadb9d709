"""Rules about what is open around a `yield`: cancel scopes, task groups, context variables."""

from __future__ import annotations

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_generator.state import yields
from pytest_asyncprotocol.rules.async_iterable.shape import FOR_ASYNC_FOR
from pytest_asyncprotocol.snippets.looks import context_seen, in_a_scope
from pytest_asyncprotocol.snippets.on_asyncio import in_a_task


@Shown(each_call=in_a_scope)
@rule("AG007", "no-yield-in-scope", Level.SHOULD, protocols=FOR_ASYNC_FOR)
async def no_yield_in_scope(case: Case) -> None:
    """It does not yield inside a cancel scope, a time-out or a task group.

    When an item has come, of a generator or of another iterator, the task has the scopes open that
    it had before. A scope that is opened and closed between two items is fine. A function that
    ``@asynccontextmanager`` decorates, or a fixture, may hold one: it is no iterator of a consumer.

    Why:
        The consumer's code then runs in that scope: a time-out of the generator cancels the
        consumer, and a generator that is closed late, or in another task, corrupts the
        consumer's scopes.

    In practice:
        ``async with create_task_group()``, with ``yield`` in it; ``async with timeout(5)`` around
        the loop over a stream.

    Advice:
        Open the scope around the ``await`` alone; or give the items through a memory channel,
        from an async context manager that holds the task group.

    Source:
        PEP 789, anyio, "Avoiding cancel scope stack corruption", and Trio, "Cancel scopes and
        nurseries":
        https://peps.python.org/pep-0789/
        https://anyio.readthedocs.io/en/stable/cancellation.html#avoiding-cancel-scope-stack-corruption
        https://trio.readthedocs.io/en/stable/reference-core.html#cancel-scopes-and-nurseries
    """
    subject = await case.fresh()
    before = open_scopes(case.library)
    iterator = subject.aiter()
    for count in yields(case):
        if not await _goes_on(iterator, count):
            return
        opened = open_scopes(case.library).opened_since(before)
        if opened:
            raise Violation(f"item {count} was yielded inside {' and '.join(opened)}")


@Shown(each_call=in_a_task)
@rule("AG011", "any-context", Level.SHOULD)
async def any_context(case: Case) -> None:
    """It can be used on, and closed, in another context, such as that of another task.

    A generator has no context of its own: each step runs in that of whoever asks for it. So each
    step of a pass is carried out in a context of its own, and ``aclose()`` after each item, and
    that raises nothing which it does not raise in one context.

    Why:
        The loop closes forgotten generators in a task of its own, and frameworks take each item
        in another task; there ``ContextVar.reset(token)`` raises ValueError, and the clean-up
        behind it is not done.

    In practice:
        ``token = var.set(...)``, ``yield`` and ``var.reset(token)``, mostly hidden in a ``with``
        for tracing or logging.

    Advice:
        Set and reset between two items, not around a ``yield``; or set the variable where the
        generator is consumed.

    Source:
        Python library reference, contextvars.ContextVar.reset(), and PEP 567:
        https://docs.python.org/3/library/contextvars.html#contextvars.ContextVar.reset
        https://peps.python.org/pep-0567/#contextvars-contextvar
    """
    await _expect_steps_anywhere(case)
    if not (await case.fresh()).has("aclose"):
        return
    for count in yields(case):
        await case.tear_down()
        subject = await case.fresh()
        if (await take(subject, count)).end is not None:
            return
        closed = await elsewhere(subject.aclose())
        if closed.raised(Exception) and (await _closed_after(case, count)).returned:
            raise Violation(
                f"closed after item {count} in another context, it {closed}; expected no error, "
                "as in its own"
            )


@Shown(each_call=context_seen)
@rule("AG014", "consumers-context-kept", Level.MAY)
async def consumers_context_kept(case: Case) -> None:
    """What it sets in context variables is not seen by its consumer.

    When an item has come, each context variable has the value that it had before that step. Some
    libraries for tracing change it on purpose, so that the consumer's work is counted as theirs.

    Why:
        What the consumer does between two items is logged and traced as the generator's, and a
        setting of the generator, such as a language, applies to it.

    In practice:
        ``with using(language):`` around a ``yield``.

    Advice:
        Set and reset between two items; or step the generator in a context of its own.

    Source:
        PEP 568, "Motivation" (a generator shares the context of its caller):
        https://peps.python.org/pep-0568/#motivation
    """
    subject = await case.fresh()
    for count in yields(case):
        before = context_variables()
        if not await _goes_on(subject, count):
            return
        changed = changes(before, context_variables())
        if changed:
            raise Violation(f"after item {count} its consumer sees {', '.join(changed)}")


async def _goes_on(iterator: Subject, count: int) -> bool:
    """Whether item number *count* comes."""
    goes_on = (await iterator.anext()).returned
    if not goes_on and count == 1:
        raise Vacuous("it gave no item, so it was not at a yield")
    return goes_on


async def _expect_steps_anywhere(case: Case) -> None:
    subject = await case.fresh()
    for count in yields(case):
        outcome = await elsewhere(subject.anext())
        if outcome.returned:
            continue
        if count == 1:
            raise Vacuous("it gave no item, so it was not at a yield")
        if not await _ends_alike(case, outcome, count):
            raise Violation(
                f"each step in another context, {outcome.operation} {outcome}; expected what it "
                "does in one context"
            )
        return


async def _ends_alike(case: Case, outcome: Outcome, count: int) -> bool:
    """Whether a pass in one context ends at step *count* in the same way."""
    await case.tear_down()
    end = (await take(await case.fresh(), count)).end
    return end is not None and type(end.error) is type(outcome.error)


async def _closed_after(case: Case, count: int) -> Outcome:
    """``aclose()`` after *count* items, all in one context."""
    await case.tear_down()
    subject = await case.fresh()
    await take(subject, count)
    return await subject.aclose()
