"""A sequence of operations: run on a fresh subject, and judged by a state machine."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_asyncprotocol.engine.running_tasks import following
from pytest_asyncprotocol.exploration.scheduling import schedules
from pytest_asyncprotocol.exploration.sequences.machines.state_machine import StateMachine
from pytest_asyncprotocol.exploration.sequences.operations import OperationSequence, Step
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.recording import Style


@dataclass(slots=True)
class Progress:
    """How far a run has come: its machine, and the step that is being carried out."""

    machine: StateMachine | None = None
    step: Step | None = None


async def run_sequence(
    kind: type[StateMachine],
    sequence: OperationSequence,
    style: Style,
    case: Case,
    progress: Progress,
    *,
    variant: int = 0,
) -> None:
    """Run *sequence* on a fresh subject, judge it by a machine of *kind*, and keep *progress*.

    What several tasks do at once is done in all orders that the library can be made to take.

    Raises:
        Forbidden: something happened that is not allowed.
    """
    concurrent = any(step.operation.concurrent for step in sequence)
    for _ in schedules(case.library) if concurrent else range(1):
        await case.tear_down()
        subject = await kind.fresh(case, variant)
        with following(case.library) as alive:
            machine = kind(case, subject, style)
            progress.machine = machine
            progress.step = None
            try:
                for step in sequence:
                    progress.step = step
                    await step.carry_out(machine)
                progress.step = None
                await machine.finish()
            finally:
                machine.let_go()
            await machine.expect_no_task(alive)
