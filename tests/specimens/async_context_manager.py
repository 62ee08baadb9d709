"""Specimens for the rules about async context managers."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import inspect
from collections.abc import AsyncIterator, Awaitable, Generator
from typing import Any, Self

import anyio
import trio

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)
TRIO = ("trio",)


class Session:
    """Enters and leaves, and suspends each time: the plain conforming manager."""

    async def __aenter__(self) -> Any:
        await anyio.lowlevel.checkpoint()
        return self

    async def __aexit__(self, kind: object, error: object, traceback: object) -> Any:
        await anyio.lowlevel.checkpoint()


class Slot:
    """Takes a slot on entry, and gives it back at its exit, even if that is cancelled."""

    taken = 0

    async def __aenter__(self) -> Self:
        await anyio.lowlevel.checkpoint()
        self.taken += 1
        return self

    async def __aexit__(self, kind: object, *details: object) -> None:
        try:
            await anyio.lowlevel.checkpoint()
        finally:
            self.taken -= 1


def is_free(slot: Any) -> bool:
    """What the specimens with a slot declare as released."""
    return slot.taken == 0


# What the libraries themselves offer


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


@conforms("CM015", MANAGER, backends=ASYNCIO, reuse="reusable")
@conforms("CM025", MANAGER, backends=ASYNCIO, value=None)
@conforms("CM020", MANAGER, backends=ASYNCIO, released=lambda lock: not lock.locked())
def asyncio_lock() -> asyncio.Lock:
    """The lock of asyncio, which gives None."""
    return asyncio.Lock()


@conforms(
    "CM011",
    MANAGER,
    released=lambda lock: not lock.locked(),
    says="__aexit__ never suspended, so no cancellation could be delivered into it",
)
@conforms("CM015", MANAGER, reuse="reusable")
def anyio_lock() -> anyio.Lock:
    """The lock of anyio, whose exit never suspends."""
    return anyio.Lock()


@conforms("CM015", MANAGER, value_is_self=True)
def exit_stack() -> contextlib.AsyncExitStack:
    """The standard library's stack, which can be entered again."""
    return contextlib.AsyncExitStack()


@conforms("CM015", MANAGER)
def null_context() -> contextlib.nullcontext[int]:
    """The standard library's manager that does nothing."""
    return contextlib.nullcontext(1)


@conforms("CM015", MANAGER)
def closing() -> contextlib.aclosing[Any]:
    """The standard library's manager that closes what it was given, as often as it is left."""

    async def numbers() -> AsyncIterator[int]:
        yield 1

    return contextlib.aclosing(numbers())


@conforms("CM004", MANAGER, backends=ASYNCIO, own_scope=True)
@conforms("CM005", MANAGER, backends=ASYNCIO, own_scope=True)
def task_group() -> asyncio.TaskGroup:
    """The task group of asyncio, which puts the exception of the body into a group."""
    return asyncio.TaskGroup()


@conforms("CM005", MANAGER, backends=ASYNCIO, own_scope=True)
def timeout() -> asyncio.Timeout:
    """A time-out that does not come to pass."""
    return asyncio.timeout(10)


@conforms("CM005", MANAGER, backends=ASYNCIO, own_scope=True)
def timeout_at_once() -> asyncio.Timeout:
    """A time-out that is over before the body begins."""
    return asyncio.timeout(0)


@conforms("CM005", MANAGER, backends=TRIO, own_scope=True)
def nursery() -> Any:
    """The nursery of trio, which puts the exception of the body into a group."""
    return trio.open_nursery()


@conforms("CM005", MANAGER, own_scope=True)
def anyio_task_group() -> Any:
    """The task group of anyio, on both libraries."""
    return anyio.create_task_group()


# CM001


@conforms("CM001", MANAGER)
class Plain(Session):
    """Has its methods in the class, or inherits them."""


