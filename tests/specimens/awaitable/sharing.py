"""Specimens: an awaitable that several tasks await, or that is awaited after a cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from types import TracebackType
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens._bases import Alike
from tests.specimens.awaitable._bases import work
from tests.specimens.awaitable.shape import Job

AWAITABLE = Protocol.AWAITABLE
ASYNCIO = ("asyncio",)


@conforms("AW010", AWAITABLE, shared=True, returns=42)
@conforms("AW011", AWAITABLE, shared=True, returns=42)
class LoadsOnce:
    """The first caller loads, the others wait for it; if it is cancelled, the next one loads."""

    def __init__(self) -> None:
        self.lock = anyio.Lock()
        self.value: int | None = None

    def __await__(self) -> Generator[Any, Any, int]:
        return self.load().__await__()

    async def load(self) -> int:
        """Load, unless that was done."""
        async with self.lock:
            if self.value is None:
                await checkpoint()
                self.value = await work()
        return self.value


@conforms("AW010", AWAITABLE, shared=True)
class WorksForEach(Job):
    """Does its work for each of its callers."""


@conforms("AW010", AWAITABLE, shared=True, raises=LookupError, reawait="same")
class FailsForEach(LoadsOnce):
    """Raises for each of its callers what it declared."""

    async def load(self) -> int:
        """Look in vain."""
        await super().load()
        raise LookupError("nothing found")


@conforms("AW010", AWAITABLE, shared=True)
class GivesAnotherTheNext:
    """Gives each of its callers another value."""

    tickets = 0

    def __await__(self) -> Generator[Any, Any, int]:
        return self.draw().__await__()

    async def draw(self) -> int:
        """Draw a ticket."""
        self.tickets += 1
        return int(await work(self.tickets))


@violates(
    "AW010",
    AWAITABLE,
    shared=True,
    reawait="same",
    says=(
        "a second task joined in at suspension 1 of a first one: for the first it returned "
        "<object object>, for the second it returned <object object>; expected the same "
        "value"
    ),
)
class LoadsTwice:
    """Loads for whoever comes while it loads, and so gives two objects as one."""

    value: object = None

    def __await__(self) -> Generator[Any, Any, object]:
        return self.load().__await__()

    async def load(self) -> object:
        """Load, unless that was done."""
        if self.value is None:
            await checkpoint()
            self.value = object()
        return self.value


class Cached:
    """Keeps its result when it is there."""

    def __init__(self) -> None:
        self.steps = self.run().__await__()
        self.value: int | None = None

    def __await__(self) -> Generator[Any, Any, int]:
        if self.value is None:
            self.value = yield from self.steps
        return self.value

    async def run(self) -> int:
        """Work with a time limit, which is one task's own."""
        with anyio.fail_after(3):
            await anyio.sleep(2)
        return 42


@violates(
    "AW010",
    AWAITABLE,
    shared=True,
    returns=42,
    says=(
        "a second task joined in at suspension 1 of a first one: for the first it returned "
        "42, for the second it returned 0; for one alone it returned 42"
    ),
)
class GivesTheOtherWhatIsThere:
    """Gives a first guess to whoever comes while it works."""

    working = False

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        """Work, unless that is being done."""
        if self.working:
            return 0
        self.working = True
        try:
            return int(await work())
        finally:
            self.working = False


@violates(
    "AW010",
    AWAITABLE,
    shared=True,
    says={
        "asyncio": (
            "a second task joined in at suspension 1 of a first one: for the first it returned "
            "42, for the second it raised RuntimeError: cannot reuse already awaited "
            "coroutine; for one alone it returned 42"
        ),
        "trio": "awaited by two tasks at once, it broke the state of trio's event loop",
    },
)
class SharesItsSteps(Cached):
    """Whoever comes while it works goes on with the steps of the first one."""


@violates(
    "AW010",
    AWAITABLE,
    shared=True,
    says=(
        "a second task joined in at suspension 1 of a first one: for the first it returned "
        "42, for the second it raised RuntimeError: already awaited; for one alone it "
        "returned 42"
    ),
)
class RefusesTheOther:
    """Says that it can be shared, and refuses."""

    busy = False

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        """Work, for one at a time."""
        if self.busy:
            raise RuntimeError("already awaited")
        self.busy = True
        try:
            return int(await work())
        finally:
            self.busy = False


@violates(
    "AW010",
    AWAITABLE,
    shared=True,
    says=(
        "awaited by two tasks at once, it hangs: it waits at ... in WaitsForTheOther.run "
        "for Event.wait, and nothing is left that could wake it"
    ),
)
class WaitsForTheOther:
    """The second caller waits for an event that the first one has set already."""

    waiting = 0

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        """Work, or wait for who works."""
        self.waiting += 1
        if self.waiting > 1:
            await anyio.Event().wait()
        try:
            await checkpoint()
            await checkpoint()
        finally:
            self.waiting = 0
        return 42


