"""Specimens for the rules about awaitables."""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Awaitable, Generator
from typing import Any

import anyio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates

AWAITABLE = Protocol.AWAITABLE


async def work(result: Any = 42) -> Any:
    """Suspends once, and gives *result*."""
    await anyio.lowlevel.checkpoint()
    return result


class Steps:
    """Another awaitable's iterator, by hand and with all that it takes."""

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self.inner: Any = awaitable.__await__()

    def __await__(self) -> Steps:
        return self

    def __iter__(self) -> Steps:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        return self.inner.send(value)

    def throw(self, error: Any, *details: Any) -> Any:
        return self.inner.throw(error)

    def close(self) -> None:
        self.inner.close()


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


@violates("AW003", AWAITABLE, returns=42, says="the await returned None; expected 42")
class ForgetsToReturn:
    """Carries the work out, and drops its result."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield from work().__await__()


@violates("AW003", AWAITABLE, returns=42, says="the await returned None; expected 42")
class MerelyEnds:
    """Has an iterator that ends, and gives nothing by it."""

    def __await__(self) -> Any:
        return iter(())


@violates(
    "AW003",
    AWAITABLE,
    returns=lambda value: value > 100,
    says="the await returned 42; expected what returns= accepts",
)
class IsRefusedByTheJudge(Job):
    """Gives a value that the declared callable does not accept."""


@conforms("AW003", AWAITABLE, returns=None)
class GivesNoneAsDeclared(ForgetsToReturn):
    """Says that its result is None."""


class Incomparable:
    """Raises when it is compared."""

    def __eq__(self, other: object) -> bool:
        raise TypeError("compare me with nothing")

    __hash__ = object.__hash__


INCOMPARABLE = Incomparable()


@conforms("AW003", AWAITABLE, returns=INCOMPARABLE, reawait="same")
class GivesTheVeryObject:
    """Gives the declared object, which can't be compared."""

    def __await__(self) -> Generator[Any, Any, Any]:
        return work(INCOMPARABLE).__await__()


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


@violates(
    "CO020",
    AWAITABLE,
    says={
        "asyncio": (
            "await #1 hangs: it waits for Event.wait, and nothing is left that could wake it"
        ),
        "trio": (
            "await #1 hangs: it waits for _real_async_yield, and nothing is left that could wake it"
        ),
    },
)
class WaitsForEver:
    """Waits for an event that nobody sets."""

    def __await__(self) -> Any:
        return anyio.Event().wait().__await__()


@violates(
    "CO020",
    AWAITABLE,
    raises=LookupError,
    says="raises=LookupError was declared, but nothing was raised",
)
class RaisesNothing(Job):
    """Gives a result, where an error was declared."""


@violates(
    "CO020",
    AWAITABLE,
    says="its plain use raised ValueError: not ready; if that is meant, declare raises=ValueError",
)
class RaisesAtTheCall:
    """Raises before there is an iterator."""

    def __await__(self) -> Any:
        raise ValueError("not ready")


@violates(
    "CO020",
    AWAITABLE,
    says=(
        "its plain use raised ValueError: invalid literal for int() with base 10: 'x'; if "
        "that is meant, declare raises=ValueError"
    ),
)
class FailsInAnIteratorWithoutSend:
    """Raises before its iterator has yielded anything."""

    def __await__(self) -> Any:
        return map(int, ["x"])


@violates(
    "CO010",
    AWAITABLE,
    shows_on=("trio",),
    says=(
        "under trio it raised RuntimeError: no running event loop, which comes from "
        "asyncio; if it is made for asyncio only, declare backends=('asyncio',)"
    ),
)
class SleepsOnAsyncio:
    """Uses asyncio's sleep under whichever library."""

    def __await__(self) -> Any:
        return asyncio.sleep(0.01).__await__()


class Wrapper:
    """Gives the result of the awaitable that it was made around, or of some work."""

    def __init__(self, inner: Awaitable[Any] | None = None) -> None:
        self.inner = inner

    def __await__(self) -> Any:
        return self.run().__await__()

    async def run(self) -> Any:
        """Awaits what is within."""
        return await (self.inner if self.inner is not None else work())


@conforms("AW008", AWAITABLE, wraps=Wrapper)
class Transparent(Wrapper):
    """Gives whatever result there is."""


@conforms("AW008", AWAITABLE, wraps=Steps)
class TransparentByHand(Job):
    """Is wrapped into an iterator, which gives whatever result there is."""


async def passed_on(inner: Awaitable[Any]) -> Any:
    """Gives the result of *inner*."""
    return await inner


@conforms("AW008", AWAITABLE, wraps=passed_on)
class TransparentByCoroutine(Job):
    """Is wrapped by a coroutine function."""


class TakesFalsyForNothing(Wrapper):
    """Gives None in place of what is empty."""

    async def run(self) -> Any:
        return await super().run() or None


