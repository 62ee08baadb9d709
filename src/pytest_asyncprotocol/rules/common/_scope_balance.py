"""Which cancel scopes a subject leaves open in the task that uses it, or closes there."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

import anyio

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.engine.library import OpenScopes

MOST_LOOKS = 20
"""Operations of one use after which scopes are looked at; a look takes its time."""


@dataclass(slots=True)
class Imbalance:
    """What was opened and left open, or closed and not opened, by the operation ``after``."""

    after: str = ""
    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.opened or self.closed)


async def imbalance_of(scenario: Scenario, case: Case) -> Imbalance:
    """Carry out *scenario* in a task of its own, and look at its scopes.

    They are looked at after each operation, and at the end. A manager may have some open while it
    is entered, and so may a native async generator, until it has ended.
    """
    subject = await case.fresh()
    found = Imbalance()
    looks = 0

    def compare(before: OpenScopes, after: str) -> None:
        now = open_scopes(case.library)
        if not found:
            found.after = after
            found.opened, found.closed = now.opened_since(before), before.opened_since(now)

    async def observed(awaitable: Any) -> Any:
        nonlocal looks
        looks += 1
        stepped = subject.derived[-1] if subject.derived else subject
        if looks > MOST_LOOKS or inspect.isasyncgen(stepped.object):
            return await awaitable
        operation, before = stepped.in_progress or "", open_scopes(case.library)
        try:
            return await awaitable
        finally:
            compare(before, operation)

    async def use_it() -> None:
        before = open_scopes(case.library)
        await carry_out(scenario, case, subject)
        if _is_over(subject):
            compare(before, "its use")

    if case.protocol is not Protocol.ASYNC_CONTEXT_MANAGER:
        subject.through = observed
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(use_it)
    except Exception:
        if not found:
            raise
    return found


def _is_over(subject: Subject) -> bool:
    """Whether a pass over it came to its end, or it was closed; true of what has no passes."""
    passes = [each for each in subject.stages.values() if isinstance(each, Pass)]
    return subject.has("aclose") or all(each.end is not None for each in passes)
