"""Calls of several tasks in the order in which they met, and bodies that are cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from pytest_asyncprotocol.snippets.anywhere import Act, Begin, Steps, call
from pytest_asyncprotocol.snippets.on_asyncio import Event, turns

moments: dict[tuple[str, int], Event] = {}
ended: set[str] = set()


def moment(line: str, number: int) -> Event:
    if (line, number) not in moments:
        moments[line, number] = Event()
        if line in ended:
            moments[line, number].set()
    return moments[line, number]


def reach(line: str, number: int | None = None) -> None:
    """Enter that the call *line* has come to suspension *number*, or to its end."""
    if number is not None:
        moment(line, number).set()
        return
    ended.add(line)
    for (other, _), event in moments.items():
        if other == line:
            event.set()


async def reached(line: str, number: int) -> None:
    await moment(line, number).wait()


async def call_in_order(
    line: str,
    begin: Begin,
    after: Sequence[tuple[str, int]] = (),
    hold: Mapping[int, tuple[str, int]] = {},
    at: int = 0,
    cancel: Act | None = None,
    *,
    closes: bool = False,
    passes_on: bool = False,
) -> object:
    """Call when other calls have come as far as *after* says; *cancel* in suspension *at*.

    Stays in the suspensions of *hold* until other calls have come as far as that says.
    """
    for each in after:
        await reached(*each)
    reach(line, 0)

    def suspended(number: int) -> None:
        reach(line, number)
        if number == at and cancel is not None:
            cancel()

    pauses = {number: partial(reached, *far) for number, far in hold.items()}
    close_at = at if closes else 0

    def steps() -> Steps:
        return Steps(begin(), suspended, close_at, pauses)

    try:
        return await call(line, steps, passes_on=passes_on)
    finally:
        reach(line)


async def cancelled_body(cancel: Act) -> BaseException | None:
    """Cancel, and return what is raised at the next checkpoint."""
    try:
        cancel()
        await turns(1)
    except BaseException as error:
        return error
    return None
