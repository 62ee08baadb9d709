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

from pytest_asyncprotocol.engine.clock import a_long_time
from pytest_asyncprotocol.engine.library import checkpoint, open_scopes
from pytest_asyncprotocol.engine.stacks import is_ours
from pytest_asyncprotocol.engine.tasks import describe_task, following
from pytest_asyncprotocol.exploration.bodies import (
    BodyError,
    a_cancellation,
    discard_unawaited,
    enter_and_leave,
    entered_fresh,
    expect_entry,
    left_after_a_while,
    left_by,
    left_in_cancelled_scope,
    suppresses,
    truth,
    with_body,
)
from pytest_asyncprotocol.exploration.canceller import (
    STYLES,
    Canceller,
    absorbing,
    in_cancelled_scope,
)
from pytest_asyncprotocol.exploration.contexts import (
    UNSET,
    Marker,
    changes,
    context_variables,
    elsewhere,
)
from pytest_asyncprotocol.exploration.foreign import foreign_to, understands
from pytest_asyncprotocol.exploration.garbage import (
    TURNS_TO_END,
    drop,
    has_finalizer,
    left_to_the_collector,
    refusals,
    survivor,
    used,
)
from pytest_asyncprotocol.exploration.generator_exit import closed_at, closed_from_outside
from pytest_asyncprotocol.exploration.other_loops import (
    eager_tasks,
    in_another_loop,
    is_of_another_loop,
    isolated,
    why_not_made_outside,
)
from pytest_asyncprotocol.exploration.release import (
    is_released,
    is_released_by_plain_use,
    is_released_now,
    is_released_when_quiet,
)
from pytest_asyncprotocol.exploration.scheduling import (
    let_others_run,
    schedules,
    together,
    wait_long,
)
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.exploration.sweep import (
    NEVER_SUSPENDED,
    CancelledRun,
    EachSuspension,
    Sweep,
    cancelled_at,
    cancelled_late,
    cancelled_with_result,
    in_each_style,
    relenting,
    sweep,
)
from pytest_asyncprotocol.exploration.uses import (
    BEYOND,
    FIRST_ITEMS,
    LONGEST_PASS,
    Pass,
    Scenario,
    after_the_end,
    awaited,
    awaited_again,
    carry_out,
    closed_twice,
    drain,
    ended_on_entry,
    entered,
    exited,
    given,
    iterated,
    most_items,
    opened,
    take,
    use,
    uses,
    whole_pass,
)
from pytest_asyncprotocol.exploration.visits import (
    both_inside,
    each_tries,
    handed_over,
    left_with_time_to_fail,
)
from pytest_asyncprotocol.model.case import Case, Record
from pytest_asyncprotocol.model.declarations import UNDECLARED, same
from pytest_asyncprotocol.model.exceptions import (
    NotApplicable,
    NoVerdict,
    RuleOutcome,
    Vacuous,
    Violation,
    members,
)
from pytest_asyncprotocol.model.protocols import (
    Protocol,
    has_attribute,
    isinstance_of,
    special_method,
)
from pytest_asyncprotocol.model.recording import Style
from pytest_asyncprotocol.model.rule import Feeds, Level, Rule, rule
from pytest_asyncprotocol.model.subject import Outcome, Subject, discard
from pytest_asyncprotocol.model.text import describe, describe_exception, type_name
from pytest_asyncprotocol.model.thread_bound import WAY_OUT, needs_main_thread

__all__ = (
    "BEYOND",
    "FIRST_ITEMS",
    "LONGEST_PASS",
    "NEVER_SUSPENDED",
    "STYLES",
    "TURNS_TO_END",
    "UNDECLARED",
    "UNSET",
    "WAY_OUT",
    "BodyError",
    "CancelledRun",
    "Canceller",
    "Case",
    "EachSuspension",
    "Feeds",
    "Level",
    "Marker",
    "NoVerdict",
    "NotApplicable",
    "Outcome",
    "Pass",
    "Protocol",
    "Record",
    "Rule",
    "RuleOutcome",
    "Scenario",
    "Stepped",
    "Style",
    "Subject",
    "Sweep",
    "Vacuous",
    "Violation",
    "a_cancellation",
    "a_long_time",
    "absorbing",
    "after_the_end",
    "awaited",
    "awaited_again",
    "both_inside",
    "cancelled_at",
    "cancelled_late",
    "cancelled_with_result",
    "carry_out",
    "changes",
    "checkpoint",
    "closed_at",
    "closed_from_outside",
    "closed_twice",
    "context_variables",
    "describe",
    "describe_exception",
    "describe_task",
    "discard",
    "discard_unawaited",
    "drain",
    "drop",
    "each_tries",
    "eager_tasks",
    "elsewhere",
    "ended_on_entry",
    "enter_and_leave",
    "entered",
    "entered_fresh",
    "exited",
    "expect_entry",
    "following",
    "foreign_to",
    "given",
    "handed_over",
    "has_attribute",
    "has_finalizer",
    "in_another_loop",
    "in_cancelled_scope",
    "in_each_style",
    "is_of_another_loop",
    "is_ours",
    "is_released",
    "is_released_by_plain_use",
    "is_released_now",
    "is_released_when_quiet",
    "isinstance_of",
    "isolated",
    "iterated",
    "left_after_a_while",
    "left_by",
    "left_in_cancelled_scope",
    "left_to_the_collector",
    "left_with_time_to_fail",
    "let_others_run",
    "members",
    "most_items",
    "needs_main_thread",
    "open_scopes",
    "opened",
    "refusals",
    "relenting",
    "rule",
    "same",
    "schedules",
    "special_method",
    "suppresses",
    "survivor",
    "sweep",
    "take",
    "together",
    "truth",
    "type_name",
    "understands",
    "use",
    "used",
    "uses",
    "wait_long",
    "whole_pass",
    "why_not_made_outside",
    "with_body",
)
