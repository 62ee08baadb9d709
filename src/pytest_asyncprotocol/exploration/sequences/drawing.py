"""Sequences of operations, drawn by Hypothesis: varied, and the same in every process."""

# The metaclass of HealthCheck, which makes it iterable, hides from pyright what it gives.
# pyright: reportArgumentType=false

from __future__ import annotations

import functools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

from pytest_asyncprotocol.exploration.sequences.operations import OperationSequence, Step

FEW, DRAWN_FOR_EACH = 100, 4
"""For *few* sequences, so many are drawn for each that is run; the most varied ones are run."""

FEWEST_EVENTS, MOST_EVENTS, MOST_STEPS = 2, 5, 3
"""Events of a drawn sequence, and plain steps before each of them and at the end."""


PLAIN = 0
"""The number of the plain step, which may be an event too."""

Numbers = tuple[int, ...]


def drawn(plain: Step, events: OperationSequence, examples: int) -> tuple[OperationSequence, ...]:
    """*examples* sequences, the same in every process, without those that repeat another one.

    Each event has some plain steps before it, and there are some at the end.
    """
    steps = list(dict.fromkeys((plain, *events)))
    numbers = _drawn(tuple(map(steps.index, events)), examples)
    return tuple(tuple(steps[n] for n in each) for each in numbers)


@functools.lru_cache(maxsize=64)
def _drawn(events: Numbers, examples: int) -> tuple[Numbers, ...]:
    """Sequences as numbers of steps, which most kinds of subjects have in common.

    Hypothesis runs in a thread of its own, so that a test that is run by Hypothesis itself is not
    disturbed.
    """
    with ThreadPoolExecutor(1) as executor:
        return executor.submit(_draw, events, examples).result()


def _draw(events: Numbers, examples: int) -> tuple[Numbers, ...]:
    import hypothesis
    from hypothesis import strategies

    few = examples <= FEW
    found: dict[Numbers, None] = {}
    some_steps = strategies.integers(0, MOST_STEPS)
    some_event = strategies.tuples(some_steps, strategies.sampled_from(events))
    some_events = strategies.lists(some_event, min_size=FEWEST_EVENTS, max_size=MOST_EVENTS)

    @hypothesis.seed(0)  # what derandomize=True takes instead changes with the text of collect()
    @hypothesis.settings(
        max_examples=examples * (DRAWN_FOR_EACH if few else 1),
        database=None,
        deadline=None,
        phases=(hypothesis.Phase.generate,),
        suppress_health_check=tuple(hypothesis.HealthCheck),
    )
    @hypothesis.given(some_events, some_steps)
    def collect(drawn_events: list[tuple[int, int]], at_the_end: int) -> None:
        sequence: list[int] = []
        for steps, event in drawn_events:
            sequence += [PLAIN] * steps + [event]
        found[tuple(sequence + [PLAIN] * at_the_end)] = None

    collect()
    if not few:
        return tuple(found)
    short = dict.fromkeys(
        (*[PLAIN] * steps, event, PLAIN, PLAIN) for steps in range(MOST_STEPS) for event in events
    )
    return tuple(_various(list(found | short), examples))


def _various(sequences: list[Numbers], most: int) -> Iterator[Numbers]:
    """Up to *most* of *sequences*: those with a new beginning first, then the most new pairs.

    An object that can be used only once shows its faults at the beginning of a sequence.
    """
    begun: set[Numbers] = set()
    seen: set[Numbers] = set()
    left = {each: set[Numbers](pairwise(each)) for each in sequences}

    def worth(sequence: Numbers) -> tuple[bool, int]:
        return _beginning(sequence) not in begun, len(left[sequence] - seen)

    for _ in range(min(most, len(left))):
        best = max(left, key=worth)
        begun.add(_beginning(best))
        seen |= left.pop(best)
        yield best


def _beginning(sequence: Numbers) -> Numbers:
    """*sequence* up to its first event."""
    return sequence[: next(n for n, each in enumerate(sequence, 1) if each != PLAIN)]
