"""Letting go of an object, where an event loop runs and where none does."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import anyio
import anyio.to_thread

from pytest_asyncprotocol.exploration.scheduling import TURNS_TO_END, let_others_run
from pytest_asyncprotocol.exploration.uses import Pass, Scenario, carry_out
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.subject import Outcome, Subject
from pytest_asyncprotocol.model.text import describe_exception, name_of


def has_finalizer(subject: Subject) -> bool:
    """Whether the class of the object, or one that it inherits from, is given a ``__del__``."""
    return any(
        isinstance(vars(each).get("__del__"), FunctionType) for each in type(subject.object).__mro__
    )


async def drop(subject: Subject, *, in_a_loop: bool) -> None:
    """Let go of the object of *subject*: here, or in a thread where no event loop runs."""
    held, subject.object = [subject.object], None
    subject.stages.clear()
    subject.derived.clear()

    def let_go() -> None:
        held.clear()
        gc.collect()

    if in_a_loop:
        let_go()
    else:
        await anyio.to_thread.run_sync(let_go)
    await let_others_run(TURNS_TO_END)


async def refusals() -> tuple[str, ...]:
    """What asyncio and anyio say when they are needed in a thread where no event loop runs."""
    return await anyio.to_thread.run_sync(_refusals)


def _refusals() -> tuple[str, ...]:
    found: list[str] = []
    asks: tuple[Callable[[], object], ...] = (asyncio.get_running_loop, anyio.get_current_task)
    for ask in asks:
        try:
            ask()
        except Exception as refusal:
            found.append(describe_exception(refusal))
    return tuple(found)


async def used(case: Case, scenario: Scenario) -> tuple[bool, list[object]]:
    """Use a fresh subject, and let go of it: whether it came to its end, and what it gave.

    What an awaitable or an iterator gave is its user's from then on, and to be kept by the caller
    of this as long as that shall not be let go of, too.
    """
    subject = await case.fresh()
    await carry_out(scenario, case, subject)
    given: list[object] = []
    ended = True
    manager = case.protocol is Protocol.ASYNC_CONTEXT_MANAGER
    for each in () if manager else subject.stages.values():
        if isinstance(each, Pass):
            given.append(each.items)
            ended = ended and each.end is not None
        elif isinstance(each, Outcome):
            given.append(each.value)
    closable = any(each.has("aclose") for each in (subject, *subject.derived))
    await let_others_run(TURNS_TO_END)
    await case.tear_down()
    return ended or closable, given


async def survivor(case: Case, scenario: Scenario) -> Callable[[], object]:
    """Use a fresh subject, and let go of it; gives what gives the object if it is still there.

    Raises:
        TypeError: the object cannot be referred to weakly.
    """
    subject = await case.fresh()
    reference = weakref.ref(subject.object)
    await carry_out(scenario, case, subject)
    del subject
    await case.tear_down()
    await let_others_run(TURNS_TO_END)
    gc.collect()
    return reference


@contextmanager
def left_to_the_collector() -> Generator[list[str]]:
    """Give the names of the generators that began in this block, and were dropped unfinished.

    The list grows as the garbage collector finds them. The loop finalises them as ever.
    """
    dropped: list[str] = []
    finalizer = sys.get_asyncgen_hooks().finalizer

    def note(generator: Any) -> None:
        dropped.append(name_of(generator))
        if finalizer is not None:
            finalizer(generator)

    sys.set_asyncgen_hooks(finalizer=note)
    try:
        yield dropped
    finally:
        sys.set_asyncgen_hooks(finalizer=finalizer)
