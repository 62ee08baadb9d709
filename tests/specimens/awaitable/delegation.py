"""Specimens: a hand-written iterator that passes on what the loop sends and throws."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import anyio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.awaitable._bases import Steps, work

AWAITABLE = Protocol.AWAITABLE
ASYNCIO = ("asyncio",)


class Sends:
    """Another awaitable's iterator, which can be sent to, and no more."""

    def __init__(self, awaitable: Any) -> None:
        self.inner = awaitable.__await__()

    def __iter__(self) -> Sends:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """Go on."""
        return self.inner.send(value)


class Throws(Sends):
    """Another awaitable's iterator, which can't be closed."""

    def throw(self, error: Any, *details: Any) -> Any:
        """Pass the exception on."""
        return self.inner.throw(error)


async def transfer() -> int:
    """Has something to do when it is cut short."""
    try:
        await anyio.sleep(1)
    finally:
        await anyio.lowlevel.checkpoint()
    return 42


@violates(
    "AW006",
    AWAITABLE,
    says={
        "asyncio": (
            "cancelled at suspension 1, its iterator has no throw() to pass that on to the "
            "coroutine work, which was left suspended"
        ),
        "trio": (
            "closed at suspension 1, its iterator has no close() to pass that on to the "
            "coroutine work, which was left suspended"
        ),
    },
)
class PassesNothingOn:
    """Has an iterator that can be sent to, and no more."""

    def __await__(self) -> Any:
        return Sends(work())


@violates(
    "AW006",
    AWAITABLE,
    says=(
        "closed at suspension 1, its iterator has no close() to pass that on to the "
        "coroutine work, which was left suspended"
    ),
)
class CannotBeClosed:
    """Keeps its operation, and has an iterator without close."""

    def __await__(self) -> Any:
        self.steps = Throws(work())
        return self.steps


class Raises(Sends):
    """Raises what is thrown into it, and tells nobody."""

    def throw(self, error: BaseException, *details: Any) -> Any:
        """Raise."""
        raise error

    def close(self) -> None:
        """Pass it on."""
        self.inner.close()


@violates(
    "AW006",
    AWAITABLE,
    shows_on=ASYNCIO,
    says=(
        "cancelled at suspension 1, its iterator did not pass throw() on to the coroutine "
        "work, which was left suspended"
    ),
)
class ThrowsIntoNobody:
    """Has an iterator that raises what is thrown into it, and tells nobody."""

    def __await__(self) -> Any:
        return Raises(work())


class Pauses(Raises):
    """Waits for a first operation as it should, and for a second one as it should not."""

    def __init__(self) -> None:
        self.steps = [Steps(work()), Raises(work())]

    def send(self, value: Any) -> Any:
        """Go on."""
        if len(self.steps) > 1:
            with suppress(StopIteration):
                return self.steps[0].send(value)
            del self.steps[0]
            value = None
        return self.steps[0].send(value)

    def throw(self, error: BaseException, *details: Any) -> Any:
        """Throw into the one that runs."""
        self.steps[0].throw(error)

    def close(self) -> None:
        """Close the one that runs."""
        self.steps[0].close()


@violates(
    "AW006",
    AWAITABLE,
    shows_on=ASYNCIO,
    says=(
        "cancelled at suspension 2, its iterator did not pass throw() on to the coroutine "
        "work, which was left suspended"
    ),
)
class ThrowsIntoNobodyLater:
    """Waits for two operations, and does not tell the second one."""

    def __await__(self) -> Any:
        return Pauses()


@conforms("AW006", AWAITABLE)
@conforms("AW007", AWAITABLE)
class PassesAllOn:
    """Has an iterator by hand that passes on all that there is: the plain conforming one."""

    def __await__(self) -> Any:
        return Steps(transfer())


@conforms("AW006", AWAITABLE, backends=ASYNCIO)
class HasNothingToCleanUp:
    """Has an iterator that gives others a turn, and waits for nobody."""

    turns = 2

    def __await__(self) -> Any:
        return self

    def __iter__(self) -> Any:
        return self

    def __next__(self) -> None:
        self.turns -= 1
        if self.turns < 0:
            raise StopIteration(42)


@conforms("AW006", AWAITABLE, backends=ASYNCIO)
class WaitsForATask:
    """Has an iterator of send alone around that of a task, which runs by itself."""

    def __await__(self) -> Any:
        return Sends(asyncio.ensure_future(work()))


class WithABackoff(Steps):
    """Keeps a generator of numbers beside the operation that it waits for."""

    def __init__(self, awaitable: Any) -> None:
        super().__init__(awaitable)
        self.numbers = iter(2**n for n in range(100))

    def send(self, value: Any) -> Any:
        """Take a number, and go on."""
        next(self.numbers)
        return super().send(value)


@conforms("AW006", AWAITABLE)
class KeepsAGeneratorBesides:
    """Has an iterator with a suspended generator that nobody needs to tell."""

    def __await__(self) -> Any:
        return WithABackoff(transfer())


@conforms("AW006", AWAITABLE)
class OpensAGroup:
    """Has an iterator by hand around an operation that starts tasks."""

    def __await__(self) -> Any:
        return Steps(self.run())

    async def run(self) -> int:
        """Works in two tasks."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(anyio.sleep, 1)
        return 42


class ThrowsThree(Steps):
    """Takes three arguments, as everybody gave them before Python 3.12."""

    def throw(self, kind: Any, error: Any, trace: Any) -> Any:  # type: ignore[override]
        """Pass the exception on."""
        return self.inner.throw(error)


@violates(
    "AW007", AWAITABLE, says="the throw() of its iterator can't be called with the exception alone"
)
@violates(
    "AW007",
    AWAITABLE,
    backends=("trio",),
    says="the throw() of its iterator can't be called with the exception alone",
)
class TakesThreeArguments:
    """Has an iterator whose throw takes three arguments; Trio hardly ever calls it."""

    def __await__(self) -> Any:
        return ThrowsThree(work())


class ThrowsTheSecond(Steps):
    """Takes one argument or three, and passes the second one on."""

    def throw(self, kind: Any, error: Any = None, trace: Any = None) -> Any:
        """Pass the exception on."""
        return self.inner.throw(error)


@violates(
    "AW007",
    AWAITABLE,
    shows_on=ASYNCIO,
    says=(
        "cancelled at suspension 1, the throw() of its iterator was given the exception "
        "alone, and raised TypeError: exceptions must be classes or instances deriving "
        "from BaseException, not NoneType"
    ),
)
class LosesTheOnlyArgument:
    """Has an iterator whose throw takes one argument, and passes on another."""

    def __await__(self) -> Any:
        return ThrowsTheSecond(work())


class ThrowsBoth(Steps):
    """Takes one argument or three."""

    def throw(self, kind: Any, error: Any = None, trace: Any = None) -> Any:
        """Pass the exception on."""
        return self.inner.throw(kind if error is None else error)


@conforms("AW007", AWAITABLE)
class TakesBothForms:
    """Has an iterator whose throw takes one argument or three, as `collections.abc` has it."""

    def __await__(self) -> Generator[Any, Any, Any]:
        return ThrowsBoth(work())  # type: ignore[return-value]
