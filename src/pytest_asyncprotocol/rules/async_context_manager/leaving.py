"""How a manager is left: by which exception, and whether it suppresses it."""

from __future__ import annotations

import inspect

from pytest_asyncprotocol.exploration.scenarios import truth
from pytest_asyncprotocol.model.subject import Outcome, Subject


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
