"""The plain use of a subject, by the primitives of its loop."""

from __future__ import annotations

from pytest_asyncprotocol.authoring import *

SHAPE = (
    "AW001", "AW002", "AW004", "AW005",
    "AB001", "AB002", "AB003",
    "AI001", "AI002", "AI012", "AI013", "AI014",
    "AG002",
    "CM001", "CM002", "CM003", "CM019",
)  # fmt: skip
"""What has to be right before an object can be used at all."""


@rule(
    "CO010",
    "backend-primitives",
    Level.MUST,
    requires=("CO020",),
    feeds=Feeds.SCENARIO,
    required_by_default=True,
)
async def backend_primitives(case: Case) -> None:
    """It uses only primitives of the backends that it is declared for.

    On each backend, the plain use of the subject neither calls into another event loop library
    nor yields something that this loop does not understand. Declare ``backends=("asyncio",)`` for
    a class that is made for asyncio only.

    Why:
        The class works in its author's tests and fails at the first user of the other library.

    In practice:
        ``asyncio.sleep`` in a library that says it supports trio.

    Advice:
        Use anyio's primitives, or declare the backends that are supported.

    Source:
        anyio, "The basics": https://anyio.readthedocs.io/en/stable/basics.html
    """
    foreign: list[object] = []

    def look(trap: object) -> None:
        if not understands(case.library, trap):
            foreign.append(trap)

    for scenario in uses(case):
        subject = await case.fresh()
        error = await Stepped(carry_out(scenario, case, subject), on_trap=look)
        library = None if error is None else foreign_to(case.library, error)
        if error is not None and library is not None:
            raise Violation(
                f"under {case.library} it raised {describe_exception(error)}, which comes from "
                f"{library}; if it is made for {library} only, declare backends=({library!r},)"
            ) from error
        if foreign:
            raise Violation(
                f"it yielded {describe(foreign[0])}, which {case.library} does not know"
            )
        if not case.is_instance:
            await case.tear_down()


# What leaves a scope open breaks every task that uses it, so CO015 has to hold before anything.
@rule(
    "CO020",
    "plain-use",
    Level.MUST,
    requires=(*SHAPE, "CO015"),
    feeds=Feeds.SCENARIO,
    judges=Fault.NO_END,
)
async def plain_use(case: Case) -> None:
    """Its plain use comes to an end, by a result or by the declared exception.

    One await, one pass, or one entry and exit, alone and undisturbed, neither waits for ever nor
    raises what was not declared by ``raises=``, or for the entry of a manager by
    ``enter_raises=``; nor does an exit from a body that raised wait for ever. Without this nothing
    else can be judged.

    Why:
        Whoever uses it as its protocol says gets nothing.

    In practice:
        It waits for an event that only another caller would set, or needs a step of preparation.

    Advice:
        Pass a factory that makes the subject ready for use, or declare what it raises.

    Source:
        Python language reference, 3.4 "Coroutines":
        https://docs.python.org/3/reference/datamodel.html#coroutines
    """
    subject = await case.fresh()
    try:
        declared_end = await use(case, subject)
    except RuleOutcome:
        raise
    except BaseException as error:
        if case.loop.cancelled(error):
            raise
        if foreign_to(case.library, error) is not None:
            raise Vacuous("it uses another event loop library, which CO010 judges") from error
        if needs_main_thread(error):
            raise NoVerdict(f"it raised {describe_exception(error)}; {WAY_OUT}") from error
        hint = await _way_out_of(error, case, subject)
        raise Violation(f"its plain use raised {describe_exception(error)}; {hint}") from error
    for name in ("raises", "enter_raises"):
        kind = getattr(case.declared, name)
        if kind is not None and declared_end is None:
            raise Violation(f"{name}={kind.__name__} was declared, but nothing was raised")
    if not case.is_instance:
        await case.tear_down()
    for scenario in uses(case)[1:]:
        await carry_out(scenario, case, await case.fresh())


async def _way_out_of(error: BaseException, case: Case, subject: Subject) -> str:
    """What its author can do where the plain use of *subject* raised *error*."""
    if await _needs_aiter(case):
        return "after aiter() it works, but anext() does not call that: set it up in __init__"
    if case.protocol is not Protocol.ASYNC_CONTEXT_MANAGER:
        return f"if that is meant, declare raises={type(error).__name__}"
    if ended_on_entry(subject, error):
        return f"if that is meant, declare enter_raises={type(error).__name__}"
    return "pass a factory whose manager can be left; failing_exit= takes one that can't"


async def _needs_aiter(case: Case) -> bool:
    """Whether an iterator that fails by itself works once ``aiter()`` was called on it."""
    if case.is_instance or case.protocol not in (
        Protocol.ASYNC_ITERATOR,
        Protocol.ASYNC_GENERATOR,
    ):
        return False
    subject = await case.fresh()
    try:
        subject.aiter()
        await use(case, subject)
    except BaseException as error:
        if case.loop.cancelled(error):
            raise
        return False
    return True
