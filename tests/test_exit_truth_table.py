"""What `__aexit__` may do with what the body did: as the language has it, the checker has it.

Each cell is one way for a body to end, and one thing that `__aexit__` does about it. A real
``async with`` says what comes out; the checker, which calls the methods itself, has to see the
same, down to the traceback. Last comes what the battery blames for each cell.
"""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from dataclasses import dataclass
from itertools import product
from types import TracebackType
from typing import Any, Self

import anyio
import pytest
import trio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import check
from pytest_asyncprotocol.engine.library import RunningLoop
from pytest_asyncprotocol.exploration.bodies import a_cancellation, left_by, suppresses, with_body
from pytest_asyncprotocol.model.recording import Log
from pytest_asyncprotocol.model.subject import Subject
from pytest_asyncprotocol.model.text import describe, describe_exception

LIBRARIES = ("asyncio", "trio")
MANAGER = "async_context_manager"


# How a body ends


class Ending(BaseException):
    """An exception that is no `Exception`."""


def chained() -> Exception:
    """An exception with a cause, and with a context of its own."""
    try:
        try:
            raise KeyError("context")
        except KeyError:
            raise ValueError("body") from OSError("cause")
    except ValueError as error:
        return error


def travelled() -> Exception:
    """An exception whose traceback is long already."""

    def deeper(levels: int) -> None:
        if levels == 0:
            raise ValueError("body")
        deeper(levels - 1)

    try:
        deeper(5)
    except ValueError as error:
        return error
    raise AssertionError


BODIES: dict[str, Callable[[], BaseException | None]] = {
    "nothing": lambda: None,
    "Exception": lambda: ValueError("body"),
    "BaseException": lambda: Ending("body"),
    "StopIteration": lambda: StopIteration("body"),
    "StopAsyncIteration": lambda: StopAsyncIteration("body"),
    "GeneratorExit": lambda: GeneratorExit("body"),
    "KeyboardInterrupt": lambda: KeyboardInterrupt("body"),
    "SystemExit": lambda: SystemExit("body"),
    "group": lambda: ExceptionGroup("body", [ValueError("one"), KeyError("other")]),
    "with a cause": chained,
    "long traceback": travelled,
}
CANCELLED = "cancellation"


async def ending(body: str) -> BaseException | None:
    """What a body of this kind raises, made afresh."""
    return await a_cancellation() if body == CANCELLED else BODIES[body]()


# What `__aexit__` does


class Truthy:
    """Is true, and not True."""


def lets_through(error: BaseException | None) -> object:
    """Returns nothing."""
    del error


def re_raises(error: BaseException | None) -> object:
    """Raises what it was given, or an exception of its own where that is nothing."""
    raise RuntimeError("exit") if error is None else error


def raises_new(error: BaseException | None) -> object:
    """Raises an exception of its own, and leaves the chain to the language."""
    del error
    raise RuntimeError("exit")


def raises_from(error: BaseException | None) -> object:
    """Raises an exception of its own from that of the body."""
    raise RuntimeError("exit") from error


def raises_in_stages(error: BaseException | None) -> object:
    """Raises an exception of its own because something below failed."""
    del error
    try:
        raise OSError("below")
    except OSError as below:
        raise RuntimeError("exit") from below


def raises_from_none(error: BaseException | None) -> object:
    """Raises an exception of its own, and hides that of the body."""
    del error
    raise RuntimeError("exit") from None


def returns_true(error: BaseException | None) -> object:
    """Suppresses."""
    del error
    return True


def returns_truthy(error: BaseException | None) -> object:
    """Suppresses by what it returns, whether that is meant or not."""
    del error
    return Truthy()


def adds_a_note(error: BaseException | None) -> object:
    """Leaves a note with the exception."""
    if error is not None:
        error.add_note("seen at the exit")
    return None


def changes_args(error: BaseException | None) -> object:
    """Rewrites the exception."""
    if error is not None:
        error.args = ("rewritten",)
    return None


