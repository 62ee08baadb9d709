"""Specimens: an async context manager and the tasks around it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Self

import anyio
import httpx
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_context_manager._bases import Prompt, Session

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)


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


def background_that_fails() -> ForgetsItsPump:
    return ForgetsItsPump(fails=True)


@violates(
    "CM023",
    MANAGER,
    failing_background=background_that_fails,
    backends=ASYNCIO,
    says=(
        "failing_background= was declared, but __aexit__ #1 returned None; expected it to "
        "raise what failed"
    ),
)
class ForgetsItsPump:
    """Cancels its pump and never looks at how it ended: ethereum/snake-charmers#70."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails

    async def __aenter__(self) -> None:
        await asyncio.sleep(0)
        self.pump = asyncio.ensure_future(self.work())

    async def work(self) -> None:
        await asyncio.sleep(0)
        if self.fails:
            raise ValueError("the pump failed")
        await asyncio.sleep(60)

    async def __aexit__(self, *details: object) -> None:
        self.pump.cancel()
        await asyncio.gather(self.pump, return_exceptions=True)


@violates(
    "CM016",
    MANAGER,
    concurrent_entry="safe",
    released=lambda pool: pool.is_whole(),
    says="when two tasks had left, released= is false",
)
class KeepsOneSlotForAll:
    """The second user's slot takes the place of the first one's: pydantic/pydantic-ai#6411."""

    def __init__(self) -> None:
        self.free = [1, 2]
        self.slot = 0

    def is_whole(self) -> bool:
        return sorted(self.free) == [1, 2]

    async def __aenter__(self) -> int:
        await checkpoint()
        self.slot = self.free.pop()
        return self.slot

    async def __aexit__(self, *details: object) -> None:
        self.free.append(self.slot)