@violates("CM001", MANAGER, says="OnlyCloses has no __aexit__ on its type")
class OnlyCloses:
    """Can be entered, but has close() where __aexit__ belongs."""

    async def __aenter__(self) -> Self:
        return self

    async def close(self) -> None:
        """Never called."""


@violates(
    "CM001",
    MANAGER,
    says=(
        "ForWith has no __aenter__ and no __aexit__ on its type; it is a manager for "
        "`with`, not for `async with`"
    ),
)
class ForWith:
    """Is a manager for `with`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        """Nothing to do."""


@violates("CM001", MANAGER, says="EntersOnly has no __aenter__ and no __aexit__ on its type")
class EntersOnly:
    """Is no manager for `with` either, having `__enter__` alone."""

    def __enter__(self) -> Self:
        return self


@violates("CM001", MANAGER, says="OnlyOnTheInstance has no __aenter__ and no __aexit__ on its type")
class OnlyOnTheInstance:
    """Has its methods as attributes of the object, where the language does not look."""

    def __init__(self) -> None:
        self.__aenter__ = Session().__aenter__
        self.__aexit__ = Session().__aexit__


@violates("CM001", MANAGER, says="Forwards has no __aenter__ and no __aexit__ on its type")
class Forwards:
    """Forwards each attribute by __getattr__, which the language does not ask."""

    def __getattr__(self, name: str) -> Any:
        return getattr(Session(), name)


# CM002


@conforms("CM002", MANAGER)
class ReturnsCoroutines:
    """Has plain functions that return what async ones give."""

    def __init__(self) -> None:
        self.session: Session | None = None

    def __aenter__(self) -> Awaitable[Any]:
        self.session = Session()
        return self.session.__aenter__()

    def __aexit__(self, *details: Any) -> Awaitable[Any]:
        assert self.session is not None
        return self.session.__aexit__(*details)


@conforms("CM002", MANAGER)
class ReturnsAwaitables:
    """Gives objects of its own to await."""

    class Done:
        """Is there already."""

        def __await__(self) -> Generator[Any, Any, None]:
            return anyio.lowlevel.checkpoint().__await__()

    def __aenter__(self) -> Done:
        return self.Done()

    def __aexit__(self, *details: object) -> Done:
        return self.Done()


@violates(
    "CM002",
    MANAGER,
    says="__aenter__ returned <...EntersSynchronously object>; expected something to await",
)
class EntersSynchronously(Session):
    """Forgot the async of its entry."""

    def __aenter__(self) -> Any:
        return self


@violates("CM002", MANAGER, says="__aexit__ returned False; expected something to await")
class LeavesSynchronously(Session):
    """Forgot the async of its exit."""

    def __aexit__(self, *details: object) -> Any:
        return False


# CM003


@conforms("CM003", MANAGER)
class TakesWhatever(Session):
    """Takes the three as one."""

    async def __aexit__(self, *details: object, **more: object) -> None:
        """Nothing to do."""


@conforms("CM003", MANAGER)
class SignatureLies(Session):
    """Wraps a method that takes nothing, and so shows that one's signature."""

    async def close(self) -> None:
        """Nothing to do."""

    @functools.wraps(close)
    async def __aexit__(self, *details: object) -> None:
        await self.close()

    __aexit__.__signature__ = inspect.signature(close)


@violates(
    "CM003",
    MANAGER,
    says=(
        "__aexit__ does not take the type, the value and the traceback: TypeError: "
        "TakesNothing.__aexit__() takes 1 positional argument but 4 were given"
    ),
)
class TakesNothing(Session):
    """Has no room for an exception."""

    async def __aexit__(self) -> None:  # noqa: PLE0302, PYI036 - that is its fault
        """Nothing to do."""


@violates(
    "CM003",
    MANAGER,
    says=(
        "__aexit__ does not take the type, the value and the traceback: TypeError: "
        "SignatureOfAnother.close() takes 1 positional argument but 4 were given"
    ),
)
class SignatureOfAnother(Session):
    """Takes nothing, and shows the signature of the method that it wraps."""

    async def close(self, *details: object) -> None:
        """Nothing to do."""

    @functools.wraps(close)
    async def __aexit__(self) -> None:  # noqa: PLE0302, PYI036 - that is its fault
        await self.close()


