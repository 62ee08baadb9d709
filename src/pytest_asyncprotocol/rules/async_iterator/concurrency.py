"""Rules about an async iterator that several tasks use at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_iterator._closed_while_waiting import closed_while_waiting
from pytest_asyncprotocol.rules.async_iterator._consumers import Consumed, Consumer, consume
from pytest_asyncprotocol.rules.async_iterator.closing import expect_closing
from pytest_asyncprotocol.rules.async_iterator.ending import (
    alike,
    is_declared_end,
    missing_from,
)

MOST_BEGINNINGS = 10
"""Suspensions of the first task at which the second one begins, each in a run of its own."""


@rule("AI007", "concurrent-steps", Level.SHOULD, enabled_by=("concurrent",))
async def concurrent_steps(case: Case) -> None:
    """Two tasks that take items at once get what was promised.

    Both ask for items until the end, begun at the same time, and the second one at each of the
    first suspensions of the first; on trio under several schedules. With ``concurrent="safe"``
    they share the items: each item comes once, nobody is refused, and both come to the end. With
    ``"refused"``, one whose call meets another is refused by an error, and the other gets all
    items. With ``"broadcast"`` both get what is given while both wait: no task gets an item
    twice, and none is lost to both. Without a declaration nothing is demanded.

    Why:
        Two workers process the same message, and nobody the next one.

    In practice:
        ``__anext__`` reads its position, awaits, and then advances it; a sentinel in a queue
        ends one of the tasks, and the other waits for ever.

    Advice:
        Take the item in one go, without an await between reading and advancing; or use a lock;
        or raise an error while another call is under way, as generators do.

    Source:
        Python language reference, agen.__anext__() (one at a time), and Trio, BusyResourceError:
        https://docs.python.org/3/reference/expressions.html#asynchronous-generator-iterator-methods
        https://trio.readthedocs.io/en/stable/reference-core.html#trio.BusyResourceError
    """
    if case.declared.resumable:
        raise NotApplicable("declared resumable=True, so one task may go on after the other's end")
    expected = await _expected_items(case)
    judge = _JUDGES[str(case.declared.concurrent)]
    runs: list[Consumed] = []
    for _ in schedules(case.library):
        for begin_at in range(MOST_BEGINNINGS + 1):
            infinite = case.declared.infinite
            consumed = await consume(
                await case.fresh(),
                each=most_items(case),
                altogether=len(expected) if infinite else None,
                begin_at=begin_at,
            )
            judge(case, consumed, expected)
            runs.append(consumed)
            await case.tear_down()
            if begin_at and not consumed.reached:
                break
    if not any(run.met for run in runs):
        raise Vacuous("its steps never suspend, so two of them can't meet")
    _expect_seen(case, runs)


@rule("AI020", "aclose-wakes-the-waiter", Level.SHOULD, enabled_by=("closes", "concurrent"))
async def aclose_wakes_the_waiter(case: Case) -> None:
    """``aclose()`` from another task wakes a pending ``__anext__``, or is refused.

    At each suspension of a pass, in a run of its own, another task calls ``aclose()``. Either that
    raises, as that of a generator does, or the pending ``__anext__`` comes to an end: by an item,
    by StopAsyncIteration, or by an error such as ClosedResourceError. What ``hanging=`` makes, with
    a peer that never answers, is closed when it has waited for long.

    Why:
        The task that reads waits for ever, and so does the shutdown that waits for the task.

    In practice:
        ``aclose()`` closes the connection, and leaves the reader with an event or a queue into
        which nothing will come.

    Advice:
        Set the event, or put a sentinel into the queue, in ``aclose()``.

    Source:
        Trio, trio.abc.AsyncResource.aclose ("any other pending or future operations"):
        https://trio.readthedocs.io/en/stable/reference-io.html#trio.abc.AsyncResource.aclose
    """
    subject = await case.fresh()
    if not subject.has("aclose"):
        raise NotApplicable("it has no aclose()")
    expect_closing(case)
    await case.tear_down()
    for _ in schedules(case.library):
        async for _ in EachSuspension(case, partial(_closed_at, case)):
            pass
    if case.declared.hanging is not None:
        await closed_while_waiting(case, await case.fresh_of("hanging"), 0)
    elif not case.points:
        raise Vacuous("its steps never suspend, so none can be interrupted")


async def _closed_at(case: Case, point: int) -> bool | None:
    return await closed_while_waiting(case, await case.fresh(), point) or None


async def _expected_items(case: Case) -> Sequence[Any]:
    """The declared items, or else those of two passes that agree."""
    if case.declared.listed_items is not None:
        return case.declared.listed_items
    first, second = [(await drain(case, await case.fresh())).items for _ in range(2)]
    await case.tear_down()
    if not alike(first, second):
        raise Vacuous("it gives other items each time, so there is nothing to compare with")
    return first


def _judge_safe(case: Case, consumed: Consumed, expected: Sequence[Any]) -> None:
    for end in consumed.ends:
        if not is_declared_end(case, end):
            raise Violation(
                f"concurrent='safe' was declared, but with two tasks {end.operation} {end}"
            )
    _expect_each_once(consumed, expected)


def _judge_refused(case: Case, consumed: Consumed, expected: Sequence[Any]) -> None:
    refusals = _refusals(case, consumed)
    if len(refusals) > 1:
        raise Violation(
            f"with two tasks at once one {refusals[0]}, and the other {refusals[1]}; expected "
            "one to be refused and the other to go on"
        )
    _expect_each_once(consumed, expected)


def _judge_broadcast(case: Case, consumed: Consumed, expected: Sequence[Any]) -> None:
    for end in consumed.ends:
        if not is_declared_end(case, end):
            raise Violation(
                f"concurrent='broadcast' was declared, but with two tasks {end.operation} {end}"
            )
    if case.declared.infinite:
        return
    for consumer in (consumed.first, consumed.second):
        if not _is_part(case, consumer, expected):
            raise Violation(
                f"one of two tasks got {describe(consumer.items)}; expected some of "
                f"{describe(list(expected))}, each once"
            )
    lost = missing_from(consumed.items, expected)
    if lost:
        raise Violation(f"neither of two tasks got {describe(lost)}")


_JUDGES = {"safe": _judge_safe, "refused": _judge_refused, "broadcast": _judge_broadcast}


def _expect_seen(case: Case, runs: list[Consumed]) -> None:
    """Expect that what the declaration says was seen at least once."""
    if case.declared.concurrent == "refused" and not any(_refusals(case, run) for run in runs):
        raise Violation("concurrent='refused' was declared, but of two calls at once none was")
    if case.declared.concurrent == "broadcast" and not any(map(_has_common_items, runs)):
        raise Violation("concurrent='broadcast' was declared, but no item came to both tasks")


def _refusals(case: Case, consumed: Consumed) -> list[Outcome]:
    return [end for end in consumed.ends if not is_declared_end(case, end)]


def _expect_each_once(consumed: Consumed, expected: Sequence[Any]) -> None:
    if missing_from(expected, consumed.items) or missing_from(consumed.items, expected):
        raise Violation(
            f"two tasks at once got {describe(consumed.first.items)} and "
            f"{describe(consumed.second.items)}; expected each item of "
            f"{describe(list(expected))} once"
        )


def _is_part(case: Case, consumer: Consumer, expected: Sequence[Any]) -> bool:
    """Whether a task got some of the expected items, in their order if that was declared."""
    if not case.declared.ordered:
        return not missing_from(expected, consumer.items)
    left = iter(expected)
    return all(any(same(item, each) for each in left) for item in consumer.items)


def _has_common_items(consumed: Consumed) -> bool:
    first, second = consumed.first.items, consumed.second.items
    return len(missing_from(second, first)) < len(first)
