"""Cancellation that a subject makes itself, by asyncio's means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from functools import partial

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.common._own_task import (
    Alone,
    alone,
    under_timeout,
    waiting_while_closed,
)
from pytest_asyncprotocol.snippets.on_asyncio import print_requests

USED = "used"
FAILING = ("failing", "failing_enter", "failing_exit", "failing_background")
ITERATORS = (Protocol.ASYNC_ITERATOR, Protocol.ASYNC_GENERATOR)


# What waits for ever where it fails, is closed or is awaited again is for these rules to report.
@rule(
    "CO003",
    "no-forged-cancellation",
    Level.SHOULD,
    requires=("CO010", "AI016", "AI018", "AW009"),
    libraries=("asyncio",),
)
async def no_forged_cancellation(case: Case) -> None:
    """No cancellation exception comes out when nobody cancelled the caller.

    Used, awaited again, closed after an item or while another task waits for one, left by an
    error of the body, and failing as ``failing=`` and its like declare, it raises no
    CancelledError; nor does its caller get one later. A plain use that raises one is for CO020.

    Why:
        The caller's task, and all that waits for it, takes itself for cancelled and ends without
        a word.

    In practice:
        ``self.task.cancel(); await self.task``; a time-out whose timer is not cancelled.

    Advice:
        Wait for a task of your own by ``asyncio.wait``, and say in your own words that it is over.

    Source:
        asyncio, "Task Cancellation":
        https://docs.python.org/3/library/asyncio-task.html#task-cancellation
    """
    for life in _lives(case):
        ended = await _ended(case, life)
        if ended is not None and ended.cancelled:
            raise Violation(
                f"{life.when}, it raised CancelledError, though nobody had cancelled its caller"
            )
        await case.tear_down()
    await _expect_no_cancellation_by_close(case)


# Where a CancelledError of its own comes out, CO003 says so.
@Shown(afterwards=print_requests)
@rule("CO004", "uncancels-its-own", Level.MUST, requires=("CO010", "CO003"), libraries=("asyncio",))
async def uncancels_its_own(case: Case) -> None:
    """A cancellation of its own that it swallows is taken back by ``uncancel()``.

    When it has ended, no request to cancel its caller's task is left: ``cancelling()`` is what it
    was before. And an ``asyncio.timeout`` around it that ends at any of its suspensions gives
    TimeoutError.

    Why:
        Every ``asyncio.timeout`` and `TaskGroup` around it takes its own cancellation for one
        from outside, and lets CancelledError out.

    In practice:
        A home-made time-out that calls ``task.cancel()`` and raises TimeoutError instead.

    Advice:
        Use ``asyncio.timeout``, or call ``uncancel()`` once for each ``cancel()`` of your own.

    Source:
        asyncio, asyncio.Task.uncancel():
        https://docs.python.org/3/library/asyncio-task.html#asyncio.Task.uncancel
    """
    for life in _lives(case):
        ended = await _ended(case, life)
        if ended is not None and not ended.cancelled and ended.requests:
            raise Violation(
                f"{life.when}, it left its caller's task with cancelling() at {ended.requests}; "
                "expected 0"
            )
        await case.tear_down()
    async for limited in EachSuspension(
        case, *(partial(_limited, case, scenario) for scenario in uses(case))
    ):
        if limited.ended.cancelled:
            raise Violation(
                f"an asyncio.timeout around it that ended at suspension {limited.point} raised "
                "CancelledError; expected TimeoutError"
            )


@dataclass(frozen=True, slots=True)
class _Limited:
    """How a use ended inside an ``asyncio.timeout`` that ended at suspension ``point``."""

    point: int
    ended: Alone


async def _limited(case: Case, scenario: Scenario, point: int) -> _Limited | None:
    ended = await under_timeout(_carrying_out(scenario, case, await case.fresh()), point)
    return None if ended is None else _Limited(point, ended)


@dataclass(frozen=True, slots=True)
class _Life:
    """What happens to a subject that ``make`` gives; ``when`` says it in words."""

    when: str
    scenario: Scenario
    make: Callable[[], Awaitable[Subject]]


async def _ended(case: Case, life: _Life) -> Alone | None:
    """How *life* ended; None if it hangs, which others judge, as CO020 and AW009 do."""
    call = _carrying_out(life.scenario, case, await life.make())
    return await alone(call, patience=None if life.when == USED else await a_long_time())


def _lives(case: Case) -> Iterator[_Life]:
    for scenario in uses(case):
        yield _Life(USED, _and_wait(scenario), case.fresh)
    if case.protocol is Protocol.AWAITABLE:
        yield _Life("awaited again", _awaited_twice, case.fresh)
    elif case.protocol is Protocol.ASYNC_CONTEXT_MANAGER:
        if case.declared.own_scope:
            yield _Life("with a body that waits", _waiting_inside, case.fresh)
    else:
        yield _Life("closed after an item", _closed, case.fresh)
    for name in FAILING:
        if getattr(case.declared, name) is not None:
            yield _Life(f"made by {name}=", _failing(case), partial(case.fresh_of, name))


def _carrying_out(
    scenario: Scenario, case: Case, subject: Subject
) -> Callable[[], Awaitable[None]]:
    async def carry_out() -> None:
        await scenario(case, subject)

    return carry_out


def _and_wait(scenario: Scenario) -> Scenario:
    """*scenario*, and then whatever it left behind to happen later."""

    async def carried_out(case: Case, subject: Subject) -> None:
        await scenario(case, subject)
        await wait_long()

    return carried_out


def _failing(case: Case) -> Scenario:
    manager = case.protocol is Protocol.ASYNC_CONTEXT_MANAGER
    return _waiting_inside if manager else uses(case)[0]


async def _awaited_twice(case: Case, subject: Subject) -> None:
    (await awaited_again(case, subject)).unwrap()


async def _waiting_inside(case: Case, subject: Subject) -> None:
    del case
    await with_body(subject, wait_long)


async def _closed(case: Case, subject: Subject) -> None:
    iterator = await _iterator(case, subject)
    outcomes = [await iterator.anext()]
    if iterator.has("aclose"):
        outcomes += [await iterator.aclose(), await iterator.aclose(), await iterator.anext()]
    for outcome in outcomes:
        if outcome.error is not None and not isinstance(outcome.error, Exception):
            raise outcome.error


async def _iterator(case: Case, subject: Subject) -> Subject:
    iterator: Subject = subject if case.protocol in ITERATORS else await opened(case, subject)
    return iterator


async def _expect_no_cancellation_by_close(case: Case) -> None:
    if case.protocol in (Protocol.AWAITABLE, Protocol.ASYNC_CONTEXT_MANAGER):
        return
    iterator = await _iterator(case, await case.fresh())
    if not iterator.has("aclose"):
        return
    ended = await waiting_while_closed(iterator)
    if ended is not None and ended.cancelled:
        raise Violation(
            "waiting for an item when aclose() was called, it raised CancelledError, though "
            "nobody had cancelled its caller"
        )