def wraps_in_a_group(error: BaseException | None) -> object:
    """Raises the exception in a group, or a group of its own."""
    raise BaseExceptionGroup("exit", [error or RuntimeError("exit")])


def raises_a_copy(error: BaseException | None) -> object:
    """Raises an exception that looks like the one it was given."""
    raise RuntimeError("exit") if error is None else copy(error)


def drops_traceback(error: BaseException | None) -> object:
    """Takes the traceback away."""
    if error is not None:
        error.__traceback__ = None
    return None


def sets_cause(error: BaseException | None) -> object:
    """Gives the exception a cause and a context, and hides the latter."""
    if error is not None:
        error.__context__ = KeyError("exit")
        error.__cause__ = OSError("exit")
    return None


def groups_with_another(error: BaseException | None) -> object:
    """Raises the exception in a group, together with one of its own."""
    raise BaseExceptionGroup("exit", [error or ValueError("none"), RuntimeError("exit")])


EXITS: dict[str, Callable[[BaseException | None], object]] = {
    each.__name__: each
    for each in (
        lets_through, re_raises, raises_new, raises_from, raises_from_none,
        returns_true, returns_truthy, adds_a_note, changes_args, wraps_in_a_group,
        groups_with_another, raises_in_stages, raises_a_copy, drops_traceback, sets_cause,
    )
}  # fmt: skip


class Manager:
    """Does one thing at its exit, and remembers what it was told there."""

    def __init__(self, act: Callable[[BaseException | None], object]) -> None:
        self.act = act
        self.told: tuple[bool, bool, tuple[str, ...]] | None = None

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self

    async def __aexit__(
        self, kind: object, error: BaseException | None, tb: TracebackType | None
    ) -> Any:
        self.told = (
            kind is (None if error is None else type(error)),
            tb is (None if error is None else error.__traceback__),
            frames(tb),
        )
        await checkpoint()
        return self.act(error)


class NeverSuspends(Manager):
    """Does it without an await, where a cancellation under way would come a second time."""

    async def __aexit__(
        self, kind: object, error: BaseException | None, tb: TracebackType | None
    ) -> Any:
        return self.act(error)


class InAStack(AsyncExitStack):
    """A manager inside of an exit stack."""

    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    async def __aenter__(self) -> Self:
        await self.enter_async_context(self.inner)
        return self


@asynccontextmanager
async def in_a_generator(inner: Manager) -> AsyncIterator[Manager]:
    """A manager inside of a generator."""
    async with inner:
        yield inner


NESTINGS: dict[str, Callable[[Manager], Any]] = {
    "alone": lambda inner: inner,
    "in a stack": InAStack,
    "in a generator": in_a_generator,
    "in both": lambda inner: InAStack(in_a_generator(inner)),
}


