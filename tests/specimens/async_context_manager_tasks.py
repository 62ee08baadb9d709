"""Specimens for the rules about an async context manager, the tasks around it, and second uses."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Generator
from typing import Any, Self

import aiosqlite
import anyio
import httpx
import trio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_context_manager import Session

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)
TRIO = ("trio",)


class Prompt(Session):
    """Leaves without a suspension, where a cancellation could take the place of an error."""

    async def __aexit__(self, *details: object) -> None:
        """Nothing to wait for."""


# CM016, declared as safe


def is_unlocked(lock: Any) -> bool:
    """What the locks declare as released."""
    return not lock.locked()


@conforms("CM016", MANAGER, concurrent_entry="safe", released=is_unlocked, backends=ASYNCIO)
def asyncio_lock() -> asyncio.Lock:
    """The lock of asyncio, which lets one task in at a time."""
    return asyncio.Lock()


@conforms("CM016", MANAGER, concurrent_entry="safe", value=None, released=is_unlocked)
def anyio_lock() -> anyio.Lock:
    """The lock of anyio, which belongs to the task that entered it."""
    return anyio.Lock()


@conforms(
    "CM016", MANAGER, concurrent_entry="safe", released=lambda limit: not limit.borrowed_tokens
)
def limiter() -> anyio.CapacityLimiter:
    """A limit of two, which both tasks are below."""
    return anyio.CapacityLimiter(2)


@conforms("CM016", MANAGER, concurrent_entry="safe", released=lambda limit: limit.value == 2)
def trio_semaphore() -> anyio.Semaphore:
    """A semaphore of two."""
    return anyio.Semaphore(2)


@conforms("CM016", MANAGER, concurrent_entry="safe")
def null_context() -> contextlib.nullcontext[int]:
    """The standard library's manager that does nothing."""
    return contextlib.nullcontext(1)


def nobody_is_in(shared: Any) -> bool:
    """What the shared sessions declare as released."""
    return not shared.is_open


@conforms("CM016", MANAGER, concurrent_entry="safe", released=nobody_is_in, value_is_self=True)
class SharesOneSession:
    """Opens for the first user, and closes behind the last one."""

    def __init__(self) -> None:
        self.users = 0
        self.is_open = False

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.users += 1
        self.is_open = True
        return self

    async def __aexit__(self, *details: object) -> None:
        self.users -= 1
        self.is_open = self.users > 0


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="safe",
    released=nobody_is_in,
    says="when the first of two left, the second lost what it held",
)
class ClosesBehindTheFirst(SharesOneSession):
    """The first user to leave closes the session for both."""

    async def __aexit__(self, *details: object) -> None:
        await super().__aexit__()
        self.is_open = False


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="safe",
    released=nobody_is_in,
    says="when the first of two left, the second lost what it held",
)
class ClosesBehindAnError(SharesOneSession):
    """A user whose body raises takes the session from all others."""

    async def __aexit__(self, kind: object, *details: object) -> None:
        await super().__aexit__()
        if kind is not None:
            self.is_open = False


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="safe",
    says=(
        "used by two tasks at once, __aexit__ #2 raised AttributeError: 'ForgetsTheFirst' "
        "object has no attribute 'connection'"
    ),
)
class ForgetsTheFirst(Session):
    """Keeps the connection of one user in an attribute, and deletes it behind the first."""

    async def __aenter__(self) -> Self:
        self.connection = "open"
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()
        del self.connection


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="safe",
    value=lambda value: value.is_open,
    says="with two tasks, __aenter__ #2 gave <...Connection object>, which was not declared",
)
class GivesTheUnfinished:
    """The second user gets the connection that the first one is still opening."""

    class Connection:
        """Is open after a while."""

        is_open = False

        async def open(self) -> None:
            await checkpoint()
            await checkpoint()
            self.is_open = True

    connection: Connection | None = None

    async def __aenter__(self) -> Connection:
        if self.connection is None:
            self.connection = self.Connection()
            await self.connection.open()
        return self.connection

    async def __aexit__(self, *details: object) -> None:
        """Keeps the connection."""


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="safe",
    value=lambda value: value.is_open,
    says="with two tasks, __aenter__ #2 gave None, which was not declared",
)
class GivesNothingToTheSecond(GivesTheUnfinished):
    """The second user gets None, since the connection is still on its way to the first one."""

    opening = False

    async def __aenter__(self) -> Any:
        if not self.opening:
            self.opening = True
            connection = self.Connection()
            await connection.open()
            self.connection = connection
        return self.connection


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="safe",
    says={
        "asyncio": (
            "used by two tasks at once, __aexit__ #1 raised RuntimeError: left in the wrong order"
        ),
        "trio": (
            "used by two tasks at once, __aexit__ #2 raised RuntimeError: left in the wrong order"
        ),
    },
)
class LastInFirstOut:
    """Keeps its users in a stack, as if the last one to come were the first to leave."""

    def __init__(self) -> None:
        self.users: list[int] = []

    async def __aenter__(self) -> None:
        self.users.append(anyio.get_current_task().id)
        await checkpoint()

    async def __aexit__(self, *details: object) -> None:
        if self.users.pop() != anyio.get_current_task().id:
            raise RuntimeError("left in the wrong order")


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="safe",
    says="used by two tasks at once, __aexit__ #1 raised RuntimeError: left in the wrong order",
)
class FirstInFirstOut(LastInFirstOut):
    """Keeps its users in a queue, as if the first one to come were the first to leave."""

    async def __aexit__(self, *details: object) -> None:
        if self.users.pop(0) != anyio.get_current_task().id:
            raise RuntimeError("left in the wrong order")


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="safe",
    backends=ASYNCIO,
    says=(
        "concurrent_entry='safe' was declared, but with two tasks __aenter__ #2 raised "
        "AttributeError: '_AsyncGeneratorContextManager' object has no attribute 'args'"
    ),
)
def generator_once() -> Any:
    """A generator cannot serve two, though it is said to."""
    return plain_generator()


