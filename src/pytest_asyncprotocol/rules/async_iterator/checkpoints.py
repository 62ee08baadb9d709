"""Rules about the steps of an async iterator as suspension points."""

from __future__ import annotations

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.snippets.looks import suspensions


@Shown(each_call=suspensions)
@rule("AI015", "each-step-suspends", Level.SHOULD, enabled_by=("checkpoints",))
async def each_step_suspends(case: Case) -> None:
    """Each step is a checkpoint.

    Enabled by ``checkpoints=True``. Every ``__anext__`` that gives an item suspends at least once;
    in a cancelled scope of trio it lets the cancellation out. The step that ends the pass may do
    without, as that of trio's own memory channel does.

    Why:
        A loop over it holds up every other task, and neither a time-out nor a shutdown ends it.

    In practice:
        What is in the buffer is returned without an await; a shield around the whole step.

    Advice:
        ``await anyio.lowlevel.checkpoint()`` where the step has nothing to wait for.

    Source:
        Trio, "Checkpoints":
        https://trio.readthedocs.io/en/stable/reference-core.html#checkpoints
    """
    if not case.declared.checkpoints:
        raise NotApplicable("declared checkpoints=False")
    subject = await case.fresh()
    count = 0
    while count < most_items(case):
        step = Stepped(subject.anext())
        outcome = await step
        if not outcome.returned:
            break
        count += 1
        if not step.suspensions:
            raise Violation(f"{outcome.operation} {outcome} without having suspended")
    if not count:
        raise Vacuous("it gave no item")
    if case.library == "trio":
        for taken in range(min(count, BEYOND)):
            await case.tear_down()
            await _expect_cancellation(case, taken)


async def _expect_cancellation(case: Case, taken: int) -> None:
    subject = await case.fresh()
    await take(subject, taken)
    outcome = await in_cancelled_scope(case, subject.anext)
    if outcome is not None and outcome.returned:
        raise Violation(
            f"{outcome.operation}, in a scope that was cancelled before, {outcome}; expected the "
            "cancellation to come out"
        )