class Raises:
    """A body that raises when it is called, as no coroutine could raise StopIteration."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error

    def __call__(self) -> Awaitable[None]:
        """Raise at the call, or give something to await."""
        if self.error is not None:
            raise self.error
        return checkpoint()


# What comes out


@dataclass(frozen=True)
class Seen:
    """What came out of a use, in words that two uses can have in common."""

    out: str
    args: str = ""
    notes: tuple[str, ...] = ()
    context: str = ""
    cause: str = ""
    hidden: bool = False
    members: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    told: object = None


def frames(tb: Any) -> tuple[str, ...]:
    """The functions of subjects and bodies that a traceback leads through."""
    ours = ("__call__", "__aexit__", "deeper", *EXITS)
    return tuple(f.name for f in traceback.extract_tb(tb) if f.name in ours)


def seen(
    out: BaseException | None, error: BaseException | None, before: object, manager: Manager
) -> Seen:
    """What came out, told in terms of what the body raised, whose args were *before*."""

    def name(found: BaseException | None) -> str:
        if found is None:
            return "nothing"
        return "the body's" if found is error else describe_exception(found)

    if out is None:
        return Seen("nothing", told=manager.told)
    shown = tuple(name(each) for each in getattr(out, "exceptions", ()))
    group = isinstance(out, BaseExceptionGroup) and out is not error
    return Seen(
        out=type(out).__name__ if group else name(out),
        args="" if group else "as before" if out.args == before else describe(out.args),
        notes=tuple(getattr(out, "__notes__", ())),
        context=name(out.__context__),
        cause=name(out.__cause__),
        hidden=out.__suppress_context__,
        members=shown,
        frames=frames(out.__traceback__),
        told=manager.told,
    )


Use = Callable[[Any, Callable[[], Awaitable[None]]], Awaitable[object]]


async def by_the_language(manager: Any, body: Callable[[], Awaitable[None]]) -> object:
    """The statement itself."""
    async with manager:
        await body()
    return None


async def by_the_checker(manager: Any, body: Callable[[], Awaitable[None]]) -> object:
    """What rules use in its place."""
    return await with_body(Subject(manager, RunningLoop(library()), Log(), 1), body)


def library() -> str:
    """The library that runs."""
    return "trio" if trio.lowlevel.in_trio_run() else "asyncio"


async def came_out(use: Use, body: str, act: str, nesting: str) -> Seen:
    """What comes out of *use*, of a fresh manager and a fresh exception."""
    error, manager = await ending(body), Manager(EXITS[act])
    before = getattr(error, "args", None)
    try:
        await use(NESTINGS[nesting](manager), Raises(error))
    except BaseException as out:
        return seen(out, error, before, manager)
    return seen(None, error, before, manager)


Compared = Callable[[str, str, str], Awaitable[tuple[Any, Any]]]


def differing(compared: Compared, nesting: str) -> dict[tuple[str, ...], tuple[Any, Any]]:
    """The cells whose two sides are not alike, with both sides."""
    both = {
        (body, act, backend): anyio.run(compared, body, act, nesting, backend=backend)
        for body, act, backend in product([*BODIES, CANCELLED], EXITS, LIBRARIES)
    }
    return {cell: (one, other) for cell, (one, other) in both.items() if one != other}


@pytest.mark.parametrize("nesting", NESTINGS)
def test_the_checker_leaves_as_the_language_does(nesting: str) -> None:
    """`with_body` gives what `async with` gives, and tells the manager the same."""

    async def compared(body: str, act: str, nesting: str) -> tuple[Seen, Seen]:
        return (
            await came_out(by_the_language, body, act, nesting),
            await came_out(by_the_checker, body, act, nesting),
        )

    assert {} == differing(compared, nesting)


@pytest.mark.parametrize("nesting", NESTINGS)
def test_an_outcome_of_the_exit_says_what_async_with_would_do(nesting: str) -> None:
    """`left_by` gives the end of `__aexit__`; suppressed or not, it is that of the statement."""

    async def by_statement(body: str, act: str, nesting: str) -> tuple[Any, bool]:
        error, manager = await ending(body), Manager(EXITS[act])
        before = getattr(error, "args", None)
        try:
            async with NESTINGS[nesting](manager):
                await Raises(error)()
        except BaseException as out:
            return without_frames(seen(out, error, before, manager)), False
        return without_frames(seen(None, error, before, manager)), True

    async def by_outcome(body: str, act: str, nesting: str) -> tuple[Any, bool]:
        error, manager = await ending(body), Manager(EXITS[act])
        before = getattr(error, "args", None)
        subject = Subject(NESTINGS[nesting](manager), RunningLoop(library()), Log(), 1)
        await subject.enter()
        outcome = await left_by(subject, error)
        out = error if outcome.returned and not suppresses(outcome) else outcome.error
        return without_frames(seen(out, error, before, manager)), out is None

    async def compared(*cell: str) -> tuple[Any, Any]:
        return await by_statement(*cell), await by_outcome(*cell)

    assert {} == differing(compared, nesting)


def without_frames(found: Seen) -> tuple[Any, ...]:
    """All but the frames, since `left_by` has no body that is a function."""
    told: Any = found.told
    return (
        found.out, found.args, found.notes, found.context, found.cause, found.hidden,
        found.members, told[:2],
    )  # fmt: skip


def test_a_cancellation_under_way_comes_out_alike() -> None:
    """With a scope that really is cancelled while the body runs."""

    async def cancelled(use: Use, act: str) -> str:
        async def body() -> None:
            scope.cancel()
            await checkpoint()

        with anyio.CancelScope() as scope:
            try:
                await use(NeverSuspends(EXITS[act]), body)
            except BaseException as error:
                return type(error).__name__
        return "nothing"

    for act, backend in product(EXITS, LIBRARIES):
        language = anyio.run(cancelled, by_the_language, act, backend=backend)
        checker = anyio.run(cancelled, by_the_checker, act, backend=backend)

        assert language == checker, (act, backend)


def test_the_language_tells_the_cells_apart() -> None:
    """The comparison above is one of things that differ: no two exits look alike."""

    async def row() -> list[Seen]:
        return [await came_out(by_the_language, "Exception", act, "alone") for act in EXITS]

    found = anyio.run(row)

    alike = {"returns_true", "returns_truthy"}
    assert len(set(found)) == len(EXITS) - len(alike) + 1
    assert ("__call__",) == found[0].frames
    assert ("__call__", "__aexit__", "re_raises") != found[0].frames


# What the battery blames

TABLE = """
                    lets  re-    raises raises from  returns returns adds a changes wraps in
                    thro. raises new    from   None  True    truthy  note   args    a group
