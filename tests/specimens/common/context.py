"""Specimens: what a subject does to the task that uses it: its context and its cancel scopes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any, Self

import anyio
import trio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.common._bases import Job, Session, Visit
from tests.subjects import Ticker

AWAITABLE = Protocol.AWAITABLE
ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)
TRIO = ("trio",)


user: ContextVar[Any] = ContextVar("user", default="nobody")


place: ContextVar[Any] = ContextVar("place")


@conforms("CO014", MANAGER, sets_context=user)
class ActsAs(Visit):
    """Sets the user for its body."""

    token: Token[Any]

    async def __aenter__(self) -> Self:
        self.token = user.set("somebody")
        return self

    async def __aexit__(self, *details: object) -> None:
        user.reset(self.token)


@conforms("CO014", MANAGER, sets_context=place)
class SetsBackByHand(Visit):
    """Sets a variable without a default, and remembers what it was by itself."""

    async def __aenter__(self) -> Self:
        self.before = place.get(None)
        place.set("here")
        return self

    async def __aexit__(self, *details: object) -> None:
        place.set(self.before)


@conforms("CO014", MANAGER, sets_context=user)
@asynccontextmanager
async def acting() -> AsyncIterator[None]:
    """A generator as a manager."""
    token = user.set("somebody")
    try:
        await checkpoint()
        yield
    finally:
        user.reset(token)


@violates(
    "CO014",
    MANAGER,
    sets_context=user,
    says="after __aenter__, its caller sees user as it was before",
)
class SetsInAnotherTask(Session):
    """Sets the user in a task of its own, where its body does not see it: agronholm/anyio#544."""

    async def __aenter__(self) -> Self:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.enter)
        return self

    async def enter(self) -> None:
        """Sets the user."""
        user.set("somebody")


@violates(
    "CO014",
    MANAGER,
    sets_context=user,
    says="after __aexit__, user is 'somebody'; expected unset, as before",
)
class ForgetsToReset(ActsAs):
    """Leaves the user set where the body raised."""

    async def __aexit__(self, kind: object, *details: object) -> None:
        if kind is None:
            user.reset(self.token)


@violates(
    "CO014",
    MANAGER,
    sets_context=user,
    says="after __aexit__, user is 'somebody'; expected unset, as before",
)
class ResetsInAnotherTask(SetsBackByHand):
    """Sets the user back in a task of its own."""

    async def __aenter__(self) -> Self:
        user.set("somebody")
        return self

    async def __aexit__(self, *details: object) -> None:
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self.leave)

    async def leave(self) -> None:
        """Sets the user back."""
        user.set("nobody")


@conforms("CO014", AWAITABLE, reads_context=user)
class Greets(Job):
    """Greets the user of its caller."""

    async def run(self) -> str:
        await checkpoint()
        return f"hello {user.get()!r}"


@conforms("CO014", ITERATOR, reads_context=user)
class GreetsInTurn(Ticker):
    """Gives what it makes in a task, whose context is a copy of its caller's."""

    async def __anext__(self) -> Any:
        number = await super().__anext__()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.greet)
        return number, self.greeting

    async def greet(self) -> None:
        """Reads the user in another task."""
        self.greeting = f"hello {user.get()!r}"


@conforms(
    "CO014",
    ITERATOR,
    reads_context=user,
    says="it gave nothing, so nothing shows whether it reads user",
)
class GreetsNone(GreetsInTurn):
    """Has nobody to greet."""

    async def __anext__(self) -> Any:
        await checkpoint()
        raise StopAsyncIteration


@conforms(
    "CO014",
    MANAGER,
    reads_context=user,
    says="it gave nothing, so nothing shows whether it reads user",
)
class Logs(Visit):
    """Reads the user for its log only, which nobody sees."""

    log: str

    async def __aenter__(self) -> None:  # type: ignore[override]
        self.log = f"entered by {user.get()!r}"


