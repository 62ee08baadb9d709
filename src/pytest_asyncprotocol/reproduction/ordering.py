"""Which call of one task waits for which of another, so that all run in the order recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_asyncprotocol.model.recording import Call

THE_END = 1000
"""How far a call has come that has ended; more than it can have suspensions."""

Moment = tuple[int, int, tuple[str, int]]
"""A step, the task that made it, and the label of its call with how far that had come."""


def meetings_of(calls: Sequence[Call], labels: Mapping[int, str]) -> dict[int, list[str]]:
    """For each of *calls*, by its identity, the keywords that keep it in order.

    They say what it begins after, and what it stays in one of its suspensions for.
    """
    moments = sorted(each for call in calls for each in _moments_of(call, labels[id(call)]))
    keywords: dict[int, list[str]] = {}
    for call in calls:
        others = [(step, place) for step, task, place in moments if task != call.task]
        after = tuple({place[0]: place for step, place in others if step < call.began}.values())
        hold: dict[int, tuple[str, int]] = {}
        for number, (left, back) in enumerate(zip(call.suspended, call.resumed, strict=False), 1):
            meanwhile = [place for step, place in others if left < step < back]
            if meanwhile:
                hold[number] = meanwhile[-1]
        keywords[id(call)] = [f"after={after!r}"] * bool(after) + [f"hold={hold!r}"] * bool(hold)
    return keywords


def _moments_of(call: Call, label: str) -> Iterator[Moment]:
    yield call.began, call.task, (label, 0)
    for number, step in enumerate(call.suspended, 1):
        yield step, call.task, (label, number)
    if call.ended is not None:
        yield call.ended, call.task, (label, THE_END)
