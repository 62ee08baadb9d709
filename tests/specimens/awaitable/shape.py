"""Specimens: what ``__await__`` gives, and what it yields to the loop."""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Awaitable, Generator
from typing import Any

import anyio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.awaitable._bases import Steps, work

AWAITABLE = Protocol.AWAITABLE


@conforms("AW001", AWAITABLE)
@conforms("AW003", AWAITABLE, returns=42)
@conforms("AW009", AWAITABLE, reawait="again")
class Job:
    """Does its work at each await: the plain conforming awaitable."""

    def __await__(self) -> Generator[Any, Any, Any]:
        return work().__await__()


@conforms("AW001", AWAITABLE)
@types.coroutine
def generator_based() -> Generator[Any, Any, Any]:
    """Is a coroutine of the old kind, which has no __await__ at all."""
    return (yield from work().__await__())


@violates(
    "AW001",
    AWAITABLE,
    says=(
        "OnlyOnTheInstance has no __await__ on its type; it has one as an attribute of the "
        "object, where the language does not look"
    ),
)
class OnlyOnTheInstance:
    """Has __await__ as an attribute of the object, where the language does not look."""

    def __init__(self) -> None:
        self.__await__ = lambda: iter(())


@violates(
    "AW001",
    AWAITABLE,
    says=(
        "ForwardsAttributes has no __await__ on its type; it has one as an attribute of "
        "the object, where the language does not look"
    ),
)
class ForwardsAttributes:
    """Forwards all attributes to an awaitable, which the language does not ask for."""

    def __getattr__(self, name: str) -> Any:
        return getattr(Job(), name)


@violates(
    "AW001",
    AWAITABLE,
    says=(
        "OnlyRegistered has no __await__ on its type; it says that it is an Awaitable all the same"
    ),
)
class OnlyRegistered:
    """Is registered as an Awaitable, and is none."""


Awaitable.register(OnlyRegistered)  # type: ignore[attr-defined]


@conforms("AW002", AWAITABLE)
@conforms("AW009", AWAITABLE, reawait="error")
async def native() -> int:
    """Is a native coroutine."""
    return int(await work())


@conforms("AW002", AWAITABLE, reawait="again")
class IsItsOwnIterator(Steps):
    """Returns itself from __await__, as it is an iterator too."""

    def __init__(self) -> None:
        """Begins nothing yet."""

    def __await__(self) -> IsItsOwnIterator:
        self.inner = work().__await__()
        return self


@violates("AW002", AWAITABLE, says="__await__ returned [1]; expected an iterator")
class GivesAList:
    """Returns a list from __await__."""

    def __await__(self) -> list[int]:
        return [1]


@violates(
    "AW002",
    AWAITABLE,
    says=(
        "__await__ returned <coroutine object AwaitIsACoroutineFunction.__await__>; "
        "expected an iterator"
    ),
)
class AwaitIsACoroutineFunction:
    """Has an async __await__."""

    async def __await__(self) -> int:
        return 42


@violates(
    "AW002",
    AWAITABLE,
    says=(
        "__await__ returned <async_generator object "
        "AwaitIsAnAsyncGeneratorFunction.__await__>; expected an iterator"
    ),
)
class AwaitIsAnAsyncGeneratorFunction:
    """Has an async __await__ that yields."""

    async def __await__(self) -> Any:
        yield 42


@violates(
    "AW002",
    AWAITABLE,
    says="__await__ returned <generator object generator_based>; expected an iterator",
)
class AwaitIsGeneratorBased:
    """Returns a coroutine of the old kind from __await__."""

    def __await__(self) -> Any:
        return generator_based()