class Greeting(str):
    """A text that can't be compared, as an array can't."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        raise ValueError("it is not known what to compare")

    __hash__ = str.__hash__


@conforms("CO014", AWAITABLE, reads_context=user, reawait="again")
class GreetsByWhatCannotBeCompared(Greets):
    """Greets the user of its caller, by a text of a kind of its own."""

    async def run(self) -> Greeting:
        return Greeting(await super().run())


@violates(
    "CO014",
    AWAITABLE,
    reads_context=user,
    backends=ASYNCIO,
    says="whatever user was, it gave \"hello 'nobody'\"",
)
class GreetsInAThread(Job):
    """Reads the user in a thread to which no context comes along."""

    async def run(self) -> str:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, lambda: f"hello {user.get()!r}")


@violates(
    "CO014", AWAITABLE, reads_context=user, says="whatever user was, it gave \"hello 'nobody'\""
)
class RemembersItsFirstCaller(Job):
    """Keeps what it has read for all that come later."""

    greetings: dict[str, str] = {}  # noqa: RUF012

    async def run(self) -> str:
        await checkpoint()
        return self.greetings.setdefault("hello", f"hello {user.get()!r}")


@violates("CO014", MANAGER, reads_context=user, says="whatever user was, it gave 'hello'")
class GreetsNobody(Visit):
    """Gives the same to everybody."""

    async def __aenter__(self) -> str:  # type: ignore[override]
        return "hello"


class Scoped:
    """A manager around a cancel scope."""

    scope: anyio.CancelScope

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.scope = anyio.CancelScope()
        self.scope.__enter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return bool(self.scope.__exit__(kind, error, traceback))


@conforms("CO015", MANAGER)
class LeavesItsScope(Scoped):
    """Holds a scope for its body, and closes it whatever happens."""


@violates("CO015", MANAGER, says="after its use, it has left open a cancel scope")
class NeverLeavesItsScope(Scoped):
    """Opens a scope on entry only: lastmile-ai/mcp-agent#35."""

    async def __aexit__(self, *details: object) -> bool:
        await checkpoint()
        return False


@violates("CO015", MANAGER, says="after its use, it has left open a cancel scope")
class LeavesItsScopeIfAllWentWell(Scoped):
    """Forgets its scope where the body raised."""

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        return kind is None and await super().__aexit__(kind, error, traceback)


@violates(
    "CO015", MANAGER, backends=ASYNCIO, says="after its use, it has left open asyncio.timeout()"
)
class ForgetsItsTimeout(Session):
    """Opens a time-out of asyncio, which goes on when it is left."""

    async def __aenter__(self) -> Self:
        self.timeout = asyncio.timeout(60)
        await self.timeout.__aenter__()
        return self


@violates("CO015", MANAGER, backends=TRIO, says="after its use, it has left open a nursery")
class ForgetsItsNursery(Session):
    """Opens a nursery of trio, and leaves it to itself."""

    async def __aenter__(self) -> Self:
        self.manager = trio.open_nursery()
        await self.manager.__aenter__()
        return self


class OpensAScope(Ticker):
    """Opens a scope with each item."""

    async def __anext__(self) -> int:
        anyio.move_on_after(60).__enter__()
        return await super().__anext__()


@violates("CO015", ITERATOR, says="after __anext__ #1, it has left open a cancel scope")
class OpensAScopeForEachItem(OpensAScope):
    """Means to limit the time of each item, and never closes what it opened."""


@violates("CO015", ITERABLE, says="after __anext__ #1, it has left open a cancel scope")
class HasBadIterators:
    """Its iterators leave scopes open."""

    def __aiter__(self) -> AsyncIterator[int]:
        return OpensAScope()


@violates("CO015", AWAITABLE, returns=1, says="after await #1, it has left open a cancel scope")
class LimitsItsCaller(Job):
    """Enters a time-out by hand, and is done before it is over."""

    async def run(self) -> int:
        anyio.move_on_after(60).__enter__()
        await checkpoint()
        return 1


class Gate:
    """Is opened by one call of `begin`, and closed by one of `end`."""

    scope: anyio.CancelScope | None = None

    def begin(self) -> None:
        """Opens it."""
        self.scope = anyio.CancelScope()
        self.scope.__enter__()

    def end(self) -> None:
        """Closes it."""
        if self.scope is not None:
            self.scope.__exit__(None, None, None)
        self.scope = None


@violates(
    "CO015", ITERATOR, items=[0, 1, 2], says="after __anext__ #1, it has left open a cancel scope"
)
class HoldsAScopeBetweenItems(Ticker):
    """Closes its scope, but not before the next item is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()

    async def __anext__(self) -> int:
        self.gate.end()
        item = await super().__anext__()
        self.gate.begin()
        return item


@conforms("CO015", ITERATOR)
class LimitsEachItem(Ticker):
    """Has a task group and a time-out around each item, and closes both."""

    async def __anext__(self) -> int:
        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(checkpoint)
        return await super().__anext__()


@conforms("CO015", MANAGER, own_scope=True, wraps_in_group=True, backends=ASYNCIO)
def task_group_of_asyncio() -> asyncio.TaskGroup:
    """Is open while it is entered."""
    return asyncio.TaskGroup()


@conforms("CO015", MANAGER, own_scope=True, wraps_in_group=True)
def task_group_of_anyio() -> Any:
    """The same on both libraries."""
    return Grouped()


class Grouped:
    """Makes its task group where it is entered."""

    async def __aenter__(self) -> Any:
        self.tasks = anyio.create_task_group()
        return await self.tasks.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return await self.tasks.__aexit__(kind, error, traceback)


@conforms("CO015", AWAITABLE, returns=1)
class SleepsUnderAShield:
    """Has a scope open as long as it is awaited."""

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(1)
        return 1
