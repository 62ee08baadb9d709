"""What the sequences of operations add to the battery of a conforming async iterator.

Measured with three items, on both backends, with and without sequences, in interleaved runs of
this process. Prints the medians, and what sequences add.

Usage: python benchmarks/exploration_cost.py [repeats]
"""

from __future__ import annotations

import statistics
import sys
import time

from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import check

GOAL = 1.0
ITEMS = [0, 1, 2]


class Ticker:
    """Counts to three, can be closed, and loses nothing when it is cancelled."""

    def __init__(self) -> None:
        self._next = 0

    def __aiter__(self) -> Ticker:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if self._next == len(ITEMS):
            raise StopAsyncIteration
        self._next += 1
        return self._next - 1

    async def aclose(self) -> None:
        """End it."""
        self._next = len(ITEMS)
        await checkpoint()


def seconds(examples: int | None) -> float:
    """How long one battery takes."""
    bounds = {} if examples is None else {"examples": examples}
    begun = time.perf_counter()
    report = check("async_iterator", Ticker, items=ITEMS, cancel_safe=True, closes=True, **bounds)
    assert report.passed, report.failures
    return time.perf_counter() - begun


def main() -> None:
    """Print the medians."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    seconds(0)
    first = seconds(None) - seconds(0)
    without, with_sequences = [], []
    for _ in range(repeats):
        without.append(seconds(0))
        with_sequences.append(seconds(None))
    added = statistics.median(with_sequences) - statistics.median(without)
    print(f"without sequences: {statistics.median(without):.3f} s")
    print(f"with sequences:    {statistics.median(with_sequences):.3f} s")
    print(f"added: {added:.3f} s, and {first:.3f} s the first time, when they are drawn")
    print(f"goal: less than {GOAL:g} s, {'kept' if max(added, first) < GOAL else 'MISSED'}")


if __name__ == "__main__":
    main()
