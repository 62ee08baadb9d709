"""What a dangerous subject does to its loop, and to the interpreter, is felt by no other one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self

import anyio
import pytest
import trio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol, Report, check
from tests.specimens.async_generator._bases import counting
from tests.specimens.async_generator.scopes import PagesInATaskGroup, yields_in_a_task_group
from tests.subjects import Ticker

AWAITABLE = Protocol.AWAITABLE
ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR
BOTH = ("asyncio", "trio")


class EndsAtTheCall:
    """Ends where `anext(it, default)` crashes the interpreter: python/cpython#131670."""

    def __init__(self) -> None:
        self.left = [1, 2]

    def __aiter__(self) -> Self:
        return self

    def __anext__(self) -> Any:
        if not self.left:
            raise StopAsyncIteration
        return self.give()

    async def give(self) -> int:
        """Give an item."""
        await checkpoint()
        return self.left.pop()


async def yields_in_a_nursery() -> AsyncIterator[int]:
    """Kills a run of Trio where it is left to the garbage collector."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep_forever)
        while True:
            yield 1


async def cancels_its_consumer() -> AsyncIterator[int]:
    """Its time-out ends while its consumer works."""
    with anyio.move_on_after(0.03):
        yield 1
        await anyio.sleep(9)
        yield 2


class Retries:
    """Tries again whatever happens, and ends if it is left in peace."""

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        """Wait."""
        while True:
            with suppress(BaseException):
                await anyio.sleep(9)
                return 1


class RetriesForEver(Retries):
    """Has no end at all."""

    async def run(self) -> int:
        """Wait."""
        while True:
            with suppress(BaseException):
                await anyio.sleep(9)


class SwallowsInItsLoop(Ticker):
    """An iterator that tries again whatever happens."""

    async def __anext__(self) -> int:
        while True:
            with suppress(BaseException):
                await anyio.sleep(9)
                break
        return await super().__anext__()


class ExitsWhenItIsDropped(Ticker):
    """Raises in its finalizer what ends a program."""

    def __del__(self) -> None:
        raise SystemExit


@dataclass(frozen=True)
class Hazard:
    """A dangerous subject, and the rule that blames it; ``status`` is that rule's."""

    protocol: Protocol
    factory: Any
    rule: str
    declared: dict[str, Any] = field(default_factory=dict[str, Any])
    status: str = "violated"
    backends: tuple[str, ...] = BOTH

    def check(self) -> Report:
        """The report on it."""
        return check(self.protocol, self.factory, backends=self.backends, **self.declared)


HAZARDS = (
    Hazard(ITERATOR, EndsAtTheCall, "AI012"),
    Hazard(GENERATOR, yields_in_a_task_group, "AG007", {"infinite": True}),
    Hazard(ITERATOR, yields_in_a_task_group, "AG007", {"infinite": True}),
    Hazard(ITERABLE, PagesInATaskGroup, "AG007"),
    Hazard(GENERATOR, yields_in_a_nursery, "AG007", {"infinite": True}, backends=("trio",)),
    Hazard(GENERATOR, cancels_its_consumer, "AG007"),
    Hazard(AWAITABLE, Retries, "CO001"),
    Hazard(AWAITABLE, RetriesForEver, "CO020", {"timeout": 0.2}, status="error"),
    Hazard(ITERATOR, SwallowsInItsLoop, "CO001"),
    Hazard(ITERATOR, ExitsWhenItIsDropped, "CO016"),
)

INNOCENTS = ((GENERATOR, counting, {}), (ITERATOR, Ticker, {"items": [0, 1, 2]}))


def verdicts_on_innocents() -> list[str]:
    """All that is found out about the innocent subjects, a line each."""
    return [
        f"{v.name} {v.backend}: {v.status.value} {v.message} {v.trace} {v.coverage}"
        for protocol, factory, declared in INNOCENTS
        for v in check(protocol, factory, **declared)
    ]


@pytest.fixture(scope="module")
def undisturbed() -> list[str]:
    """The verdicts in a process that has met nothing else."""
    code = "from tests.test_isolation import *; print(*verdicts_on_innocents(), sep='\\n')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


@pytest.fixture(autouse=True)
def nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """A subject that is let go of does not write on the user's terminal."""
    yield
    assert ("", "") == tuple(capfd.readouterr())


@pytest.mark.parametrize(
    "hazard", HAZARDS, ids=lambda each: f"{each.factory.__name__}-{each.protocol.value}"
)
def test_the_next_subject_has_the_verdicts_that_it_would_have_had(
    hazard: Hazard, undisturbed: list[str]
) -> None:
    """Each dangerous subject is blamed for what it does, once, on each backend."""
    report = hazard.check()

    assert [(hazard.rule, backend, hazard.status) for backend in hazard.backends] == [
        (v.name.split()[0], v.backend, v.status.value) for v in report.failures
    ]
    assert undisturbed == verdicts_on_innocents()
