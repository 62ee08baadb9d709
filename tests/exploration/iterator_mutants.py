"""A good paged reader, and twenty mutants of it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Self, TypeVar

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol.model.protocols import Protocol
from tests.exploration import ASYNCIO, BOTH, FoundBy, faulty
from tests.exploration.peers import Peer

T = TypeVar("T")

PAGES = ((1, 2), (), (3,), (4, 5))
ITEMS = [1, 2, 3, 4, 5]
FAILING_PAGE = 2


class Server(Peer):
    """Serves pages to who greeted it, and counts the connections that are open."""

    def __init__(self, *, fails: bool = False, silent: bool = False) -> None:
        super().__init__()
        self.fails = fails
        self.silent = silent
        self.open = 0
        self.greeted = False

    async def dial(self) -> None:
        await self.answer("dial")
        self.open += 1
        self.greeted = False

    async def greet(self) -> None:
        await self.answer("greet")
        self.greeted = True

    async def page(self, number: int) -> tuple[tuple[int, ...], bool]:
        """The items of a page, and whether there are more pages."""
        await self.answer("page")
        if self.silent:
            await anyio.Event().wait()
        if not self.greeted:
            raise ConnectionError("greet first")
        if number >= len(PAGES) or (self.fails and number == FAILING_PAGE):
            raise ConnectionError(f"cannot read page {number}")
        return PAGES[number], number + 1 < len(PAGES)

    async def acknowledge(self) -> None:
        await self.answer("acknowledge")

    async def goodbye(self) -> None:
        await self.answer("goodbye")
        if not self.open:
            raise ConnectionError("not connected")

    def hang_up(self) -> None:
        if not self.open:
            raise ConnectionError("not connected")
        self.open -= 1


class PagedReader:
    """Reads items page by page over one connection, which it opens late and gives back.

    Readers take turns. A step that is cancelled loses nothing, and keeps the connection. After an
    error, and after the last page, the connection is given back and the reader is at its end.
    ``aclose()`` wakes a reader that waits, and hangs up even where it is cancelled.
    """

    def __init__(self, server: Server | None = None) -> None:
        self.server = server or Server()
        self.turn = anyio.Lock()
        self.buffer: deque[int] = deque()
        self.number = 0
        self.connected = False
        self.ended = False
        self.closed = False
        self.reading: anyio.CancelScope | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> int:
        async with self.turn:
            return await self.step()

    async def step(self) -> int:
        """The next item; only who has the turn may ask."""
        if not (self.buffer or self.ended or self.closed):
            await self.fill()
        if self.closed or not self.buffer:
            raise StopAsyncIteration
        return self.buffer.popleft()

    async def fill(self) -> None:
        """Read until there is an item, or no page left, or `wake` is called."""
        try:
            with anyio.CancelScope() as self.reading:
                if not self.connected:
                    await self.connect()
                while not (self.buffer or self.ended):
                    await self.read()
        except Exception:
            self.ended = True
            raise
        finally:
            if self.ended:
                self.disconnect()

    async def connect(self) -> None:
        await self.server.dial()
        self.connected = True
        try:
            await self.server.greet()
        except BaseException:
            self.disconnect()
            raise

    async def read(self) -> None:
        page, more = await self.server.page(self.number)
        self.number += 1
        self.buffer.extend(page)
        self.ended = not more
        await self.server.acknowledge()

    def wake(self) -> None:
        if self.reading is not None:
            self.reading.cancel()

    async def aclose(self) -> None:
        self.closed = True
        self.wake()
        try:
            async with self.turn:
                await self.leave()
        finally:
            self.disconnect()

    async def leave(self) -> None:
        try:
            if self.connected:
                await self.server.goodbye()
        finally:
            self.disconnect()

    def disconnect(self) -> None:
        if self.connected:
            self.connected = False
            self.server.hang_up()


def released(reader: PagedReader) -> bool:
    return reader.server.open == 0


def promises(reader: type[PagedReader]) -> dict[str, Any]:
    """What the author of the good reader declares, and would go on to declare of each mutant."""
    return {
        "items": ITEMS,
        "closes": True,
        "cancel_safe": True,
        "concurrent": "safe",
        "after_error": "stops",
        "checkpoints": True,
        "released": released,
        "failing": lambda: reader(Server(fails=True)),
        "hanging": lambda: reader(Server(silent=True)),
    }


def mutant(
    sequence: str, *, found_by: FoundBy, backends: tuple[str, ...] = BOTH
) -> Callable[[type[T]], type[T]]:
    """A mutant of `PagedReader`."""

    def enter(reader: type[T]) -> type[T]:
        declare = faulty(
            Protocol.ASYNC_ITERATOR,
            sequence,
            found_by=found_by,
            backends=backends,
            good=PagedReader,
            **promises(reader),  # type: ignore[arg-type]
        )
        return declare(reader)

    return enter


@mutant("anext cancelled at the page; a pass lacks 1 and 2", found_by="sweep")
class CountsBeforeItReads(PagedReader):
    """The number of the page is advanced before the page is there."""

    async def read(self) -> None:
        self.number += 1
        page, more = await self.server.page(self.number - 1)
        self.buffer.extend(page)
        self.ended = not more
        await self.server.acknowledge()


@mutant(
    "anext, anext and aclose at once: the first anext is told the end, the second gets an item",
    found_by="sequences",
)
class LooksBeforeItsTurnOnly(PagedReader):
    """Whether it was closed is looked at before the wait for the turn, and not after it."""

    async def __anext__(self) -> int:
        if self.closed:
            await checkpoint()
            raise StopAsyncIteration
        async with self.turn:
            return await self.step()

    async def step(self) -> int:
        if not (self.buffer or self.ended):
            await self.fill()
        if not self.buffer:
            raise StopAsyncIteration
        return self.buffer.popleft()


@mutant("anext; aclose cancelled at the goodbye; anext gives 2", found_by="sweep")
class ClosesBehindItsGoodbye(PagedReader):
    """The flag is set behind the goodbye, which a cancelled aclose() does not reach."""

    async def aclose(self) -> None:
        self.wake()
        try:
            async with self.turn:
                await self.leave()
                self.closed = True
        finally:
            self.disconnect()


@mutant("anext × 3; anext cancelled at the receipt; 4, 5, then an error", found_by="sweep")
class NotesTheEndBehindTheReceipt(PagedReader):
    """That this was the last page is noted behind the receipt, too late for a cancelled step."""

    async def read(self) -> None:
        page, more = await self.server.page(self.number)
        self.number += 1
        self.buffer.extend(page)
        await self.server.acknowledge()
        self.ended = not more


@mutant("anext cancelled at the receipt; a pass lacks 1 and 2", found_by="sweep")
class DropsItsBufferWhenCancelled(PagedReader):
    """A cancelled step clears the buffer, which holds a page that was counted already."""

    async def fill(self) -> None:
        try:
            await super().fill()
        except BaseException:
            self.buffer.clear()
            raise


@mutant("anext cancelled at the receipt; a pass gives 1 and 2 twice", found_by="sweep")
class ReadsAgainWhenCancelled(PagedReader):
    """A cancelled step goes back to the page before, which is in the buffer already."""

    async def read(self) -> None:
        number = self.number
        try:
            await super().read()
        except BaseException:
            self.number = number
            raise


@mutant("anext; aclose cancelled at the goodbye; aclose raises", found_by="sweep")
class HangsUpTwice(PagedReader):
    """It hangs up in any case, but notes so only where it was not cancelled."""

    async def aclose(self) -> None:
        self.closed = True
        self.wake()
        try:
            async with self.turn:
                if self.connected:
                    await self.server.goodbye()
        finally:
            if self.connected:
                self.server.hang_up()
        self.connected = False


@mutant("anext; aclose cancelled at the goodbye; aclose hangs", found_by="sweep")
class WaitsForItsOwnGoodbye(PagedReader):
    """A second aclose() waits for the first one, whose end is noted only where it is a good one."""

    done: anyio.Event | None = None

    async def aclose(self) -> None:
        if self.done is not None:
            await self.done.wait()
            return
        self.done = anyio.Event()
        await super().aclose()
        self.done.set()


@mutant("of the silent server: anext waits; aclose hangs, and so does anext", found_by="sequences")
class WaitsItsTurnToClose(PagedReader):
    """aclose() waits for the turn of a reader that it does not wake."""

    async def aclose(self) -> None:
        self.closed = True
        try:
            async with self.turn:
                await self.leave()
        finally:
            self.disconnect()


@mutant("anext × 2; two anext at once both give 3", found_by="sequences")
class AsksForThePageItSawFirst(PagedReader):
    """The number of the page is looked up before the wait for the turn, and is old after it."""

    async def __anext__(self) -> int:
        number = self.number
        async with self.turn:
            if not self.buffer and not self.ended:
                self.number = number
            return await self.step()


@mutant("anext; of two anext at once one is told the end", found_by="sequences")
class LooksIntoItsBufferBeforeItsTurn(PagedReader):
    """Whether to read is decided before the wait for the turn, in which the buffer was emptied."""

    async def __anext__(self) -> int:
        enough = bool(self.buffer) or self.ended or self.closed
        async with self.turn:
            if not enough:
                return await self.step()
            if self.closed or not self.buffer:
                raise StopAsyncIteration
            return self.buffer.popleft()


@mutant("of the failing server: anext until it raises; anext hangs", found_by="sequences")
class KeepsItsTurnAfterAnError(PagedReader):
    """The turn is given back at the end and where it is cancelled, not after an error."""

    async def __anext__(self) -> int:
        await self.turn.acquire()
        try:
            item = await self.step()
        except (StopAsyncIteration, GeneratorExit, anyio.get_cancelled_exc_class()):
            self.turn.release()
            raise
        self.turn.release()
        return item


@mutant("anext cancelled at the greeting: never awaited, and anext raises", found_by="sweep")
class ForgetsToAwaitItsGoodbye(PagedReader):
    """The ``await`` is missing where it leaves a server that it could not greet."""

    async def connect(self) -> None:
        await self.server.dial()
        self.connected = True
        try:
            await self.server.greet()
        except BaseException:
            self.leave()  # type: ignore[unused-coroutine]
            raise


@mutant("anext; two anext at once both give 2", found_by="sequences")
class AcknowledgesOutOfItsTurn(PagedReader):
    """It keeps the item until that is acknowledged, but gives its turn away before."""

    async def __anext__(self) -> int:
        async with self.turn:
            item = await self.step()
            self.buffer.appendleft(item)
        await self.server.acknowledge()
        if item in self.buffer:
            self.buffer.remove(item)
        return item


class Step:
    """An awaitable by hand, which forgets that a coroutine can be thrown at."""

    def __init__(self, coroutine: Coroutine[Any, Any, int]) -> None:
        self.steps = coroutine.__await__()

    def __await__(self) -> Self:
        return self

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self.steps)

    def send(self, value: Any) -> Any:
        return self.steps.send(value)

    def close(self) -> None:
        self.steps.close()


@mutant("anext with a default, cancelled: AttributeError", found_by="sequences", backends=ASYNCIO)
class HandsOutItsOwnAwaitable(PagedReader):
    """Its awaitable has no throw(), which only the one of anext() with a default asks for."""

    def __anext__(self) -> Step:  # type: ignore[override]
        return Step(super().__anext__())


@mutant("aclose; anext gives 1", found_by="sequences")
class ClosesOnlyWhatIsConnected(PagedReader):
    """It returns early where there is no connection to close, and does not note that it closed."""

    async def aclose(self) -> None:
        if not self.connected:
            await checkpoint()
            return
        await super().aclose()


@mutant("anext; of two aclose at once one raises", found_by="sequences")
class LooksBeforeItsTurnToClose(PagedReader):
    """Whether to say goodbye is decided before the wait for the turn, and is old after it."""

    async def aclose(self) -> None:
        self.closed = True
        self.wake()
        connected = self.connected
        try:
            async with self.turn:
                if connected:
                    await self.server.goodbye()
        finally:
            self.disconnect()


@mutant("anext cancelled at the page; anext; aclose leaves a connection", found_by="sweep")
class ReconnectsAfterACancellation(PagedReader):
    """A cancelled step forgets the connection, which is still open."""

    async def read(self) -> None:
        try:
            await super().read()
        except anyio.get_cancelled_exc_class():
            self.connected = False
            raise


@mutant("anext cancelled at the page; aclose hangs", found_by="sweep")
class WaitsForAReaderThatLeft(PagedReader):
    """aclose() waits for the reader, who says only after a good end that it is done."""

    idle: anyio.Event | None = None

    async def fill(self) -> None:
        self.idle = anyio.Event()
        await super().fill()
        self.idle.set()

    async def aclose(self) -> None:
        self.closed = True
        self.wake()
        try:
            if self.idle is not None and not self.idle.is_set():
                await self.idle.wait()
            await self.leave()
        finally:
            self.disconnect()


@mutant("two anext at once, the second one cancelled; anext hangs", found_by="sequences")
class DropsTheBaton(PagedReader):
    """Readers wait for the one before them; one that is cancelled there lets nobody go on."""

    baton: anyio.Event | None = None

    async def __anext__(self) -> int:
        before, self.baton = self.baton, anyio.Event()
        mine = self.baton
        if before is not None and not before.is_set():
            await before.wait()
        try:
            async with self.turn:
                return await self.step()
        finally:
            mine.set()
