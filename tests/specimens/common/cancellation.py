"""Specimens: cancellation, whatever the protocol."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import BOTH, conforms, violates
from tests.specimens.common._bases import Polite
from tests.subjects import Ticker

ITERATOR = Protocol.ASYNC_ITERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
AWAITABLE = Protocol.AWAITABLE
GENERATOR = Protocol.ASYNC_GENERATOR
ASYNCIO = ("asyncio",)


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


@conforms("CO001", MANAGER)
class ReportsErrors(Polite):
    """Works at its exit only where the body raised."""


@conforms("CO001", MANAGER)
class LetsTheErrorOfTheBodyOut(Polite):
    """Drops a cancellation where the error of the body comes out in its place."""

    async def report(self) -> None:
        with suppress(BaseException):
            await anyio.sleep(1)


@violates(
    "CO005",
    AWAITABLE,
    says=(
        "closed at suspension 1, it caught GeneratorExit and went on to give a value; "
        "expected it to end"
    ),
)
class RetriesOnEverything:
    """Knows cancellation, and takes GeneratorExit for one more error to try again after."""

    def __init__(self) -> None:
        self.tries = 3

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        while self.tries:
            self.tries -= 1
            try:
                await self.attempt()
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException:  # noqa: S112
                continue
            break
        return 1

    async def attempt(self) -> None:
        """Asks the peer."""
        await checkpoint()


@violates(
    "CO005",
    AWAITABLE,
    says=(
        "closed at suspension 1, it caught GeneratorExit and went on for ever; expected it to end"
    ),
)
class RetriesForEver(RetriesOnEverything):
    """The same without a last try, and with a time-out around all."""

    async def run(self) -> int:
        with anyio.fail_after(30):
            self.tries = 1_000_000
            return await super().run()


@violates("CO005", GENERATOR, shows_on=BOTH if sys.version_info >= (3, 13) else ())
async def retries_its_second_item() -> AsyncIterator[int]:
    """Goes on after GeneratorExit at a later item only; close() gets there since Python 3.13."""
    await checkpoint()
    yield 1
    await RetriesOnEverything()
    yield 2


@violates(
    "CO005",
    MANAGER,
    says=(
        "closed at suspension 2, it caught GeneratorExit and went on to give a value; "
        "expected it to end"
    ),
)
class RetriesAtItsExit:
    """Says goodbye as often as it takes."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        await RetriesOnEverything()


@conforms("CO005", AWAITABLE)
class RetriesOnErrors(RetriesOnEverything):
    """Tries again after errors."""

    async def run(self) -> int:
        for _ in range(3):
            with suppress(Exception):
                await self.attempt()
                break
        return 1


@conforms("CO005", AWAITABLE)
class AwaitsWhileItEnds(RetriesOnEverything):
    """Cleans up twice by an await, once under a shield, and lets GeneratorExit out."""

    async def run(self) -> int:
        try:
            try:
                await self.attempt()
            finally:
                await self.attempt()
        finally:
            with anyio.CancelScope(shield=True):
                await self.attempt()
                await self.attempt()
        return 1


@conforms("CO005", MANAGER, says="it never suspended where coroutine.close() gets at it")
@asynccontextmanager
async def awaits_in_finally() -> AsyncIterator[None]:
    """As everybody writes it."""
    await checkpoint()
    try:
        yield
    finally:
        await checkpoint()


@conforms("CO005", AWAITABLE, returns=[1, 2], backends=ASYNCIO)
def gathered() -> Any:
    """Waits for two tasks, by what is no coroutine."""

    async def gather() -> list[int]:
        return await asyncio.gather(asyncio.sleep(1, 1), asyncio.sleep(2, 2))

    return gather()


def silent_goodbye() -> SaysGoodbyeForEver:
    """One whose peer says nothing."""
    return SaysGoodbyeForEver(answers=False)


def silent_but_limited() -> SaysGoodbyeForAWhile:
    """One whose peer says nothing."""
    return SaysGoodbyeForAWhile(answers=False)


@violates(
    "CO009",
    MANAGER,
    hanging=silent_goodbye,
    says=(
        "__aexit__ #1 hangs: it waits at ... in SaysGoodbyeForEver.__aexit__ for "
        "Event.wait, and nothing is left that could wake it"
    ),
)
class SaysGoodbyeForEver:
    """Waits at its exit for an answer, under a shield: encode/httpcore#726."""

    limit = float("inf")

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        answer = anyio.Event()
        if self.answers:
            answer.set()
        with anyio.move_on_after(self.limit, shield=True):
            await answer.wait()
        await checkpoint()


@conforms(
    "CO009",
    MANAGER,
    hanging=silent_but_limited,
    says="the subject that hanging= makes ended by itself, before it was cancelled",
)
class SaysGoodbyeForAWhile(SaysGoodbyeForEver):
    """Its shield has a deadline, by which it may outlast the cancellation."""

    limit = 30


def silent_source() -> ListensAfterAGreeting:
    """One to which nobody ever sends."""
    return ListensAfterAGreeting(sent=())


@conforms("CO009", ITERATOR, items=[1, 2], hanging=silent_source)
class ListensAfterAGreeting:
    """Is under a shield for its greeting only."""

    def __init__(self, sent: tuple[int, ...] | None = (1, 2, -1)) -> None:
        self.sent = list(sent or ())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1)
        if not self.sent:
            await anyio.Event().wait()
        await checkpoint()
        if self.sent[0] == -1:
            raise StopAsyncIteration
        return self.sent.pop(0)


def never_answered() -> ShieldsItsAnswer:
    """One that waits for ever."""
    return ShieldsItsAnswer(answers=False)


@violates(
    "CO009",
    AWAITABLE,
    returns=1,
    hanging=never_answered,
    backends=ASYNCIO,
    says=(
        "await #1 hangs: it waits at ... in ShieldsItsAnswer.run, and nothing is left that "
        "could wake it"
    ),
)
class ShieldsItsAnswer:
    """Waits on behind asyncio.shield() until the answer is there: django/asgiref#567."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        answer = asyncio.get_running_loop().create_future()
        if self.answers:
            asyncio.get_running_loop().call_later(1, answer.set_result, 1)
        cancelled = None
        while not answer.done():
            try:
                await asyncio.shield(answer)
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled
        return int(answer.result())


@violates(
    "CO001",
    MANAGER,
    says="cancelled by a cancel scope at suspension 2, it swallowed the cancellation and went on",
)
class ClosesInSilence:
    """Whatever comes while it closes is dropped, cancellation too: aio-libs/aiohttp#8174."""

    async def __aenter__(self) -> None:
        await checkpoint()

    async def __aexit__(self, *details: object) -> None:
        with suppress(BaseException):
            await checkpoint()


def peer_that_never_answers() -> WaitsForItsPeer:
    return WaitsForItsPeer(answers=False)


@violates(
    "CO009",
    ITERATOR,
    items=[1],
    hanging=peer_that_never_answers,
    says=(
        "__anext__ #1 hangs: it waits at ... in WaitsForItsPeer.__anext__ for Event.wait, "
        "and nothing is left that could wake it"
    ),
)
class WaitsForItsPeer:
    """Waits for an answer under a shield without an end: OpenHands/software-agent-sdk#4597."""

    def __init__(self, *, answers: bool = True) -> None:
        self.given = False
        self.answer = anyio.Event()
        if answers:
            self.answer.set()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        with anyio.CancelScope(shield=True):
            await self.answer.wait()
        await checkpoint()
        if self.given:
            raise StopAsyncIteration
        self.given = True
        return 1
