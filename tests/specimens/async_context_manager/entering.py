"""Specimens: an async context manager whose entry fails or is cancelled."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens._bases import Holder, holds_nothing
from tests.specimens.async_context_manager._bases import Slot, is_free

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)


class Pool:
    """Counts what was taken out of it, for managers that are functions."""

    def __init__(self) -> None:
        self.taken = 0

    @contextlib.asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """One slot, for the time of the body."""
        await checkpoint()
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Login(Slot):
    """Takes a slot, and logs in there: `log_in` is refused where its name says so."""

    def __init__(self, *, refused: bool = False) -> None:
        self.refused = refused

    async def log_in(self) -> None:
        """Is refused, or not."""
        await checkpoint()
        if self.refused:
            raise ConnectionError("refused")


class GivesItsSlotBack(Login):
    """Gives its slot back, whatever keeps it from coming in."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        try:
            await self.log_in()
        except BaseException:
            self.taken -= 1
            raise
        return self


def slot_given_back() -> GivesItsSlotBack:
    return GivesItsSlotBack(refused=True)


class BuiltUponAStack(Pool):
    """Lets an exit stack take back what was acquired, and keeps the stack when all is well."""

    def __init__(self, *, refused: bool = False) -> None:
        super().__init__()
        self.refused = refused

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self.slot())
            await checkpoint()
            if self.refused:
                raise ConnectionError("refused")
            self.stack = stack.pop_all()
        return self

    async def __aexit__(self, *details: object) -> None:
        await self.stack.aclose()


def stack_unwound() -> BuiltUponAStack:
    return BuiltUponAStack(refused=True)


class GivesBackLater(Login):
    """Has a task give its slot back, when the entry has failed already."""

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        try:
            await self.log_in()
        except BaseException:
            self.closing = asyncio.ensure_future(self.close())
            raise
        return self

    async def close(self) -> None:
        """Gives the slot back."""
        await asyncio.sleep(0)
        self.taken -= 1


def given_back_later() -> GivesBackLater:
    return GivesBackLater(refused=True)


@conforms("CM009", MANAGER, failing_enter=slot_given_back, released=is_free)
@conforms("CM009", MANAGER, failing_enter=stack_unwound, released=is_free)
@conforms("CM009", MANAGER, failing_enter=given_back_later, released=is_free, backends=ASYNCIO)
@violates(
    "CM009",
    MANAGER,
    failing_enter=Slot,
    released=is_free,
    says="failing_enter= was declared, but __aenter__ #1 returned <...Slot object>",
)
class ComesIn(Slot):
    """Comes in itself; what it is like when it does not is declared."""


@conforms("CM009", MANAGER, enter_raises=ConnectionError, released=is_free, level="may")
def refused() -> GivesItsSlotBack:
    """Is always refused, and says so."""
    return GivesItsSlotBack(refused=True)


@conforms("CM009", MANAGER, enter_raises=RuntimeError)
@contextlib.asynccontextmanager
async def refuses_before_it_yields() -> AsyncIterator[None]:
    """A generator that is always refused, in a block that takes its slot back."""
    async with Pool().slot():
        raise RuntimeError("refused")
        yield


@violates(
    "CM009",
    MANAGER,
    enter_raises=ConnectionError,
    released=is_free,
    says="__aenter__ #1 raised ConnectionError, and kept what it had acquired: released= is false",
)
class KeepsItsSlotForAnotherTry(Login):
    """Is always refused, and keeps what it holds for a second try that nobody makes."""

    def __init__(self) -> None:
        super().__init__(refused=True)

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        try:
            await self.log_in()
        except anyio.get_cancelled_exc_class():
            self.taken -= 1
            raise
        return self


class Reads:
    """Has a task read while it is inside."""

    def __init__(self, *, refused: bool = False) -> None:
        self.refused = refused

    async def read(self) -> None:
        """Reads for ever."""
        await asyncio.sleep(3600)

    async def __aenter__(self) -> Self:
        self.reader = asyncio.ensure_future(self.read())
        if self.refused:
            raise ConnectionError("refused")
        return self

    async def __aexit__(self, *details: object) -> None:
        self.reader.cancel()
        await asyncio.wait([self.reader])


def reads_although_refused() -> Reads:
    return Reads(refused=True)


@conforms(
    "CM009", MANAGER, failing_enter=reads_although_refused, background_ok=True, backends=ASYNCIO
)
@violates(
    "CM009",
    MANAGER,
    failing_enter=reads_although_refused,
    backends=ASYNCIO,
    says=(
        "__aenter__ #1 raised ConnectionError, and the task running Reads.read (it waits "
        "at ... in Reads.read for sleep) is still alive"
    ),
)
class LeavesItsReaderBehind(Reads):
    """Its reader goes on when the login was refused."""


@conforms("CM010", MANAGER, released=is_free)
class GivesBackIfCancelled(GivesItsSlotBack):
    """Gives its slot back if it is cancelled behind it."""


@conforms(
    "CM010",
    MANAGER,
    released=lambda lock: not lock.locked(),
    says={"trio": "__aenter__ never suspended, so no cancellation could be delivered into it"},
)
def anyio_lock() -> anyio.Lock:
    """The lock of anyio, whose entry is a checkpoint when it has the lock already."""
    return anyio.Lock()


@conforms(
    "CM010",
    MANAGER,
    released=is_free,
    says={"trio": "__aenter__ never suspended, so no cancellation could be delivered into it"},
)
class ConnectsWhateverComes(Slot):
    """Connects under a shield, and comes in although it was cancelled."""

    async def __aenter__(self) -> Self:
        with anyio.CancelScope(shield=True):
            await checkpoint()
            self.taken += 1
            await checkpoint()
        return self


