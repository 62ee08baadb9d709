"""Rules about an async context manager that is cancelled, or left by what ends the program."""

from __future__ import annotations

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_context_manager.ending import ENDS_THE_PROGRAM


# It requires CM004, since a manager that suppresses whatever comes has one fault, not two; and
# CM014, since it leaves in the same ways, and an exit that hangs then says nothing here; and
# CO004, since a request of its own that is left over makes every CancelledError look like ours.
@rule(
    "CM005",
    "never-suppresses-cancellation",
    Level.MUST,
    requires=("CO010", "CO004", "CM004", "CM014"),
)
async def never_suppresses_cancellation(case: Case) -> None:
    """It never suppresses cancellation, KeyboardInterrupt, SystemExit or GeneratorExit.

    A cancellation that arrives in the body comes out behind the manager. A time-out or a task
    group, declared by ``own_scope=True``, may suppress or convert the cancellation that it asked
    for itself; one that was asked for outside still comes out. The other three are let through
    unless ``suppresses=`` names them; to raise something else in their place is not to suppress.

    Why:
        Time-outs around the manager have no effect, task groups and shutdown wait for ever, and
        Ctrl-C is ignored.

    In practice:
        ``return exc_type is not None``, or a filter that logs every exception and returns True.

    Advice:
        Return True for the expected types only, all of them subclasses of `Exception`.

    Source:
        asyncio, "Exceptions", asyncio.CancelledError; Trio, "Cancellation semantics":
        https://docs.python.org/3/library/asyncio-exceptions.html#asyncio.CancelledError
        https://trio.readthedocs.io/en/stable/reference-core.html#cancellation-semantics
    """
    await _expect_program_to_end(case)
    body = _Body()
    cancels_itself = case.declared.own_scope and await _cancels_its_own_body(case)
    reached = False

    async def entered_and_left(case: Case, subject: Subject) -> None:
        body.cancelled = False
        await with_body(subject, body)
        if cancels_itself:
            await checkpoint()

    async for run in Sweep(case, [entered_and_left]):
        if not body.cancelled:
            continue
        reached = True
        if run.cancelled or run.error is not None:
            continue
        if cancels_itself and run.style is Style.EDGE:
            continue
        hint = "" if case.declared.own_scope else "; if it was its own, declare own_scope=True"
        raise Violation(f"{run.where}, inside the body, it suppressed the cancellation{hint}")
    if not reached:
        raise Vacuous("no cancellation could be delivered into the body")


@Shown(seconds=1)
@rule("CM011", "cancelled-exit-releases", Level.SHOULD, enabled_by=("released",))
async def cancelled_exit_releases(case: Case) -> None:
    """An ``__aexit__`` that is cancelled still releases.

    At whichever suspension of ``__aexit__`` the cancellation comes, the declared ``released=`` is
    true afterwards, at once or after some turns of the event loop. Only what is polite may be cut
    short, such as saying goodbye to a server. On asyncio it is enough to release when a cancel
    scope cancels, or when ``Task.cancel()`` does: no shield of a scope holds the latter, and code
    for asyncio alone may count on being cancelled once.

    Why:
        Time-outs are when connections are given back; if one that hits the exit keeps them,
        the pool runs dry under load.

    In practice:
        ``await self.flush()`` and then ``self.pool.release()``, without ``finally``.

    Advice:
        Release in ``finally``, without an await; or await under a shield that has a time limit.

    Source:
        Trio, trio.abc.AsyncResource.aclose:
        https://trio.readthedocs.io/en/stable/reference-io.html#trio.abc.AsyncResource.aclose
    """
    expect_entry(case)
    if not await is_released_by_plain_use(case):
        raise Vacuous("released= is false even where nothing is cancelled, which CM020 judges")
    reached = False
    async for left in ReleaseSweep(case, _cancelled_exit):
        exits = [each for each in left if each.inside]
        reached = reached or bool(exits)
        if exits and not any(each.released for each in exits):
            raise Violation(
                f"cancelled at suspension {exits[0].run.point}, inside __aexit__, it ended without "
                "releasing: released= is false"
            )
    if not reached:
        raise Vacuous("__aexit__ never suspended, so no cancellation could be delivered into it")


