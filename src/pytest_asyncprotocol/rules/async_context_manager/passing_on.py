"""Rules about passing on the exception of the body: out unchanged, and to managers inside."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.snippets.inners import Inner


@rule("CM008", "forwards-to-wrapped", Level.SHOULD, enabled_by=("wraps",))
async def forwards_to_wrapped(case: Case) -> None:
    """It forwards the exception of its body to the manager that it wraps.

    ``wraps=`` is given a manager of the checker. When the body raised, the ``__aexit__`` of that
    one is told the type, the value and the traceback, or of an exception that was made from it;
    when the body raised nothing, it is told nothing. Where it returns True, the exception is
    suppressed. A wrapper that never enters what it was given is left alone.

    Why:
        A transaction inside is told that all went well, and commits what should be rolled back.

    In practice:
        ``await self.inner.__aexit__(None, None, None)``; the same without ``return`` loses a
        suppression.

    Advice:
        Write ``return await self.inner.__aexit__(exc_type, exc, traceback)``, or use an
        `AsyncExitStack`.

    Source:
        Python language reference, 8.9.3 "The async with statement":
        https://docs.python.org/3/reference/compound_stmts.html#the-async-with-statement
    """
    for error in (None, BodyError()):
        inner = _Inner()
        subject = case.wrapping(inner, call_as_source(Inner))
        entry = await subject.enter()
        if not entry.returned:
            raise NoVerdict(f"what wraps= makes cannot be entered: it {entry}")
        outcome = await left_by(subject, error)
        discard_unawaited(outcome)
        if not inner.entered:
            raise Vacuous("it did not enter the manager that wraps= was given")
        _expect_told(inner, error)
        if error is not None and not suppresses(outcome):
            raise Violation(
                f"the manager it wraps suppressed the exception of the body, but "
                f"{outcome.operation} {outcome}; expected a true value"
            )
        await case.tear_down()


@rule("CM017", "exceptions-unwrapped", Level.SHOULD)
async def exceptions_unwrapped(case: Case) -> None:
    """The exception of the body comes out as it is, unless grouping is declared.

    It does not come out alone in an exception group. A group that holds another failure besides
    is in order, and so is an exception of its own. Task groups wrap by contract: with
    ``wraps_in_group=True`` the exception has to come out in a group; one that declares
    ``own_scope=True`` only may do either.

    Why:
        ``except ValueError`` around the ``async with`` matches no longer: a task group inside
        the class has become part of its interface.

    In practice:
        ``__aexit__`` returns ``await self.tasks.__aexit__(...)`` of a task group, or a generator
        yields inside one.

    Advice:
        Take a group of one apart in ``__aexit__``, without losing a second failure or a
        cancellation; or declare and document ``wraps_in_group=True``.

    Source:
        PEP 654, "Backwards Compatibility": https://peps.python.org/pep-0654/#backwards-compatibility
    """
    error = BodyError()
    declared = case.declared
    if declared.own_scope and not declared.wraps_in_group:
        raise NotApplicable("declared own_scope=True, which may wrap; wraps_in_group= says it must")
    if declared.wraps_in_group and isinstance(error, declared.suppresses):
        raise NotApplicable("suppresses= covers every exception, so none is left to wrap")
    outcome = await _left(case, error)
    found = list(_leaves(outcome.error))
    wrapped = outcome.error is not error and any(each is error for each in found)
    if declared.wraps_in_group and not wrapped:
        raise Violation(
            f"wraps_in_group=True was declared, but {outcome.operation} {outcome}; "
            "expected a group that holds the exception of the body"
        )
    if wrapped and len(found) == 1 and not declared.wraps_in_group:
        raise Violation(
            f"{outcome.operation} {outcome}; expected the exception of the body as it is, or the "
            "declaration wraps_in_group=True"
        )


# It requires CM004, since a manager that suppresses whatever comes has one fault, not two.
@rule("CM022", "stops-pass-through", Level.SHOULD, requires=("CO010", "CM004"))
async def stops_pass_through(case: Case) -> None:
    """StopIteration, StopAsyncIteration and RuntimeError of the body are not lost.

    They are not taken for the end of a generator inside the manager, or for its complaint: none
    is suppressed, unless ``suppresses=`` names it, and StopAsyncIteration comes out as it is, not
    as the RuntimeError that async generators make of it. That is left alone where all exceptions
    of the body are turned into others; and so is what becomes of StopIteration, which no coroutine
    lets out.

    Why:
        ``except StopAsyncIteration`` around the ``async with`` does not see the ``anext()`` that
        failed in the body, or the code behind goes on as if the body had come to its end.

    In practice:
        ``await self.generator.athrow(exc)`` between ``try`` and ``except StopAsyncIteration``.

    Advice:
        Use `contextlib.asynccontextmanager`; or compare with the exception that was thrown in, and
        look for it as the ``__cause__`` of a RuntimeError.

    Source:
        Python library reference, contextlib.asynccontextmanager, and PEP 479:
        https://docs.python.org/3/library/contextlib.html#contextlib.asynccontextmanager
        https://peps.python.org/pep-0479/
    """
    for kind in (StopIteration, StopAsyncIteration, RuntimeError):
        if not issubclass(kind, case.declared.suppresses):
            outcome = await _left(case, kind("raised in the body"))
            await case.tear_down()
            if suppresses(outcome):
                raise Violation(
                    f"{outcome.operation} {outcome}, so the body's {kind.__name__} was lost"
                )
    usual, stop = BodyError(), StopAsyncIteration("raised in the body")
    error = (await _left(case, usual)).error
    if error is not None and error is not usual:
        return
    await case.tear_down()
    outcome = await _left(case, stop)
    if _is_made_of(stop, outcome):
        raise Violation(
            f"the body raised StopAsyncIteration, but {outcome.operation} {outcome}; "
            "expected the StopAsyncIteration to come out"
        )


class _Inner:
    """A manager to wrap, which suppresses what it is told at its exit, and remembers it."""

    def __init__(self) -> None:
        self.entered = False
        self.told: tuple[object, object, object] | None = None

    async def __aenter__(self) -> Self:
        await checkpoint()
        self.entered = True
        return self

    async def __aexit__(self, *told: object) -> bool:
        kind, error, traceback = told
        self.told = (kind, error, traceback)
        await checkpoint()
        return error is not None


def _expect_told(inner: _Inner, error: BaseException | None) -> None:
    """Expect that *inner* was told of *error*, in all three parts."""
    if inner.told is None:
        raise Violation("it did not call __aexit__ of the manager it wraps, which it had entered")
    kind, value, traceback = inner.told
    if error is None:
        if (kind, value, traceback) != (None, None, None):
            raise Violation(
                f"the body raised nothing, but the manager it wraps was told of {_shown(value)}"
            )
    elif not isinstance(value, BaseException) or not _leads_to(value, error):
        raise Violation(
            f"the body raised {describe_exception(error)}, but the manager it wraps was told of "
            f"{_shown(value)}"
        )
    elif kind is not type(value) or not isinstance(traceback, TracebackType):
        raise Violation(
            f"the manager it wraps was told of {describe_exception(value)} with the type "
            f"{describe(kind)} and {'a' if traceback else 'no'} traceback; expected those of "
            "the exception"
        )


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    return describe_exception(value) if isinstance(value, BaseException) else describe(value)


async def _left(case: Case, error: BaseException) -> Outcome:
    """How a fresh manager is left by *error*."""
    subject = await entered_fresh(case)
    outcome = await left_by(subject, error)
    discard_unawaited(outcome)
    return outcome


def _leaves(error: BaseException | None) -> Iterator[BaseException]:
    """The exceptions in a group, and in the groups inside; *error* itself where it is none."""
    if error is None:
        return
    if not members(error):
        yield error
    for member in members(error):
        yield from _leaves(member)


def _is_made_of(stop: BaseException, outcome: Outcome) -> bool:
    """Whether *outcome* ended by the RuntimeError that async generators make of *stop*."""
    error = outcome.error
    return type(error) is RuntimeError and error is not stop and error.__cause__ is stop


def _leads_to(error: BaseException, original: BaseException) -> bool:
    """Whether *original* is *error*, or in its chain, or in a group there."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        found = pending.pop()
        if found is original:
            return True
        if found is not None and id(found) not in seen:
            seen.add(id(found))
            pending += [found.__cause__, found.__context__, *members(found)]
    return False
