"""Rules about an async context manager that has other protocols too."""

from __future__ import annotations

from typing import Any

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.snippets.special_uses import by_other_protocols

CLEAN = (None, None, None)


@Shown(use=by_other_protocols)
@rule("CM024", "same-through-each-protocol", Level.MAY)
async def same_through_each_protocol(case: Case) -> None:
    """It gives the same thing through each of its protocols, and refuses `with` or works.

    Where the manager can also be awaited, both ways give an object of the same type, or fail.
    Where it has ``__enter__``, that raises, so that `with` is refused; or it gives the same type
    too, ``__exit__`` returns, and the declared ``released=`` is true as soon as it has.

    Why:
        ``conn = await connect()`` and ``async with connect() as conn`` are written for each other
        in all documentation; a synchronous exit that only schedules the close leaks.

    In practice:
        ``__aenter__`` returns the request, and ``await`` the response; ``__exit__`` starts a task
        that closes.

    Advice:
        Let ``__aenter__`` await the object itself, and return that; raise TypeError in
        ``__enter__``.

    Source:
        Python language reference, 3.4 "Coroutines", and 8.5 "The with statement":
        https://docs.python.org/3/reference/datamodel.html#coroutines
        https://docs.python.org/3/reference/compound_stmts.html#the-with-statement
    """
    expect_entry(case)
    subject = await case.fresh()
    others = [name for name in ("__await__", "__enter__") if subject.special(name) is not None]
    if not others:
        raise NotApplicable("it has no other protocol that gives something")
    target = (await subject.enter()).unwrap()
    (await subject.exit()).unwrap()
    await case.tear_down()
    if "__await__" in others:
        await _expect_same_when_awaited(await case.fresh(), target)
        await case.tear_down()
    if "__enter__" in others:
        await _expect_refusal_or_use(case, await case.fresh(), target)


async def _expect_same_when_awaited(subject: Subject, target: object) -> None:
    awaited = await subject.wait()
    if not awaited.returned:
        return
    await _let_go(awaited.value)
    if type(awaited.value) is not type(target):
        raise Violation(
            f"await gave {describe(awaited.value)}, but `async with` a {type_name(target)}; "
            "expected the same type"
        )


async def _expect_refusal_or_use(case: Case, subject: Subject, target: object) -> None:
    enter, leave = subject.special("__enter__"), subject.special("__exit__")
    if enter is None:
        return
    try:
        value = enter()
    except Exception as error:
        subject.note(f"__enter__ -> raised {describe_exception(error)}")
        return
    subject.note(f"__enter__ -> returned {describe(value)}")
    if leave is None:
        raise Violation("__enter__ returned, but there is no __exit__; expected TypeError")
    try:
        leave(*CLEAN)
    except Exception as error:
        raise Violation(
            f"__enter__ returned, but __exit__ raised {describe_exception(error)}"
        ) from error
    subject.note("__exit__ -> returned")
    if case.declared.released is not None and not await is_released_now(case, subject):
        raise Violation("when `with` was left, released= is false")
    if type(value) is not type(target):
        raise Violation(
            f"`with` gave {describe(value)}, but `async with` a {type_name(target)}; "
            "expected the same type"
        )


async def _let_go(value: Any) -> None:
    """Leave or close what an ``await`` gave; how that ends is for other rules."""
    leave = special_method(value, "__aexit__")
    close = getattr(value, "aclose", None)
    try:
        if leave is not None:
            await leave(*CLEAN)
        elif close is not None:
            await close()
    except Exception:
        return
