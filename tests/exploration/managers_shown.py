"""Each mutant of the lease, by hand."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from tests.exploration import manager_mutants as mutants
from tests.exploration.acting import (
    CANCELLED,
    STUCK,
    advance,
    alone,
    at_once,
    interrupted,
    interrupted_by_task,
    shows,
)
from tests.exploration.manager_mutants import KEEP_ALIVE, Connection, Database

Make = Callable[..., Any]

IN = Connection
"""Stands for an entry that came in."""


async def enter(lease: Any) -> object:
    """How an entry ends: a connection that came in is seen as its type."""
    seen = await alone(lease.__aenter__())
    return type(seen) if isinstance(seen, Connection) else seen


async def leave(lease: Any, error: BaseException | None = None) -> object:
    return await alone(lease.__aexit__(error and type(error), error, None))


async def cancelled_entry(make: Make, at: str, *, uses: int = 0) -> Any:
    """A lease whose entry was cancelled *at* that question, after some uses."""
    lease = make()
    for _ in range(uses):
        assert (await enter(lease), await leave(lease)) == (IN, None)
    assert await interrupted(lease.__aenter__(), lease.database, at) == CANCELLED
    return lease


async def cancelled_exit(make: Make, at: str, error: BaseException | None = None) -> Any:
    """A lease whose exit was cancelled *at* that question."""
    lease = make()
    assert await enter(lease) is IN
    leaving = lease.__aexit__(error and type(error), error, None)
    assert await interrupted(leaving, lease.database, at) == CANCELLED
    return lease


@shows(mutants.StaysBusyAfterACancelledEntry, right=IN, wrong=RuntimeError)
async def entry_after_a_cancelled_one(make: Make) -> object:
    return await enter(await cancelled_entry(make, "hello"))


@shows(mutants.KeepsAHalfGreetedConnection, right=IN, wrong=ConnectionError)
async def entry_after_a_cancelled_login(make: Make) -> object:
    return await enter(await cancelled_entry(make, "login"))


@shows(mutants.LosesItsConnectionInTheLogin, right=True, wrong=False)
async def cancelled_login(make: Make) -> object:
    return (await cancelled_entry(make, "login")).pool.is_whole()


@shows(mutants.PingsOutsideOfItsTry, right=True, wrong=False)
async def cancelled_ping(make: Make) -> object:
    return (await cancelled_entry(make, "ping", uses=1)).pool.is_whole()


@shows(mutants.KeepsAHandleOfACancelledEntry, right=(None, True), wrong=(None, False))
async def exit_after_a_cancelled_entry(make: Make) -> object:
    lease = await cancelled_entry(make, "login")
    return await leave(lease), lease.pool.is_whole()


@shows(mutants.WaitsForItsEntry, right=None, wrong=STUCK)
async def exit_waits_after_a_cancelled_entry(make: Make) -> object:
    return await leave(await cancelled_entry(make, "login"))


@shows(mutants.StaysBusyAfterACancelledExit, right=IN, wrong=RuntimeError)
async def entry_after_a_cancelled_exit(make: Make) -> object:
    return await enter(await cancelled_exit(make, "commit"))


@shows(mutants.KeepsAnOpenTransaction, right=IN, wrong=ConnectionError)
async def entry_after_a_cancelled_commit(make: Make) -> object:
    return await enter(await cancelled_exit(make, "commit"))


@shows(mutants.RollsBackOutsideOfItsTry, right=True, wrong=False)
async def cancelled_rollback(make: Make) -> object:
    return (await cancelled_exit(make, "rollback", ValueError("body"))).pool.is_whole()


@shows(mutants.ForgetsToAwaitItsGoodbye, right=(True, 0), wrong=(False, 1))
async def given_up(make: Make) -> object:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        lease = await cancelled_exit(make, "commit")
    unawaited = sum("never awaited" in str(each.message) for each in caught)
    return lease.pool.is_whole(), unawaited


@shows(mutants.ReturnsFromItsGoodbye, right=CANCELLED, wrong=None)
async def cancelled_twice(make: Make) -> object:
    lease = make()
    assert await enter(lease) is IN
    leaving = lease.__aexit__(None, None, None)
    return await interrupted_by_task(leaving, lease.database, "commit", "goodbye")


@shows(mutants.StaysBusyAfterAFailedCommit, right=IN, wrong=RuntimeError)
async def entry_after_a_failed_commit(make: Make) -> object:
    lease = make(Database(fails=True))
    assert (await enter(lease), await leave(lease)) == (IN, ConnectionError)
    return await enter(lease)


@shows(mutants.NeverForgivesAnError, right=IN, wrong=ConnectionError)
async def entry_after_an_error_of_the_body(make: Make) -> object:
    lease = make()
    assert (await enter(lease), await leave(lease, ValueError("body"))) == (IN, None)
    return await enter(lease)


@shows(mutants.ForgetsAfterItRefused, right=RuntimeError, wrong=IN)
async def third_entry(make: Make) -> object:
    lease = make()
    assert (await enter(lease), await enter(lease)) == (IN, RuntimeError)
    return await enter(lease)


@shows(mutants.ChecksThenWaits, right=[True, RuntimeError], wrong=[True, True])
async def two_entries(make: Make) -> object:
    lease = make()
    ends = await at_once(lease.__aenter__(), lease.__aenter__(), peer=lease.database)
    return [isinstance(end, Connection) or end for end in ends]


@shows(mutants.GivesBackTwice, right=(None, None, True), wrong=(None, None, False))
async def left_twice(make: Make) -> object:
    lease = make()
    assert await enter(lease) is IN
    return await leave(lease), await leave(lease), lease.pool.is_whole()


@shows(mutants.ForgetsItsConnectionTooLate, right=([None, None], True), wrong=([None, None], False))
async def left_by_two(make: Make) -> object:
    lease = make()
    assert await enter(lease) is IN
    leaving = lease.__aexit__(None, None, None), lease.__aexit__(None, None, None)
    return await at_once(*leaving, peer=lease.database), lease.pool.is_whole()


@shows(mutants.LosesTheSlotOfAWornConnection, right=[True] * 4, wrong=[True, True, False, False])
async def used_four_times(make: Make) -> object:
    lease = make()
    whole = []
    for _ in range(4):
        assert (await enter(lease), await leave(lease)) == (IN, None)
        whole.append(lease.pool.is_whole())
    return whole


@shows(mutants.ForgetsWhatWasIdleForLong, right=True, wrong=False)
async def used_after_a_minute(make: Make) -> object:
    lease = make()
    assert (await enter(lease), await leave(lease)) == (IN, None)
    advance(KEEP_ALIVE)
    assert (await enter(lease), await leave(lease)) == (IN, None)
    return lease.pool.is_whole()


@shows(mutants.KeepsItsFirstDeadline, right=IN, wrong=TimeoutError)
async def used_after_some_seconds(make: Make) -> object:
    lease = make()
    assert (await enter(lease), await leave(lease)) == (IN, None)
    advance(mutants.PATIENCE)
    return await enter(lease)
