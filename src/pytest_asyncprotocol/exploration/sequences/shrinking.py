"""The shortest sequence that still fails."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import combinations

from pytest_asyncprotocol.exploration.sequences.operations import OperationSequence

MOST_STEPS_TRIED = 7
"""Length up to which every part of a sequence is tried, in search of the shortest witness."""

StillFails = Callable[[OperationSequence], Awaitable[bool]]


async def shortest(sequence: OperationSequence, still_fails: StillFails) -> OperationSequence:
    """The shortest part of *sequence* that *still_fails*, of steps as plain as can be."""
    sequence = await _without_any(sequence, still_fails)
    if len(sequence) <= MOST_STEPS_TRIED:
        parts = (part for size in range(len(sequence)) for part in combinations(sequence, size))
        for part in parts:
            if await still_fails(part):
                sequence = part
                break
    for place, step in enumerate(sequence):
        for at in range(step.cancelled_at):
            plainer = replace(step, cancelled_at=at)
            candidate = (*sequence[:place], plainer, *sequence[place + 1 :])
            if await still_fails(candidate):
                sequence = candidate
                break
    return sequence


async def _without_any(sequence: OperationSequence, still_fails: StillFails) -> OperationSequence:
    """*sequence* without the steps that it can do without, one after the other."""
    for place in reversed(range(len(sequence))):
        candidate = (*sequence[:place], *sequence[place + 1 :])
        if await still_fails(candidate):
            sequence = candidate
    return sequence
