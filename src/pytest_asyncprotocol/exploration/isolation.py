"""A check in an event loop of its own, which is thrown away afterwards: it may be broken then."""

from __future__ import annotations

import gc
from collections.abc import Awaitable, Callable

from pytest_asyncprotocol.engine.backends import find_backend
from pytest_asyncprotocol.engine.loops import EngineLoop
from pytest_asyncprotocol.model.case import Case
from pytest_asyncprotocol.model.exceptions import NoVerdict, RuleOutcome, Violation
from pytest_asyncprotocol.model.factory import FactoryOutcome

SECONDS = 5.0
"""Real seconds that the check gets, less than the check around it."""


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

    loop = EngineLoop(find_backend(case.library), clock="virtual", timeout=SECONDS)
    with loop:
        ran = await loop.run(job)
    gc.collect()
    if outcome is not None:
        raise outcome
    if isinstance(ran.error, FactoryOutcome):
        raise ran.error
    if ran.hang is not None:
        raise Violation(f"{doing}, it hangs: {ran.hang}, and nothing is left that could wake it")
    if ran.no_outcome is not None:
        raise NoVerdict(ran.no_outcome)
    if ran.error is not None:
        raise Violation(f"{doing}, it broke the state of {case.library}'s event loop")
