"""Rules about what an async context manager does with the exception of its body."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import suppress

from pytest_asyncprotocol.authoring import *


@rule("CM004", "suppresses-as-declared", Level.MUST)
async def suppresses_as_declared(case: Case) -> None:
    """``__aexit__`` returns a false value, unless suppression is declared.

    What ``__aexit__`` returns for an exception of the body, or a group of such, is false, so that
    the exception comes out; for an exception of one of the types in ``suppresses=`` it is true.
    An ``__aexit__`` that raises an exception of its own, or a group, suppresses nothing.

    Why:
        A true value makes ``async with`` go on as if nothing had happened: errors vanish, and
        the caller works with results that were never made.

    In practice:
        ``return self``; ``return self.close()`` without ``await``, since a coroutine is true;
        ``return await group.__aexit__(None, None, None)`` of a task group that was cancelled.

    Advice:
        Return nothing from ``__aexit__``, or declare ``suppresses=(SomeError,)``.

    Source:
        Python language reference, 3.3.9, object.__exit__, which 3.4.4 refers to:
        https://docs.python.org/3/reference/datamodel.html#object.__exit__
    """
    for error in _errors_to_raise(case):
        declared = isinstance(error, case.declared.suppresses)
        subject = await entered_fresh(case)
        outcome = await left_by(subject, error)
        discard_unawaited(outcome)
        suppressed = _truth_of(outcome)
        if suppressed and not declared:
            raise Violation(f"{_why_true(outcome, subject)}; so {_body_error(error)} was lost")
        if declared and not suppressed:
            raise Violation(
                f"suppresses= covers {type(error).__name__}, but when the body raised it, "
                f"{outcome.operation} {outcome}; expected a true value"
            )
        await case.tear_down()


@rule("CM006", "does-not-reraise", Level.MAY)
async def does_not_reraise(case: Case) -> None:
    """``__aexit__`` does not raise again the exception that it was given.

    It returns a false value, and the language lets the exception out. To raise another one is
    something else.

    Why:
        The traceback grows by frames that have nothing to do with the error.

    In practice:
        ``if exc: raise exc``; ``try: raise exc`` to choose by ``except`` clauses what to log.

    Advice:
        Return False, or nothing.

    Source:
        Python language reference, 3.3.9, object.__exit__, which 3.4.4 refers to:
        https://docs.python.org/3/reference/datamodel.html#object.__exit__
    """
    error = BodyError()
    subject = await entered_fresh(case)
    outcome = await left_by(subject, error)
    discard_unawaited(outcome)
    if outcome.error is error:
        raise Violation(
            f"{outcome.operation} raised again the exception that it was given; "
            "expected a false value"
        )


@rule("CM007", "exit-error-keeps-context", Level.SHOULD, enabled_by=("failing_exit",))
async def exit_error_keeps_context(case: Case) -> None:
    """An error during exit keeps the body's exception in its chain.

    When the body raised, and ``__aexit__`` raises something else, the body's exception is found
    from there: as ``__context__``, which Python sets, as ``__cause__``, or inside a group.

    Why:
        The traceback shows that closing failed, and hides what went wrong first.

    In practice:
        ``raise CloseError(...) from None``.

    Advice:
        Leave the context alone, or write ``from exc`` with the exception of the body.

    Source:
        PEP 3134, "Implicit Exception Chaining":
        https://peps.python.org/pep-3134/#implicit-exception-chaining
    """
    body_error = BodyError()
    outcome = await left_by(await _entered_failing(case), body_error)
    if outcome.error is None or outcome.error is body_error:
        clean = await left_by(await _entered_failing(case), None)
        if clean.error is not None:
            raise Vacuous("its exit fails only where the body raised nothing")
        raise Violation(f"failing_exit= was declared, but {outcome.operation} {outcome}")
    if not any(found is body_error for found in _visible_from(outcome.error)):
        raise Violation(
            f"{outcome.operation} raised {describe_exception(outcome.error)}, from which nothing "
            f"leads to {_body_error(body_error)}"
        )


# It requires CM014, since an exit that hangs when it is told of a cancellation has one fault.
@rule(
    "CM020",
    "releases-after-error",
    Level.SHOULD,
    requires=("CO010", "CM014"),
    enabled_by=("released",),
)
async def releases_after_error(case: Case) -> None:
    """What was acquired is released, whether the body raised, was cancelled, or neither.

    The declared ``released=`` is true before use, and again when the manager was left, at once or
    after some turns of the event loop.

    Why:
        Each failure costs a connection, a lock or a file, until none is left.

    In practice:
        ``@asynccontextmanager`` with the clean-up behind a bare ``yield``.

    Advice:
        Put the clean-up into ``finally``.

    Source:
        Python library reference, contextlib.asynccontextmanager:
        https://docs.python.org/3/library/contextlib.html#contextlib.asynccontextmanager
    """
    expect_entry(case)
    for error in (None, BodyError(), await a_cancellation()):
        subject = await case.fresh()
        if not await is_released(case, subject):
            raise Violation("released= is false before use, so it contradicts its declaration")
        (await subject.enter()).unwrap()
        discard_unawaited(await left_by(subject, error))
        if not await is_released(case, subject):
            after = "nothing" if error is None else type(error).__name__
            raise Violation(f"after a body that raised {after}, released= is false")
        await case.tear_down()


def _errors_to_raise(case: Case) -> Iterator[BaseException]:
    yield BodyError()
    group = ExceptionGroup("raised in the body", [BodyError()])
    if not isinstance(group, case.declared.suppresses):
        yield group
    for declared in case.declared.suppresses:
        made = _made(declared)
        if made is not None:
            yield made


def _made(kind: type[BaseException]) -> BaseException | None:
    """An exception of exactly the type *kind*, if the checker can make one."""
    for arguments in (("raised in the body",), (), ("raised in the body", [BodyError()])):
        with suppress(Exception):
            made = kind(*arguments)
            if type(made) is kind:
                return made
    return None


def _truth_of(outcome: Outcome) -> bool:
    if not outcome.returned:
        return False
    try:
        return truth(outcome.value)
    except BaseException as error:
        raise Violation(
            f"{outcome.operation} {outcome}, whose truth cannot be told: it raised "
            f"{describe_exception(error)}; expected None, False or True"
        ) from error


def _why_true(outcome: Outcome, subject: Subject) -> str:
    value = outcome.value
    if value is subject.object:
        return f"{outcome.operation} returned the manager itself, which is true"
    if inspect.isawaitable(value):
        return f"{outcome.operation} {outcome}, which it did not await, and which is true"
    return f"{outcome.operation} {outcome}" + ", which is true" * (value is not True)


def _body_error(error: BaseException) -> str:
    return f"the body's {describe_exception(error)}"


async def _entered_failing(case: Case) -> Subject:
    """A fresh manager of ``failing_exit=``, entered."""
    subject = await case.fresh_of("failing_exit")
    entry = await subject.enter()
    if not entry.returned:
        raise NoVerdict(f"the manager that failing_exit= makes cannot be entered: it {entry}")
    return subject


def _visible_from(error: BaseException) -> Iterator[BaseException]:
    """*error* and what its chain leads to, without what ``from`` hides."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        found = pending.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        pending.append(found.__cause__)
        if not found.__suppress_context__:
            pending.append(found.__context__)
        pending.extend(members(found))
