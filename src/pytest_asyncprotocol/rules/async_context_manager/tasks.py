"""Rules about an async context manager and the tasks around it."""

from __future__ import annotations

from itertools import product

from pytest_asyncprotocol.authoring import *


@rule("CM016", "concurrent-entry", Level.SHOULD, enabled_by=("concurrent_entry",))
async def concurrent_entry(case: Case) -> None:
    """Two tasks that enter one manager are kept apart, or the second is refused, as declared.

    With ``concurrent_entry="safe"`` both enter and leave without an exception, at once or one
    after the other as through a lock, in either order, and also where the body of the first one
    raises. Each gets the declared ``value=``. What the second one holds is kept until it leaves,
    and the declared ``released=`` is true when both have left. With ``"refused"`` exactly one of
    the two comes in, the other ``__aenter__`` raises without waiting, and the one inside is not
    disturbed. On trio it is tried under several schedules.

    Why:
        The second task overwrites what the first one acquired: one connection is given back twice
        and another never, or the first one to leave closes it for both.

    In practice:
        ``__aenter__`` keeps the connection in an attribute of the manager.

    Advice:
        Count the entries, or keep the state in a stack of each task; or raise RuntimeError before
        the first ``await`` of an entry while another one is on its way or inside.

    Source:
        Python library reference, contextlib, "Reentrant context managers":
        https://docs.python.org/3/library/contextlib.html#reentrant-context-managers
    """
    if case.declared.concurrent_entry == "refused":
        for _, at_once in product(schedules(case.library), (True, False)):
            await _expect_refusal(case, at_once=at_once)
        return
    held = await _is_held_inside(case)
    for _ in schedules(case.library):
        for swapped, error in product((False, True), (None, BodyError())):
            await _expect_both_served(case, error, swapped=swapped, held=held)


@rule("CM018", "exit-in-another-task", Level.MAY)
async def exit_in_another_task(case: Case) -> None:
    """It may be left in another task than the one that entered it, or refuses without harm.

    ``__aexit__`` returns in the other task, and both tasks go on; or it raises, and the task that
    entered can still leave. What is built upon cancel scopes and task groups can do neither, and
    need not.

    Why:
        Fixtures of test frameworks, and whatever opens and closes things from a queue of
        requests, enter in one task and leave in another; the task that entered is then cancelled
        or ends by errors about scopes.

    In practice:
        ``__aenter__`` enters a cancel scope or a task group, and ``__aexit__`` leaves it.

    Advice:
        Run the task group in a task of its own that is told to end; or write into the
        documentation that one task has to do both.

    Source:
        anyio, "Avoiding cancel scope stack corruption":
        https://anyio.readthedocs.io/en/stable/cancellation.html#avoiding-cancel-scope-stack-corruption
    """
    seen = await handed_over(case, await case.fresh())
    if seen.entry is None or seen.exit is None:
        raise Vacuous("it could not be entered in a task of its own")
    if not seen.exit.returned and (seen.own_exit is None or not seen.own_exit.returned):
        raise Violation(
            f"left by another task, {seen.exit.operation} raised {_kind(seen.exit.error)}, and the "
            "task that entered could not leave any more"
        )
    if seen.disturbed:
        raise Violation(
            f"left by another task, {seen.exit.operation} "
            f"{'returned' if seen.exit.returned else f'raised {_kind(seen.exit.error)}'}, "
            "and the task that entered was disturbed"
        )


