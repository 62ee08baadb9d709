"""Rules about what ``aiter()`` alone does."""

from __future__ import annotations

import gc

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_iterable.leaving import enter
from pytest_asyncprotocol.snippets.special_uses import open_it


# What a whole pass, or one that is left and closed, leaves behind too is said by the rules on that.
@Shown(use=open_it)
@rule("AB007", "aiter-leaves-nothing", Level.SHOULD, requires=("CO010", "CO006", "CO007", "AB008"))
async def aiter_leaves_nothing(case: Case) -> None:
    """``aiter()`` alone has no lasting effect.

    An iterator that was opened and never asked for an item is closed by ``aclose()``, if it has
    that, and dropped. Then no task that ``aiter()`` started is alive, ``released``, if declared,
    is true, and no coroutine was never awaited. So ``__aiter__`` may register a subscriber where
    ``aclose()`` takes it out again. Declare ``background_ok=True`` for a subject that keeps a task
    by design.

    Why:
        A loop that is never begun leaves a connection open, or a coroutine that was never awaited.

    In practice:
        ``def __aiter__(self): self.first = self.fetch(); return self``.

    Advice:
        Begin in the first ``__anext__``; or make ``__aiter__`` an async generator, which does
        nothing before its first step.

    Source:
        PEP 525, "Support for Asynchronous Iteration Protocol", and Python language reference,
        6.2.9.3 (an asynchronous generator begins with its first step):
        https://peps.python.org/pep-0525/#support-for-asynchronous-iteration-protocol
        https://docs.python.org/3/reference/expressions.html#asynchronous-generator-functions
    """
    unawaited_before = await _dropped(case, open_it=False)
    unawaited = await _dropped(case, open_it=True)
    for each in unawaited:
        if each not in unawaited_before:
            raise Violation(f"after aiter() alone, {each}")


async def _dropped(case: Case, *, open_it: bool) -> list[str]:
    """The coroutines that nobody had awaited when a subject was dropped, opened or not."""
    mark = case.recorder.mark() if case.recorder is not None else 0
    subject = await case.fresh()
    if open_it:
        await _open_and_close(case, subject)
    await drop(subject, in_a_loop=True)
    await case.tear_down()
    return case.recorder.since(mark) if case.recorder is not None else []


async def _open_and_close(case: Case, subject: Subject) -> None:
    managers = await enter(subject)
    with following(case.library) as alive:
        iterator = subject.aiter()
        if iterator.has("aclose"):
            await iterator.aclose()
        del iterator
        subject.derived.clear()
        gc.collect()
        for each in managers:
            await each.exit()
    await let_others_run(TURNS_TO_END)
    left = [describe_task(task) for task in alive()]
    if left and not case.declared.background_ok:
        raise Violation(f"after aiter() alone, {min(left)} is still alive")
    if case.declared.released is not None and not await is_released(case, subject):
        raise Violation("after aiter() alone, it is not released: released= is false")
