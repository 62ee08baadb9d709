"""What a rule is written with: the vocabulary of our rules, and of those of others.

A rule is an async function below `rule`. It gets a `Case`, takes fresh subjects of it, uses them,
and raises how it ended; see `pytest_asyncprotocol.testing` for how it is proved.

Example::

    @rule("ACME001", "says-its-name", Level.SHOULD, protocols=(Protocol.ASYNC_CONTEXT_MANAGER,))
    async def says_its_name(case: Case) -> None:
        '''What was entered has a ``name``.

        Why:
            Our logs are sorted by it.
        '''
        manager = await case.fresh()
        entry = await manager.enter()
        if not hasattr(entry.unwrap(), "name"):
            raise Violation(f"{entry.operation} {entry}, which has no name")
        await manager.exit()
"""

from __future__ import annotations

from pytest_asyncprotocol.engine.clock import a_long_time as a_long_time
from pytest_asyncprotocol.engine.library import checkpoint as checkpoint
from pytest_asyncprotocol.engine.library import open_scopes as open_scopes
from pytest_asyncprotocol.engine.running_tasks import describe_task as describe_task
from pytest_asyncprotocol.engine.running_tasks import following as following
from pytest_asyncprotocol.engine.stacks import is_ours as is_ours
from pytest_asyncprotocol.exploration.bodies import BodyError as BodyError
from pytest_asyncprotocol.exploration.bodies import a_cancellation as a_cancellation
from pytest_asyncprotocol.exploration.bodies import discard_unawaited as discard_unawaited
from pytest_asyncprotocol.exploration.bodies import enter_and_leave as enter_and_leave
from pytest_asyncprotocol.exploration.bodies import entered_fresh as entered_fresh
from pytest_asyncprotocol.exploration.bodies import expect_entry as expect_entry
from pytest_asyncprotocol.exploration.bodies import left_after_a_while as left_after_a_while
from pytest_asyncprotocol.exploration.bodies import left_by as left_by
from pytest_asyncprotocol.exploration.bodies import (
    left_in_cancelled_scope as left_in_cancelled_scope,
)
from pytest_asyncprotocol.exploration.bodies import left_with_time_to_fail as left_with_time_to_fail
from pytest_asyncprotocol.exploration.bodies import suppresses as suppresses
from pytest_asyncprotocol.exploration.bodies import truth as truth
from pytest_asyncprotocol.exploration.bodies import with_body as with_body
from pytest_asyncprotocol.exploration.canceller import STYLES as STYLES
from pytest_asyncprotocol.exploration.canceller import Canceller as Canceller
from pytest_asyncprotocol.exploration.canceller import absorbing as absorbing
from pytest_asyncprotocol.exploration.canceller import in_cancelled_scope as in_cancelled_scope
from pytest_asyncprotocol.exploration.contexts import UNSET as UNSET
from pytest_asyncprotocol.exploration.contexts import Marker as Marker
from pytest_asyncprotocol.exploration.contexts import changes as changes
from pytest_asyncprotocol.exploration.contexts import context_variables as context_variables
from pytest_asyncprotocol.exploration.contexts import elsewhere as elsewhere
from pytest_asyncprotocol.exploration.finalization import drop as drop
from pytest_asyncprotocol.exploration.finalization import has_finalizer as has_finalizer
from pytest_asyncprotocol.exploration.finalization import (
    left_to_the_collector as left_to_the_collector,
)
from pytest_asyncprotocol.exploration.finalization import refusals as refusals
from pytest_asyncprotocol.exploration.finalization import survivor as survivor
from pytest_asyncprotocol.exploration.finalization import used as used
from pytest_asyncprotocol.exploration.foreign import foreign_to as foreign_to
from pytest_asyncprotocol.exploration.foreign import understands as understands
from pytest_asyncprotocol.exploration.generator_exit import closed_at as closed_at
from pytest_asyncprotocol.exploration.generator_exit import (
    closed_from_outside as closed_from_outside,
)
from pytest_asyncprotocol.exploration.other_loops import eager_tasks as eager_tasks
from pytest_asyncprotocol.exploration.other_loops import in_another_loop as in_another_loop
from pytest_asyncprotocol.exploration.other_loops import is_of_another_loop as is_of_another_loop
from pytest_asyncprotocol.exploration.other_loops import isolated as isolated
from pytest_asyncprotocol.exploration.other_loops import (
    why_not_made_outside as why_not_made_outside,
)
from pytest_asyncprotocol.exploration.release import is_released as is_released
from pytest_asyncprotocol.exploration.release import (
    is_released_by_plain_use as is_released_by_plain_use,
)
from pytest_asyncprotocol.exploration.release import is_released_now as is_released_now
from pytest_asyncprotocol.exploration.release import (
    is_released_when_quiet as is_released_when_quiet,
)
from pytest_asyncprotocol.exploration.scheduling import TURNS_TO_END as TURNS_TO_END
from pytest_asyncprotocol.exploration.scheduling import let_others_run as let_others_run
from pytest_asyncprotocol.exploration.scheduling import schedules as schedules
from pytest_asyncprotocol.exploration.scheduling import together as together
from pytest_asyncprotocol.exploration.scheduling import wait_long as wait_long
from pytest_asyncprotocol.exploration.stepping import Stepped as Stepped
from pytest_asyncprotocol.exploration.sweep import NEVER_SUSPENDED as NEVER_SUSPENDED
from pytest_asyncprotocol.exploration.sweep import Aftermath as Aftermath
from pytest_asyncprotocol.exploration.sweep import CancelledRun as CancelledRun
from pytest_asyncprotocol.exploration.sweep import EachSuspension as EachSuspension
from pytest_asyncprotocol.exploration.sweep import ReleaseSweep as ReleaseSweep
from pytest_asyncprotocol.exploration.sweep import Sweep as Sweep
from pytest_asyncprotocol.exploration.sweep import cancelled_at as cancelled_at
from pytest_asyncprotocol.exploration.sweep import cancelled_late as cancelled_late
from pytest_asyncprotocol.exploration.sweep import cancelled_with_result as cancelled_with_result
from pytest_asyncprotocol.exploration.sweep import relenting as relenting
from pytest_asyncprotocol.exploration.sweep import sweep as sweep
from pytest_asyncprotocol.exploration.uses import BEYOND as BEYOND
from pytest_asyncprotocol.exploration.uses import FIRST_ITEMS as FIRST_ITEMS
from pytest_asyncprotocol.exploration.uses import LONGEST_PASS as LONGEST_PASS
from pytest_asyncprotocol.exploration.uses import Pass as Pass
from pytest_asyncprotocol.exploration.uses import Scenario as Scenario
from pytest_asyncprotocol.exploration.uses import after_the_end as after_the_end
from pytest_asyncprotocol.exploration.uses import awaited as awaited
from pytest_asyncprotocol.exploration.uses import awaited_again as awaited_again
from pytest_asyncprotocol.exploration.uses import carry_out as carry_out
from pytest_asyncprotocol.exploration.uses import closed_twice as closed_twice
from pytest_asyncprotocol.exploration.uses import drain as drain
from pytest_asyncprotocol.exploration.uses import ended_on_entry as ended_on_entry
from pytest_asyncprotocol.exploration.uses import entered as entered
from pytest_asyncprotocol.exploration.uses import exited as exited
from pytest_asyncprotocol.exploration.uses import given as given
from pytest_asyncprotocol.exploration.uses import iterated as iterated
from pytest_asyncprotocol.exploration.uses import most_items as most_items
from pytest_asyncprotocol.exploration.uses import opened as opened
from pytest_asyncprotocol.exploration.uses import take as take
from pytest_asyncprotocol.exploration.uses import use as use
from pytest_asyncprotocol.exploration.uses import uses as uses
from pytest_asyncprotocol.exploration.uses import whole_pass as whole_pass
from pytest_asyncprotocol.exploration.visits import both_inside as both_inside
from pytest_asyncprotocol.exploration.visits import each_tries as each_tries
from pytest_asyncprotocol.exploration.visits import handed_over as handed_over
from pytest_asyncprotocol.model.case import Case as Case
from pytest_asyncprotocol.model.case import Record as Record
from pytest_asyncprotocol.model.declarations import UNDECLARED as UNDECLARED
from pytest_asyncprotocol.model.declarations import same as same
from pytest_asyncprotocol.model.exceptions import NotApplicable as NotApplicable
from pytest_asyncprotocol.model.exceptions import NoVerdict as NoVerdict
from pytest_asyncprotocol.model.exceptions import RuleOutcome as RuleOutcome
from pytest_asyncprotocol.model.exceptions import Vacuous as Vacuous
from pytest_asyncprotocol.model.exceptions import Violation as Violation
from pytest_asyncprotocol.model.exceptions import members as members
from pytest_asyncprotocol.model.protocols import Protocol as Protocol
from pytest_asyncprotocol.model.protocols import has_attribute as has_attribute
from pytest_asyncprotocol.model.protocols import isinstance_of as isinstance_of
from pytest_asyncprotocol.model.protocols import special_method as special_method
from pytest_asyncprotocol.model.recording import Argument as Argument
from pytest_asyncprotocol.model.recording import Style as Style
from pytest_asyncprotocol.model.recording import call_as_source as call_as_source
from pytest_asyncprotocol.model.rule import Fault as Fault
from pytest_asyncprotocol.model.rule import Feeds as Feeds
from pytest_asyncprotocol.model.rule import Level as Level
from pytest_asyncprotocol.model.rule import MethodCheck as MethodCheck
from pytest_asyncprotocol.model.rule import Rule as Rule
from pytest_asyncprotocol.model.rule import rule as rule
from pytest_asyncprotocol.model.showing import Shown as Shown
from pytest_asyncprotocol.model.subject import Outcome as Outcome
from pytest_asyncprotocol.model.subject import Subject as Subject
from pytest_asyncprotocol.model.subject import discard as discard
from pytest_asyncprotocol.model.text import describe as describe
from pytest_asyncprotocol.model.text import describe_exception as describe_exception
from pytest_asyncprotocol.model.text import type_name as type_name
from pytest_asyncprotocol.model.thread_bound import WAY_OUT as WAY_OUT
from pytest_asyncprotocol.model.thread_bound import needs_main_thread as needs_main_thread