nothing             -     CO020  CO020  CO020  CO020 -       -       -      -       CO020
Exception           -     -      -      -      CM007 CM004   CM004   -      -       CM017
BaseException       -     -      -      -      -     -       -       -      -       -
StopIteration       -     -      -      -      -     CM022   CM022   -      -       -
StopAsyncIteration  -     -      -      CM022  -     CM022   CM022   -      -       -
GeneratorExit       -     -      -      -      -     CM005   CM005   -      -       -
KeyboardInterrupt   -     -      -      -      -     CM005   CM005   -      -       -
SystemExit          -     -      -      -      -     CM005   CM005   -      -       -
group               -     -      -      -      -     CM004   CM004   -      -       -
with a cause        -     -      -      -      -     -       -       -      -       -
long traceback      -     -      -      -      -     -       -       -      -       -
cancellation        -     -      -      -      -     CM005   CM005   -      -       -

                    groups it raises raises drops  sets
                    with more stages a copy its tb cause
nothing             CO020     CO020  CO020  -      -
Exception           -         -      -      -      -
BaseException       -         -      -      -      -
StopIteration       -         -      -      -      -
StopAsyncIteration  -         -      -      -      -
GeneratorExit       -         -      -      -      -
KeyboardInterrupt   -         -      -      -      -
SystemExit          -         -      -      -      -
group               -         -      -      -      -
with a cause        -         -      -      -      -
long traceback      -         -      -      -      -
cancellation        -         -      -      -      -
"""
"""What is blamed where `__aexit__` treats one kind of end in this way, and no other one.

