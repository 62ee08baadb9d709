"""Specimens: what happens when a subject is dropped."""

from __future__ import annotations

import asyncio
import io
import socket
import warnings
import weakref
from collections.abc import AsyncIterator, Generator
from contextlib import suppress
from typing import Any, ClassVar, Self

import trio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.common._bases import Job, Session, Visit
from tests.subjects import Ticker

AWAITABLE = Protocol.AWAITABLE
ITERATOR = Protocol.ASYNC_ITERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)


@violates(
    "CO016",
    ITERATOR,
    says=(
        "dropped after its use, it left something open: ResourceWarning: unclosed <socket.socket>"
    ),
)
class LeavesItsFileOpen(Ticker):
    """Opens a socket with its first item, and leaves it open at its end."""

    socket: socket.socket | None = None

    async def __anext__(self) -> int:
        if self.socket is None:
            self.socket = socket.socket()
        return await super().__anext__()


@violates(
    "CO016",
    AWAITABLE,
    returns=1,
    says=(
        "dropped after its use, it left something open: ResourceWarning: unclosed <socket.socket>"
    ),
)
class ForgetsItsSocket(Job):
    """Uses a socket, and drops it."""

    async def run(self) -> int:
        opened = socket.socket()
        await checkpoint()
        del opened
        return 1


@violates(
    "CO016",
    MANAGER,
    says=(
        "dropped after its use, it failed: AttributeError: 'NoneType' object has no "
        "attribute 'close', in FailsWhenItIsDropped.__del__"
    ),
)
class FailsWhenItIsDropped(Session):
    """Its finalizer needs what its exit has taken away."""

    def __init__(self) -> None:
        self.buffer: io.BytesIO | None = io.BytesIO()

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()
        self.buffer = None

    def __del__(self) -> None:
        self.buffer.close()  # type: ignore[union-attr]


@violates(
    "CO016",
    MANAGER,
    says=(
        "dropped unused, it failed: AttributeError: 'FailsUnlessItWasEntered' object has "
        "no attribute 'buffer', in FailsUnlessItWasEntered.__del__"
    ),
)
class FailsUnlessItWasEntered(Session):
    """Its finalizer needs what only its entry gives it."""

    async def __aenter__(self) -> Self:
        self.buffer = io.BytesIO()
        return await super().__aenter__()

    def __del__(self) -> None:
        self.buffer.close()


@conforms("CO016", ITERATOR)
class ClosesItsFile(LeavesItsFileOpen):
    """Closes it in the end, whatever that is."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except BaseException:
            await self.aclose()
            raise

    async def aclose(self) -> None:
        """Closes it, and gives nothing more."""
        self.left.clear()
        if self.socket is not None:
            self.socket.close()


async def _numbers() -> AsyncIterator[int]:
    for number in range(3):
        await checkpoint()
        yield number


@conforms("CO016", AWAITABLE, returns=0)
class LooksAtTheFirst(Job):
    """Leaves an async generator that holds nothing to the collector, of which Trio warns."""

    async def run(self) -> int:
        async for number in _numbers():
            return number
        return -1


@conforms("CO016", AWAITABLE)
class Connects(Job):
    """What it gives is its user's to close."""

    async def run(self) -> socket.socket:
        await checkpoint()
        return socket.socket()


@conforms("CO016", MANAGER)
@conforms("CO018", MANAGER)
class WarnsWhenItIsForgotten(Session):
    """Says that it was not closed, as an aiohttp session does, also where it was never used."""

    closed = False

    async def __aexit__(self, *details: object) -> None:
        self.closed = True
        await checkpoint()

    def __del__(self) -> None:
        if not self.closed:
            warnings.warn("unclosed session", ResourceWarning, stacklevel=1)


@conforms("CO016", MANAGER)
class OpensWhenItIsMade(Session):
    """Holds a socket from its first moment on, and warns where it is never entered."""

    def __init__(self) -> None:
        self.socket = socket.socket()

    async def __aexit__(self, *details: object) -> None:
        self.socket.close()
        await checkpoint()


@violates(
    "CO018",
    ITERATOR,
    backends=ASYNCIO,
    says=(
        "dropped unused where no event loop runs: RuntimeError: There is no current event "
        "loop in thread 'AnyIO worker thread'., in ClosesInATask.__del__; expected a "
        "ResourceWarning at most"
    ),
)
class ClosesInATask(Ticker):
    """Starts a task in its finalizer, if it was not closed: BerriAI/litellm#12759."""

    closed = False

    async def aclose(self) -> None:
        """Closes it."""
        self.left.clear()
        self.closed = True

    def __del__(self) -> None:
        if not self.closed:
            asyncio.ensure_future(self.aclose())  # noqa: RUF006