@violates(
    "AW010",
    AWAITABLE,
    shared=True,
    says=(
        "a second task joined in at suspension 2 of a first one: for the first it returned "
        "42, for the second it raised RuntimeError: it works already; for one alone it "
        "returned 42"
    ),
)
class RefusesWhoComesLate:
    """Can be joined while it connects, and no more while it works."""

    working = False

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        """Connect, and work."""
        if self.working:
            raise RuntimeError("it works already")
        await checkpoint()
        self.working = True
        try:
            return int(await work())
        finally:
            self.working = False


class Leading:
    """The first caller works, the others wait for it."""

    def __init__(self) -> None:
        self.done: anyio.Event | None = None
        self.value: int | None = None

    def __await__(self) -> Generator[Any, Any, int | None]:
        return self.run().__await__()

    async def run(self) -> int | None:
        """Work, or wait for who works."""
        if self.value is not None:
            await checkpoint()
        elif self.done is not None:
            await self.done.wait()
        else:
            self.done = anyio.Event()
            await self.lead(self.done)
        return self.value

    async def lead(self, done: anyio.Event) -> None:
        """Work, and wake the others."""
        try:
            await checkpoint()
            self.value = await work()
        finally:
            self.done = None
            done.set()


@violates(
    "AW011",
    AWAITABLE,
    shared=True,
    says=(
        "when the first of two tasks that awaited it was cancelled by a cancel scope, the "
        "other returned None; alone it returned 42"
    ),
)
class LeavesTheOthersNothing(Leading):
    """Wakes the others when the first one is cancelled, and has nothing for them."""


@violates(
    "AW011",
    AWAITABLE,
    shared=True,
    says=(
        "await #1 hangs: it waits at ... in Leading.run for Event.wait, and nothing is "
        "left that could wake it"
    ),
)
class LeavesTheOthersWaiting(Leading):
    """Wakes nobody when the first one is cancelled."""

    async def lead(self, done: anyio.Event) -> None:
        """Work, and wake the others if that went well."""
        try:
            await checkpoint()
            self.value = await work()
        except BaseException:
            self.done = None
            raise
        done.set()


@violates(
    "AW011",
    AWAITABLE,
    shared=True,
    backends=ASYNCIO,
    background_ok=True,
    says=(
        "when the second of two tasks that awaited it was cancelled by a cancel scope, the "
        "other raised CancelledError; alone it returned 42"
    ),
)
class ShieldsItsTaskFromTheFirst:
    """Keeps a task for all of its callers, and forgets to shield it from those who come late."""

    task: asyncio.Task[int] | None = None

    async def run(self) -> int:
        """Work."""
        await asyncio.sleep(1)
        return 42

    def __await__(self) -> Generator[Any, Any, int]:
        if self.task is not None:
            return self.task.__await__()
        self.task = asyncio.ensure_future(self.run())
        return asyncio.shield(self.task).__await__()


@conforms("AW011", AWAITABLE, shared=True, backends=ASYNCIO, background_ok=True)
class ShieldsItsTask:
    """Keeps a task for all of its callers, which no one of them can cancel."""

    task: asyncio.Task[int] | None = None

    async def run(self) -> int:
        """Work."""
        await asyncio.sleep(1)
        return 42

    def __await__(self) -> Generator[Any, Any, int]:
        if self.task is None:
            self.task = asyncio.ensure_future(self.run())
        return asyncio.shield(self.task).__await__()


class Marked:
    """Is busy while it works, and lets whoever comes then wait."""

    busy = False

    def __init__(self) -> None:
        self.done = anyio.Event()

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        """Work, or wait for who works."""
        if self.busy:
            await self.done.wait()
        self.busy = True
        await work()
        self.done.set()
        self.busy = False
        return 42


@violates(
    "AW012",
    AWAITABLE,
    says=(
        "await #2 hangs: it waits at ... in Marked.run for Event.wait, and nothing is left "
        "that could wake it"
    ),
)
class StaysBusy(Marked):
    """Stays busy when it is cancelled."""


@violates(
    "AW012",
    AWAITABLE,
    retryable=True,
    says=(
        "cancelled by a cancel scope at suspension 1, and awaited again, it raised "
        "RuntimeError: it was cancelled; undisturbed it returned 42"
    ),
)
class IsDeadAfterwards(Marked):
    """Says that it can be awaited again when it was cancelled, and can't."""

    async def run(self) -> int:
        """Work, once."""
        if self.busy:
            raise RuntimeError("it was cancelled")
        self.busy = True
        await work()
        self.busy = False
        return 42


@conforms("AW012", AWAITABLE)
class SaysThatItIsDead(IsDeadAfterwards):
    """Raises an error when it was cancelled before, and says nothing else about it."""


@conforms("AW012", AWAITABLE, retryable=True, returns=42)
class BeginsAnew(LoadsOnce):
    """Begins anew when it was cancelled."""


class Failed:
    """Raises the very error that it keeps."""

    def __init__(self) -> None:
        self.error = ValueError("no result")
        self.trace: TracebackType | None = None

    def __await__(self) -> Generator[Any, Any, None]:
        yield from checkpoint().__await__()
        raise self.error


