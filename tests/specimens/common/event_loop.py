"""Specimens: the event loop that a subject is made and used in."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Generator
from time import sleep as sleep_in_the_thread
from typing import Any, Self

import anyio
import anyio.to_thread
import trio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.common._bases import Job, Session, Visit
from tests.subjects import Ticker

AWAITABLE = Protocol.AWAITABLE
ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)
TRIO = ("trio",)


EAGER = ASYNCIO if sys.version_info >= (3, 12) else ()
"""Where there are eager tasks."""


@violates(
    "CO011",
    MANAGER,
    level="may",
    backends=ASYNCIO,
    says="made where no event loop runs, it raised RuntimeError: no running event loop",
)
class NeedsALoop(Visit):
    """Asks for the loop when it is made: empicano/aiomqtt#335."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()


@violates(
    "CO011",
    AWAITABLE,
    level="may",
    reawait="same",
    returns=1,
    backends=ASYNCIO,
    says="made where no event loop runs, it raised RuntimeError: no running event loop",
)
class MakesItsFuture:
    """Makes its future when it is made."""

    def __init__(self) -> None:
        self.future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.future.set_result(1)

    def __await__(self) -> Generator[Any, Any, int]:
        return self.future.__await__()


@violates(
    "CO011",
    MANAGER,
    level="may",
    backends=TRIO,
    says=(
        "made where no event loop runs, it raised RuntimeError: must be called from async context"
    ),
)
class NeedsTrio(Visit):
    """Remembers in which run of trio it was made."""

    def __init__(self) -> None:
        self.token = trio.lowlevel.current_trio_token()


@conforms("CO011", MANAGER, level="may", backends=ASYNCIO)
class AsksForTheLoopLater(Visit):
    """Asks for the loop where it is entered."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self.loop = asyncio.get_running_loop()
        return await super().__aenter__()


@violates(
    "CO012",
    ITERATOR,
    backends=ASYNCIO,
    says=(
        "used by two tasks at once in a second event loop, it raised RuntimeError: "
        "<asyncio.locks.Semaphore object [locked]> is bound to a different event loop"
    ),
)
class SharesASemaphore(Ticker):
    """Limits how many read at once, by a semaphore of the class: ecmwf/forecast-in-a-box#317."""

    limit = asyncio.Semaphore(1)

    async def __anext__(self) -> int:
        async with self.limit:
            return await super().__anext__()


_lock = asyncio.Lock()


@violates(
    "CO012",
    AWAITABLE,
    returns=1,
    backends=ASYNCIO,
    says=(
        "used by two tasks at once in a second event loop, it raised RuntimeError: "
        "<asyncio.locks.Lock object [locked]> is bound to a different event loop"
    ),
)
class SharesAModulesLock(Job):
    """Waits for a lock that is a global of its module: topoteretes/cognee#2938."""

    async def run(self) -> int:
        async with _lock:
            await checkpoint()
        return 1


@conforms("CO012", MANAGER, backends=ASYNCIO)
class HasALockOfItsOwn(Visit):
    """Makes its lock in __init__."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        async with self.lock:
            return await super().__aenter__()


@conforms("CO012", MANAGER, backends=ASYNCIO)
class KeepsALockForEachLoop(Visit):
    """Shares one lock among all that are in the same loop."""

    loop: asyncio.AbstractEventLoop | None = None
    lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        kind = type(self)
        if kind.loop is not asyncio.get_running_loop():
            kind.loop, kind.lock = asyncio.get_running_loop(), asyncio.Lock()
        async with kind.lock:
            return await super().__aenter__()


@conforms("CO012", MANAGER, says={"trio": "not applicable on trio"})
class TakesOneAtATime(Visit):
    """Refuses who comes while another is inside, in whichever loop."""

    taken = False

    async def __aenter__(self) -> Self:
        if TakesOneAtATime.taken:
            raise RuntimeError("it is taken")
        TakesOneAtATime.taken = True
        return self

    async def __aexit__(self, *details: object) -> None:
        TakesOneAtATime.taken = False


@violates(
    "CO013",
    ITERATOR,
    says="it blocks the event loop by time.sleep() at ... in SleepsInTheThread.__anext__",
)
class SleepsInTheThread(Ticker):
    """Sleeps by what it has imported from the module of time."""

    async def __anext__(self) -> int:
        sleep_in_the_thread(0)
        return await super().__anext__()


@violates(
    "CO013",
    AWAITABLE,
    returns=1,
    says="it blocks the event loop by time.sleep() at ... in RetriesWithASleep.run",
)
class RetriesWithASleep(Job):
    """Waits in its thread before it tries again."""

    async def run(self) -> int:
        for attempt in range(2):
            try:
                await self.attempt(attempt)
            except ValueError:
                time.sleep(0.001)
        return 1

    async def attempt(self, number: int) -> None:
        """Fails at first."""
        await checkpoint()
        if number == 0:
            raise ValueError("not yet")


@violates(
    "CO013",
    MANAGER,
    says="it blocks the event loop by os.system() at ... in RunsACommandAfterErrors.__aexit__",
)
class RunsACommandAfterErrors(Session):
    """Runs a command, and waits for it, where the body raised."""

    async def __aexit__(self, kind: object, *details: object) -> None:
        await checkpoint()
        if kind is not None:
            os.system("true")  # noqa: S605, S607


@violates(
    "CO013", GENERATOR, says="it blocks the event loop by socket.sendall() at ... in reads_a_socket"
)
async def reads_a_socket() -> AsyncIterator[bytes]:
    """Reads from a socket that makes it wait."""
    with_it, itself = socket.socketpair()
    with with_it, itself:
        with_it.sendall(b"ab")
        await checkpoint()
        yield itself.recv(1)
        yield itself.recv(1)


@conforms("CO013", MANAGER)
class SleepsInAWorker(Session):
    """Sleeps in a thread that is there to wait."""

    async def __aenter__(self) -> Self:
        await anyio.to_thread.run_sync(time.sleep, 0)
        return await super().__aenter__()


@conforms("CO013", ITERATOR)
class ReadsWhatIsThere(Ticker):
    """Uses a socket that never waits."""

    async def __anext__(self) -> int:
        with_it, itself = socket.socketpair()
        with with_it, itself:
            itself.settimeout(0)
            with_it.settimeout(0)
            with_it.sendall(b"a")
            itself.recv(1)
        return await super().__anext__()


@conforms("CO013", AWAITABLE, returns=sum(range(10_000)))
class Computes(Job):
    """Needs its time, without waiting for anything."""

    async def run(self) -> int:
        await checkpoint()
        return sum(range(10_000))


@violates("CO017", MANAGER, shows_on=EAGER, backends=ASYNCIO)
class UsesItsTaskWithinIt(Visit):
    """Its task uses what is assigned when create_task() has returned: async_stagger#11."""

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self.work())
        return self

    async def work(self) -> None:
        """Runs at once, where tasks are eager."""
        self.task.get_name()

    async def __aexit__(self, *details: object) -> None:
        await self.task


