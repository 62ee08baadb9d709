"""Specimens: what an async iterator does after an error, its own or that of its producer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates

ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR


class Lines:
    """Reads two lines, or fails at the second one."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.count = 0

    def __aiter__(self) -> Self:
        return self

    async def read(self) -> int:
        """Give the number of the next line."""
        await checkpoint()
        self.count += 1
        if self.fails and self.count == 2:
            raise ValueError("line 2 is broken")
        if self.count > 2 + self.fails:
            raise StopAsyncIteration
        return self.count

    async def __anext__(self) -> int:
        return await self.read()


@conforms("AI006", ITERATOR, items=[1, 2], failing=lambda: Lines(fails=True))
class GoesOn(Lines):
    """Gives the line after the broken one, of which nothing was said."""


@conforms(
    "AI006", ITERATOR, items=[1, 2], failing=lambda: Lines(fails=True), after_error="continues"
)
class GoesOnAsDeclared(Lines):
    """Gives the line after the broken one, and was declared to."""


@conforms(
    "AI006",
    ITERATOR,
    items=[1, 2],
    failing=lambda: FailsForEver(fails=True),
    after_error="stops",
)
class FailsForEver(Lines):
    """Raises its error again and again."""

    error: Exception | None = None

    async def __anext__(self) -> int:
        if self.error is not None:
            raise self.error
        try:
            return await self.read()
        except ValueError as error:
            self.error = error
            raise


async def broken_off() -> AsyncIterator[int]:
    """Fails behind its first item."""
    await checkpoint()
    yield 1
    raise ValueError("the source failed")


@conforms("AI006", GENERATOR, items=[1], failing=broken_off, after_error="stops")
async def finished_by_an_error() -> AsyncIterator[int]:
    """Ends after an error, as every generator does."""
    await checkpoint()
    yield 1


@conforms("AI006", ITERATOR, items=[1], raises=ValueError, after_error="stops")
async def ends_by_an_error() -> AsyncIterator[int]:
    """Ends by the declared error, and then simply ends."""
    await checkpoint()
    yield 1
    raise ValueError("the source failed")


@violates(
    "AI006",
    ITERATOR,
    items=[1, 2],
    failing=lambda: Lines(fails=True),
    after_error="stops",
    says=(
        "after_error='stops' was declared, but after __anext__ #2 raised ValueError: line "
        "2 is broken, __anext__ #3 returned 3"
    ),
)
class GoesOnThoughDeclaredToStop(Lines):
    """Gives the line after the broken one, though it was declared to stop."""


@violates(
    "AI006",
    GENERATOR,
    items=[1],
    failing=broken_off,
    after_error="continues",
    says=(
        "after_error='continues' was declared, but after __anext__ #2 raised ValueError: "
        "the source failed, __anext__ #12 raised StopAsyncIteration; expected an item"
    ),
)
async def stops_though_declared_to_continue() -> AsyncIterator[int]:
    """Is finished by its error, as every generator is, though it was declared to go on."""
    await checkpoint()
    yield 1


@violates(
    "AI006",
    ITERATOR,
    items=[1],
    raises=ValueError,
    says=(
        "__anext__ #3 hangs: it waits at ... in WaitsAfterItsError.__anext__ for "
        "Event.wait, and nothing is left that could wake it"
    ),
)
class WaitsAfterItsError(Lines):
    """Waits for a task that is over."""

    async def __anext__(self) -> int:
        if self.count == 2:
            await anyio.Event().wait()
        number = await self.read()
        if number == 2:
            raise ValueError("the source failed")
        return number


@violates(
    "AI006",
    ITERATOR,
    backends=("asyncio",),
    items=[1, 2],
    failing=lambda: KeepsItsLockInOneTask(fails=True),
    says=(
        "__anext__ #3 hangs: it waits at ... in KeepsItsLockInOneTask.__anext__ for "
        "Lock.acquire, and nothing is left that could wake it"
    ),
)
class KeepsItsLockInOneTask(Lines):
    """Forgets its lock in an error, which it sees by itself if the same task comes again."""

    def __init__(self, *, fails: bool = False) -> None:
        super().__init__(fails=fails)
        self.lock = asyncio.Lock()
        self.owner: asyncio.Task[object] | None = None

    async def __anext__(self) -> int:
        if self.owner is asyncio.current_task():
            raise RuntimeError("this task has the lock already")
        await self.lock.acquire()
        self.owner = asyncio.current_task()
        try:
            number = await self.read()
        except StopAsyncIteration:
            self.owner = None
            self.lock.release()
            raise
        self.owner = None
        self.lock.release()
        return number