# It requires CM011 and CM020, since an exit that does not release when it is cancelled on its way,
# or told of a cancellation, does not do so in a cancelled scope either; and CM014, since an exit
# that hangs there says nothing here.
@Shown(seconds=1)
@rule(
    "CM012",
    "exit-in-cancelled-scope",
    Level.SHOULD,
    libraries=("trio",),
    requires=("CO010", "CM011", "CM014", "CM020"),
    enabled_by=("released",),
)
async def exit_in_cancelled_scope(case: Case) -> None:
    """What was acquired is released although the scope around is cancelled already.

    There each checkpoint of ``__aexit__`` raises, the first one too. When the body was cancelled,
    or raised in a scope that is cancelled, the declared ``released=`` is true afterwards, at once
    or after some turns of the event loop. It is judged on Trio: on asyncio ``Task.cancel()``
    interrupts once, and code for asyncio alone may count on that.

    Why:
        Time-outs are where roll-backs happen; one that is cut short leaves the transaction open,
        and the connection out of the pool.

    In practice:
        ``if exc_type: await self.rollback()`` and then ``self.pool.release()``, without
        ``finally``.

    Advice:
        Release in ``finally``, without an await; or await under a shield that has a time limit.

    Source:
        Trio, "Cancellation semantics", and anyio, "Finalization":
        https://trio.readthedocs.io/en/stable/reference-core.html#cancellation-semantics
        https://anyio.readthedocs.io/en/stable/cancellation.html#finalization
    """
    expect_entry(case)
    if not await is_released_by_plain_use(case):
        raise Vacuous("released= is false even where nothing is cancelled, which CM020 judges")
    for error in (None, BodyError()):
        subject = await case.fresh()
        await left_in_cancelled_scope(case, subject, error)
        if not await is_released(case, subject):
            raise Violation(
                f"left {_in_cancelled_scope(error)}, it ended without releasing: released= is false"
            )
        await case.tear_down()


# It requires CM004 and CM014, since an exception that is suppressed anywhere, and an exit that
# hangs, are faults of their own.
@rule("CM013", "body-error-survives-cancellation", Level.MAY, requires=("CO010", "CM004", "CM014"))
async def body_error_survives_cancellation(case: Case) -> None:
    """A cancelled exit does not eat the exception of the body.

    When the body raises in a scope that is cancelled already, that exception comes out of the
    scope, or one that was made from it. Neither does where the first checkpoint of ``__aexit__``
    raises the cancellation in its place. Many classes of Trio and anyio do so, and Trio has an
    open issue on it.

    Why:
        The scope takes the cancellation for its own, and the error is gone without a trace.

    In practice:
        Any unshielded ``await`` in ``__aexit__``.

    Advice:
        Clean up without a checkpoint, or under a shield that has a time limit, where the body
        raised an exception.

    Source:
        Python language reference, 7.8 "The raise statement", and Trio, "Cancellation semantics":
        https://docs.python.org/3/reference/simple_stmts.html#the-raise-statement
        https://trio.readthedocs.io/en/stable/reference-core.html#cancellation-semantics
    """
    expect_entry(case)
    error = BodyError()
    if isinstance(error, case.declared.suppresses):
        raise NotApplicable("suppresses= covers every exception, so it may be gone")
    if await left_in_cancelled_scope(case, await case.fresh(), error) is None:
        raise Violation(
            f"left {_in_cancelled_scope(error)}, __aexit__ let the cancellation out in place of "
            "that exception, which was lost"
        )


def _in_cancelled_scope(error: BaseException | None) -> str:
    if error is None:
        return "by a body that was cancelled, in a scope that is cancelled"
    return f"by a body that raised {type(error).__name__}, in a scope that is cancelled"


async def _cancelled_exit(case: Case, style: Style, point: int) -> Aftermath | None:
    """Cancel the use of a fresh manager at suspension *point*; None if it has none."""
    entry: Stepped[Outcome] | None = None

    async def use(case: Case, subject: Subject) -> None:
        nonlocal entry
        entry = Stepped(subject.enter())
        (await entry).unwrap()
        (await subject.exit()).unwrap()

    run = await cancelled_at(case, use, style, point)
    if run is None:
        return None
    inside = entry is not None and point > entry.suspensions
    return Aftermath(run, await is_released(case, run.subject), inside)


async def _expect_program_to_end(case: Case) -> None:
    for kind in ENDS_THE_PROGRAM:
        if issubclass(kind, case.declared.suppresses):
            continue
        subject = await entered_fresh(case)
        outcome = await left_by(subject, kind())
        if suppresses(outcome):
            raise Violation(
                f"{outcome.operation} {outcome}, so the body's {kind.__name__} was lost"
            )
        await case.tear_down()


class _Body:
    """A body that suspends once, and remembers whether that was cut short."""

    def __init__(self) -> None:
        self.cancelled = False

    async def __call__(self) -> None:
        try:
            await checkpoint()
        except BaseException:
            self.cancelled = True
            raise


async def _cancels_its_own_body(case: Case) -> bool:
    """Whether the body is cancelled although nobody outside asked for it."""
    body = _Body()
    try:
        await with_body(await case.fresh(), body)
    except BaseException as error:
        if case.loop.cancelled(error):
            raise
    await case.tear_down()
    return body.cancelled