@contextlib.asynccontextmanager
async def plain_generator() -> AsyncIterator[int]:
    """A manager written as a generator."""
    await checkpoint()
    yield 1


# CM016, declared as refused


@conforms("CM016", MANAGER, concurrent_entry="refused")
@contextlib.asynccontextmanager
async def generator_based() -> AsyncIterator[int]:
    """A manager written as a generator, whose second entry contextlib refuses."""
    await checkpoint()
    try:
        yield 1
    finally:
        await checkpoint()


@conforms("CM016", MANAGER, concurrent_entry="refused")
def client() -> httpx.AsyncClient:
    """The client of httpx, which can be opened once."""
    return httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(200)))


class OneAtATime(Session):
    """Refuses who comes while another one is on its way or inside."""

    taken = False

    async def __aenter__(self) -> Self:
        if self.taken:
            raise RuntimeError("it is in use")
        self.taken = True
        try:
            await checkpoint()
        except BaseException:
            self.taken = False
            raise
        return self

    async def __aexit__(self, *details: object) -> None:
        try:
            await checkpoint()
        finally:
            self.taken = False


@conforms("CM016", MANAGER, concurrent_entry="refused", released=lambda one: not one.taken)
class RefusesTheSecond(OneAtATime):
    """Takes its place before it suspends."""


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="refused",
    says="concurrent_entry='refused' was declared; two tasks entered at once, and both came in",
)
class RefusesTooLate(OneAtATime):
    """Takes its place after it suspended, when two have passed the check."""

    async def __aenter__(self) -> Self:
        if self.taken:
            raise RuntimeError("it is in use")
        await checkpoint()
        self.taken = True
        return self


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="refused",
    says=(
        "concurrent_entry='refused' was declared; a task entered while another was inside, "
        "and both came in"
    ),
)
class RefusesOnTheWayOnly(OneAtATime):
    """Refuses who comes while another one is on its way, but not who comes when it is inside."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self.taken = False
        return self


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="refused",
    says="concurrent_entry='refused' was declared; two tasks entered at once, and neither came in",
)
class RefusesWhoeverMeets(Session):
    """Refuses both of two that come at the same time."""

    coming = 0
    met = False

    async def __aenter__(self) -> Self:
        self.coming += 1
        try:
            await checkpoint()
            self.met = self.met or self.coming > 1
            if self.met:
                raise RuntimeError("somebody else comes too")
        finally:
            self.coming -= 1
            self.met = self.met and self.coming > 0
        return self


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="refused",
    says=(
        "__aenter__ #2 hangs: it waits at ... in LetsTheSecondWait.__aenter__ for "
        "Semaphore.acquire, and nothing is left that could wake it"
    ),
)
class LetsTheSecondWait(Session):
    """Has a lock where a refusal is declared."""

    def __init__(self) -> None:
        self.lock = anyio.Semaphore(1)

    async def __aenter__(self) -> Self:
        await self.lock.acquire()
        return self

    async def __aexit__(self, *details: object) -> None:
        self.lock.release()


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="refused",
    released=lambda one: not one.taken,
    says="after another task was refused, __aexit__ #1 raised IndexError: pop from empty list",
)
class RefusalFrees(OneAtATime):
    """The refusal resets the state of the one inside."""

    async def __aenter__(self) -> Self:
        if self.taken:
            self.tickets.clear()
            raise RuntimeError("it is in use")
        self.tickets = ["mine"]
        return await super().__aenter__()

    async def __aexit__(self, *details: object) -> None:
        self.tickets.pop()
        await super().__aexit__()


# CM018


@conforms("CM018", MANAGER, level="may")
class LeavesAnywhere(Prompt):
    """Holds nothing that belongs to a task."""


@conforms("CM018", MANAGER, level="may")
class RefusesOtherTasks(Prompt):
    """Remembers who entered it, and refuses others without harm."""

    async def __aenter__(self) -> Self:
        self.owner = anyio.get_current_task().id
        return self

    async def __aexit__(self, *details: object) -> None:
        if self.owner != anyio.get_current_task().id:
            raise RuntimeError("entered in another task")


@violates(
    "CM018",
    MANAGER,
    level="may",
    own_scope=True,
    says=(
        "left by another task, __aexit__ #1 raised RuntimeError, and the task that entered "
        "could not leave any more"
    ),
)
class HoldsATaskGroup:
    """Enters a task group, and leaves it wherever it is left."""

    async def __aenter__(self) -> None:
        self.tasks = anyio.create_task_group()
        await self.tasks.__aenter__()

    async def __aexit__(self, *details: object) -> Any:
        return await self.tasks.__aexit__(*details)


@violates(
    "CM018",
    MANAGER,
    level="may",
    says="left by another task, __aexit__ #1 returned, and the task that entered was disturbed",
)
class LeavesItsScopeBehind:
    """Forgets its scope before it leaves it, and so the task that entered keeps it."""

    scope: anyio.CancelScope | None = None

    async def __aenter__(self) -> None:
        self.scope = anyio.CancelScope()
        self.scope.__enter__()

    async def __aexit__(self, *details: object) -> None:
        scope, self.scope = self.scope, None
        if scope is not None:
            with contextlib.suppress(RuntimeError):
                scope.__exit__(*details)


# CM023


class Pump:
    """Runs a task in a group of asyncio or anyio, and lets its failure out."""

    async def work(self) -> None:
        """Fails after a while."""
        await checkpoint()
        raise ValueError("the pump failed")

    async def __aenter__(self) -> None:
        self.tasks = anyio.create_task_group()
        await self.tasks.__aenter__()
        self.tasks.start_soon(self.work)

    async def __aexit__(self, *details: object) -> None:
        self.tasks.cancel_scope.cancel()
        await self.tasks.__aexit__(*details)


class PumpOfLate(Pump):
    """Fails half a second after it was entered."""

    async def work(self) -> None:
        await anyio.sleep(0.5)
        await super().work()


class PumpThatTellsAtOnce(Pump):
    """Fails while it is being entered."""

    async def __aenter__(self) -> None:
        await checkpoint()
        raise ValueError("the pump failed")


class AsyncioPump(Pump):
    """Has a task of asyncio, and awaits it at its exit."""

    async def __aenter__(self) -> None:
        self.task = asyncio.ensure_future(self.work())
        await asyncio.sleep(0)

    async def __aexit__(self, *details: object) -> None:
        if not self.task.cancel():
            self.task.result()
        await asyncio.wait([self.task])


class QuietPump(Pump):
    """Logs its failure, and goes on as if it worked."""

    async def work(self) -> None:
        with contextlib.suppress(ValueError):
            await super().work()


class CancelsTheBodyInstead(Pump):
    """Cancels the body when it fails, and suppresses that."""

    async def work(self) -> None:
        try:
            await super().work()
        except ValueError:
            self.tasks.cancel_scope.cancel()

    async def __aexit__(self, *details: object) -> Any:
        self.tasks.cancel_scope.cancel()
        return await self.tasks.__aexit__(*details)


class CancelsItsUser(Pump):
    """Cancels the task that entered it when it fails, and tells no reason."""

    async def __aenter__(self) -> None:
        self.user = asyncio.current_task()
        self.task = asyncio.ensure_future(self.work())
        await asyncio.sleep(0)

    async def work(self) -> None:
        try:
            await super().work()
        except ValueError:
            assert self.user is not None
            self.user.cancel()

    async def __aexit__(self, *details: object) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


@conforms("CM023", MANAGER, failing_background=Pump)
@conforms("CM023", MANAGER, failing_background=PumpOfLate)
@conforms("CM023", MANAGER, failing_background=PumpThatTellsAtOnce)
@conforms("CM023", MANAGER, failing_background=AsyncioPump, backends=ASYNCIO)
@violates(
    "CM023",
    MANAGER,
    failing_background=QuietPump,
    says=(
        "failing_background= was declared, but __aexit__ #1 returned None; expected it to "
        "raise what failed"
    ),
)
@violates(
    "CM023",
    MANAGER,
    failing_background=CancelsTheBodyInstead,
    says=(
        "failing_background= was declared, but __aexit__ #1 returned True; expected it to "
        "raise what failed"
    ),
)
@violates(
    "CM023",
    MANAGER,
    failing_background=Session,
    says=(
        "failing_background= was declared, but __aexit__ #1 returned None; expected it to "
        "raise what failed"
    ),
)
@violates(
    "CO003",
    MANAGER,
    failing_background=CancelsItsUser,
    backends=ASYNCIO,
    says=(
        "made by failing_background=, it raised CancelledError, though nobody had "
        "cancelled its caller"
    ),
)
class WorksInTheBackground(Session):
    """Its work does not fail; what it is like when it does is declared."""


# CM024


@conforms("CM024", MANAGER, select=("CM024",), backends=ASYNCIO)
def connection_of_aiosqlite() -> Any:
    """Can be awaited and entered, with the same result."""
    return aiosqlite.connect(":memory:")


@conforms("CM024", MANAGER, level="may")
def null_context_twice() -> contextlib.nullcontext[int]:
    """Works for `with` and for `async with`."""
    return contextlib.nullcontext(1)


@conforms("CM024", MANAGER, level="may")
def memory_stream() -> Any:
    """The end of a stream of anyio, which needs no loop to be closed."""
    return anyio.create_memory_object_stream[int](1)[0]


@conforms("CM024", MANAGER, select=("CM024",), backends=TRIO)
def nursery() -> Any:
    """The nursery of trio, which refuses `with` and says what to write."""
    return trio.open_nursery()


class Request(Prompt):
    """Can be awaited for a connection, and entered for the same one."""

    class Connection:
        """Closes when it is left."""

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *details: object) -> None:
            """Nothing to close."""

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.connect().__await__()

    async def connect(self) -> Any:
        await checkpoint()
        return self.Connection()

    async def __aenter__(self) -> Any:
        return await self


@conforms("CM024", MANAGER, level="may")
class GivesItsConnection(Request):
    """Gives the same by `await` and `async with`."""


@conforms("CM024", MANAGER, level="may")
class GivesWhatWasNotEntered(Request):
    """Gives the same either way, and that does not let itself be left before it is entered."""

    class Connection(Request.Connection):
        """Counts who is inside."""

        users = 0

        async def __aenter__(self) -> Self:
            self.users += 1
            return self

        async def __aexit__(self, *details: object) -> None:
            if not self.users:
                raise RuntimeError("it was not entered")
            self.users -= 1


@violates(
    "CM024",
    MANAGER,
    level="may",
    says=(
        "await gave <...Connection object>, but `async with` a GivesTheRequest; expected "
        "the same type"
    ),
)
class GivesTheRequest(Request):
    """Gives the connection by `await`, and itself by `async with`."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self


