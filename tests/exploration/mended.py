"""The classes of `reported` as they should be: each differs from the faulty one in one place."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Generator
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from tests.exploration import reported


class LosesWhatWasHandedOver(reported.LosesWhatWasHandedOver):
    """Takes back what a waiter was given that is cancelled."""

    async def __anext__(self) -> int:
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[int | None] = loop.create_future()
        loop.call_soon(self.hand_over, waiter)
        try:
            item = await waiter
        except asyncio.CancelledError:
            if not waiter.cancelled() and (given := waiter.result()) is not None:
                self.items.insert(0, given)
            raise
        if item is None:
            raise StopAsyncIteration
        return item


class LosesWhatWasDelivered(reported.LosesWhatWasDelivered):
    """Takes back what lies in the container of a receiver that is cancelled."""

    async def __anext__(self) -> int:
        if not self.items:
            await checkpoint()
            raise StopAsyncIteration
        arrived, container = anyio.Event(), list[int]()
        self.receivers[arrived] = container
        self.send_after(turns=3)
        try:
            await arrived.wait()
        except asyncio.CancelledError:
            self.items[:0] = container
            raise
        finally:
            self.receivers.pop(arrived, None)
        return container.pop()


class TakesItsConnectionForAnswer(reported.TakesItsConnectionForAnswer):
    """Gives the connection back, and lets the cancellation out."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        loop.call_soon(self.assign, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            self.held = False
            raise
        return self


class PrefersItsAnswer(reported.PrefersItsAnswer):
    """Lets the cancellation out, whatever the answer."""

    async def wait(self) -> int:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[int] = loop.create_future()
        timer = loop.call_soon(lambda: answer.done() or answer.set_result(42))
        try:
            return await answer
        finally:
            timer.cancel()


class AbsorbsTheCancellationOfItsCheck(reported.AbsorbsTheCancellationOfItsCheck):
    """Goes on to the next connection after an error only."""

    async def __aenter__(self) -> Self:
        if self.connection is None:
            await self.answer("connect")
            self.connection = "open"
        else:
            await self.answer("check")
        return self


class KeepsWhatItChecks(reported.KeepsWhatItChecks):
    """Gives up what it checks, whatever comes of that."""

    async def __aenter__(self) -> Self:
        if not self.idle:
            await self.answer("connect")
            self.held += 1
            return self
        self.idle -= 1
        self.held += 1
        try:
            await self.answer("check")
        except BaseException:
            self.held -= 1
            raise
        return self


class CountsWhatNeverConnected(reported.CountsWhatNeverConnected):
    """Forgets a connection that was cancelled while it connected."""

    async def __aenter__(self) -> Self:
        try:
            return await super().__aenter__()
        except BaseException:
            self.connections.clear()
            raise


class LeavesItsReaderRunning(reported.LeavesItsReaderRunning):
    """Reads its source itself, behind its last suspension."""

    async def count(self) -> AsyncIterator[int]:
        for number in (1, 2, 3):
            yield number

    async def __anext__(self) -> int:
        for _ in range(10):
            await checkpoint()
        return await anext(self.source)


class ClearsItsEventBeforeItsTry(reported.ClearsItsEventBeforeItsTry):
    """Clears the event inside the ``try``."""

    async def abandon(self) -> None:
        self.idle = anyio.Event()
        try:
            await self.answer("notice")
            await self.answer("abandon")
        finally:
            self.idle.set()


class SuppressesCancellationInItsClose(reported.SuppressesCancellationInItsClose):
    """Lets the cancellation out."""

    async def aclose(self) -> None:
        self.items.clear()
        if self.writing:
            self.writing = False
            await self.answer("end the writer")


class CountsWhoeverAsked(reported.CountsWhoeverAsked):
    """Counts whoever came in."""

    async def __aenter__(self) -> Self:
        try:
            return await super().__aenter__()
        except BaseException:
            self.users -= 1
            raise


class KeepsItsCancelledTask(reported.KeepsItsCancelledTask):
    """Begins again where the task was cancelled."""

    def __await__(self) -> Generator[Any, Any, int]:
        if self.task is not None and self.task.cancelled():
            self.task = None
        return super().__await__()


class GivesNothingAfterACancellation(reported.GivesNothingAfterACancellation):
    """Begins again where there is no value."""

    def __await__(self) -> Generator[Any, Any, int | None]:
        if self.value is None:
            self.steps = self.work()
        return super().__await__()


class ClosesUnderItsReader(reported.ClosesUnderItsReader):
    """Waits for the step that was cancelled before it closes the source."""

    reader: asyncio.Future[int] | None = None

    async def __anext__(self) -> int:
        if self.closed:
            raise StopAsyncIteration
        if self.reader is not None:
            await asyncio.wait([self.reader])
        self.reader = asyncio.ensure_future(anext(self.source, 0))
        try:
            await asyncio.wait([self.reader])
        except asyncio.CancelledError:
            self.reader.cancel()
            raise
        item = self.reader.result()
        if not item:
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        if self.reader is not None:
            await asyncio.wait([self.reader])
        await super().aclose()


class IsRunningForEver(reported.Echo):
    """Resets the flag in ``finally``."""


class KeepsTheSentinelOfTheLastPass(reported.KeepsTheSentinelOfTheLastPass):
    """Has a queue for each pass."""

    def __aiter__(self) -> reported.Session:
        return reported.Session(deque())


class CountsBelowZero(reported.CountsBelowZero):
    """Refuses an exit too many."""

    async def __aexit__(self, *details: object) -> None:
        if not self.running:
            raise ValueError("exited more often than entered")
        await super().__aexit__(*details)


class GuardsWhatIsSentOnly(reported.Echo):
    """Refuses whoever comes second."""


class ChecksItsCountBeforeItsLock(reported.ChecksItsCountBeforeItsLock):
    """Looks at the count inside the lock."""

    async def __aexit__(self, *details: object) -> None:
        async with self.lock:
            if not self.running:
                raise ValueError("exited more often than entered")
            self.running -= 1
            if not self.running:
                await self.answer("disconnect")
                self.connected = False


class HandsItsTurnToTheDead(reported.Turnstile):
    """Leaves the queue where it is cancelled, or hands on the turn that it was given."""

    async def wait(self) -> None:
        served = anyio.Event()
        self.queue.append(served)
        try:
            await served.wait()
        except BaseException:
            if served.is_set():
                self.serve_next()
            else:
                self.queue.remove(served)
            raise


class LosesAWakeUp(HandsItsTurnToTheDead):
    """Hands on the turn that it was given."""


class ServesWhoGaveUp(reported.Turnstile):
    """Leaves the queue where its time is up."""

    async def wait(self) -> None:
        served = anyio.Event()
        self.queue.append(served)
        try:
            with anyio.fail_after(5):
                await served.wait()
        except BaseException:
            if served.is_set():
                self.serve_next()
            else:
                self.queue.remove(served)
            raise
