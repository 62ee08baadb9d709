"""Whether a subject let go of what it held, as its author's ``released=`` says."""

from __future__ import annotations

import inspect

import anyio

from pytest_asyncprotocol.engine.running_tasks import Alive
from pytest_asyncprotocol.exploration.scheduling import let_others_run
from pytest_asyncprotocol.exploration.uses import use
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NoVerdict
from pytest_asyncprotocol.model.subject import Subject
from pytest_asyncprotocol.model.text import describe_exception

TURNS_TO_RELEASE = 10
"""Turns that a subject's own tasks get to let go of what it held."""

TIME_TO_RELEASE = 1
"""Seconds of the loop's clock that its tasks get, where it has some, to acquire and let go."""


async def is_released(case: Case, subject: Subject) -> bool:
    """Whether ``released=`` is true of the subject, at once or when other tasks had their turn.

    Raises:
        NoVerdict: the author's callable failed.
    """
    for _ in range(TURNS_TO_RELEASE):
        if await is_released_now(case, subject):
            return True
        await let_others_run()
    return await is_released_now(case, subject)


async def is_released_now(case: Case, subject: Subject) -> bool:
    """Whether ``released=`` is true of the subject at once."""
    released = case.declared.released
    if released is None:
        raise NoVerdict("released= is not declared")
    try:
        said = released(subject.object)
        return bool(await said if inspect.isawaitable(said) else said)
    except Exception as error:
        raise NoVerdict(f"the callable released= raised {describe_exception(error)}") from error


async def is_released_when_quiet(case: Case, subject: Subject, alive: Alive) -> bool:
    """Whether ``released=`` is true once the tasks that are *alive* have had some time."""
    if alive():
        await anyio.sleep(TIME_TO_RELEASE)
    return await is_released(case, subject)


async def is_released_by_plain_use(case: Case) -> bool:
    """Whether ``released=`` is true before the plain use of a fresh manager, and after it."""
    subject = await case.fresh()
    released = await is_released(case, subject)
    if released:
        await use(case, subject)
        released = await is_released(case, subject)
    await case.tear_down()
    return released