@violates(
    "CO020",
    MANAGER,
    says=(
        "its plain use raised TypeError: object of type 'NoneType' has no len(); pass a "
        "factory whose manager can be left; failing_exit= takes one that can't"
    ),
)
class FailsBehindALyingSignature(SignatureLies):
    """Takes the three whatever its signature says, and then counts the connections of None."""

    connections = None

    @functools.wraps(SignatureLies.close)
    def __aexit__(self, *details: object) -> Any:
        assert len(self.connections)  # type: ignore[arg-type]
        return super().__aexit__(*details)

    __aexit__.__signature__ = inspect.signature(SignatureLies.close)


@conforms("CM003", MANAGER)
class InsistsOnATraceback(Session):
    """Counts on the traceback that the language always gives with an exception."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> None:
        assert error is None or traceback is not None


# CM004


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


# CM005


@conforms("CM005", MANAGER, suppresses=(Exception,))
class SuppressesErrorsOnly(Session):
    """Suppresses every error that is one."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, Exception)


@conforms("CM005", MANAGER, suppresses=(KeyboardInterrupt,))
class EndsQuietlyOnControlC(Session):
    """Suppresses KeyboardInterrupt, and says so."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, KeyboardInterrupt)


@violates(
    "CM005",
    MANAGER,
    says=(
        "cancelled by a cancel scope at suspension 2, inside the body, it suppressed the "
        "cancellation; if it was its own, declare own_scope=True"
    ),
)
class SuppressesCancellation(Session):
    """Takes cancellation for its own business."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, anyio.get_cancelled_exc_class())


@violates(
    "CM005",
    MANAGER,
    own_scope=True,
    says=(
        "cancelled by a cancel scope at suspension 2, inside the body, it suppressed the "
        "cancellation"
    ),
)
class SuppressesTheCancellationOfOthers(SuppressesCancellation):
    """Says that it cancels its own body, and suppresses what others cancel."""


@violates(
    "CM005",
    MANAGER,
    suppresses=(Exception,),
    says="__aexit__ #1 returned True, so the body's KeyboardInterrupt was lost",
)
class SuppressesEverything(Session):
    """Declares errors, and suppresses whatever ends the body."""

    async def __aexit__(self, kind: object, *details: object) -> bool:
        return kind is not None


@violates("CM005", MANAGER, says="__aexit__ #1 returned True, so the body's SystemExit was lost")
class SuppressesSystemExit(Session):
    """Does not let the program end."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, SystemExit)


@violates("CM005", MANAGER, says="__aexit__ #1 returned True, so the body's GeneratorExit was lost")
class SuppressesGeneratorExit(Session):
    """Goes on although its coroutine is being closed."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        return isinstance(error, GeneratorExit)


@conforms("CM005", MANAGER, own_scope=True)
@conforms("CM005", MANAGER)
class CancelsItsOwnBody:
    """Gives its body no time at all, by a scope that knows its own cancellation from others."""

    async def __aenter__(self) -> None:
        self.scope = anyio.CancelScope()
        self.scope.__enter__()
        self.scope.cancel()

    async def __aexit__(self, *details: object) -> Any:
        return self.scope.__exit__(*details)


@conforms("CM005", MANAGER, own_scope=True)
class TakesItsOwnForAll(CancelsItsOwnBody):
    """Suppresses what it asked for, while its scope keeps what others asked for."""

    async def __aexit__(self, kind: object, error: object, traceback: object) -> bool:
        self.scope.__exit__(None, None, None)
        return isinstance(error, anyio.get_cancelled_exc_class())