@conforms("CM024", MANAGER, level="may")
class RefusesWith(Prompt):
    """Says what to write instead of `with`."""

    def __enter__(self) -> None:
        raise TypeError("use `async with` instead")

    def __exit__(self, *details: object) -> None:
        """Never called."""


@violates(
    "CM024",
    MANAGER,
    level="may",
    released=lambda file: not file.is_open,
    backends=ASYNCIO,
    says="when `with` was left, released= is false",
)
class ClosesInATask(Session):
    """Its synchronous exit starts a task that closes it some time later."""

    is_open = False

    def __enter__(self) -> Self:
        self.is_open = True
        return self

    def __exit__(self, *details: object) -> None:
        self.closing = asyncio.ensure_future(self.__aexit__())

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *details: object) -> None:
        self.is_open = False


@violates(
    "CM024",
    MANAGER,
    level="may",
    says="__enter__ returned, but __exit__ raised TypeError: use `async with` instead",
)
class CannotBeLeftSynchronously(Prompt):
    """Lets `with` in, and not out."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        raise TypeError("use `async with` instead")


# CM026


@conforms("CM026", MANAGER)
class LeavesTwice(Session):
    """Has nothing to do at its exit."""


@conforms("CM026", MANAGER)
class RefusesASecondExit(Session):
    """Says that it was not entered."""

    inside = False

    async def __aenter__(self) -> Self:
        self.inside = True
        return self

    async def __aexit__(self, *details: object) -> None:
        if not self.inside:
            raise RuntimeError("it was not entered")
        self.inside = False


@conforms("CM026", MANAGER)
class ForgetsItsConnection(Session):
    """Fails at once when it is left again, if not with the best of words."""

    async def __aenter__(self) -> Self:
        self.connection = object()
        return self

    async def __aexit__(self, *details: object) -> None:
        del self.connection


@conforms("CM026", MANAGER, backends=ASYNCIO)
def lock_left_twice() -> asyncio.Lock:
    """The lock of asyncio, which raises RuntimeError if it is not locked."""
    return asyncio.Lock()


@conforms("CM026", MANAGER, own_scope=True)
@contextlib.asynccontextmanager
async def generator_left_twice() -> AsyncIterator[None]:
    """A manager written as a generator, which an exit before any entry would start."""
    async with anyio.create_task_group():
        yield
        await checkpoint()


class Closing(Session):
    """Has a background task close it, which says when it is done."""

    def __init__(self) -> None:
        self.closed = anyio.Event()

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.closed = anyio.Event()
        return self

    async def __aexit__(self, *details: object) -> None:
        self.closed.set()
        await self.closed.wait()


@violates(
    "CM026",
    MANAGER,
    says=(
        "__aexit__ #2 hangs: it waits at ... in WaitsForAnAnswer.__aexit__ for Event.wait, "
        "and nothing is left that could wake it"
    ),
)
class WaitsForAnAnswer(Closing):
    """Tells its worker to stop, which it does once, and waits for the answer each time."""

    working = False

    async def __aenter__(self) -> Self:
        self.working = True
        return await super().__aenter__()

    async def __aexit__(self, *details: object) -> None:
        answered = anyio.Event()
        if self.working:
            self.working = False
            answered.set()
        await answered.wait()


@violates(
    "CM026",
    MANAGER,
    says=(
        "__aexit__ #1 hangs: it waits at ... in WaitsForWhatWasNeverStarted.__aexit__ for "
        "Event.wait, and nothing is left that could wake it"
    ),
)
class WaitsForWhatWasNeverStarted(Closing):
    """Waits at its exit for an event that only its entry would lead to."""

    entered = False

    async def __aenter__(self) -> Self:
        self.entered = True
        return await super().__aenter__()

    async def __aexit__(self, *details: object) -> None:
        if self.entered:
            self.closed.set()
        await self.closed.wait()
