"""Each reported fault, by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import anyio

from tests.exploration import reported
from tests.exploration.acting import (
    CANCELLED,
    STUCK,
    advance,
    alone,
    cancelled_after,
    drained,
    end_of,
    interrupted,
    interrupted_by_task,
    shows,
    side_by_side,
    turns,
)

Make = Callable[..., Any]

END = StopAsyncIteration
IN = "in"


async def entry(manager: Any) -> object:
    """How ``async with`` begins; that it came in is seen as such."""
    seen = await end_of(manager.__aenter__())
    return seen if isinstance(seen, type) else IN


def exit_of(manager: Any) -> Any:
    return manager.__aexit__(None, None, None)


async def awaited(awaitable: Any) -> object:
    return await awaitable


# A cancellation that arrives together with the result


@shows(reported.LosesWhatWasHandedOver, right=[1, 2, 3, END], wrong=[2, 3, END])
async def cancelled_with_its_item(make: Make) -> object:
    it = make()
    assert await cancelled_after(2, anext(it)) == CANCELLED
    return await drained(it)


@shows(reported.LosesWhatWasDelivered, right=[1, 2, 3, END], wrong=[2, 3, END])
async def cancelled_with_its_delivery(make: Make) -> object:
    it = make()
    assert await cancelled_after(4, anext(it)) == CANCELLED
    return await drained(it)


@shows(reported.TakesItsConnectionForAnswer, right=CANCELLED, wrong=IN)
async def cancelled_with_its_connection(make: Make) -> object:
    return await cancelled_after(2, entry(make()))


@shows(reported.PrefersItsAnswer, right=CANCELLED, wrong=42)
async def cancelled_with_its_answer(make: Make) -> object:
    return await cancelled_after(2, awaited(make()))


# A cancellation in the second use


async def second_entry_cancelled(make: Make) -> tuple[Any, object]:
    manager = make()
    assert await entry(manager) == IN
    await exit_of(manager)
    return manager, await interrupted(entry(manager), manager, "check")


@shows(reported.AbsorbsTheCancellationOfItsCheck, right=CANCELLED, wrong=TimeoutError)
async def cancelled_check(make: Make) -> object:
    return (await second_entry_cancelled(make))[1]


@shows(reported.KeepsWhatItChecks, right=(CANCELLED, 0), wrong=(CANCELLED, 1))
async def checked_out(make: Make) -> object:
    manager, seen = await second_entry_cancelled(make)
    return seen, manager.held


async def first_entry_cancelled(make: Make) -> Any:
    manager = make()
    assert await interrupted(entry(manager), manager, "connect") == CANCELLED
    return manager


@shows(reported.CountsWhatNeverConnected, right=IN, wrong=TimeoutError)
async def connecting_for_ever(make: Make) -> object:
    return await entry(await first_entry_cancelled(make))


# What a cancellation leaves behind, and what clean-up does when it is cancelled


@shows(reported.LeavesItsReaderRunning, right=(0, 1), wrong=(1, RuntimeError))
async def reader_left(make: Make) -> object:
    it = make()
    before = len(asyncio.all_tasks())
    assert await cancelled_after(3, anext(it)) == CANCELLED
    left = len(asyncio.all_tasks()) - before
    seen = left, await end_of(anext(it))
    await turns()
    await it.source.aclose()
    return seen


@shows(reported.ClearsItsEventBeforeItsTry, right=IN, wrong=STUCK)
async def entry_after_an_abandoned_drain(make: Make) -> object:
    manager = make()
    assert await entry(manager) == IN
    leaving = exit_of(manager)
    if asyncio_is_running():
        seen = await interrupted_by_task(leaving, manager, "drain", "notice")
    else:
        seen = await interrupted(leaving, manager, "drain")
    assert seen == CANCELLED
    return await alone(entry(manager))


def asyncio_is_running() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


@shows(reported.SuppressesCancellationInItsClose, right=CANCELLED, wrong=None)
async def close_cancelled(make: Make) -> object:
    it = make()
    assert await anext(it) == 1
    return await interrupted(it.aclose(), it, "end the writer")


# One after the other


@shows(reported.CountsWhoeverAsked, right=(IN, None), wrong=(IN, STUCK))
async def exit_after_a_cancelled_entry(make: Make) -> object:
    manager = await first_entry_cancelled(make)
    return await entry(manager), await alone(exit_of(manager))


@shows(reported.KeepsItsCancelledTask, right=42, wrong=asyncio.CancelledError)
async def await_after_a_cancelled_one(make: Make) -> object:
    task = make()
    assert await cancelled_after(2, awaited(task)) == CANCELLED
    try:
        return await task
    except asyncio.CancelledError as error:
        return type(error)


@shows(reported.GivesNothingAfterACancellation, right=42, wrong=None)
async def await_after_a_cancellation(make: Make) -> object:
    awaitable = make()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await awaitable
    assert scope.cancelled_caught
    return await end_of(awaitable)


@shows(reported.ClosesUnderItsReader, right=None, wrong=RuntimeError)
async def close_after_a_cancelled_step(make: Make) -> object:
    it = make()
    assert await cancelled_after(3, anext(it)) == CANCELLED
    seen = await end_of(it.aclose())
    await turns()
    await it.source.aclose()
    return seen


@shows(reported.IsRunningForEver, right=(1, ValueError, None), wrong=(1, ValueError, RuntimeError))
async def close_after_a_throw(make: Make) -> object:
    it = make()
    thrown = it.athrow, ValueError("thrown")
    return await anext(it), await end_of(thrown[0](thrown[1])), await end_of(it.aclose())


@shows(reported.KeepsTheSentinelOfTheLastPass, right=(1, 1), wrong=(1, END))
async def second_pass_after_an_early_end(make: Make) -> object:
    feed = make()
    it = aiter(feed)
    first = await anext(it)
    await it.aclose()
    return first, await end_of(anext(aiter(feed)))


@shows(reported.CountsBelowZero, right=True, wrong=False)
async def entry_after_an_exit_too_many(make: Make) -> object:
    manager = make()
    await end_of(exit_of(manager))
    assert await entry(manager) == IN
    return manager.connected


# Two at once, or more


@shows(reported.GuardsWhatIsSentOnly, right=[2, RuntimeError], wrong=[END, ValueError])
async def throw_while_one_sends(make: Make) -> object:
    it = make()
    assert await anext(it) == 1
    quiet = anyio.Event()
    it.peer.quiet = quiet
    ends: list[object] = []
    async with anyio.create_task_group() as group:

        async def send() -> None:
            ends.append(await end_of(it.asend(None)))

        group.start_soon(send)
        await turns()
        it.peer.quiet = None
        thrown = await end_of(it.athrow(ValueError("thrown")))
        quiet.set()
    return [*ends, thrown]


@shows(reported.ChecksItsCountBeforeItsLock, right=True, wrong=False)
async def entry_after_two_exits(make: Make) -> object:
    manager = make()
    assert await entry(manager) == IN
    await side_by_side(exit_of(manager), exit_of(manager))
    assert await entry(manager) == IN
    return manager.connected


@shows(reported.HandsItsTurnToTheDead, right=IN, wrong=STUCK)
async def entry_after_a_waiter_left(make: Make) -> object:
    manager = make()
    assert await entry(manager) == IN
    assert await alone(entry(manager)) == STUCK  # which cancels it
    await exit_of(manager)
    return await alone(entry(manager))


@shows(reported.ServesWhoGaveUp, right=IN, wrong=TimeoutError)
async def entry_after_a_waiter_gave_up(make: Make) -> object:
    manager = make()
    assert await entry(manager) == IN
    await waits_too_long(manager)
    await exit_of(manager)
    return await waits_too_long(manager)


async def waits_too_long(manager: Any) -> object:
    """How an entry ends when its time limit passes, if it waits at all."""
    ends: list[object] = []

    async def enter() -> None:
        ends.append(await entry(manager))

    async with anyio.create_task_group() as group:
        group.start_soon(enter)
        await turns()
        advance(5)
    return ends[0]


@shows(reported.LosesAWakeUp, right=IN, wrong=STUCK)
async def entry_after_a_cancelled_wake_up(make: Make) -> object:
    manager = make()
    assert await entry(manager) == IN
    first, second = (asyncio.ensure_future(entry(manager)) for _ in range(2))
    await turns()
    await exit_of(manager)
    first.cancel()
    await turns()
    seen = second.result() if second.done() else STUCK
    second.cancel()
    await asyncio.wait([first, second])
    return seen