class ConnectsInATask(Slot):
    """Has a task of its own connect, which its user cannot cancel."""

    async def connect(self) -> None:
        """Takes the slot."""
        await asyncio.sleep(0)
        self.taken += 1

    async def __aenter__(self) -> Self:
        self.connecting = asyncio.ensure_future(self.connect())
        await asyncio.shield(self.connecting)
        return self


@conforms("CM010", MANAGER, released=is_free, backends=ASYNCIO)
class HangsUpWhenItIsConnected(ConnectsInATask):
    """Lets the task connect, and gives the slot back if its user has gone."""

    async def __aenter__(self) -> Self:
        try:
            return await super().__aenter__()
        except asyncio.CancelledError:
            self.connecting.add_done_callback(self.hang_up)
            raise

    def hang_up(self, connecting: object) -> None:
        """Gives the slot back."""
        del connecting
        self.taken -= 1


@violates(
    "CM010",
    MANAGER,
    released=is_free,
    backends=ASYNCIO,
    says=(
        "cancelled at suspension 1, inside __aenter__, it kept what it had acquired: "
        "released= is false"
    ),
)
class ConnectsForNobody(ConnectsInATask):
    """Is connected when its user has gone, and nobody hangs up."""


@violates(
    "CM010",
    MANAGER,
    released=is_free,
    backends=ASYNCIO,
    says=(
        "cancelled at suspension 1, inside __aenter__, it kept what it had acquired: "
        "released= is false"
    ),
)
class ConnectsForNobodyMuchLater(ConnectsInATask):
    """Is connected half a second after its user has gone."""

    async def connect(self) -> None:
        await asyncio.sleep(0.5)
        self.taken += 1


@conforms("CM010", MANAGER, released=is_free, backends=ASYNCIO)
class SaysGoodbyeAfterTaskCancel(Slot):
    """Hangs up politely, as code for asyncio may that counts on being cancelled once."""

    async def __aenter__(self) -> Self:
        self.taken += 1
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            self.taken -= 1
            raise
        return self


class HandedOver(Slot):
    """Waits until it is handed a slot."""

    def hand_over(self, waiting: asyncio.Future[None]) -> None:
        """Gives the slot to who still waits."""
        if not waiting.done():
            self.taken += 1
            waiting.set_result(None)

    async def __aenter__(self) -> Self:
        self.waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(self.hand_over, self.waiting)
        await self.waiting
        return self


@violates(
    "CM010",
    MANAGER,
    released=is_free,
    backends=ASYNCIO,
    says=(
        "cancelled by Task.cancel() at suspension 1, inside __aenter__, when what it "
        "waited for was done, it kept what it had acquired: released= is false"
    ),
)
class CancelledAsItIsServed(HandedOver):
    """Loses the slot that comes in the turn in which it is cancelled: MagicStack/asyncpg#547."""


@conforms("CM010", MANAGER, released=is_free, backends=ASYNCIO)
class LooksWhetherItWasServed(HandedOver):
    """Gives the slot back that came in the turn in which it was cancelled."""

    async def __aenter__(self) -> Self:
        try:
            return await super().__aenter__()
        except asyncio.CancelledError:
            if self.waiting.done() and not self.waiting.cancelled():
                self.taken -= 1
            raise


class Slots(contextlib.AsyncExitStack):
    """A stack upon a pool."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = Pool()

    async def __aenter__(self) -> Self:
        await self.enter_async_context(self.pool.slot())
        await self.enter_async_context(self.pool.slot())
        return self


@violates(
    "CM010",
    MANAGER,
    released=lambda stack: is_free(stack.pool),
    says=(
        "cancelled at suspension 2, inside __aenter__, it kept what it had acquired: "
        "released= is false"
    ),
)
def slots() -> Slots:
    """The standard library's stack is not unwound where the entry of a subclass is cancelled."""
    return Slots()


@violates(
    "CM010",
    MANAGER,
    released=holds_nothing,
    says=(
        "cancelled at suspension 2, inside __aenter__, it kept what it had acquired: "
        "released= is false"
    ),
)
class LosesItsConnectionInTheReset(Holder):
    """Takes a connection, and resets it outside of any `try`: MagicStack/asyncpg#464, #547."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.held += 1
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        self.held = 0


@violates(
    "CM010",
    MANAGER,
    released=holds_nothing,
    says=(
        "cancelled at suspension 2, inside __aenter__, it kept what it had acquired: "
        "released= is false"
    ),
)
class GuardsItsFirstStepOnly(Holder):
    """Releases if the handshake is cancelled, not if the login is: psycopg/psycopg#509."""

    async def __aenter__(self) -> Self:
        self.held += 1
        try:
            await checkpoint()
        except BaseException:
            self.held -= 1
            raise
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        self.held = 0


def refused_login() -> KeepsASlotWhenRefused:
    return KeepsASlotWhenRefused(refused=True)


@violates(
    "CM009",
    MANAGER,
    failing_enter=refused_login,
    released=holds_nothing,
    says="__aenter__ #1 raised ConnectionError, and kept what it had acquired: released= is false",
)
class KeepsASlotWhenRefused(Holder):
    """A login that is refused costs a slot: hideya/langchain-mcp-tools-py#2."""

    def __init__(self, *, refused: bool = False) -> None:
        self.refused = refused

    async def __aenter__(self) -> Self:
        self.held += 1
        try:
            await checkpoint()
        except BaseException:
            self.held -= 1
            raise
        if self.refused:
            raise ConnectionError("refused")
        return self

    async def __aexit__(self, *details: object) -> None:
        self.held = 0
