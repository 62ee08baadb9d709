"""What happens when a subject is dropped."""

from __future__ import annotations

from collections import Counter

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.common.leaks import settle
from pytest_asyncprotocol.snippets.special_uses import drop_unused, drop_used, keep_weakly

LEFT_OPEN = "ResourceWarning"


# A finalizer that fails only because no event loop runs is for CO018, and a generator that another
# one leaves to the garbage collector, with what is declared by released=, for AG009.
@rule(
    "CO016",
    "nothing-left-open",
    Level.SHOULD,
    requires=("CO010", "CO018", "AG009"),
    needs_own_loop=True,
)
async def nothing_left_open(case: Case) -> None:
    """No ResourceWarning and no error of a finalizer comes when it is dropped.

    After its use it is let go of, and the garbage is collected. What it gave, the result of an
    awaitable or the items of an iterator, is its user's to close. A ResourceWarning that comes
    without any use too is its factory's, and so is one of an iterator that is left early because
    it has no end, and can't be closed. Left alone are Trio's warnings of async generators that
    are dropped before their end, which may hold nothing: AG009 and AB008 look at what they hold.

    Why:
        Sockets and files stay open until the garbage collector comes by; an error in ``__del__``
        is printed, and whatever was to be done behind it is not.

    In practice:
        ``__aexit__`` sets the socket to None, or closes it only where nothing went wrong.

    Advice:
        Close in ``finally``; give what ``__del__`` needs its value first in ``__init__``.

    Source:
        Python library reference, ResourceWarning, and object.__del__:
        https://docs.python.org/3/library/exceptions.html#ResourceWarning
        https://docs.python.org/3/reference/datamodel.html#object.__del__
    """
    if case.recorder is None:
        raise NotApplicable("warnings are not recorded here")
    await settle(case.recorder)
    mark = case.recorder.mark_mishaps()
    await case.fresh()
    await case.tear_down()
    unused = case.recorder.mishaps_since(mark)
    for each in _errors(unused):
        raise Violation(f"dropped unused, it failed: {each}")
    for scenario in uses(case):
        await settle(case.recorder)
        mark = case.recorder.mark_mishaps()
        closed, given = await used(case, scenario)
        mishaps = case.recorder.mishaps_since(mark)
        del given
        for each in _errors(mishaps):
            raise Violation(f"dropped after its use, it failed: {each}")
        for each in Counter(mishaps) - Counter(unused) if closed else ():
            raise Violation(f"dropped after its use, it left something open: {each}")


@Shown(use=drop_used, unused=drop_unused)
@rule("CO018", "finalizer-needs-no-loop", Level.SHOULD, needs_own_loop=True)
async def finalizer_needs_no_loop(case: Case) -> None:
    """``__del__`` does not need a running event loop.

    Dropped in a thread where no event loop runs, unused and after its use, an object whose class
    has a ``__del__`` causes no error, and leaves no coroutine that was never awaited, that it
    does not cause in the loop too. A ResourceWarning is right.

    Why:
        Garbage is collected at any time, in any thread, and after the loop was closed: the
        clean-up never runs, and all that is left is a line on stderr.

    In practice:
        ``asyncio.create_task(self.aclose())`` in ``__del__``, for those who forget to close.

    Advice:
        Warn with a ResourceWarning, and close only what can be closed without an await.

    Source:
        Python language reference, object.__del__, and PEP 533, "Background and motivation":
        https://docs.python.org/3/reference/datamodel.html#object.__del__
        https://peps.python.org/pep-0533/#background-and-motivation
    """
    if case.recorder is None:
        raise NotApplicable("errors are not recorded here")
    subject = await case.fresh()
    if not has_finalizer(subject):
        raise NotApplicable("its class has no __del__")
    del subject
    await case.tear_down()
    refused = await refusals()
    for scenario in (None, use):
        inside = await _troubles_of_dropping(case, scenario, in_a_loop=True)
        for each in await _troubles_of_dropping(case, scenario, in_a_loop=False):
            if each not in inside or each.startswith(refused):
                raise Violation(
                    f"dropped {'unused' if scenario is None else 'after its use'} where no event "
                    f"loop runs: {each}; expected a ResourceWarning at most"
                )


@Shown(use=keep_weakly)
@rule("CO019", "collectable", Level.MAY)
async def collectable(case: Case) -> None:
    """It can be collected after its use.

    When it was used and closed, nothing but the caller holds it.

    Why:
        A process that runs for long grows with every use.

    In practice:
        A registry on the class, or a callback of an object that lives longer.

    Advice:
        Hold it by `weakref`, or take it out of the registry where it is closed.

    Source:
        Python library reference, weakref:
        https://docs.python.org/3/library/weakref.html
    """
    try:
        reference = await survivor(case, use)
    except TypeError as error:
        raise NotApplicable("no weak reference can be made to it") from error
    if reference() is not None:
        raise Violation("after its use, and when garbage was collected, it was still alive")


def _errors(mishaps: list[str]) -> list[str]:
    return [each for each in mishaps if not each.startswith(LEFT_OPEN)]


async def _troubles_of_dropping(
    case: Case, scenario: Scenario | None, *, in_a_loop: bool
) -> list[str]:
    """The errors of the finalizer of a fresh subject, and the coroutines that it dropped."""
    if case.recorder is None:
        return []
    await settle(case.recorder)
    mark, mark_of_mishaps = case.recorder.mark(), case.recorder.mark_mishaps()
    subject = await case.fresh()
    if scenario is not None:
        await carry_out(scenario, case, subject)
    await drop(subject, in_a_loop=in_a_loop)
    await case.tear_down()
    unawaited = case.recorder.since(mark)
    return _errors(case.recorder.mishaps_since(mark_of_mishaps)) + unawaited