# It requires CM014, since an exit that waits for ever when the work has failed has one fault.
@rule(
    "CM023",
    "background-failure-surfaces",
    Level.SHOULD,
    requires=("CO010", "CM014"),
    enabled_by=("failing_background",),
)
async def background_failure_surfaces(case: Case) -> None:
    """The failure of its background work comes out at its exit, or earlier.

    What ``failing_background=`` makes is used with a body that takes a second of the loop's clock
    and raises nothing. By its end an exception has come out, whatever the type, alone or in
    a group. One that is only a cancellation is for CO003.

    Why:
        The messages were not sent, and the caller is told that all went well.

    In practice:
        ``self.task.cancel()`` at the exit, of a task that failed long ago and is never asked.

    Advice:
        Start the task in a task group; or await it at the exit, and let out all but its
        cancellation.

    Source:
        asyncio, "Task Groups", and Trio, "Nurseries and spawning":
        https://docs.python.org/3/library/asyncio-task.html#task-groups
        https://trio.readthedocs.io/en/stable/reference-core.html#nurseries-and-spawning
    """
    subject = await case.fresh_of("failing_background")
    outcome = await left_with_time_to_fail(subject)
    if outcome is not None:
        raise Violation(
            f"failing_background= was declared, but {outcome.operation} {outcome}; "
            "expected it to raise what failed"
        )


def _kind(error: BaseException | None) -> str:
    return type(error).__name__


async def _is_held_inside(case: Case) -> bool:
    """Whether ``released=`` is declared, and false inside the body of one alone."""
    if case.declared.released is None:
        return False
    subject = await entered_fresh(case)
    held = not await is_released_now(case, subject)
    (await subject.exit()).unwrap()
    await case.tear_down()
    return held


async def _expect_both_served(
    case: Case, error: BaseException | None, *, swapped: bool, held: bool
) -> None:
    subject = await case.fresh()
    found: list[RuleOutcome] = []

    def came_in(entry: Outcome) -> None:
        try:
            _expect_target(case, subject, entry)
        except RuleOutcome as outcome:
            found.append(outcome)

    async def left_alone() -> None:
        try:
            if held and await is_released_now(case, subject):
                found.append(Violation("when the first of two left, the second lost what it held"))
        except NoVerdict as no_verdict:
            found.append(no_verdict)

    first, second = await both_inside(
        subject, error, came_in=came_in, left_alone=left_alone, swapped=swapped
    )
    _expect_return("concurrent_entry='safe' was declared, but with two tasks", first.entry)
    _expect_return("concurrent_entry='safe' was declared, but with two tasks", second.entry)
    for outcome in found:
        raise outcome
    if error is None:
        _expect_return("used by two tasks at once,", first.exit)
    _expect_return("used by two tasks at once,", second.exit)
    await _expect_released(case, subject, "when two tasks had left")


def _expect_return(when: str, outcome: Outcome | None) -> None:
    if outcome is not None and not outcome.returned:
        raise Violation(f"{when} {outcome.operation} {outcome}")


async def _expect_refusal(case: Case, *, at_once: bool) -> None:
    subject = await case.fresh()
    visits = await each_tries(subject, at_once=at_once)
    inside = [visit for visit in visits if visit.entered]
    if len(inside) != 1:
        when = "two tasks entered at once" if at_once else "a task entered while another was inside"
        came = "both came in" if inside else "neither came in"
        raise Violation(f"concurrent_entry='refused' was declared; {when}, and {came}")
    _expect_return("after another task was refused,", inside[0].exit)
    await _expect_released(case, subject, "when one task was refused and the other had left")


async def _expect_released(case: Case, subject: Subject, when: str) -> None:
    if case.declared.released is not None and not await is_released(case, subject):
        raise Violation(f"{when}, released= is false")
    await case.tear_down()


def _expect_target(case: Case, subject: Subject, entry: Outcome) -> None:
    declared = case.declared
    wrong = declared.value_is_self and entry.value is not subject.object
    if wrong or (declared.declares("value") and not _approved(case, entry.value)):
        raise Violation(
            f"with two tasks, {entry.operation} gave {describe(entry.value)}, which was not "
            "declared"
        )


def _approved(case: Case, value: object) -> bool:
    try:
        return case.declared.as_judge("value")(value)
    except NoVerdict:
        raise
    except Exception:
        return False
