"""Specimens: the plain use of a subject, by the primitives of its loop."""

from __future__ import annotations

import asyncio
import functools
import inspect
from contextlib import suppress
from typing import Any, Self

import anyio
import trio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_context_manager.shape import SignatureLies
from tests.specimens.awaitable.shape import Job
from tests.specimens.common._bases import Polite
from tests.subjects import Ticker

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ITERABLE = Protocol.ASYNC_ITERABLE
AWAITABLE = Protocol.AWAITABLE
ITERATOR = Protocol.ASYNC_ITERATOR


@violates(
    "CO020",
    MANAGER,
    says=(
        "its plain use raised TypeError: object of type 'NoneType' has no len(); pass a "
        "factory whose manager can be left; failing_exit= takes one that can't"
    ),
)
class FailsBehindALyingSignature(SignatureLies):
    """Takes the three whatever its signature says, and then counts the connections of None."""

    connections = None

    @functools.wraps(SignatureLies.close)
    def __aexit__(self, *details: object) -> Any:
        assert len(self.connections)  # type: ignore[arg-type]
        return super().__aexit__(*details)

    __aexit__.__signature__ = inspect.signature(SignatureLies.close)


@violates(
    "CO020",
    ITERABLE,
    says=(
        "its plain use raised TypeError: not like this; if that is meant, declare raises=TypeError"
    ),
)
class AiterRaises:
    """Raises in its __aiter__, though it can be called."""

    def __aiter__(self) -> Any:
        raise TypeError("not like this")


@violates(
    "CO020",
    AWAITABLE,
    says={
        "asyncio": (
            "await #1 hangs: it waits for Event.wait, and nothing is left that could wake it"
        ),
        "trio": (
            "await #1 hangs: it waits for _real_async_yield, and nothing is left that could wake it"
        ),
    },
)
class WaitsForEver:
    """Waits for an event that nobody sets."""

    def __await__(self) -> Any:
        return anyio.Event().wait().__await__()


@violates(
    "CO020",
    AWAITABLE,
    raises=LookupError,
    says="raises=LookupError was declared, but nothing was raised",
)
class RaisesNothing(Job):
    """Gives a result, where an error was declared."""


@violates(
    "CO020",
    AWAITABLE,
    says="its plain use raised ValueError: not ready; if that is meant, declare raises=ValueError",
)
class RaisesAtTheCall:
    """Raises before there is an iterator."""

    def __await__(self) -> Any:
        raise ValueError("not ready")


@violates(
    "CO020",
    AWAITABLE,
    says=(
        "its plain use raised ValueError: invalid literal for int() with base 10: 'x'; if "
        "that is meant, declare raises=ValueError"
    ),
)
class FailsInAnIteratorWithoutSend:
    """Raises before its iterator has yielded anything."""

    def __await__(self) -> Any:
        return map(int, ["x"])


@violates(
    "CO010",
    AWAITABLE,
    shows_on=("trio",),
    says=(
        "under trio it raised RuntimeError: no running event loop, which comes from "
        "asyncio; if it is made for asyncio only, declare backends=('asyncio',)"
    ),
)
class SleepsOnAsyncio:
    """Uses asyncio's sleep under whichever library."""

    def __await__(self) -> Any:
        return asyncio.sleep(0.01).__await__()


@violates(
    "CO010",
    ITERATOR,
    shows_on=("trio",),
    says=(
        "under trio it raised RuntimeError: no running event loop, which comes from "
        "asyncio; if it is made for asyncio only, declare backends=('asyncio',)"
    ),
)
class TicksOnAsyncio(Ticker):
    """Uses asyncio's sleep under whichever library."""

    async def __anext__(self) -> int:
        await asyncio.sleep(0.01)
        return await super().__anext__()


@violates(
    "CO010",
    ITERATOR,
    shows_on=("trio",),
    says=(
        "under trio it raised TypeError: trio.run received unrecognized yield message "
        "None. Are you trying to use a library written for some other framework lik…, "
        "which comes from asyncio; if it is made for asyncio only, declare "
        "backends=('asyncio',)"
    ),
)
class YieldsToAsyncio(Ticker):
    """Gives asyncio's loop a turn, under whichever library."""

    async def __anext__(self) -> int:
        await asyncio.sleep(0)
        return await super().__anext__()


@violates("CO010", ITERATOR, shows_on=("trio",), says="it yielded None, which trio does not know")
class HidesTheProtest(Ticker):
    """Gives asyncio's loop a turn, once, and catches what another one says to that."""

    async def __anext__(self) -> int:
        if len(self.left) == 3:
            with suppress(TypeError):
                await asyncio.sleep(0)
        return await super().__anext__()