In the line of Exception ``failing_exit=`` is declared, where it raises. Some cells are open on
purpose: what an exit raises instead of a cancellation or of KeyboardInterrupt is no suppression;
chains and long tracebacks in the body are not tried, since a manager that tells them apart could
do so for a reason.
"""


def cells() -> dict[tuple[str, str], str]:
    """The table by the body and what `__aexit__` does; its columns are in the order of `EXITS`."""
    found: dict[str, list[str]] = {}
    for block in TABLE.strip("\n").split("\n\n"):
        for line in block.splitlines()[2:]:
            found.setdefault(line[:20].strip(), []).extend(line[20:].split())
    return {
        (body, act): cell
        for body, row in found.items()
        for act, cell in zip(EXITS, row, strict=True)
    }


def is_of(body: str, error: BaseException | None) -> bool:
    """Whether *error* is what a body of this kind raises."""
    if body == "nothing":
        return error is None
    if body == "with a cause":
        return error is not None and error.__cause__ is not None
    if body == "long traceback":
        return error is not None and "deeper" in frames(error.__traceback__)
    if body == "Exception":
        special = (StopIteration, StopAsyncIteration, ExceptionGroup)
        return isinstance(error, Exception) and not isinstance(error, special)
    kinds: dict[str, tuple[type[BaseException], ...]] = {
        "BaseException": (Ending,),
        "StopIteration": (StopIteration,),
        "StopAsyncIteration": (StopAsyncIteration,),
        "GeneratorExit": (GeneratorExit,),
        "KeyboardInterrupt": (KeyboardInterrupt,),
        "SystemExit": (SystemExit,),
        "group": (BaseExceptionGroup,),
        CANCELLED: (asyncio.CancelledError, trio.Cancelled),
    }
    return isinstance(error, kinds[body])


def manager_of(body: str, act: str, nesting: str) -> Callable[[], Any]:
    """A factory of managers that do one thing with one kind of end, and let all others be."""

    def do(error: BaseException | None) -> object:
        return EXITS[act](error) if is_of(body, error) else None

    return lambda: NESTINGS[nesting](NeverSuspends(do))


def blamed(factory: Callable[[], Any], **declared: Any) -> set[str]:
    """The rules that a cell violates, each on both libraries."""
    report = check(MANAGER, factory, backends=LIBRARIES, examples=3, **declared)
    one, other = (
        {v.name.split()[0] for v in report.failures if v.backend == library}
        for library in LIBRARIES
    )
    assert one == other
    return one


def test_the_table_is_whole() -> None:
    """It has all cells that are compared above."""
    assert set(cells()) == set(product([*BODIES, CANCELLED], EXITS))


@pytest.mark.parametrize("body", [*BODIES, CANCELLED])
def test_the_battery_blames_what_the_table_says(body: str) -> None:
    """One fault, at most one rule, whatever the manager is wrapped in."""
    expected, found = {}, {}
    for act, nesting in product(EXITS, ("alone", "in both")):
        factory = manager_of(body, act, nesting)
        declared: dict[str, Any] = {}
        if body == "Exception" and act.startswith(("raises", "groups")):
            declared["failing_exit"] = factory
        expected[act, nesting] = {cells()[body, act]} - {"-"}
        found[act, nesting] = blamed(factory, **declared)
    if body == "StopAsyncIteration":
        # contextlib takes it for what a generator makes of that exception
        expected["raises_from", "in both"] = set()

    assert expected == found


@pytest.mark.parametrize("nesting", ["alone", "in a stack"])
def test_a_suppression_is_blamed_unless_it_is_declared(nesting: str) -> None:
    """And a declared one is blamed where it does not happen."""

    def failures(act: str, declared: type[BaseException]) -> set[str]:
        def do(error: BaseException | None) -> object:
            return EXITS[act](error) if isinstance(error, declared) else None

        return blamed(lambda: NESTINGS[nesting](Manager(do)), suppresses=(declared,))

    kinds = (
        ValueError, StopIteration, StopAsyncIteration, GeneratorExit,
        KeyboardInterrupt, SystemExit, Ending, ExceptionGroup,
    )  # fmt: skip
    suppressing = ("returns_true", "returns_truthy")
    acts = (*suppressing, "lets_through", "adds_a_note", "re_raises", "raises_new")
    expected = {
        (act, kind): set() if act in suppressing else {"CM004"}
        for act, kind in product(acts, kinds)
    }

    assert expected == {cell: failures(*cell) for cell in expected}


def test_a_suppression_of_cancellation_cannot_be_declared() -> None:
    """It is for the task that asked for it, be it written into the declarations or not."""

    def do(error: BaseException | None) -> bool:
        return isinstance(error, asyncio.CancelledError)

    report = check(
        MANAGER, lambda: Manager(do), suppresses=(asyncio.CancelledError,), backends=("asyncio",)
    )

    assert {v.name.split()[0] for v in report.failures} == {"CM005"}
