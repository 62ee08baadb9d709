"""Specimens: closing an async iterator before its end."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens._bases import Holder, holds_nothing
from tests.subjects import Ticker

ITERATOR = Protocol.ASYNC_ITERATOR


class Closing(Ticker):
    """Ends when it is closed."""

    async def aclose(self) -> None:
        """Give nothing more."""
        await anyio.lowlevel.checkpoint()
        self.left.clear()


@violates(
    "AI017",
    ITERATOR,
    says=(
        "aclose #1, on an iterator that was never started, raised TypeError: object "
        "NoneType can't be used in 'await' expression; expected it to succeed"
    ),
)
class ClosesWithoutAwait(Ticker):
    """Has an aclose() that can't be awaited."""

    def aclose(self) -> None:
        """Give nothing more."""
        self.left.clear()


@violates(
    "AI017",
    ITERATOR,
    says=(
        "aclose #2, on an iterator that was never started, raised KeyError: 'connection'; "
        "expected it to succeed"
    ),
)
class ClosesOnce(Closing):
    """Throws its connection away at the first aclose(), and misses it at the second."""

    connection = None

    def __init__(self) -> None:
        super().__init__()
        self.connection = object()

    async def aclose(self) -> None:
        """Give the connection back."""
        del self.__dict__["connection"]
        await super().aclose()


@violates(
    "AI017",
    ITERATOR,
    says=(
        "aclose #1, on an iterator that was never started, raised AssertionError; expected "
        "it to succeed"
    ),
)
class ClosesWhatItStarted(Closing):
    """Can be closed only after its first item."""

    handle: list[str] | None = None

    async def __anext__(self) -> int:
        self.handle = ["open"]
        return await super().__anext__()

    async def aclose(self) -> None:
        """Close the handle."""
        assert self.handle is not None
        self.handle.clear()
        await super().aclose()


@violates(
    "AI017", ITERATOR, says="aclose #1, at its end, raised AssertionError; expected it to succeed"
)
class LetsGoAtItsEnd(Closing):
    """Lets go of its connection at its end, and misses it when it is closed then."""

    connected = True

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.connected = False
            raise

    async def aclose(self) -> None:
        """Close the connection."""
        assert self.connected
        await super().aclose()


@violates("AI017", ITERATOR, closes=True, says="closes=True was declared, but it has no aclose()")
class SaysThatItCloses(Ticker):
    """Has no aclose(), though it was declared to close."""


@conforms("AI017", ITERATOR, closes=True)
class ClosesWhenever(Closing):
    """Can be closed at any time, any number of times."""


@conforms("AI017", ITERATOR)
class ReturnsTheCoroutineThatCloses(Closing):
    """Has a plain method that returns a coroutine."""

    def aclose(self) -> Coroutine[Any, Any, None]:
        """Give nothing more."""
        return super().aclose()


@violates(
    "AI018", ITERATOR, says="__anext__ #2, after aclose(), returned 1; expected StopAsyncIteration"
)
class GoesOnWhenClosed(Ticker):
    """Sets a flag at which nobody looks."""

    async def aclose(self) -> None:
        """Set the flag."""
        self.closed = True


@violates(
    "AI018",
    ITERATOR,
    says=(
        "__anext__ #2 hangs: it waits at ... in HangsWhenClosed.__anext__ for Event.wait, "
        "and nothing is left that could wake it"
    ),
)
class HangsWhenClosed(Closing):
    """Waits for ever for an item once it is closed."""

    closed = False

    async def __anext__(self) -> int:
        if self.closed:
            await anyio.Event().wait()
        return await super().__anext__()

    async def aclose(self) -> None:
        """Set the flag."""
        self.closed = True


@conforms("AI018", ITERATOR)
class EndsWhenClosed(Closing):
    """Raises StopAsyncIteration once it is closed."""


@conforms("AI018", ITERATOR)
class RefusesWhenClosed(Closing):
    """Raises ClosedResourceError once it is closed, as anyio's and trio's streams do."""

    closed = False

    async def __anext__(self) -> int:
        if self.closed:
            raise anyio.ClosedResourceError
        return await super().__anext__()

    async def aclose(self) -> None:
        """Set the flag."""
        self.closed = True


