"""What a check costs: one rule of a battery, as a ratio to one bare `anyio.run` of nothing.

Measured on a conforming async iterator of three items, once without suspensions and once with a
checkpoint before each item. Left out are the rules that run their scenario many times over: the
cancellation sweeps. Prints medians of interleaved runs in this process.

Usage: python benchmarks/battery_cost.py [repeats]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Status, check

GOAL = 2.0
SWEEPS = ("CO001", "CO002", "AI008", "AI009", "CM")
BACKENDS = ("asyncio", "trio")


ITEMS = 3


class Ticker:
    """Counts to three, without ever suspending."""

    def __init__(self) -> None:
        self._next = 0

    def __aiter__(self) -> Ticker:
        return self

    async def __anext__(self) -> int:
        if self._next == ITEMS:
            raise StopAsyncIteration
        self._next += 1
        return self._next - 1


class PoliteTicker(Ticker):
    """Counts to three, with a checkpoint before each."""

    async def __anext__(self) -> int:
        await checkpoint()
        return await super().__anext__()


async def nothing() -> None:
    """What the bare loop runs."""


def seconds(function: Callable[[], object]) -> float:
    """How long one call takes."""
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def battery(subject: type[Ticker], backend: str) -> int:
    """Run the rules, and give how many of them were carried out."""
    report = check("async_iterator", subject, items=[0, 1, 2], backends=(backend,), ignore=SWEEPS)
    assert report.passed, report.failures
    return sum(v.status is not Status.SKIPPED for v in report)


def main(repeats: int) -> bool:
    """Print a line a subject and backend; whether all keep the goal."""
    print(f"without {', '.join(SWEEPS)}; medians of {repeats}; the goal is {GOAL:g}")
    ratios = [measure(s, b, repeats) for b in BACKENDS for s in (Ticker, PoliteTicker)]
    return max(ratios) <= GOAL


def measure(subject: type[Ticker], backend: str, repeats: int) -> float:
    """Print one line, and give its ratio."""
    checks = battery(subject, backend)
    bare, whole = [], []
    for _ in range(repeats):
        bare.append(seconds(lambda: anyio.run(nothing, backend=backend)))
        whole.append(seconds(lambda: battery(subject, backend)))
    loop, each = statistics.median(bare), statistics.median(whole) / checks
    print(
        f"{backend:8} {subject.__name__:13} {checks} checks, {each * 1e6:5.0f} us each; "
        f"bare loop {loop * 1e6:5.0f} us; ratio {each / loop:.2f}"
    )
    return each / loop


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
