"""Specimens: what ``aiter()`` alone does."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_iterable._bases import Numbers
from tests.specimens.async_iterable.shape import Collection

ITERABLE = Protocol.ASYNC_ITERABLE
ASYNCIO = ("asyncio",)


class Fetching(Numbers):
    """Fetches its first item early."""

    def __aiter__(self) -> Any:
        self.first: Any = self.fetch()
        return self

    async def fetch(self) -> int:
        """Fetch an item."""
        return await super().__anext__()

    async def __anext__(self) -> int:
        if self.first is not None:
            first, self.first = self.first, None
            return await first  # type: ignore[no-any-return]
        return await self.fetch()


@violates(
    "AB007", ITERABLE, says="after aiter() alone, coroutine 'Fetching.fetch' was never awaited"
)
class FetchesEarly(Fetching):
    """Makes a coroutine in its __aiter__, and awaits it in the first step."""


class Prefetching(Numbers):
    """Fetches its items in a task."""

    def __aiter__(self) -> Any:
        self.task = asyncio.ensure_future(asyncio.sleep(10))
        return self

    async def __anext__(self) -> int:
        self.task.cancel()
        return await super().__anext__()


@violates(
    "AB007",
    ITERABLE,
    backends=ASYNCIO,
    says="after aiter() alone, the task running sleep (it waits for sleep) is still alive",
)
class StartsATask(Prefetching):
    """Starts a task in its __aiter__, which only a pass ends."""


@conforms("AB007", ITERABLE, backends=ASYNCIO)
class EndsItsTask(Prefetching):
    """Starts a task in its __aiter__, and ends it in its aclose()."""

    async def aclose(self) -> None:
        """End the task."""
        self.task.cancel()


class Topic:
    """Knows its subscribers."""

    def __init__(self) -> None:
        self.subscribers: list[Subscription] = []

    def __aiter__(self) -> Any:
        self.subscribers.append(Subscription(self))
        return self.subscribers[-1]


class Subscription(Numbers):
    """Is taken out of its topic at the end, and when it is closed."""

    def __init__(self, topic: Topic) -> None:
        super().__init__()
        self.topic = topic

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.leave()
            raise

    async def aclose(self) -> None:
        """Leave the topic."""
        self.leave()
        self.left.clear()

    def leave(self) -> None:
        """Leave the topic, if that was not done."""
        if self in self.topic.subscribers:
            self.topic.subscribers.remove(self)


@conforms("AB007", ITERABLE, released=lambda topic: not topic.subscribers)
class UnsubscribesWhenClosed(Topic):
    """Registers a subscriber in its __aiter__, which its aclose() takes out again."""


@conforms("AB007", ITERABLE, released=lambda station: not station.on_air)
class GoesOffTheAir(Collection):
    """Has to be entered, and lasts until it is left, however few iterators there were."""

    on_air = False

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.on_air = True
        return self

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()
        self.on_air = False


class LeavesOnlyWhenBegun(Subscription):
    """Is taken out by its aclose() only if it was asked for an item."""

    begun = False

    async def __anext__(self) -> int:
        self.begun = True
        return await super().__anext__()

    async def aclose(self) -> None:
        """Leave the topic, as the `finally` of a generator would that has begun."""
        if self.begun:
            await super().aclose()


@violates(
    "AB007",
    ITERABLE,
    released=lambda topic: not topic.subscribers,
    says="after aiter() alone, it is not released: released= is false",
)
class KeepsWhoNeverBegan(Topic):
    """Registers a subscriber in its __aiter__, and keeps one that never took an item."""

    def __aiter__(self) -> Any:
        self.subscribers.append(LeavesOnlyWhenBegun(self))
        return self.subscribers[-1]
