"""Specimens: passing on the exception of the body: out unchanged, and to managers inside."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Self

import anyio
import trio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens._bases import Alike
from tests.specimens.async_context_manager._bases import Session

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)
TRIO = ("trio",)


@conforms("CM017", MANAGER)
class FailsByAGroupOfItsOwn(Session):
    """Replaces the error of the body by a group, of an error that would equal it."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, Exception):
            raise ExceptionGroup("while closing", [Alike("it was closed")]) from error


@conforms("CM017", MANAGER, wraps_in_group=True, own_scope=True, backends=ASYNCIO)
@conforms("CM017", MANAGER, wraps_in_group=True, backends=ASYNCIO)
def task_group() -> asyncio.TaskGroup:
    """The task group of asyncio, which groups by contract."""
    return asyncio.TaskGroup()


@conforms("CM017", MANAGER, wraps_in_group=True, own_scope=True)
@conforms(
    "CM017",
    MANAGER,
    own_scope=True,
    says="not applicable: declared own_scope=True, which may wrap; wraps_in_group= says it must",
)
def anyio_task_group() -> Any:
    """The task group of anyio, which groups by contract."""
    return anyio.create_task_group()


@conforms("CM017", MANAGER, wraps_in_group=True, own_scope=True, backends=TRIO)
def nursery() -> Any:
    """The nursery of trio, which groups by contract."""
    return trio.open_nursery()


@conforms("CM017", MANAGER)
@contextlib.asynccontextmanager
async def takes_its_group_apart() -> AsyncIterator[None]:
    """Has a task group inside, and lets out what is alone in its group."""
    failed: Exception | None = None
    try:
        async with anyio.create_task_group():
            yield
    except ExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        failed = group.exceptions[0]
    if failed is not None:
        raise failed


@conforms("CM017", MANAGER)
class FailsTwice(Session):
    """Raises a group where its own close failed besides the body."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, Exception):
            raise ExceptionGroup("rolled back", [error, ConnectionError("close failed")])


@violates(
    "CM017",
    MANAGER,
    says=(
        "__aexit__ #1 raised ExceptionGroup[BodyError: raised in the body]; expected the "
        "exception of the body as it is, or the declaration wraps_in_group=True"
    ),
)
class HasATaskGroup:
    """Lets its task group show: modelcontextprotocol/python-sdk#2114."""

    async def __aenter__(self) -> Self:
        self.tasks = anyio.create_task_group()
        await self.tasks.__aenter__()
        return self

    async def __aexit__(self, *details: object) -> Any:
        return await self.tasks.__aexit__(*details)


@violates(
    "CM017",
    MANAGER,
    says=(
        "__aexit__ #1 raised ExceptionGroup[ExceptionGroup[BodyError: raised in the "
        "body]]; expected the exception of the body as it is, or the declaration "
        "wraps_in_group=True"
    ),
)
@contextlib.asynccontextmanager
async def yields_in_two_task_groups() -> AsyncIterator[None]:
    """Has a task group inside a task group."""
    async with anyio.create_task_group(), anyio.create_task_group():
        yield


@violates(
    "CM017",
    MANAGER,
    wraps_in_group=True,
    says=(
        "wraps_in_group=True was declared, but __aexit__ #1 returned None; expected a "
        "group that holds the exception of the body"
    ),
)
class DoesNotWrapThoughDeclared(Session):
    """Says that it wraps, and does not."""


@violates(
    "CM017",
    MANAGER,
    wraps_in_group=True,
    says=(
        "wraps_in_group=True was declared, but __aexit__ #1 raised "
        "ExceptionGroup[ConnectionError: close failed]; expected a group that holds the "
        "exception of the body"
    ),
)
class WrapsOthersThanTheBodys(Session):
    """Raises a group, from which the exception of the body is missing."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, Exception):
            raise ExceptionGroup("failed", [ConnectionError("close failed")])


@conforms("CM022", MANAGER)
class RaisesAgain(Session):
    """Raises what it is given, which a coroutine cannot do with StopIteration."""

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None:
            raise error


@conforms("CM022", MANAGER)
class ConvertsAll(Session):
    """Makes a RuntimeError of each exception, of StopAsyncIteration too."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, Exception):
            raise RuntimeError("the session is lost") from error