@conforms("AI018", ITERATOR, closes=False, says="not applicable: declared closes=False")
class IsBorrowed(GoesOnWhenClosed):
    """Leaves the closing to its owner, and says so."""


class Connected(Ticker):
    """Holds a connection from its first item on."""

    held = False

    async def __anext__(self) -> int:
        self.held = bool(self.left)
        return await super().__anext__()

    async def goodbye(self) -> None:
        """Say goodbye to the peer."""
        await checkpoint()

    async def aclose(self) -> None:
        """Close."""
        self.left.clear()
        try:
            await self.goodbye()
        finally:
            self.held = False


def is_let_go(iterator: Any) -> bool:
    """What is declared as released."""
    return not iterator.held


@conforms("AI019", ITERATOR, items=[0, 1, 2], released=is_let_go)
class ReleasesWhateverComes(Connected):
    """Releases in `finally`."""


@conforms("AI019", ITERATOR, items=[0, 1, 2], released=is_let_go)
class ClosesUnderAShield(Connected):
    """Says goodbye under a shield that has a limit."""

    async def aclose(self) -> None:
        """Close."""
        self.left.clear()
        with anyio.move_on_after(5, shield=True):
            await self.goodbye()
        self.held = False


@conforms(
    "AI019",
    ITERATOR,
    items=[0, 1, 2],
    released=is_let_go,
    says={"asyncio": "aclose() never suspended, so no cancellation could be delivered into it"},
)
class ClosesWithoutAnAwait(Connected):
    """Has nothing to say when it closes."""

    async def aclose(self) -> None:
        """Close."""
        self.left.clear()
        self.held = False


@conforms(
    "AI019",
    ITERATOR,
    closes=False,
    released=lambda iterator: True,
    says="not applicable: declared closes=False",
)
class HoldsNothingOfItsOwn(Ticker):
    """Leaves the closing to its owner."""

    async def aclose(self) -> None:
        """Close nothing."""
        await checkpoint()


@violates(
    "AI019",
    ITERATOR,
    items=[0, 1, 2],
    released=is_let_go,
    says="aclose(), cancelled at its suspension 1, ended without releasing: released= is false",
)
class ReleasesBehindItsGoodbye(Connected):
    """Keeps its connection where the goodbye is cancelled."""

    async def aclose(self) -> None:
        """Close."""
        self.left.clear()
        await self.goodbye()
        self.held = False


@violates(
    "AI019",
    ITERATOR,
    items=[0, 1, 2],
    released=is_let_go,
    shows_on=("trio",),
    says={
        "asyncio": "aclose() never suspended, so no cancellation could be delivered into it",
        "trio": (
            "aclose(), in a scope that was cancelled before, ended without releasing: "
            "released= is false"
        ),
    },
)
class LooksForACancellationFirst(Connected):
    """Gives up at once where it is cancelled already, before it has begun."""

    async def aclose(self) -> None:
        """Close."""
        await checkpoint_if_cancelled()
        self.left.clear()
        self.held = False


@violates(
    "AI019",
    ITERATOR,
    items=[1, 2],
    closes=True,
    released=holds_nothing,
    says="aclose(), cancelled at its suspension 2, ended without releasing: released= is false",
)
class ReleasesBehindItsSecondFarewell(Holder):
    """Its `aclose` is safe where it flushes, not where it waits: long2ice/asyncmy#156."""

    def __init__(self) -> None:
        self.items = iter((1, 2))
        self.closed = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if not self.closed:
            self.held = 1
            for item in self.items:
                return item
        self.held = 0
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.closed = True
        try:
            await checkpoint()
        except BaseException:
            self.held = 0
            raise
        await checkpoint()
        self.held = 0


@violates(
    "AI018",
    ITERATOR,
    items=[1, 2, 3, 4],
    says="__anext__ #2, after aclose(), returned 2; expected StopAsyncIteration",
)
class GivesWhatItHasBuffered:
    """Closes its source, and not its buffer: graphql-python/graphql-core#5."""

    def __init__(self) -> None:
        self.pages = [[1, 2], [3, 4]]
        self.buffer: list[int] = []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        await checkpoint()
        if not self.buffer:
            if not self.pages:
                raise StopAsyncIteration
            self.buffer = self.pages.pop(0)
        return self.buffer.pop(0)

    async def aclose(self) -> None:
        await checkpoint()
        self.pages.clear()
