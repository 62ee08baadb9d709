"""Specimens: what an async context manager does with the exception of its body."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Self

import anyio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens._bases import Alike, Holder, holds_nothing
from tests.specimens.async_context_manager._bases import Prompt, Session, Slot, is_free

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)


@conforms("CM004", MANAGER)
@conforms("CM005", MANAGER)
@conforms("CM015", MANAGER)
@contextlib.asynccontextmanager
async def generator_based() -> AsyncIterator[int]:
    """A manager written as a generator."""
    await anyio.lowlevel.checkpoint()
    try:
        yield 1
    finally:
        await anyio.lowlevel.checkpoint()


@conforms("CM004", MANAGER, backends=ASYNCIO, own_scope=True)
@conforms("CM005", MANAGER, backends=ASYNCIO, own_scope=True)
def task_group() -> asyncio.TaskGroup:
    """The task group of asyncio, which puts the exception of the body into a group."""
    return asyncio.TaskGroup()


@conforms("CM004", MANAGER)
class LetsErrorsThrough(Session):
    """Has nothing to do with errors."""


@conforms("CM004", MANAGER)
class ConvertsErrors(Session):
    """Raises an error of its own in place of the body's."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, Exception):
            raise ConnectionError("the session is lost") from error


@conforms("CM004", MANAGER, suppresses=(LookupError, OSError))
class SuppressesWhatItDeclares(Session):
    """Suppresses two kinds of errors, and says so."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, (LookupError, OSError))


@violates(
    "CM004",
    MANAGER,
    says=(
        "__aexit__ #1 returned the manager itself, which is true; so the body's BodyError: "
        "raised in the body was lost"
    ),
)
class ReturnsItself(Session):
    """Is fluent where it should be false."""

    async def __aexit__(self, *details: object) -> Any:
        return self


@violates(
    "CM004",
    MANAGER,
    says=(
        "__aexit__ #1 returned 1, which is true; so the body's BodyError: raised in the "
        "body was lost"
    ),
)
class ReturnsHowManyItClosed(Session):
    """Returns a number where it should be false."""

    async def __aexit__(self, *details: object) -> int:
        return 1


@violates(
    "CM004",
    MANAGER,
    says=(
        "__aexit__ #1 returned <coroutine object ForgetsToAwaitItsRollback.roll_back>, "
        "which it did not await, and which is true; so the body's BodyError: raised in the "
        "body was lost"
    ),
)
class ForgetsToAwaitItsRollback(Session):
    """Returns a coroutine, which is true, when the body raised."""

    async def __aexit__(self, kind: object, *details: object) -> Any:
        return self.roll_back() if kind is not None else None

    async def roll_back(self) -> None:
        """Never runs."""


@violates(
    "CM004",
    MANAGER,
    says="__aexit__ #1 returned True; so the body's BodyError: raised in the body was lost",
)
class ReturnsWhatItsTaskGroupSays:
    """Cancels its task group, which then says that it suppressed an exception."""

    async def __aenter__(self) -> None:
        self.tasks = anyio.create_task_group()
        await self.tasks.__aenter__()
        self.tasks.start_soon(anyio.sleep, 9)

    async def __aexit__(self, *details: object) -> Any:
        self.tasks.cancel_scope.cancel()
        return await self.tasks.__aexit__(None, None, None)


@violates(
    "CM004",
    MANAGER,
    says=(
        "__aexit__ #1 returned True; so the body's ExceptionGroup[BodyError: raised in the "
        "body] was lost"
    ),
)
@contextlib.asynccontextmanager
async def takes_groups_for_its_own() -> AsyncIterator[None]:
    """Takes each group for what its own tasks left behind."""
    try:
        yield
    except ExceptionGroup:
        await anyio.lowlevel.checkpoint()


@conforms("CM004", MANAGER)
class IgnoresWhatItsTaskGroupSays(ReturnsWhatItsTaskGroupSays):
    """Cancels its task group, and returns nothing."""

    async def __aexit__(self, *details: object) -> None:
        await super().__aexit__()


@violates(
    "CM004",
    MANAGER,
    says=(
        "__aexit__ #1 returned <...Ambiguous object>, whose truth cannot be told: it "
        "raised ValueError: ambiguous; expected None, False or True"
    ),
)
class TruthRaises(Session):
    """Returns a value that is neither true nor false."""

    class Ambiguous:
        """Refuses to say, as an array does."""

        def __bool__(self) -> bool:
            raise ValueError("ambiguous")

    async def __aexit__(self, kind: object, *details: object) -> Any:
        return self.Ambiguous()


@violates(
    "CM004",
    MANAGER,
    suppresses=(LookupError,),
    says="__aexit__ #1 returned True; so the body's BodyError: raised in the body was lost",
)
class SuppressesMoreThanItDeclares(SuppressesWhatItDeclares):
    """Suppresses every error, and declares one kind."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, Exception)


