"""How a manager is left: by which exception, whether it suppresses it, what it still holds."""

from __future__ import annotations

import inspect

from pytest_asyncprotocol.exploration.scenarios import let_others_run, truth
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NoVerdict
from pytest_asyncprotocol.model.subject import Outcome, Subject
from pytest_asyncprotocol.model.text import describe_exception

TURNS_TO_RELEASE = 10
"""Turns that a manager's own tasks get to let go of what it held."""


class BodyError(Exception):
    """What the checker raises in a body: nobody can have declared it."""

    def __init__(self) -> None:
        super().__init__("raised in the body")


async def left_by(subject: Subject, error: BaseException | None) -> Outcome:
    """``__aexit__`` as ``async with`` calls it: while what the body raised is being handled."""
    if error is None:
        return await subject.exit()
    try:
        raise error
    except BaseException as raised:
        return await subject.exit(raised)


def suppresses(outcome: Outcome) -> bool:
    """Whether ``async with`` would take this end of ``__aexit__`` as a suppression."""
    try:
        return outcome.returned and truth(outcome.value)
    except BaseException:
        return False


def discard_unawaited(outcome: Outcome) -> None:
    """End a coroutine that ``__aexit__`` returned without awaiting it, so that nothing warns."""
    if inspect.iscoroutine(outcome.value):
        outcome.value.close()


async def is_released(case: Case, subject: Subject) -> bool:
    """Whether ``released=`` is true of the subject, at once or when other tasks had their turn.

    Raises:
        NoVerdict: the author's callable failed.
    """
    for _ in range(TURNS_TO_RELEASE):
        if await _is_released_now(case, subject):
            return True
        await let_others_run()
    return await _is_released_now(case, subject)


async def _is_released_now(case: Case, subject: Subject) -> bool:
    released = case.declared.released
    if released is None:
        raise NoVerdict("released= is not declared")
    try:
        said = released(subject.object)
        return bool(await said if inspect.isawaitable(said) else said)
    except Exception as error:
        raise NoVerdict(f"the callable released= raised {describe_exception(error)}") from error
