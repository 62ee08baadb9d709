"""Specimens: an async context manager that is cancelled, or left by what ends the program."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Self

import anyio
import trio
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens._bases import Holder, holds_nothing
from tests.specimens.async_context_manager._bases import Session, Slot, is_free

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)
TRIO = ("trio",)


@conforms(
    "CM011",
    MANAGER,
    released=lambda lock: not lock.locked(),
    says="__aexit__ never suspended, so no cancellation could be delivered into it",
)
@conforms("CM015", MANAGER, reuse="reusable")
def anyio_lock() -> anyio.Lock:
    """The lock of anyio, whose exit never suspends."""
    return anyio.Lock()


@conforms("CM005", MANAGER, backends=ASYNCIO, own_scope=True)
def timeout() -> asyncio.Timeout:
    """A time-out that does not come to pass."""
    return asyncio.timeout(10)


@conforms("CM005", MANAGER, backends=ASYNCIO, own_scope=True)
def timeout_at_once() -> asyncio.Timeout:
    """A time-out that is over before the body begins."""
    return asyncio.timeout(0)


@conforms("CM005", MANAGER, backends=TRIO, own_scope=True)
def nursery() -> Any:
    """The nursery of trio, which puts the exception of the body into a group."""
    return trio.open_nursery()


@conforms("CM005", MANAGER, own_scope=True)
def anyio_task_group() -> Any:
    """The task group of anyio, on both libraries."""
    return anyio.create_task_group()


@conforms("CM005", MANAGER, suppresses=(Exception,))
class SuppressesErrorsOnly(Session):
    """Suppresses every error that is one."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, Exception)


@conforms("CM005", MANAGER, suppresses=(KeyboardInterrupt,))
class EndsQuietlyOnControlC(Session):
    """Suppresses KeyboardInterrupt, and says so."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, KeyboardInterrupt)


@violates(
    "CM005",
    MANAGER,
    says=(
        "cancelled by a cancel scope at suspension 2, inside the body, it suppressed the "
        "cancellation; if it was its own, declare own_scope=True"
    ),
)
class SuppressesCancellation(Session):
    """Takes cancellation for its own business."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, anyio.get_cancelled_exc_class())


@violates(
    "CM005",
    MANAGER,
    own_scope=True,
    says=(
        "cancelled by a cancel scope at suspension 2, inside the body, it suppressed the "
        "cancellation"
    ),
)
class SuppressesTheCancellationOfOthers(SuppressesCancellation):
    """Says that it cancels its own body, and suppresses what others cancel."""


@violates(
    "CM005",
    MANAGER,
    suppresses=(Exception,),
    says="__aexit__ #1 returned True, so the body's KeyboardInterrupt was lost",
)
class SuppressesEverything(Session):
    """Declares errors, and suppresses whatever ends the body."""

    async def __aexit__(self, kind: object, *details: object) -> bool:
        return kind is not None


@violates("CM005", MANAGER, says="__aexit__ #1 returned True, so the body's SystemExit was lost")
class SuppressesSystemExit(Session):
    """Does not let the program end."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, SystemExit)


@violates("CM005", MANAGER, says="__aexit__ #1 returned True, so the body's GeneratorExit was lost")
class SuppressesGeneratorExit(Session):
    """Goes on although its coroutine is being closed."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, GeneratorExit)


@conforms("CM005", MANAGER, own_scope=True)
@conforms("CM005", MANAGER)
class CancelsItsOwnBody:
    """Gives its body no time at all, by a scope that knows its own cancellation from others."""

    async def __aenter__(self) -> None:
        self.scope = anyio.CancelScope()
        self.scope.__enter__()
        self.scope.cancel()

    async def __aexit__(self, *details: object) -> Any:
        return self.scope.__exit__(*details)


@conforms("CM005", MANAGER, own_scope=True)
class TakesItsOwnForAll(CancelsItsOwnBody):
    """Suppresses what it asked for, while its scope keeps what others asked for."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        self.scope.__exit__(None, None, None)
        return isinstance(error, anyio.get_cancelled_exc_class())


@violates(
    "CM005",
    MANAGER,
    says=(
        "cancelled by a cancel scope at suspension 1, inside the body, it suppressed the "
        "cancellation; if it was its own, declare own_scope=True"
    ),
)
class TakesItsOwnForAllUndeclared(TakesItsOwnForAll):
    """Suppresses every cancellation, and does not say that it asks for one."""


@conforms("CM011", MANAGER, released=is_free)
class ReleasesInFinally(Slot):
    """Gives its slot back whatever happens."""


@conforms("CM011", MANAGER, backends=ASYNCIO, released=is_free)
class ReleasesInTheBackground(Slot):
    """Has a task of its own give the slot back, and waits for it."""

    async def __aexit__(self, *details: object) -> None:
        await asyncio.shield(asyncio.ensure_future(self.close()))

    async def close(self) -> None:
        """Gives the slot back."""
        await asyncio.sleep(0)
        self.taken -= 1


@conforms("CM011", MANAGER, released=is_free)
class ReleasesUnderAShield(Slot):
    """Cannot be disturbed while it gives its slot back."""

    async def __aexit__(self, *details: object) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.lowlevel.checkpoint()
            self.taken -= 1


@violates(
    "CM011",
    MANAGER,
    released=is_free,
    says=(
        "cancelled at suspension 2, inside __aexit__, it ended without releasing: "
        "released= is false"
    ),
)
class SaysGoodbyeFirst(Slot):
    """Gives its slot back behind an await that may be cancelled."""

    async def __aexit__(self, *details: object) -> None:
        await anyio.sleep(1)
        self.taken -= 1


@conforms(
    "CM013",
    MANAGER,
    level="may",
    suppresses=(Exception,),
    says="not applicable: suppresses= covers every exception, so it may be gone",
)
class SuppressesErrors(Session):
    """Suppresses every error, so that none can get lost."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        await checkpoint()
        return isinstance(error, Exception)


