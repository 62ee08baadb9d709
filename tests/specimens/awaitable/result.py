"""Specimens: what awaiting gives: the first time, the second time, through a wrapper."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.awaitable._bases import Steps, work
from tests.specimens.awaitable.shape import Job

AWAITABLE = Protocol.AWAITABLE


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


@violates(
    "AW009",
    AWAITABLE,
    returns=42,
    says=(
        "the first await returned 42, the second returned None; expected the same, an "
        "error, or a new value (if None is a result of the operation, declare "
        'reawait="again")'
    ),
)
class KeepsItsGenerator:
    """The generator that it keeps is used up after the first await: BobTheBuidler/dank_mids#544."""

    def __init__(self) -> None:
        self.steps = self.run()

    def run(self) -> Generator[Any, Any, int]:
        yield from checkpoint().__await__()
        return 42

    def __await__(self) -> Generator[Any, Any, int]:
        return self.steps