@violates(
    "CM004",
    MANAGER,
    suppresses=(LookupError,),
    says=(
        "suppresses= covers LookupError, but when the body raised it, __aexit__ #1 "
        "returned None; expected a true value"
    ),
)
class SuppressesLessThanItDeclares(Session):
    """Declares a suppression that it does not do."""


class FailsToClose(Session):
    """Fails at its exit, and leaves the chain of exceptions alone."""

    async def __aexit__(self, *details: object) -> None:
        raise ConnectionError("close failed")


class FailsToCloseOnItsOwn(Session):
    """Fails at its exit, and hides why it was left."""

    async def __aexit__(self, *details: object) -> None:
        raise ConnectionError("close failed") from None


class FailsByAnErrorLikeAll(Session):
    """Fails at its exit by an error that can be told from others only by its identity."""

    async def __aexit__(self, *details: object) -> None:
        raise Alike("close failed") from None


class FailsToCloseForAnotherReason(Session):
    """Fails at its exit, and names a cause that has nothing to do with the body."""

    async def __aexit__(self, *details: object) -> None:
        raise ConnectionError("close failed") from TimeoutError("some time ago")


class FailsToCloseFromTheBody(Session):
    """Fails at its exit, and names the body's exception as the cause."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        raise ConnectionError("close failed") from error


class FailsInStages(Session):
    """Fails at its exit because something below failed."""

    async def __aexit__(self, *details: object) -> None:
        try:
            raise OSError("the socket is gone")
        except OSError as error:
            raise ConnectionError("close failed") from error


class FailsToCommit(Session):
    """Fails at its exit, but only where there is something to commit."""

    async def __aexit__(self, kind: object, *details: object) -> None:
        if kind is None:
            raise ConnectionError("commit failed")


class FailsTogether(Session):
    """Fails at its exit with a group that holds the body's exception too."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        errors = [ConnectionError("close failed"), *([error] if error is not None else [])]
        raise BaseExceptionGroup("close failed", errors) from None


@conforms("CM007", MANAGER, failing_exit=FailsToClose)
@conforms("CM007", MANAGER, failing_exit=FailsToCloseFromTheBody)
@conforms("CM007", MANAGER, failing_exit=FailsInStages)
@conforms("CM007", MANAGER, failing_exit=FailsTogether)
@conforms(
    "CM007",
    MANAGER,
    failing_exit=FailsToCommit,
    says="its exit fails only where the body raised nothing",
)
@violates(
    "CM007",
    MANAGER,
    failing_exit=FailsToCloseOnItsOwn,
    says=(
        "__aexit__ #1 raised ConnectionError: close failed, from which nothing leads to "
        "the body's BodyError: raised in the body"
    ),
)
@violates(
    "CM007",
    MANAGER,
    failing_exit=FailsByAnErrorLikeAll,
    says=(
        "__aexit__ #1 raised Alike: close failed, from which nothing leads to the body's "
        "BodyError: raised in the body"
    ),
)
@violates(
    "CM007",
    MANAGER,
    failing_exit=FailsToCloseForAnotherReason,
    says=(
        "__aexit__ #1 raised ConnectionError: close failed, from which nothing leads to "
        "the body's BodyError: raised in the body"
    ),
)
@violates(
    "CM007",
    MANAGER,
    failing_exit=Session,
    says="failing_exit= was declared, but __aexit__ #1 returned None",
)
class FailsWhereDeclared(Session):
    """Does not fail itself; what it is like when it does is declared."""


