"""Using a subject where no loop runs, in another loop, and where tasks begin eagerly."""

from __future__ import annotations

import asyncio
import asyncio.mixins
import gc
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from functools import partial
from traceback import walk_tb
from typing import Any

import anyio
import anyio.to_thread

from pytest_asyncprotocol.engine.loops import EngineLoop, Job, Ran
from pytest_asyncprotocol.model.backends import find_backend
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NotApplicable, NoVerdict, RuleOutcome, Violation
from pytest_asyncprotocol.model.factory import FactoryOutcome

SECONDS = 5
"""Real seconds after which a loop of its own is given up, as one that is blocked."""


async def in_another_loop(job: Callable[[], Awaitable[None]]) -> str | None:
    """Run *job* in a loop of asyncio that is new; gives what it waits for in vain, if it hangs.

    The running loop stands still meanwhile.
    """
    ran = await _run("asyncio", job)
    if ran.error is not None:
        raise ran.error
    if ran.no_outcome is not None:
        raise NoVerdict(ran.no_outcome)
    return ran.hang


async def _run(library: str, job: Job) -> Ran:
    with EngineLoop(find_backend(library), clock="virtual", timeout=SECONDS) as loop:
        return await loop.run(job)


def is_of_another_loop(error: BaseException) -> bool:
    """Whether asyncio refused what an object of its own was asked for, as of another loop."""
    files = [frame.f_code.co_filename for frame, _ in walk_tb(error.__traceback__)]
    return isinstance(error, RuntimeError) and files[-1:] == [asyncio.mixins.__file__]


@contextmanager
def eager_tasks() -> Generator[None]:
    """Have each new task of the running loop of asyncio begin at once.

    Raises:
        NotApplicable: there are no such tasks before Python 3.12, or they are so already.
    """
    eager: Any = getattr(asyncio, "eager_task_factory", None)
    if eager is None:
        raise NotApplicable("eager tasks came with Python 3.12")
    loop = asyncio.get_running_loop()
    usual = loop.get_task_factory()
    if usual is not None:
        raise NotApplicable("the loop has a task factory of its own")
    loop.set_task_factory(eager)
    try:
        yield
    finally:
        loop.set_task_factory(usual)


async def why_not_made_outside(case: Case) -> Exception | None:
    """What making a subject raises where no loop runs, if it is for lack of a loop."""
    try:
        await anyio.to_thread.run_sync(case.make_at_once)
    except Exception as error:
        if isinstance(error, NotApplicable):
            raise
        if await anyio.to_thread.run_sync(partial(_can_be_made_in_a_loop, case)):
            return error
        raise NotApplicable(
            "it can't be made in another thread, whether a loop runs or not"
        ) from error
    return None


def _can_be_made_in_a_loop(case: Case) -> bool:
    async def make() -> bool:
        try:
            case.make_at_once()
        except Exception:
            return False
        return True

    return anyio.run(make, backend=case.library)


async def isolated(case: Case, check: Callable[[Case], Awaitable[None]], doing: str) -> None:
    """Carry out *check* in another loop of the same library, and raise what it raised.

    Raises:
        Violation: the subject broke that loop, or it hangs; *doing* says what it was about.
        NoVerdict: it came to no end.
    """
    outcome: RuleOutcome | None = None

    async def job() -> None:
        nonlocal outcome
        try:
            await check(case)
        except RuleOutcome as raised:
            outcome = raised
        await case.tear_down()

    ran = await _run(case.library, job)
    gc.collect()
    if outcome is not None:
        raise outcome
    if isinstance(ran.error, FactoryOutcome):
        raise ran.error
    if ran.hang is not None:
        raise Violation(ran.why_stopped(f"{doing}, it"))
    if ran.no_outcome is not None:
        raise NoVerdict(ran.no_outcome)
    if ran.error is not None:
        raise Violation(f"{doing}, it broke the state of {case.library}'s event loop")