@conforms("CM022", MANAGER)
class FailsForAReasonOfItsOwn(Session):
    """Fails when an iterator has ended in the body, for a reason that it would equal."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, StopAsyncIteration):
            raise RuntimeError("the session is lost") from Alike("it was closed")


@conforms("CM022", MANAGER, suppresses=(StopAsyncIteration,))
class EndsWithItsSource(Session):
    """Suppresses the end of an iterator, and says so."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, StopAsyncIteration)


@conforms("CM022", MANAGER)
def exit_stack() -> contextlib.AsyncExitStack:
    """The standard library's stack."""
    return contextlib.AsyncExitStack()


class DrivesAGenerator:
    """A manager that drives its generator by hand."""

    def __init__(self) -> None:
        self.generator = self.session()

    async def session(self) -> AsyncGenerator[int, None]:
        """Yields once."""
        await checkpoint()
        yield 1

    async def __aenter__(self) -> int:
        return await anext(self.generator)

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> Any:
        if error is None:
            return await anext(self.generator, None)
        return await self.throw(error)

    async def throw(self, error: BaseException) -> Any:
        """Throws *error* into the generator; true if it ended there."""
        try:
            await self.generator.athrow(error)
        except StopAsyncIteration:
            return True


@violates(
    "CM022",
    MANAGER,
    says=(
        "the body raised StopAsyncIteration, but __aexit__ #1 raised RuntimeError: async "
        "generator raised StopAsyncIteration; expected the StopAsyncIteration to come out"
    ),
)
class LetsTheGeneratorConvert(DrivesAGenerator):
    """Takes what comes out of its generator for what went in: agronholm/asyncio_extras#2."""


@conforms("CM022", MANAGER)
class LooksForTheCause(DrivesAGenerator):
    """Knows that its generator makes a RuntimeError of two exceptions."""

    async def throw(self, error: BaseException) -> Any:
        try:
            await self.generator.athrow(error)
        except StopAsyncIteration as end:
            return end is not error
        except BaseException as raised:
            if raised is not error and raised.__cause__ is not error:
                raise
        return False


@conforms("CM022", MANAGER)
class ConvertsStopIterationOnly(DrivesAGenerator):
    """Lets out what its generator makes of StopIteration, as any coroutine does."""

    async def throw(self, error: BaseException) -> Any:
        try:
            await self.generator.athrow(error)
        except BaseException as raised:
            if isinstance(error, StopIteration):
                raise
            if raised is not error and raised.__cause__ is not error:
                raise
        return False


@violates(
    "CM022", MANAGER, says="__aexit__ #1 returned True, so the body's StopAsyncIteration was lost"
)
class TakesItForItsOwnEnd(Session):
    """Suppresses the end of an iterator that the body asked."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, StopAsyncIteration)


@violates("CM022", MANAGER, says="__aexit__ #1 returned True, so the body's StopIteration was lost")
class TakesStopIterationForItsOwn(Session):
    """Suppresses the StopIteration that a `next()` in the body raised."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, StopIteration)


@violates("CM022", MANAGER, says="__aexit__ #1 returned True, so the body's RuntimeError was lost")
class IgnoresComplaints(Session):
    """Takes each RuntimeError for one of the loop that is being closed."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, RuntimeError)


class Transaction:
    """Commits when nothing went wrong, and rolls back else."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, kind: object, *details: object) -> None:
        await checkpoint()


class Wrapper:
    """Enters and leaves what it wraps."""

    def __init__(self, inner: Any = None) -> None:
        self.inner = inner or Transaction()

    async def __aenter__(self) -> Any:
        return await self.inner.__aenter__()

    async def __aexit__(self, *details: object) -> Any:
        return await self.inner.__aexit__(*details)


@contextlib.asynccontextmanager
async def wrapping(inner: Any) -> AsyncIterator[Any]:
    """Wraps by a generator."""
    async with inner as target:
        yield target


@contextlib.asynccontextmanager
async def converting(inner: Any) -> AsyncIterator[None]:
    """Tells the inner manager of an error of its own, which came from the body's."""
    async with inner:
        try:
            yield
        except Exception as error:
            raise ConnectionError("lost") from error


class Stacked(contextlib.AsyncExitStack):
    """Wraps by the stack of the standard library."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    async def __aenter__(self) -> Self:
        await self.enter_async_context(self.inner)
        return self


class NeverEnters(Wrapper):
    """Keeps what it was given for later."""

    async def __aenter__(self) -> Any:
        await checkpoint()

    async def __aexit__(self, *details: object) -> Any:
        await checkpoint()


class TellsNothing(Wrapper):
    """Tells its manager that all went well."""

    async def __aexit__(self, *details: object) -> Any:
        return await self.inner.__aexit__(None, None, None)


class TellsTheValueOnly(Wrapper):
    """Leaves the traceback out."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> Any:
        return await self.inner.__aexit__(kind, error, None)


