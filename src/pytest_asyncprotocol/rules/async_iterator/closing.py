"""Closing an async iterator before its end."""

from __future__ import annotations

from functools import partial

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.snippets.special_uses import look_for_aclose


# A generator that goes on after GeneratorExit, or can't take it, or gets it inside a task group,
# makes aclose() fail: AG001, AG004, AG005 and AG007 say why.
@Shown(unused=look_for_aclose)
@rule(
    "AI017",
    "aclose-idempotent",
    Level.MUST,
    requires=("CO010", "AG001", "AG004", "AG005", "AG007"),
    feeds=Feeds.SCENARIO,
)
async def aclose_idempotent(case: Case) -> None:
    """``aclose``, if present, is async, idempotent, and safe on an iterator never started.

    Awaiting ``aclose()`` succeeds on a fresh iterator and on one that is at its end, and each time
    once more. An error of the clean-up itself may come out of the first call on an iterator in
    use. Nothing is demanded of an iterator without ``aclose``, unless ``closes=True`` promises it.

    Why:
        ``contextlib.aclosing`` and every generator that passes items on close what they are given
        without knowing its state.

    In practice:
        ``def aclose`` without ``async``; ``del self.connection``, which fails the second time; a
        handle that only the first ``__anext__`` creates.

    Advice:
        Return early from ``async def aclose(self)`` where there is nothing left to close.

    Source:
        Python language reference, agen.aclose(), contextlib.aclosing(), and Trio, AsyncResource:
        https://docs.python.org/3/reference/expressions.html#agen.aclose
        https://docs.python.org/3/library/contextlib.html#contextlib.aclosing
        https://trio.readthedocs.io/en/stable/reference-io.html#trio.abc.AsyncResource.aclose
    """
    subject = await case.fresh()
    if not subject.has("aclose"):
        if case.declared.closes:
            raise Violation("closes=True was declared, but it has no aclose()")
        raise NotApplicable("it has no aclose()")
    if case.is_instance:
        for outcome in await closed_twice(case, subject):
            _expect_success(outcome, "at its end")
        return
    for _ in range(2):
        _expect_success(await subject.aclose(), "on an iterator that was never started")
    await case.tear_down()
    subject = await case.fresh()
    await subject.anext()
    await subject.aclose()
    _expect_success(await subject.aclose(), "for the second time")
    await case.tear_down()
    subject = await case.fresh()
    await whole_pass(case, subject)
    for _ in range(2):
        _expect_success(await subject.aclose(), "at its end")


# Where aclose() leaves even a generator that never started as it was, AG003 says so.
@rule("AI018", "nothing-after-aclose", Level.SHOULD, requires=("CO010", "AG003"))
async def nothing_after_aclose(case: Case) -> None:
    """After ``aclose()`` no more items come.

    ``__anext__`` then raises StopAsyncIteration, or an error such as ClosedResourceError. Declare
    ``closes=False`` for an iterator that is borrowed, whose ``aclose()`` closes nothing by design.

    Why:
        Work goes on with a resource that was given back, and the consumer does not know.

    In practice:
        ``aclose()`` sets a flag at which ``__anext__`` never looks.

    Advice:
        Let ``__anext__`` raise StopAsyncIteration once the iterator is closed.

    Source:
        Python language reference, agen.aclose(), and Trio, AsyncResource:
        https://docs.python.org/3/reference/expressions.html#agen.aclose
        https://trio.readthedocs.io/en/stable/reference-io.html#trio.abc.AsyncResource.aclose
    """
    subject = await case.fresh()
    if not subject.has("aclose"):
        raise NotApplicable("it has no aclose()")
    expect_closing(case)
    if not (await subject.anext()).returned:
        raise Vacuous("it gave no item before it was closed")
    if not (await subject.aclose()).returned:
        raise Vacuous("aclose() failed")
    await expect_no_item(subject, "after aclose()")


# What even an undisturbed aclose() does not release is AB008's; a generator whose clean-up is cut
# short in a cancelled step is AG008's.
@rule(
    "AI019",
    "cancelled-aclose-releases",
    Level.SHOULD,
    requires=("CO010", "AB008", "AG008"),
    enabled_by=("released",),
)
async def cancelled_aclose_releases(case: Case) -> None:
    """An ``aclose()`` that is cancelled still releases.

    After one item, ``aclose()`` is cancelled at each of its suspensions, each in a run of its own;
    on trio also before it begins. The declared ``released=`` is true then, at once or when its own
    tasks had some time. On asyncio it is enough to release when a cancel scope cancels, or when
    ``Task.cancel()`` does. A shield, or a goodbye that is cut short, is no violation.

    Why:
        A time-out around a shutdown keeps the connection that was about to be closed.

    In practice:
        ``await self.flush()`` and then ``self.socket.close()``, without ``finally``.

    Advice:
        Release in ``finally``, without an await; or await under a shield that has a time limit.

    Source:
        Trio, trio.abc.AsyncResource.aclose ("before raising Cancelled"):
        https://trio.readthedocs.io/en/stable/reference-io.html#trio.abc.AsyncResource.aclose
    """
    if not (await case.fresh()).has("aclose"):
        raise NotApplicable("it has no aclose()")
    expect_closing(case)
    await case.tear_down()
    async for left in ReleaseSweep(case, _cancelled_aclose, counts=lambda _: 1):
        if not any(each.released for each in left):
            raise Violation(
                f"aclose(), cancelled at its suspension {left[0].run.point}, ended without "
                "releasing: released= is false"
            )
    if case.library == "trio":
        subject = await _with_an_item(case)
        with following(case.library) as alive:
            await in_cancelled_scope(case, subject.aclose)
            if not await is_released_when_quiet(case, subject, alive):
                raise Violation(
                    "aclose(), in a scope that was cancelled before, ended without releasing: "
                    "released= is false"
                )
    elif not case.points:
        raise Vacuous("aclose() never suspended, so no cancellation could be delivered into it")


def expect_closing(case: Case) -> None:
    """Leave out an iterator whose ``aclose()`` closes nothing by design."""
    if case.declared.closes is False:
        raise NotApplicable("declared closes=False")


async def expect_no_item(subject: Subject, when: str) -> None:
    """Expect that a closed iterator raises something, however often it is asked."""
    for _ in range(BEYOND):
        outcome = await subject.anext()
        if outcome.returned:
            raise Violation(f"{outcome.operation}, {when}, {outcome}; expected StopAsyncIteration")


def _expect_success(outcome: Outcome, when: str) -> None:
    if not outcome.returned:
        raise Violation(f"{outcome.operation}, {when}, {outcome}; expected it to succeed")


async def _with_an_item(case: Case) -> Subject:
    subject = await case.fresh()
    if not (await subject.anext()).returned:
        raise Vacuous("it gave no item before it was closed")
    return subject


async def _cancelled_aclose(case: Case, style: Style, point: int) -> Aftermath | None:
    """Cancel ``aclose()`` of a fresh subject at *point*; None if it has no such suspension."""

    async def close(case: Case, subject: Subject) -> None:
        del case
        await subject.aclose()

    with following(case.library) as alive:
        run = await cancelled_at(case, close, style, point, make=partial(_with_an_item, case))
        if run is None:
            return None
        return Aftermath(run, await is_released_when_quiet(case, run.subject, alive))
