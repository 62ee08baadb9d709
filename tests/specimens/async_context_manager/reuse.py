"""Specimens: an async context manager that is entered more than once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_context_manager._bases import Session

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)


@conforms("CM015", MANAGER, backends=ASYNCIO, reuse="reusable")
@conforms("CM025", MANAGER, backends=ASYNCIO, value=None)
@conforms("CM020", MANAGER, backends=ASYNCIO, released=lambda lock: not lock.locked())
def asyncio_lock() -> asyncio.Lock:
    """The lock of asyncio, which gives None."""
    return asyncio.Lock()


@conforms("CM015", MANAGER, value_is_self=True)
def exit_stack() -> contextlib.AsyncExitStack:
    """The standard library's stack, which can be entered again."""
    return contextlib.AsyncExitStack()


@conforms("CM015", MANAGER)
def null_context() -> contextlib.nullcontext[int]:
    """The standard library's manager that does nothing."""
    return contextlib.nullcontext(1)


@conforms("CM015", MANAGER)
def closing() -> contextlib.aclosing[Any]:
    """The standard library's manager that closes what it was given, as often as it is left."""

    async def numbers() -> AsyncIterator[int]:
        yield 1

    return contextlib.aclosing(numbers())


@conforms("CM015", MANAGER)
class RefusesASecondEntry(Session):
    """Can be used once."""

    used = False

    async def __aenter__(self) -> Self:
        if self.used:
            raise RuntimeError("cannot be entered twice")
        self.used = True
        return self


@conforms("CM015", MANAGER, reuse="single-use")
class RefusesASecondEntryAsDeclared(RefusesASecondEntry):
    """Can be used once, and says so."""


@conforms("CM015", MANAGER, reuse="reentrant")
class CountsItsEntries(Session):
    """Keeps its state in the number of its entries."""

    entries = 0

    async def __aenter__(self) -> Self:
        self.entries += 1
        return self

    async def __aexit__(self, *details: object) -> None:
        self.entries -= 1


@violates(
    "CM015",
    MANAGER,
    says=(
        "__aexit__ #2, after a second entry that was not refused, raised IndexError: pop "
        "from empty list"
    ),
)
class UsesItsStateUp(Session):
    """Can be entered again, and then fails at its exit."""

    def __init__(self) -> None:
        self.connections = ["open"]

    async def __aexit__(self, *details: object) -> None:
        self.connections.pop()


@violates(
    "CM015",
    MANAGER,
    says=(
        "__aexit__ #2 hangs: it waits at ... in WaitsAtItsSecondExit.__aexit__ for "
        "Semaphore.acquire, and nothing is left that could wake it"
    ),
)
class WaitsAtItsSecondExit(Session):
    """Can be entered again, and then cannot be left."""

    def __init__(self) -> None:
        self.leaves = anyio.Semaphore(1)

    async def __aexit__(self, *details: object) -> None:
        await self.leaves.acquire()


@violates(
    "CM015",
    MANAGER,
    reuse="reusable",
    says=(
        "reuse='reusable' was declared, but __aenter__ #2 raised RuntimeError: cannot be "
        "entered twice"
    ),
)
class RefusesThoughReusable(RefusesASecondEntry):
    """Declares that it can be used again, and refuses."""


@violates(
    "CM015",
    MANAGER,
    reuse="single-use",
    says=(
        "reuse='single-use' was declared, but __aenter__ #2 returned "
        "<...WorksTwiceThoughSingleUse object>"
    ),
)
class WorksTwiceThoughSingleUse(Session):
    """Declares that it can be used once, and does not refuse."""


@violates(
    "CM015",
    MANAGER,
    reuse="reentrant",
    says=(
        "__aenter__ #2 hangs: it waits at ... in IsLocked.__aenter__ for "
        "Semaphore.acquire, and nothing is left that could wake it"
    ),
)
class IsLocked(Session):
    """Declares that its uses may be nested, and waits for itself."""

    def __init__(self) -> None:
        self.held = anyio.Semaphore(1)

    async def __aenter__(self) -> Self:
        await self.held.acquire()
        return self

    async def __aexit__(self, *details: object) -> None:
        self.held.release()


@violates(
    "CM015",
    MANAGER,
    reuse="reentrant",
    says=(
        "__aenter__ #2, inside the first use, though declared reentrant, raised "
        "RuntimeError: it is in use"
    ),
)
class RefusesToBeNested(Session):
    """Declares that its uses may be nested, and refuses the inner one."""

    inside = False

    async def __aenter__(self) -> Self:
        if self.inside:
            raise RuntimeError("it is in use")
        self.inside = True
        return self

    async def __aexit__(self, *details: object) -> None:
        self.inside = False


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


@violates(
    "CM015",
    MANAGER,
    says=(
        "__aexit__ #2, after a second entry that was not refused, raised AssertionError: "
        "not connected"
    ),
)
class ForgetsToConnectAgain:
    """Lets itself be entered again, without its connection: zschumacher/pydapper#579."""

    def __init__(self) -> None:
        self.connection: list[str] | None = ["open"]

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()
        assert self.connection is not None, "not connected"
        self.connection = None
