"""Specimens for the rules about all protocols."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

import anyio
import trio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_iterator import Ticker

ITERATOR = Protocol.ASYNC_ITERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
AWAITABLE = Protocol.AWAITABLE


@conforms("CO001", ITERATOR)
class LetsCancellationThrough(Ticker):
    """Has nothing to do with its cancellation."""


@violates(
    "CO001",
    ITERATOR,
    says="cancelled by a cancel scope at suspension 1, it swallowed the cancellation and went on",
)
class SwallowsCancellation(Ticker):
    """Catches everything around its await."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            raise
        except BaseException:
            return -1


@violates(
    "CO002",
    ITERATOR,
    says=(
        "cancelled by a cancel scope at suspension 1, it raised RuntimeError: the tick "
        "failed in its place"
    ),
)
class ConvertsCancellation(Ticker):
    """Wraps every error into one of its own, its cancellation too."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            raise
        except BaseException as error:
            raise RuntimeError("the tick failed") from error


@conforms("CO001", ITERATOR)
class FinishesUnderAShield(Ticker):
    """Does its work where no cancellation reaches it."""

    async def __anext__(self) -> int:
        with anyio.CancelScope(shield=True):
            item = await super().__anext__()
        await anyio.lowlevel.checkpoint()
        return item


@conforms("CO002", ITERATOR)
class AddsANoteToItsCancellation(Ticker):
    """Does something about every error, and raises it again."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except BaseException as error:
            error.add_note("while ticking")
            raise


@conforms("CO001", MANAGER)
class SleepsUnderAShieldAtItsExit:
    """Sleeps at its exit where no cancellation reaches it, by means that work with one inside."""

    async def __aenter__(self) -> None:
        await anyio.lowlevel.checkpoint()

    async def __aexit__(self, *details: object) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1)


@violates("CO006", MANAGER, says="coroutine 'ForgetsToAwait.ping' was never awaited")
class ForgetsToAwait:
    """Calls a coroutine function on entry, and drops the coroutine."""

    async def __aenter__(self) -> Self:
        self.ping()
        return self

    async def __aexit__(self, *details: object) -> None:
        """Nothing to do."""

    async def ping(self) -> None:
        """Never runs."""


@conforms("CO006", MANAGER)
class Awaits(ForgetsToAwait):
    """Awaits what it calls."""

    async def __aenter__(self) -> Self:
        await self.ping()
        return self


@violates(
    "CO007",
    MANAGER,
    backends=("asyncio",),
    says="the task running sleep (it waits for sleep) is still alive after the end",
)
class ForgetsItsTask:
    """Leaves its background task running."""

    async def __aenter__(self) -> None:
        self.task = asyncio.ensure_future(asyncio.sleep(9))

    async def __aexit__(self, *details: object) -> None:
        """Nothing to do, it seems."""


@violates(
    "CO007",
    ITERATOR,
    backends=("asyncio",),
    says="the task running sleep (it waits for sleep) is still alive after the end",
)
class LeavesSiblingsRunning(Ticker):
    """Gives up the other tasks of a gather that failed."""

    async def __anext__(self) -> int:
        with suppress(ValueError):
            await asyncio.gather(asyncio.sleep(9), self.fail())
        return await super().__anext__()

    async def fail(self) -> None:
        """Fails at once."""
        raise ValueError("no luck")


@violates(
    "CO007",
    MANAGER,
    backends=("trio",),
    says=(
        "the task running sleep_forever (it waits for _real_async_yield) is still alive "
        "after the end"
    ),
)
class StartsASystemTask:
    """Leaves a system task running."""

    async def __aenter__(self) -> None:
        trio.lowlevel.spawn_system_task(trio.sleep_forever)

    async def __aexit__(self, *details: object) -> None:
        """Nothing to do."""


@conforms(
    "CO007",
    MANAGER,
    backends=("asyncio",),
    background_ok=True,
    says="not applicable: declared background_ok=True",
)
class KeepsADeclaredTask(ForgetsItsTask):
    """Says that it keeps a task."""


@conforms("CO007", MANAGER, backends=("asyncio",))
class WaitsForItsTask(ForgetsItsTask):
    """Cancels its background task, and waits for its end."""

    async def __aexit__(self, *details: object) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


@conforms("CO007", MANAGER, backends=("asyncio",))
class CancelsItsTask(ForgetsItsTask):
    """Cancels its background task, which has but to end."""

    async def __aexit__(self, *details: object) -> None:
        self.task.cancel()


@violates(
    "CO010",
    ITERATOR,
    shows_on=("trio",),
    says=(
        "under trio it raised RuntimeError: no running event loop, which comes from "
        "asyncio; if it is made for asyncio only, declare backends=('asyncio',)"
    ),
)
class SleepsOnAsyncio(Ticker):
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
class DeclaredForAsyncio(SleepsOnAsyncio):
    """Says that it is made for asyncio."""


@violates(
    "CO020",
    ITERATOR,
    says=(
        "__anext__ #1 hangs: it waits at ... in WaitsForEver.__anext__ for Event.wait, and "
        "nothing is left that could wake it"
    ),
)
class WaitsForEver(Ticker):
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


@conforms(
    "CO001",
    AWAITABLE,
    backends=("asyncio",),
    returns=1,
    says="nothing ever suspended, so no cancellation could be delivered",
)
def waits_for_what_is_done() -> object:
    """Waits with a limit for what needs no time, which asyncio 3.11 does not let be cancelled."""
    return asyncio.wait_for(at_once(), 5)


async def at_once() -> int:
    """Needs no time."""
    return 1


class Polite:
    """A manager without a fault, that does more when its body raised."""

    async def __aenter__(self) -> Self:
        await anyio.lowlevel.checkpoint()
        return self

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if error is not None:
            await self.report()

    async def report(self) -> None:
        """Reports the error."""
        await anyio.sleep(1)


@conforms("CO001", MANAGER)
class ReportsErrors(Polite):
    """Works at its exit only where the body raised."""


@conforms("CO001", MANAGER)
class LetsTheErrorOfTheBodyOut(Polite):
    """Drops a cancellation where the error of the body comes out in its place."""

    async def report(self) -> None:
        with suppress(BaseException):
            await anyio.sleep(1)


@violates("CO006", MANAGER, says="coroutine 'Polite.report' was never awaited")
class ForgetsToAwaitItsReport(Polite):
    """Drops a coroutine where the body raised."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if error is not None:
            self.report()


@violates(
    "CO007",
    MANAGER,
    backends=("asyncio",),
    says="the task running sleep (it waits for sleep) is still alive after the end",
)
class ReportsInATask(Polite):
    """Starts a task where the body raised, and leaves it."""

    async def report(self) -> None:
        self.task = asyncio.ensure_future(asyncio.sleep(9))


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