@violates(
    "AW004",
    AWAITABLE,
    says={
        "asyncio": (
            "it yielded 42 to the loop, which asyncio does not take; if it is not made for "
            "this library, leave that out of backends="
        ),
        "trio": (
            "it yielded 42 to the loop, which trio does not take; if it is not made for this "
            "library, leave that out of backends="
        ),
    },
)
class YieldsANumber:
    """Yields something that no loop knows."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield 42


@violates(
    "AW004",
    AWAITABLE,
    says={
        "asyncio": (
            "it yielded 42 to the loop, which asyncio does not take; if it is not made for "
            "this library, leave that out of backends="
        ),
        "trio": (
            "it yielded 42 to the loop, which trio does not take; if it is not made for this "
            "library, leave that out of backends="
        ),
    },
)
class HidesTheProtest:
    """Catches what the loop throws at it for what it yielded."""

    def __await__(self) -> Generator[Any, Any, int]:
        with contextlib.suppress(Exception):
            yield 42
        return 42


@violates(
    "AW004",
    AWAITABLE,
    says={
        "asyncio": (
            "it yielded 42 to the loop, which asyncio does not take; if it is not made for "
            "this library, leave that out of backends="
        ),
        "trio": (
            "it yielded 42 to the loop, which trio does not take; if it is not made for this "
            "library, leave that out of backends="
        ),
    },
)
class WaitsForEverAfterTheProtest(HidesTheProtest):
    """Catches what the loop throws at it, and waits for ever."""

    def __await__(self) -> Generator[Any, Any, int]:
        yield from super().__await__()
        yield from anyio.Event().wait().__await__()
        return 42


@violates(
    "AW004",
    AWAITABLE,
    backends=("asyncio",),
    says=(
        "it yielded <Future pending> to the loop, which asyncio does not take; if it is "
        "not made for this library, leave that out of backends="
    ),
)
class YieldsAFuture:
    """Yields a future where it should yield from it."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield asyncio.get_running_loop().create_future()


@violates(
    "AW004",
    AWAITABLE,
    shows_on=("trio",),
    says=(
        "it yielded None to the loop, which trio does not take; if it is not made for this "
        "library, leave that out of backends="
    ),
)
class YieldsNothing:
    """Gives others a turn by a bare yield, which asyncio alone takes."""

    def __await__(self) -> Generator[Any, Any, int]:
        yield
        return 42


@violates(
    "AW004",
    AWAITABLE,
    shows_on=("trio",),
    says=(
        "it yielded None to the loop, which trio does not take; if it is not made for this "
        "library, leave that out of backends="
    ),
)
class YieldsNothingByHand:
    """Gives others a turn by an iterator that knows __next__ only."""

    def __await__(self) -> Any:
        return iter([None])


@conforms("AW004", AWAITABLE, backends=("asyncio",))
class DeclaredForAsyncio(YieldsNothing):
    """Says that it is made for asyncio."""


@conforms("AW004", AWAITABLE)
class WaitsALot:
    """Suspends in many ways."""

    def __await__(self) -> Generator[Any, Any, int]:
        return self.run().__await__()

    async def run(self) -> int:
        """Sleeps, and runs something in another task."""
        await anyio.sleep(3600)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(work)
        return 42


@conforms("AW004", AWAITABLE, backends=("asyncio",), returns="done", reawait="same")
def future() -> asyncio.Future[str]:
    """Gives a future that will be done."""
    loop = asyncio.get_running_loop()
    made: asyncio.Future[str] = loop.create_future()
    loop.call_soon(lambda: made.done() or made.set_result("done"))
    return made


class OnlyNext:
    """Another awaitable's iterator, which can't be sent anything."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.inner: Any = awaitable.__await__()

    def __iter__(self) -> OnlyNext:
        return self

    def __next__(self) -> Any:
        return next(self.inner)

    def throw(self, error: Any, *details: Any) -> Any:
        return self.inner.throw(error)

    def close(self) -> None:
        self.inner.close()


@violates(
    "AW005",
    AWAITABLE,
    shows_on=("trio",),
    says={
        "asyncio": "not applicable on asyncio",
        "trio": (
            "__await__ returned <...OnlyNext object>, which yielded but has no send(); trio "
            "sent it a value"
        ),
    },
)
class CannotBeSentTo:
    """Suspends in an iterator without send."""

    def __await__(self) -> Any:
        return OnlyNext(work())


@conforms("AW005", AWAITABLE, says={"asyncio": "not applicable on asyncio"})
class SendsByHand:
    """Suspends in an iterator that has all that it takes."""

    def __await__(self) -> Any:
        return Steps(work())


@conforms("AW005", AWAITABLE, says={"asyncio": "not applicable on asyncio"})
class NeverSuspends:
    """Has an iterator without send, which never yields."""

    def __await__(self) -> Any:
        return iter(())