@violates(
    "CO018",
    MANAGER,
    backends=ASYNCIO,
    says=(
        "dropped unused where no event loop runs: coroutine "
        "'WarnsWhenItIsForgotten.__aexit__' was never awaited; expected a ResourceWarning "
        "at most"
    ),
)
class LogsOutWhenItIsForgotten(WarnsWhenItIsForgotten):
    """Warns, and has a coroutine log out, which never runs where there is no loop."""

    def __del__(self) -> None:
        super().__del__()
        if not self.closed:
            logging_out = self.__aexit__()
            with suppress(RuntimeError):
                asyncio.get_running_loop().create_task(logging_out)


@violates(
    "CO018",
    MANAGER,
    backends=ASYNCIO,
    says=(
        "dropped after its use where no event loop runs: RuntimeError: no running event "
        "loop, in TellsWhomItMet.__del__; expected a ResourceWarning at most"
    ),
)
class TellsWhomItMet(Session):
    """Has a callback say goodbye, if it was entered."""

    entered = False

    async def __aenter__(self) -> Self:
        self.entered = True
        return await super().__aenter__()

    def __del__(self) -> None:
        if self.entered:
            asyncio.get_running_loop().call_soon(self.farewell)

    @staticmethod
    def farewell() -> None:
        """Says goodbye."""


@violates(
    "CO018",
    MANAGER,
    backends=("trio",),
    says=(
        "dropped unused where no event loop runs: RuntimeError: must be called from async "
        "context, in TellsTrio.__del__; expected a ResourceWarning at most"
    ),
)
class TellsTrio(Session):
    """Has a system task of trio say goodbye."""

    def __del__(self) -> None:
        trio.lowlevel.spawn_system_task(checkpoint)


@conforms("CO018", MANAGER, backends=ASYNCIO)
class ClosesWhereItCan(Session):
    """Its finalizer leaves it be where no loop runs."""

    def __del__(self) -> None:
        with suppress(RuntimeError):
            asyncio.get_running_loop().call_soon(self.farewell)

    @staticmethod
    def farewell() -> None:
        """Says goodbye."""


@conforms("CO018", ITERATOR)
class CountsItsEnds(Ticker):
    """Its finalizer only counts."""

    ends: ClassVar[list[str]] = []

    def __del__(self) -> None:
        self.ends[:] = ["over"]


class Registry:
    """Knows who is there, and lives as long as the process."""

    def __init__(self) -> None:
        self.present: list[object] = []


registry = Registry()


@violates(
    "CO019",
    MANAGER,
    level="may",
    says="after its use, and when garbage was collected, it was still alive",
)
class StaysInTheRegistry(Visit):
    """Is entered into a registry, and never taken out."""

    async def __aenter__(self) -> Self:
        registry.present.append(self)
        return await super().__aenter__()


@violates(
    "CO019",
    AWAITABLE,
    level="may",
    returns=1,
    says="after its use, and when garbage was collected, it was still alive",
)
class StaysInItsCallback(Job):
    """Is called back by what lives longer."""

    async def run(self) -> int:
        registry.present.append(self.called)
        await checkpoint()
        return 1

    def called(self) -> None:
        """Never comes."""


@conforms("CO019", MANAGER, level="may")
class LeavesTheRegistry(StaysInTheRegistry):
    """Is taken out where it is left."""

    async def __aexit__(self, *details: object) -> None:
        registry.present.remove(self)


everyone: weakref.WeakSet[Any] = weakref.WeakSet()


@conforms("CO019", MANAGER, level="may")
class IsKnownWeakly(Visit):
    """Is in a registry that does not keep it; and refers to itself, in a circle."""

    def __init__(self) -> None:
        everyone.add(self)
        self.itself = self


@conforms(
    "CO019",
    AWAITABLE,
    level="may",
    returns=1,
    says="not applicable: no weak reference can be made to it",
)
class CannotBeReferredTo:
    """Has no room for a weak reference."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, Any, int]:
        yield from checkpoint().__await__()
        return 1


@violates(
    "CO018",
    MANAGER,
    backends=ASYNCIO,
    says=(
        "dropped unused where no event loop runs: RuntimeError: no running event loop, in "
        "ClosesWhenItIsForgotten.__del__; expected a ResourceWarning at most"
    ),
)
class ClosesWhenItIsForgotten:
    """Its `__del__` starts a task, with or without a loop: chassing/uplink-httpx#4."""

    async def __aenter__(self) -> Self:
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await asyncio.sleep(0)

    def __del__(self) -> None:
        asyncio.get_running_loop().create_task(self.aclose())


@violates(
    "CO016",
    MANAGER,
    says=(
        "dropped after its use, it left something open: ResourceWarning: unclosed <socket.socket>"
    ),
)
class DropsItsSocketAfterAnError:
    """Closes its socket if nothing went wrong: sqlalchemy/sqlalchemy#8145."""

    async def __aenter__(self) -> None:
        await checkpoint()
        self.socket = socket.socket()

    async def __aexit__(self, kind: object, *details: object) -> None:
        if kind is None:
            self.socket.close()
        del self.socket