class TellsAnother(Wrapper):
    """Tells its manager of an error that has nothing to do with the body."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> Any:
        if kind is None:
            return await self.inner.__aexit__(None, None, None)
        return await self.inner.__aexit__(ConnectionError, ConnectionError("lost"), traceback)


class TellsAnErrorLikeAll(Wrapper):
    """Tells its manager of an error that equals that of the body, and is another one."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> Any:
        if kind is None:
            return await self.inner.__aexit__(None, None, None)
        return await self.inner.__aexit__(Alike, Alike("lost"), traceback)


class TellsOfAnErrorAlways(Wrapper):
    """Rolls back whatever comes."""

    async def __aexit__(self, *details: object) -> Any:
        error = asyncio.CancelledError()
        return await self.inner.__aexit__(type(error), error, None)


class DropsTheAnswer(Wrapper):
    """Lets out what its manager suppressed."""

    async def __aexit__(self, *details: object) -> Any:
        await self.inner.__aexit__(*details)


class LeavesOnSuccessOnly(Wrapper):
    """Forgets its manager when the body failed."""

    async def __aexit__(self, kind: object, *details: object) -> Any:
        if kind is None:
            await self.inner.__aexit__(None, None, None)


@conforms("CM008", MANAGER, wraps=Wrapper)
@conforms("CM008", MANAGER, wraps=wrapping)
@conforms("CM008", MANAGER, wraps=converting)
@conforms("CM008", MANAGER, wraps=Stacked)
@conforms(
    "CM008",
    MANAGER,
    wraps=contextlib.nullcontext,
    says="it did not enter the manager that wraps= was given",
)
@conforms(
    "CM008", MANAGER, wraps=NeverEnters, says="it did not enter the manager that wraps= was given"
)
@violates(
    "CM008",
    MANAGER,
    wraps=TellsNothing,
    says=(
        "the body raised BodyError: raised in the body, but the manager it wraps was told "
        "of nothing"
    ),
)
@violates(
    "CM008",
    MANAGER,
    wraps=TellsTheValueOnly,
    says=(
        "the manager it wraps was told of BodyError: raised in the body with the type "
        "<class 'pytest_asyncprotocol.exploration.bodies.BodyError'> and no traceback; "
        "expected those of the exception"
    ),
)
@violates(
    "CM008",
    MANAGER,
    wraps=TellsAnother,
    says=(
        "the body raised BodyError: raised in the body, but the manager it wraps was told "
        "of ConnectionError: lost"
    ),
)
@violates(
    "CM008",
    MANAGER,
    wraps=TellsAnErrorLikeAll,
    says=(
        "the body raised BodyError: raised in the body, but the manager it wraps was told "
        "of Alike: lost"
    ),
)
@violates(
    "CM008",
    MANAGER,
    wraps=TellsOfAnErrorAlways,
    says="the body raised nothing, but the manager it wraps was told of CancelledError",
)
@violates(
    "CM008",
    MANAGER,
    wraps=DropsTheAnswer,
    says=(
        "the manager it wraps suppressed the exception of the body, but __aexit__ #1 "
        "returned None; expected a true value"
    ),
)
@violates(
    "CM008",
    MANAGER,
    wraps=LeavesOnSuccessOnly,
    says="it did not call __aexit__ of the manager it wraps, which it had entered",
)
def wrapped() -> Wrapper:
    """Wraps a transaction; how it wraps others is declared."""
    return Wrapper()


class InnerTransaction:
    """Commits when nothing went wrong."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(self, *details: object) -> None:
        await checkpoint()


def wrapped_by_it(inner: Any) -> ForgetsWhatWentWrong:
    return ForgetsWhatWentWrong(inner)


@violates(
    "CM008",
    MANAGER,
    wraps=wrapped_by_it,
    says=(
        "the body raised BodyError: raised in the body, but the manager it wraps was told "
        "of nothing"
    ),
)
class ForgetsWhatWentWrong:
    """Tells the manager that it wraps that all went well: hynek/svcs#112."""

    def __init__(self, inner: Any = None) -> None:
        self.inner = inner or InnerTransaction()

    async def __aenter__(self) -> Any:
        return await self.inner.__aenter__()

    async def __aexit__(self, *details: object) -> None:
        await self.inner.__aexit__(None, None, None)