@violates(
    "CM005",
    MANAGER,
    says=(
        "cancelled by a cancel scope at suspension 1, inside the body, it suppressed the "
        "cancellation; if it was its own, declare own_scope=True"
    ),
)
class TakesItsOwnForAllUndeclared(TakesItsOwnForAll):
    """Suppresses every cancellation, and does not say that it asks for one."""


# CM007


class FailsToClose(Session):
    """Fails at its exit, and leaves the chain of exceptions alone."""

    async def __aexit__(self, *details: object) -> None:
        raise ConnectionError("close failed")


class FailsToCloseOnItsOwn(Session):
    """Fails at its exit, and hides why it was left."""

    async def __aexit__(self, *details: object) -> None:
        raise ConnectionError("close failed") from None


class Alike(Exception):
    """Equals every other error."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BaseException)

    __hash__ = Exception.__hash__


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


# CM011


@conforms("CM011", MANAGER, released=is_free)
class ReleasesInFinally(Slot):
    """Gives its slot back whatever happens."""


@conforms("CM011", MANAGER, backends=ASYNCIO, released=is_free)
class ReleasesInTheBackground(Slot):
    """Has a task of its own give the slot back, and waits for it."""

    async def __aexit__(self, *details: object) -> None:
        await asyncio.shield(asyncio.ensure_future(self.close()))

    async def close(self) -> None:
        """Gives the slot back."""
        await asyncio.sleep(0)
        self.taken -= 1


@conforms("CM011", MANAGER, released=is_free)
class ReleasesUnderAShield(Slot):
    """Cannot be disturbed while it gives its slot back."""

    async def __aexit__(self, *details: object) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.lowlevel.checkpoint()
            self.taken -= 1


@violates(
    "CM011",
    MANAGER,
    released=is_free,
    says=(
        "cancelled at suspension 2, inside __aexit__, it ended without releasing: "
        "released= is false"
    ),
)
class SaysGoodbyeFirst(Slot):
    """Gives its slot back behind an await that may be cancelled."""

    async def __aexit__(self, *details: object) -> None:
        await anyio.sleep(1)
        self.taken -= 1


# CM020


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


# CM015


@conforms("CM015", MANAGER)
class RefusesASecondEntry(Session):
    """Can be used once."""

    used = False

    async def __aenter__(self) -> Self:
        if self.used:
            raise RuntimeError("cannot be entered twice")
        self.used = True
        return self


@conforms("CM015", MANAGER, reuse="single-use")
class RefusesASecondEntryAsDeclared(RefusesASecondEntry):
    """Can be used once, and says so."""


@conforms("CM015", MANAGER, reuse="reentrant")
class CountsItsEntries(Session):
    """Keeps its state in the number of its entries."""

    entries = 0

    async def __aenter__(self) -> Self:
        self.entries += 1
        return self

    async def __aexit__(self, *details: object) -> None:
        self.entries -= 1


@violates(
    "CM015",
    MANAGER,
    says=(
        "__aexit__ #2, after a second entry that was not refused, raised IndexError: pop "
        "from empty list"
    ),
)
class UsesItsStateUp(Session):
    """Can be entered again, and then fails at its exit."""

    def __init__(self) -> None:
        self.connections = ["open"]

    async def __aexit__(self, *details: object) -> None:
        self.connections.pop()


@violates(
    "CM015",
    MANAGER,
    says=(
        "__aexit__ #2 hangs: it waits at ... in WaitsAtItsSecondExit.__aexit__ for "
        "Semaphore.acquire, and nothing is left that could wake it"
    ),
)
class WaitsAtItsSecondExit(Session):
    """Can be entered again, and then cannot be left."""

    def __init__(self) -> None:
        self.leaves = anyio.Semaphore(1)

    async def __aexit__(self, *details: object) -> None:
        await self.leaves.acquire()


@violates(
    "CM015",
    MANAGER,
    reuse="reusable",
    says=(
        "reuse='reusable' was declared, but __aenter__ #2 raised RuntimeError: cannot be "
        "entered twice"
    ),
)
class RefusesThoughReusable(RefusesASecondEntry):
    """Declares that it can be used again, and refuses."""


@violates(
    "CM015",
    MANAGER,
    reuse="single-use",
    says=(
        "reuse='single-use' was declared, but __aenter__ #2 returned "
        "<...WorksTwiceThoughSingleUse object>"
    ),
)
class WorksTwiceThoughSingleUse(Session):
    """Declares that it can be used once, and does not refuse."""


@violates(
    "CM015",
    MANAGER,
    reuse="reentrant",
    says=(
        "__aenter__ #2 hangs: it waits at ... in IsLocked.__aenter__ for "
        "Semaphore.acquire, and nothing is left that could wake it"
    ),
)
class IsLocked(Session):
    """Declares that its uses may be nested, and waits for itself."""

    def __init__(self) -> None:
        self.held = anyio.Semaphore(1)

    async def __aenter__(self) -> Self:
        await self.held.acquire()
        return self

    async def __aexit__(self, *details: object) -> None:
        self.held.release()


@violates(
    "CM015",
    MANAGER,
    reuse="reentrant",
    says=(
        "__aenter__ #2, inside the first use, though declared reentrant, raised "
        "RuntimeError: it is in use"
    ),
)
class RefusesToBeNested(Session):
    """Declares that its uses may be nested, and refuses the inner one."""

    inside = False

    async def __aenter__(self) -> Self:
        if self.inside:
            raise RuntimeError("it is in use")
        self.inside = True
        return self

    async def __aexit__(self, *details: object) -> None:
        self.inside = False


# CM025


@conforms("CM025", MANAGER, value_is_self=True)
class GivesItself(Session):
    """Is its own target."""


@conforms("CM025", MANAGER, value=[1, 2])
class GivesAList(Session):
    """Gives a list, and empties it at its exit."""

    async def __aenter__(self) -> list[int]:
        self.numbers = [1, 2]
        return self.numbers

    async def __aexit__(self, *details: object) -> None:
        self.numbers.clear()


@conforms("CM025", MANAGER, value=lambda value: value is not None)
class GivesSomething(Session):
    """Gives what the author's function approves of."""


