"""Rules about an async context manager whose entry fails or is cancelled."""

from __future__ import annotations

from pytest_asyncprotocol.authoring import *


@Shown(seconds=1)
@rule("CM009", "failed-entry-releases", Level.SHOULD, enabled_by=("failing_enter", "enter_raises"))
async def failed_entry_releases(case: Case) -> None:
    """An ``__aenter__`` that fails releases what it acquired.

    The entry of what ``failing_enter=`` makes raises, or that of the manager itself where it
    declares ``enter_raises=``. After some turns of the event loop the tasks that it started are
    over, unless ``background_ok=True`` is declared, and the declared ``released=`` is true.

    Why:
        Nobody calls ``__aexit__`` where ``__aenter__`` raised: what it holds by then stays held.

    In practice:
        It takes a connection out of the pool, and the handshake fails; it starts a reader, and
        the login is refused.

    Advice:
        Put all that comes behind the first acquisition into ``try``, and release in
        ``except BaseException``; or build the entry upon an `AsyncExitStack`, and keep it by
        ``pop_all()``.

    Source:
        Python language reference, 8.9.3 "The async with statement":
        https://docs.python.org/3/reference/compound_stmts.html#the-async-with-statement
    """
    declared = case.declared
    own = declared.failing_enter is None
    subject = await (case.fresh() if own else case.fresh_of("failing_enter"))
    if declared.released is not None and not await is_released(case, subject):
        raise Vacuous("released= is false before the entry that fails")
    with following(case.library) as alive:
        entry = await subject.enter()
        await let_others_run(TURNS_TO_END)
        left = [] if declared.background_ok else [describe_task(task) for task in alive()]
        released = declared.released is None or await is_released_when_quiet(case, subject, alive)
    if entry.returned:
        await subject.exit()
        raise Violation(f"failing_enter= was declared, but {entry.operation} {entry}")
    failed = f"{entry.operation} raised {type_name(entry.error)}"
    if not released:
        raise Violation(f"{failed}, and kept what it had acquired: released= is false")
    if left:
        raise Violation(f"{failed}, and {min(left)} is still alive")


@Shown(seconds=1)
@rule("CM010", "cancelled-entry-releases", Level.SHOULD, enabled_by=("released",))
async def cancelled_entry_releases(case: Case) -> None:
    """An ``__aenter__`` that is cancelled leaves nothing acquired.

    At whichever suspension of ``__aenter__`` the cancellation comes, the declared ``released=`` is
    true afterwards, and still is when the tasks that it started have gone on for a second of the
    loop's clock. An entry that returns in spite of the cancellation is left by ``__aexit__`` first.
    On asyncio it is enough to release when a cancel scope cancels, or when ``Task.cancel()`` does.
    Where either does, ``Task.cancel()`` also comes together with the result: when what the entry
    waits for is done, and the entry did not yet go on.

    Why:
        Time-outs around the entry are how users limit a slow connect, and each of them costs
        a connection.

    In practice:
        It takes a connection, and resets it outside of ``try``; ``await asyncio.shield(connect)``,
        which connects when the caller has left; a pool hands over a connection to a waiter that
        was cancelled in the same turn.

    Advice:
        Put all that comes behind the acquisition into ``try``, and release in
        ``except BaseException``; on asyncio, look there whether what was awaited is done.

    Source:
        Python language reference, 8.9.3 "The async with statement", and asyncio, "Task
        Cancellation":
        https://docs.python.org/3/reference/compound_stmts.html#the-async-with-statement
        https://docs.python.org/3/library/asyncio-task.html#task-cancellation
    """
    if not await is_released_by_plain_use(case):
        raise Vacuous("released= is false even where nothing is cancelled, which CM020 judges")
    never = "__aenter__ never suspended, so no cancellation could be delivered into it"
    async for left in ReleaseSweep(case, _cancelled_entry, vacuous=never):
        point = left[0].run.point
        if not any(each.released for each in left):
            raise Violation(
                f"cancelled at suspension {point}, inside __aenter__, it kept what it had "
                "acquired: released= is false"
            )
        safe = all(each.released and each.run.exposed for each in left)
        if case.library == "asyncio" and safe:
            await _expect_release_when_crossed(case, point)


async def _cancelled_entry(case: Case, style: Style, point: int) -> Aftermath | None:
    """Cancel the entry of a fresh manager at suspension *point*; None if it has none."""
    entry: Stepped[Outcome] | None = None

    async def use(case: Case, subject: Subject) -> None:
        del case
        nonlocal entry
        entry = Stepped(subject.enter())
        await enter_and_leave(subject, entry)

    with following(case.library) as alive:
        run = await cancelled_at(case, use, style, point)
        if run is None or entry is None or point > entry.suspensions:
            return None
        return Aftermath(run, await is_released_when_quiet(case, run.subject, alive))


async def _expect_release_when_crossed(case: Case, point: int) -> None:
    async def use(case: Case, subject: Subject) -> None:
        del case
        await enter_and_leave(subject, subject.enter())

    await case.tear_down()
    with following(case.library) as alive:
        subject = await cancelled_with_result(case, use, point)
        if subject is None:
            return
        case.points += 1
        if not await is_released_when_quiet(case, subject, alive):
            raise Violation(
                f"cancelled by Task.cancel() at suspension {point}, inside __aenter__, when what "
                "it waited for was done, it kept what it had acquired: released= is false"
            )
