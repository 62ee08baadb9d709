"""Which call of one task waits for which of another, so that all run in the order recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pytest_asyncprotocol.model.recording import Call

THE_END = 1000
"""How far a call has come that has ended; more than it can have suspensions."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A *step* at which *call* had come so *far*: begun, in a suspension, or at its end."""

    step: int
    call: Call
    far: int


@dataclass(frozen=True, slots=True)
class Order:
    """What a call begins after, and what it stays in one of its suspensions for."""

    after: tuple[Moment, ...] = ()
    hold: dict[int, Moment] = field(default_factory=dict[int, Moment])


def orders_of(calls: Sequence[Call]) -> dict[int, Order]:
    """The order of each of *calls*, by its identity."""
    moments = sorted(
        (moment for call in calls for moment in _moments_of(call)), key=lambda m: m.step
    )
    orders: dict[int, Order] = {}
    for call in calls:
        others = [moment for moment in moments if moment.call.task != call.task]
        latest = {id(m.call): m for m in others if m.step < call.began}
        hold: dict[int, Moment] = {}
        intervals = zip(call.suspended, call.resumed, strict=False)
        for number, (left, back) in enumerate(intervals, 1):
            meanwhile = [moment for moment in others if left < moment.step < back]
            if meanwhile:
                hold[number] = meanwhile[-1]
        orders[id(call)] = Order(tuple(latest.values()), hold)
    return orders


def _moments_of(call: Call) -> Iterator[Moment]:
    yield Moment(call.began, call, 0)
    for number, step in enumerate(call.suspended, 1):
        yield Moment(step, call, number)
    if call.ended is not None:
        yield Moment(call.ended, call, THE_END)