@conforms("CM020", MANAGER, released=is_free)
class ReleasesAlways(Slot):
    """Gives its slot back after any body."""


async def is_free_now(slot: Any) -> bool:
    """Asks in an async way."""
    await anyio.lowlevel.checkpoint()
    return is_free(slot)


@conforms("CM020", MANAGER, released=is_free_now)
class ReleasesAlwaysAsFarAsCanBeAsked(Slot):
    """Declares what has to be awaited."""


@violates(
    "CM020",
    MANAGER,
    released=is_free,
    says="after a body that raised BodyError, released= is false",
)
class ReleasesAfterSuccess(Slot):
    """Gives its slot back only if the body raised nothing."""

    async def __aexit__(self, kind: object, *details: object) -> None:
        if kind is None:
            await super().__aexit__(kind)


@violates(
    "CM020",
    MANAGER,
    released=is_free,
    says={
        "asyncio": "after a body that raised CancelledError, released= is false",
        "trio": "after a body that raised Cancelled, released= is false",
    },
)
class ReleasesAfterExceptionsOnly(Slot):
    """Gives its slot back after success and after errors, but not after a cancellation."""

    async def __aexit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is None or issubclass(kind, Exception):
            await super().__aexit__(kind, *details)


@violates(
    "CM020", MANAGER, released=is_free, says="after a body that raised nothing, released= is false"
)
class NeverReleases(Slot):
    """Keeps its slot."""

    async def __aexit__(self, *details: object) -> None:
        await anyio.lowlevel.checkpoint()


@violates(
    "CM020",
    MANAGER,
    released=is_free,
    says="released= is false before use, so it contradicts its declaration",
)
class HoldsFromTheStart(Slot):
    """Has a slot before it is used, so that its declaration is wrong."""

    taken = 1


@conforms("CM006", MANAGER, level="may")
@conforms("CM013", MANAGER, level="may")
class LetsItThrough(Prompt):
    """Leaves the error of the body to the language."""


@conforms("CM006", MANAGER, level="may")
@conforms("CM013", MANAGER, level="may")
@contextlib.asynccontextmanager
async def cleans_up() -> AsyncIterator[None]:
    """A generator that raises again what was thrown into it, which contextlib sorts out."""
    try:
        yield
    except ValueError:
        raise
    finally:
        with anyio.move_on_after(1, shield=True):
            await checkpoint()


@conforms("CM006", MANAGER, level="may")
@conforms("CM013", MANAGER, level="may")
class RaisesItsOwn(Prompt):
    """Raises an error of its own from that of the body."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        if isinstance(error, Exception):
            raise ConnectionError("the session is lost") from error


@conforms("CM006", MANAGER, select=("CM006",), own_scope=True)
@conforms("CM013", MANAGER, select=("CM013",), own_scope=True)
def task_group_of_anyio() -> Any:
    """The task group of anyio, which raises the error of the body in a group."""
    return anyio.create_task_group()


@conforms("CM006", MANAGER, level="may", value_is_self=True)
@conforms("CM013", MANAGER, level="may", value_is_self=True)
def exit_stack() -> contextlib.AsyncExitStack:
    """The standard library's stack."""
    return contextlib.AsyncExitStack()


@violates(
    "CM006",
    MANAGER,
    level="may",
    says="__aexit__ #1 raised again the exception that it was given; expected a false value",
)
class RaisesItAgain(Prompt):
    """Takes it for its duty to raise what it was given."""

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is not None:
            raise error


@violates(
    "CM006",
    MANAGER,
    level="may",
    says="__aexit__ #1 raised again the exception that it was given; expected a false value",
)
class RaisesItToSortIt(Prompt):
    """Chooses by `except` clauses what to count."""

    failures = 0

    async def __aexit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        try:
            if error is not None:
                raise error
        except Exception:
            self.failures += 1
            raise


@violates(
    "CM020",
    MANAGER,
    released=holds_nothing,
    says={
        "asyncio": "after a body that raised CancelledError, released= is false",
        "trio": "after a body that raised Cancelled, released= is false",
    },
)
class ReleasesAfterErrorsOnly(Holder):
    """Releases after an error and after none, not after a cancellation: florimondmanca/arel#43."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.held = 1
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is None or issubclass(kind, Exception):
            self.held = 0