@violates("CO017", ITERATOR, items=["begun", "working"], shows_on=EAGER, backends=ASYNCIO)
class TellsWhatItDoes:
    """Takes the state for one that its task has not touched yet: byllyfish/shellous#442."""

    def __init__(self) -> None:
        self.state = "idle"
        self.given = 0

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        self.given += 1
        if self.given == 1:
            self.state = "begun"
            self.task = asyncio.create_task(self.work())
            return self.state
        await self.task
        if self.given > 2:
            raise StopAsyncIteration
        return self.state

    async def work(self) -> None:
        """Says so."""
        self.state = "working"


@conforms(
    "CO017", MANAGER, backends=ASYNCIO, says="not applicable: eager tasks came with Python 3.12"
)
class SetsUpBefore(Visit):
    """Its task finds what it needs, whenever it begins."""

    async def __aenter__(self) -> Self:
        self.state = "starting"
        self.task = asyncio.create_task(self.work())
        return self

    async def work(self) -> None:
        """May run at once."""
        self.state = "running"

    async def __aexit__(self, *details: object) -> None:
        await asyncio.wait([self.task])


@conforms(
    "CO017",
    AWAITABLE,
    returns=[1, 2],
    backends=ASYNCIO,
    says="not applicable: eager tasks came with Python 3.12",
)
class Gathers(Job):
    """Gathers tasks that end in another order when they are eager."""

    async def run(self) -> list[int]:
        return list(await asyncio.gather(self.after(2, 1), self.after(0, 2)))

    async def after(self, turns: int, result: int) -> int:
        """Takes some turns."""
        for _ in range(turns):
            await asyncio.sleep(0)
        return result


def is_complete(names: list[str]) -> bool:
    return sorted(names) == ["caller", "task"]


@conforms(
    "CO017", AWAITABLE, backends=ASYNCIO, says="not applicable: eager tasks came with Python 3.12"
)
@conforms(
    "CO017",
    AWAITABLE,
    returns=is_complete,
    backends=ASYNCIO,
    says="not applicable: eager tasks came with Python 3.12",
)
class TellsWhoCameFirst(Job):
    """Its result depends on when its task begins, and no particular one is declared."""

    async def run(self) -> list[str]:
        names: list[str] = []
        task = asyncio.create_task(self.come(names))
        names.append("caller")
        await task
        return names

    async def come(self, names: list[str]) -> None:
        """Comes first, where tasks are eager."""
        names.append("task")


@violates(
    "CO012",
    MANAGER,
    backends=ASYNCIO,
    says=(
        "used by two tasks at once in a second event loop, it raised RuntimeError: "
        "<asyncio.locks.Lock object [locked]> is bound to a different event loop"
    ),
)
class SharesALockOfTheFirstLoop:
    """A lock of the class belongs to the first loop in which two tasks want it: khora#1160."""

    lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        await checkpoint()
        await self.lock.acquire()

    async def __aexit__(self, *details: object) -> None:
        self.lock.release()