@violates(
    "AW013",
    AWAITABLE,
    raises=ValueError,
    reawait="same",
    level="may",
    says=(
        "the traceback of what it raised grew from 2 to 3 between its second await and its third"
    ),
)
class RaisesTheSameAgain(Failed):
    """Adds to the traceback of the error that it keeps, each time."""


@violates(
    "AW013",
    AWAITABLE,
    raises=ValueError,
    level="may",
    says=(
        "the chain of __context__ of what it raised grew from 2 to 3 between its second "
        "await and its third"
    ),
)
class ChainsItsErrors(Failed):
    """Raises each error while it handles the one before."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield from checkpoint().__await__()
        try:
            raise self.error.with_traceback(None)
        except ValueError:
            self.error = ValueError("no result")
            raise self.error


@violates(
    "AW013",
    AWAITABLE,
    raises=Alike,
    level="may",
    says=(
        "the chain of __context__ of what it raised grew from 2 to 3 between its second "
        "await and its third"
    ),
)
class ChainsErrorsLikeAll(Failed):
    """Raises each error while it handles the one before, which it would equal."""

    def __init__(self) -> None:
        self.last = Alike("no result")

    def __await__(self) -> Generator[Any, Any, None]:
        yield from checkpoint().__await__()
        try:
            raise self.last.with_traceback(None)
        except Alike:
            self.last = Alike("no result")
            raise self.last


@conforms("AW013", AWAITABLE, raises=ValueError, reawait="same", level="may")
class KeepsItsTraceback(Failed):
    """Raises the very error that it keeps, with the traceback that it had at first."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield from checkpoint().__await__()
        raise self.error.with_traceback(self.trace)


@conforms("AW013", AWAITABLE, raises=ValueError, level="may")
class GivesUpAfterTwoAttempts(Failed):
    """Fails at its work twice, and from then on without trying."""

    attempts = 0

    def __await__(self) -> Generator[Any, Any, None]:
        yield from checkpoint().__await__()
        if self.attempts == 2:
            raise ValueError("given up")
        self.attempts += 1
        yield from self.attempt().__await__()

    async def attempt(self) -> None:
        """Fails, a frame further down."""
        await checkpoint()
        raise ValueError("no result")


@conforms("AW013", AWAITABLE, raises=ValueError, level="may")
class RecallsItsFailure(Failed):
    """Fails at its work, and from then on a frame further down, where it recalls that."""

    failed = False

    def __await__(self) -> Generator[Any, Any, None]:
        yield from checkpoint().__await__()
        if self.failed:
            self.recall()
        self.failed = True
        raise ValueError("no result")

    def recall(self) -> None:
        """Fail as before."""
        raise ValueError("no result")


@conforms("AW013", AWAITABLE, raises=ValueError, reawait="same", level="may",
          ignore=("CO011",), backends=ASYNCIO)  # fmt: skip
def failed_future() -> asyncio.Future[None]:
    """Gives a future that raises its one exception each time."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    future.set_exception(ValueError("no result"))
    return future


@violates(
    "AW012",
    AWAITABLE,
    retryable=True,
    says=(
        "await #2 hangs: it waits at ... in ForgetsThatItWasBusy.run for Event.wait, and "
        "nothing is left that could wake it"
    ),
)
class ForgetsThatItWasBusy:
    """A cancellation before its `try` leaves it busy for ever: chrisguidry/docket#263."""

    busy = False

    def __init__(self) -> None:
        self.done = anyio.Event()

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        await checkpoint()
        if self.busy:
            await self.done.wait()
            return 42
        self.busy = True
        await checkpoint()
        try:
            await checkpoint()
        except BaseException:
            self.busy = False
            raise
        self.done.set()
        return 42


@violates(
    "AW010",
    AWAITABLE,
    shared=True,
    returns=42,
    says=(
        "a second task joined in at suspension 1 of a first one: for the first it returned "
        "42, for the second it returned None; for one alone it returned 42"
    ),
)
class LoadsForTheFirstOnly:
    """Whoever comes while it loads gets what is there, nothing: ryananguiano/async_property#20."""

    loading = False
    value: int | None = None

    def __await__(self) -> Generator[Any, Any, int | None]:
        return self.load().__await__()

    async def load(self) -> int | None:
        if not self.loading:
            self.loading = True
            await checkpoint()
            self.value = 42
        return self.value


@violates(
    "AW011",
    AWAITABLE,
    shared=True,
    backends=ASYNCIO,
    says=(
        "when the first of two tasks that awaited it was cancelled by a cancel scope, the "
        "other raised CancelledError; alone it returned 42"
    ),
)
class SharesItsTask:
    """Whoever is cancelled cancels the task of all: aio-libs/async-lru#697."""

    task: asyncio.Task[int] | None = None

    async def run(self) -> int:
        await asyncio.sleep(1)
        return 42

    def __await__(self) -> Generator[Any, Any, int]:
        if self.task is None:
            self.task = asyncio.ensure_future(self.run())
        return self.task.__await__()