@violates(
    "CO010",
    ITERATOR,
    shows_on=("asyncio",),
    says=(
        "under asyncio it raised RuntimeError: must be called from async context, which "
        "comes from trio; if it is made for trio only, declare backends=('trio',)"
    ),
)
class SleepsOnTrio(Ticker):
    """Uses trio's sleep under whichever library."""

    async def __anext__(self) -> int:
        await trio.sleep(0.01)
        return await super().__anext__()


@conforms("CO010", ITERATOR, backends=("asyncio",))
class DeclaredForAsyncio(TicksOnAsyncio):
    """Says that it is made for asyncio."""


@violates(
    "CO020",
    ITERATOR,
    says=(
        "__anext__ #1 hangs: it waits at ... in NeverTicks.__anext__ for Event.wait, and "
        "nothing is left that could wake it"
    ),
)
class NeverTicks(Ticker):
    """Waits for an event that nobody sets."""

    async def __anext__(self) -> int:
        await anyio.Event().wait()
        return 0


@violates(
    "CO020",
    ITERATOR,
    says=(
        "__anext__ #1 hangs: it waits at ... in WaitsForEverUnderAShield.__anext__ for "
        "Event.wait, and nothing is left that could wake it"
    ),
)
class WaitsForEverUnderAShield(Ticker):
    """Waits for an event that nobody sets, where no cancellation reaches it."""

    async def __anext__(self) -> int:
        with anyio.CancelScope(shield=True):
            await anyio.Event().wait()
        return 0


@violates(
    "CO020",
    ITERATOR,
    says="its plain use raised ValueError: no tick; if that is meant, declare raises=ValueError",
)
class Fails(Ticker):
    """Raises where an item was due."""

    async def __anext__(self) -> int:
        raise ValueError("no tick")


@violates(
    "CO020",
    ITERATOR,
    says="its plain use raised SystemExit: 3; if that is meant, declare raises=SystemExit",
)
class RaisesSystemExit(Ticker):
    """Tries to end the process."""

    async def __anext__(self) -> int:
        raise SystemExit(3)


@violates(
    "CO020",
    ITERATOR,
    says=(
        "its plain use raised RecursionError: maximum recursion depth exceeded; if that is "
        "meant, declare raises=RecursionError"
    ),
)
class RecursesWithoutEnd(Ticker):
    """Calls itself for ever."""

    async def __anext__(self) -> int:
        return await self.__anext__()


@conforms("CO020", ITERATOR, raises=ValueError)
class FailsAsDeclared(Fails):
    """Says that it raises."""


@conforms("CO020", ITERATOR, items=[0, 1, 2])
class SleepsAnHour(Ticker):
    """Sleeps an hour before each item."""

    async def __anext__(self) -> int:
        await anyio.sleep(3600)
        return await super().__anext__()


@conforms("CO020", ITERATOR, items=[0, 1, 2], infinite=True)
class Listens(Ticker):
    """Gives its first items, and then waits for what is sent next."""

    async def __anext__(self) -> int:
        if not self.left:
            await anyio.Event().wait()
        return await super().__anext__()


@violates(
    "CO010",
    MANAGER,
    shows_on=("trio",),
    says=(
        "under trio it raised TypeError: trio.run received unrecognized yield message "
        "None. Are you trying to use a library written for some other framework lik…, "
        "which comes from asyncio; if it is made for asyncio only, declare "
        "backends=('asyncio',)"
    ),
)
class ReportsOnAsyncio(Polite):
    """Uses asyncio where the body raised."""

    async def report(self) -> None:
        await asyncio.sleep(0)


@violates(
    "CO020",
    MANAGER,
    says=(
        "__aexit__ #1(BodyError: raised in the body) hangs: it waits at ... in "
        "NeverEndsItsReport.report for Event.wait, and nothing is left that could wake it"
    ),
)
class NeverEndsItsReport(Polite):
    """Waits for ever where the body raised."""

    async def report(self) -> None:
        await anyio.Event().wait()


@violates(
    "CO020",
    ITERATOR,
    says=(
        "its plain use raised AttributeError: 'SetsUpInAiter' object has no attribute "
        "'left'; after aiter() it works, but anext() does not call that: set it up in "
        "__init__"
    ),
)
class SetsUpInAiter:
    """Makes in __aiter__ what __anext__ needs."""

    def __aiter__(self) -> Self:
        self.left = [1, 2]
        return self

    async def __anext__(self) -> int:
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop()
