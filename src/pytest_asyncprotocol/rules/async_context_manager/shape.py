"""Rules about the methods of an async context manager, and what they give."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules._methods import expect_awaitable
from pytest_asyncprotocol.snippets.special_uses import by_async_with

CLEAN = (None, None, None)


@Shown(use=by_async_with)
@rule("CM001", "enter-and-exit-on-type", Level.MUST, feeds=Feeds.METHODS)
async def enter_and_exit_on_type(case: Case) -> None:
    """``__aenter__`` and ``__aexit__`` are found on the type.

    The language looks both up on the type, never on the instance: an attribute that only the
    instance has, or that ``__getattr__`` makes up, does not count.

    Why:
        ``async with`` raises TypeError for such an object, before anything is entered.

    In practice:
        A class with ``close()`` but no ``__aexit__``; a manager for ``with`` only; a proxy that
        forwards attributes by ``__getattr__``.

    Advice:
        Define ``async def __aenter__(self)`` and
        ``async def __aexit__(self, exc_type, exc, traceback)`` in the class.

    Source:
        Python language reference, 8.9.3 "The async with statement":
        https://docs.python.org/3/reference/compound_stmts.html#the-async-with-statement
    """
    subject = await case.fresh()
    name = type(subject.object).__name__
    missing = [m for m in ("__aenter__", "__aexit__") if subject.special(m) is None]
    if missing:
        synchronous = subject.special("__enter__") and subject.special("__exit__")
        hint = "; it is a manager for `with`, not for `async with`" if synchronous else ""
        raise Violation(f"{name} has no {' and no '.join(missing)} on its type{hint}")


@Shown(use=by_async_with)
@expect_awaitable("__aexit__")
@expect_awaitable("__aenter__")
@rule("CM002", "enter-and-exit-awaitable", Level.MUST, requires=("CM001",))
async def enter_and_exit_awaitable(case: Case) -> None:
    """``__aenter__`` and ``__aexit__`` return awaitables.

    What the call returns is judged, not how the method is written: a plain function that returns
    a coroutine or a future is as good as ``async def``.

    Why:
        ``async with`` raises TypeError when the body of the method has already run: what a
        synchronous ``__aenter__`` acquired is lost, and a synchronous ``__aexit__`` hides the
        exception of the body behind that TypeError.

    In practice:
        ``def __aenter__(self): return self``, with the ``async`` forgotten.

    Advice:
        Write ``async def``, or return what an async method gives.

    Source:
        Python language reference, 3.4.4 "Asynchronous Context Managers":
        https://docs.python.org/3/reference/datamodel.html#asynchronous-context-managers
    """
    subject = await case.fresh()
    for name, arguments in (("__aenter__", ()), ("__aexit__", CLEAN)):
        try:
            given = _method(subject, name)(*arguments)
            subject.note(f"{name} -> returned {describe(given)}, not awaited yet")
            if inspect.isawaitable(given):
                await given
                continue
        except BaseException as error:
            # A failure, or a hang that the engine has just ended, is for CO020 to report.
            raise Vacuous(f"{name} raised {describe_exception(error)}") from error
        raise Violation(f"{name} returned {describe(given)}; expected something to await")


@Shown(use=by_async_with)
@rule("CM003", "exit-takes-three", Level.MUST, requires=("CM002",), feeds=Feeds.METHODS)
async def exit_takes_three(case: Case) -> None:
    """``__aexit__`` accepts the three positional arguments.

    It is called with the type, the value and the traceback of an exception, or with None three
    times.

    Why:
        The call itself fails, in place of the exception of the body, and nothing is cleaned up.

    In practice:
        ``async def __aexit__(self)``, or ``async def __aexit__(self, exc)``.

    Advice:
        Write ``async def __aexit__(self, exc_type, exc, traceback)``, or ``*exc_info``.

    Source:
        Python language reference, 3.3.9 "With Statement Context Managers", which 3.4.4 refers to:
        https://docs.python.org/3/reference/datamodel.html#object.__exit__
    """
    subject = await case.fresh()
    refusal = _refusal_of_three(_method(subject, "__aexit__"))
    if refusal is not None:
        raise Violation(
            "__aexit__ does not take the type, the value and the traceback: "
            f"{describe_exception(refusal)}"
        )


@rule(
    "CM025",
    "declared-target",
    Level.SHOULD,
    enabled_by=("value", "value_is_self"),
    feeds=Feeds.SCENARIO,
)
async def declared_target(case: Case) -> None:
    """The target of ``as`` is what was declared.

    ``__aenter__`` gives the declared value, one that equals it, or one that the declared callable
    approves; with ``value_is_self=True`` it gives the manager itself. It is judged inside the
    body, since the exit may change it.

    Why:
        ``async with Client() as client`` binds None, and fails at the first use of ``client``.

    In practice:
        ``__aenter__`` without ``return self``.

    Advice:
        Return from ``__aenter__`` what the documentation shows behind ``as``.

    Source:
        Python language reference, 3.3.9, object.__enter__, which 3.4.4 refers to:
        https://docs.python.org/3/reference/datamodel.html#object.__enter__
    """
    declared = case.declared
    if case.is_instance and not declared.value_is_self:
        raise NotApplicable("value= is judged inside the body, which needs a factory")
    expect_entry(case)
    subject = await case.fresh()
    entry: Outcome = await entered(case, subject)
    value = entry.unwrap()
    wrong = ""
    if declared.value_is_self:
        if value is not subject.object:
            wrong = "expected the manager itself"
    else:
        wrong = _what_is_wrong(value, case)
    await exited(case, subject)
    if wrong:
        raise Violation(f"__aenter__ gave {describe(value)}; {wrong}")


def _method(subject: Subject, name: str) -> Callable[..., Any]:
    method = subject.special(name)
    if method is None:
        raise NotApplicable(f"it has no {name}, which CM001 judges")
    return method


def _refusal_of_three(method: Callable[..., Any]) -> TypeError | None:
    """Why the three arguments do not fit, if they don't.

    A signature can lie: where it says no, a call decides, which runs nothing if it was right.
    """
    try:
        inspect.signature(method, follow_wrapped=False).bind(*CLEAN)
    except ValueError:
        return None
    except TypeError:
        try:
            given = method(*CLEAN)
        except BaseException as error:
            ran = error.__traceback__ is not None and error.__traceback__.tb_next is not None
            return error if isinstance(error, TypeError) and not ran else None
        if inspect.isawaitable(given):
            discard(given)
    return None


def _what_is_wrong(value: object, case: Case) -> str:
    declared = case.declared.value
    try:
        if case.declared.as_judge("value")(value):
            return ""
    except RuleOutcome:
        raise
    except Exception as error:
        return f"the callable value= raised {describe_exception(error)} for it"
    if callable(declared):
        return "the callable value= does not approve of it"
    return f"expected {describe(declared)}"