@violates(
    "CM025", MANAGER, value_is_self=True, says="__aenter__ gave None; expected the manager itself"
)
class ForgetsToReturnItself(Session):
    """Has no return in its entry."""

    async def __aenter__(self) -> None:
        await anyio.lowlevel.checkpoint()


@violates(
    "CM025",
    MANAGER,
    value_is_self=True,
    says="__aenter__ gave <...GivesItsEqual object>; expected the manager itself",
)
class GivesItsEqual(Session):
    """Equals each of its kind, and gives another one."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    __hash__ = Session.__hash__

    async def __aenter__(self) -> Self:
        return type(self)()


@violates("CM025", MANAGER, value=2, says="__aenter__ gave 1; expected 2")
class GivesAnotherValue(Session):
    """Gives what was not declared."""

    async def __aenter__(self) -> int:
        return 1


@violates(
    "CM025",
    MANAGER,
    value=lambda value: value.size == 3,
    says=(
        "__aenter__ gave None; the callable value= raised AttributeError: 'NoneType' "
        "object has no attribute 'size' for it"
    ),
)
class GivesNothingToLookAt(ForgetsToReturnItself):
    """Gives None where the author's function looks for a size."""


@violates(
    "CM025",
    MANAGER,
    value=1,
    says="__aenter__ gave <Prickly whose __repr__ raised ValueError>; expected 1",
)
class GivesWhatCannotBeCompared(Session):
    """Gives a value whose comparison and whose repr raise."""

    class Prickly:
        """Raises at every look."""

        def __eq__(self, other: object) -> bool:
            raise ValueError("no comparison")

        __hash__ = object.__hash__

        def __repr__(self) -> str:
            raise ValueError("no repr")

    async def __aenter__(self) -> Prickly:
        return self.Prickly()