@violates(
    "AW008",
    AWAITABLE,
    wraps=TakesFalsyForNothing,
    says="around an awaitable whose result is False, it returned None; expected that very object",
)
class LosesWhatIsFalsy(TakesFalsyForNothing):
    """Loses empty results."""


class TakesZeroForNothing(Wrapper):
    """Gives None in place of the number 0."""

    async def run(self) -> Any:
        result = await super().run()
        return None if type(result) is int and result == 0 else result


@violates(
    "AW008",
    AWAITABLE,
    wraps=TakesZeroForNothing,
    says="around an awaitable whose result is 0, it returned None; expected that very object",
)
class LosesItsZero(TakesZeroForNothing):
    """Loses one number."""


class TakesReturnedForRaised(Wrapper):
    """Raises an exception that was returned."""

    async def run(self) -> Any:
        result = await super().run()
        if isinstance(result, Exception):
            raise result
        return result


@violates(
    "AW008",
    AWAITABLE,
    wraps=TakesReturnedForRaised,
    says=(
        "around an awaitable whose result is ValueError('a value'), it raised ValueError: "
        "a value; expected that very object"
    ),
)
class RaisesReturnedExceptions(TakesReturnedForRaised):
    """Raises results that are exceptions."""


class UnpackingSteps(Steps):
    """Gives the elements of a tuple to StopIteration, which keeps the first."""

    def send(self, value: Any) -> Any:
        try:
            return super().send(value)
        except StopIteration as end:
            if isinstance(end.value, tuple):
                raise StopIteration(*end.value) from None
            raise


@violates(
    "AW008",
    AWAITABLE,
    wraps=UnpackingSteps,
    says="around an awaitable whose result is (), it returned None; expected that very object",
)
class UnpacksTuples(Job):
    """Is wrapped into an iterator that gives the first element of a tuple."""


class Counted:
    """Counts its awaits."""

    awaits = 0

    def __await__(self) -> Any:
        self.awaits += 1
        return self.run().__await__()

    async def run(self) -> Any:
        """Works, and gives the number of the await."""
        return await work(self.awaits)


@conforms("AW009", AWAITABLE, reawait="again")
class GivesItsNewsOnce(Counted):
    """Gives what is new since the last await, which may be nothing."""

    async def run(self) -> str | None:
        return await work("news" if self.awaits == 1 else None)


@violates(
    "AW009",
    AWAITABLE,
    says=(
        "the first await returned 42, the second returned None; expected the same, an "
        "error, or a new value (if None is a result of the operation, declare "
        'reawait="again")'
    ),
)
class KeepsAGenerator:
    """Gives None at its second await, as its generator is used up."""

    def __init__(self) -> None:
        self.steps = self.run()

    def run(self) -> Generator[Any, Any, int]:
        """Works."""
        return (yield from work().__await__())

    def __await__(self) -> Generator[Any, Any, int]:
        return self.steps


@conforms("AW009", AWAITABLE)
class CountsItsAwaits(Counted):
    """Gives another value each time."""


@violates(
    "AW009",
    AWAITABLE,
    says=(
        "await #2 hangs: it waits at ... in HangsAtTheSecondAwait.run for Event.wait, and "
        "nothing is left that could wake it"
    ),
)
class HangsAtTheSecondAwait(Counted):
    """Waits at its second await for what came once."""

    async def run(self) -> Any:
        if self.awaits > 1:
            await anyio.Event().wait()
        return await super().run()


@violates(
    "AW009",
    AWAITABLE,
    reawait="same",
    raises=ValueError,
    says=(
        "the first await raised ValueError: no result, the second returned None; expected the same"
    ),
)
class FailsOnlyOnce(Counted):
    """Raises at its first await, and gives None at its second."""

    async def run(self) -> Any:
        await work()
        if self.awaits == 1:
            raise ValueError("no result")


@conforms("AW009", AWAITABLE, reawait="again")
class CountsAsDeclared(Counted):
    """Says that each await carries out the operation again."""


class RefusesTheSecond(Counted):
    """Refuses its second await."""

    async def run(self) -> Any:
        if self.awaits > 1:
            raise RuntimeError("already awaited")
        return await super().run()


@conforms("AW009", AWAITABLE)
class Refuses(RefusesTheSecond):
    """Refuses its second await, and says nothing about it."""


@violates(
    "AW009",
    AWAITABLE,
    reawait="same",
    says=(
        "the first await returned 1, the second raised RuntimeError: already awaited; "
        "expected the same"
    ),
)
class RefusesWhatItPromised(RefusesTheSecond):
    """Says that it gives the same again, and refuses."""


@violates(
    "AW009", AWAITABLE, reawait="error", says="the second await returned 42; expected an error"
)
class RepeatsWhatItShouldRefuse(Job):
    """Says that it refuses its second await, and gives its value again."""


@conforms("AW009", AWAITABLE, reawait="same", raises=ValueError)
class FailsEachTime(Counted):
    """Raises the same error at each await."""

    async def run(self) -> Any:
        await work()
        raise ValueError("no result")