@conforms("CM013", MANAGER, level="may")
class SaysGoodbyeUnderAShield(Session):
    """Says goodbye for five seconds at most, cancelled or not."""

    async def __aexit__(self, *details: object) -> None:
        with anyio.move_on_after(5, shield=True):
            await checkpoint()


@conforms("CM013", MANAGER, level="may")
def memory_stream() -> Any:
    """The end of a stream of anyio, whose exit never suspends."""
    return anyio.create_memory_object_stream[int](1)[0]


@violates(
    "CM013",
    MANAGER,
    level="may",
    says=(
        "left by a body that raised BodyError, in a scope that is cancelled, __aexit__ let "
        "the cancellation out in place of that exception, which was lost"
    ),
)
class SaysGoodbye(Session):
    """Suspends at its exit, whatever it was given: python-trio/trio#1559."""


@conforms("CM012", MANAGER, released=is_free, says={"asyncio": "not applicable on asyncio"})
class ReleasesBehindItsGoodbye(Slot):
    """Says goodbye as long as it may, and gives its slot back in any case."""


@conforms("CM012", MANAGER, released=is_free, says={"asyncio": "not applicable on asyncio"})
class RollsBackUnderAShield(Slot):
    """Rolls back before it gives its slot back, for five seconds at most."""

    async def __aexit__(self, kind: object, *details: object) -> None:
        with anyio.move_on_after(5, shield=True):
            await checkpoint()
        self.taken -= 1


@conforms("CM012", MANAGER, released=is_free, backends=TRIO)
class ReleasesInASystemTask(Slot):
    """Leaves it to another task to give the slot back."""

    async def __aexit__(self, *details: object) -> None:
        trio.lowlevel.spawn_system_task(self.close)

    async def close(self) -> None:
        """Gives the slot back."""
        await trio.lowlevel.checkpoint()
        self.taken -= 1


class Channel:
    """Is closed by `aclose`, which says goodbye before."""

    is_open = True

    async def aclose(self) -> None:
        """Is closed even if the goodbye was cancelled."""
        try:
            await checkpoint()
        finally:
            self.is_open = False


class Channels(contextlib.aclosing[Channel]):
    """Opens what the standard library's manager closes."""

    def __init__(self) -> None:
        super().__init__(Channel())
        self.thing.is_open = False

    async def __aenter__(self) -> Channel:
        self.thing.is_open = True
        return await super().__aenter__()


@conforms(
    "CM012",
    MANAGER,
    released=lambda closing: not closing.thing.is_open,
    says={"asyncio": "not applicable on asyncio"},
)
def aclosing() -> Channels:
    """The standard library's manager that closes what it was given."""
    return Channels()


@violates(
    "CM011",
    MANAGER,
    released=is_free,
    backends=ASYNCIO,
    says=(
        "after an __aexit__ that was cancelled, it is not released: released= is false; "
        "found by the sequence: enter or leave, exit by error (cancelled at suspension 1)"
    ),
)
@violates(
    "CM012",
    MANAGER,
    released=is_free,
    backends=TRIO,
    says=(
        "left by a body that was cancelled, in a scope that is cancelled, it ended without "
        "releasing: released= is false"
    ),
)
class RollsBackFirst(Slot):
    """Gives its slot back behind a roll-back that a cancelled scope cuts short."""

    async def __aexit__(self, kind: object, *details: object) -> None:
        if kind is not None:
            await checkpoint()
        self.taken -= 1


@violates(
    "CM012",
    MANAGER,
    released=is_free,
    backends=TRIO,
    says=(
        "left by a body that was cancelled, in a scope that is cancelled, it ended without "
        "releasing: released= is false"
    ),
)
class LooksForCancellationFirst(Slot):
    """Suspends only where it is cancelled, and then keeps its slot."""

    async def __aexit__(self, *details: object) -> None:
        await checkpoint_if_cancelled()
        self.taken -= 1


@violates(
    "CM011",
    MANAGER,
    released=holds_nothing,
    says=(
        "cancelled at suspension 3, inside __aexit__, it ended without releasing: "
        "released= is false"
    ),
)
class ReleasesBehindItsSecondGoodbye(Holder):
    """Is safe in its first goodbye, and gives up in the second: MagicStack/asyncpg#97."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.held += 1
        return self

    async def __aexit__(self, *details: object) -> None:
        try:
            await checkpoint()
        except BaseException:
            self.held = 0
            raise
        await checkpoint()
        self.held = 0