@conforms("AI016", ITERATOR, items=[1, 2], failing=lambda: TellsItsError(fails=True))
class TellsItsError(Lines):
    """Wraps the error of its source into one of its own."""

    async def __anext__(self) -> int:
        try:
            return await self.read()
        except ValueError as error:
            raise RuntimeError("the stream is broken") from error


@conforms("AI016", GENERATOR, items=[1], failing=broken_off)
async def lets_its_error_out() -> AsyncIterator[int]:
    """Raises the error of its source."""
    await checkpoint()
    yield 1


@conforms("AI016", ITERATOR, items=[1, 2], says="undeclared: failing= would enable it")
class DropsErrorsOnPurpose(Lines):
    """Leaves broken lines out, and nothing is said of failing."""

    async def __anext__(self) -> int:
        try:
            return await self.read()
        except ValueError:
            return await self.read()


@violates(
    "AI016",
    ITERATOR,
    items=[1, 2],
    failing=lambda: LogsItsError(fails=True),
    says="its source fails, but __anext__ #2 raised StopAsyncIteration; expected the error",
)
class LogsItsError(Lines):
    """Leaves its error in a log, and ends."""

    async def __anext__(self) -> int:
        try:
            return await self.read()
        except ValueError as error:
            self.logged = str(error)
            raise StopAsyncIteration from error


@violates(
    "AI016",
    ITERATOR,
    items=[1, 2],
    failing=lambda: GivesTheLastOneForEver(fails=True),
    says="its source fails, but it gave 1000 items and no error",
)
class GivesTheLastOneForEver(Lines):
    """Gives what it has, when nothing new comes any more."""

    async def __anext__(self) -> int:
        if self.fails and self.count:
            await checkpoint()
            return self.count
        return await self.read()


def broken_source() -> KeepsItsLock:
    return KeepsItsLock(fails=True)


@violates(
    "AI006",
    ITERATOR,
    items=[1],
    failing=broken_source,
    after_error="stops",
    says=(
        "__anext__ #2 hangs: it waits at ... in KeepsItsLock.__anext__ for Event.wait, and "
        "nothing is left that could wake it"
    ),
)
class KeepsItsLock:
    """The lock that it holds when it fails stays locked: ray-project/ray#62998."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.given = False
        self.unlocked = anyio.Event()
        self.unlocked.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await self.unlocked.wait()
        self.unlocked = anyio.Event()
        await checkpoint()
        if self.fails:
            raise ValueError("the source failed")
        self.unlocked.set()
        if self.given:
            raise StopAsyncIteration
        self.given = True
        return 1


def failing_producer() -> EndsWhenItsProducerFails:
    return EndsWhenItsProducerFails(fails=True)


@violates(
    "AI016",
    ITERATOR,
    items=[1, 2],
    failing=failing_producer,
    says="its source fails, but __anext__ #2 raised StopAsyncIteration; expected the error",
)
class EndsWhenItsProducerFails:
    """A failure of its source looks like the end: stanfordnlp/dspy#9353."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.items = [1, 2]

    def __aiter__(self) -> Self:
        return self

    async def read(self) -> int | None:
        await checkpoint()
        if self.fails and len(self.items) == 1:
            raise ValueError("the source failed")
        return self.items.pop(0) if self.items else None

    async def __anext__(self) -> int:
        try:
            item = await self.read()
        except Exception:
            self.items.clear()
            item = None
        if item is None:
            raise StopAsyncIteration
        return item


def silent_producer() -> WaitsForADeadProducer:
    return WaitsForADeadProducer(fails=True)


@violates(
    "AI016",
    ITERATOR,
    items=[1, 2],
    failing=silent_producer,
    says=(
        "__anext__ #2 hangs: it waits at ... in WaitsForADeadProducer.__anext__ for "
        "Event.wait, and nothing is left that could wake it"
    ),
)
class WaitsForADeadProducer:
    """Waits for ever when its source has died: dbrattli/aioreactive#10."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.items = [1, 2]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if self.fails and len(self.items) == 1:
            await anyio.Event().wait()
        if not self.items:
            raise StopAsyncIteration
        return self.items.pop(0)
