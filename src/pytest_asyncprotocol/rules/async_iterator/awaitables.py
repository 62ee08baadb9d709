"""What a step of an async iterator gives to be awaited, seen by ``anext()`` with a default."""

from __future__ import annotations

import inspect
from types import CoroutineType, GeneratorType
from typing import Final

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_iterator._anext_default import Guarded
from pytest_asyncprotocol.rules.async_iterator.shape import begin_anext
from pytest_asyncprotocol.snippets.special_uses import ask_for_a_default

DEFAULT: Final = object()

_OF_PYTHON = (CoroutineType, GeneratorType)


@Shown(use=ask_for_a_default)
@rule("AI014", "anext-with-default", Level.MUST, requires=("AI001", "AI002", "AI012"))
async def anext_with_default(case: Case) -> None:
    """An awaitable written by hand works with ``anext(it, default)``, cancelled or not.

    What ``__anext__`` gives is awaited by ``anext()`` with a default, once to the end, and once
    for each suspension at which it is cancelled. The end gives the default, and the iterator that
    ``__await__`` gives has the ``send()`` that trio needs and the ``throw()`` by which asyncio
    cancels. Coroutines, and the objects that generators give, are right by themselves.

    Why:
        ``await anext(it, None)`` ends with AttributeError in place of the cancellation, though
        ``async for`` works.

    In practice:
        A class with ``__await__`` and ``__next__`` around the iterator of a coroutine; an
        ``__await__`` that raises StopAsyncIteration itself.

    Advice:
        Make it ``async def __anext__``; or give the iterator ``send``, ``throw`` and ``close``
        that pass on to the inner one.

    Source:
        Python library reference, anext(), and PEP 380, "Formal Semantics":
        https://docs.python.org/3/library/functions.html#anext
        https://peps.python.org/pep-0380/#formal-semantics
    """
    subject = await case.fresh()
    if inspect.isasyncgen(subject.object):
        raise NotApplicable("it is a generator, which gives awaitables of Python's own")
    if not await _gives_default(case, subject):
        raise NotApplicable("each __anext__ gives a coroutine")
    steps = _Pass()
    async for run in Sweep(case, [steps.carry_out], [Style.LEVEL], vacuous=""):
        steps.expect_methods(run.error, f"cancelled at suspension {run.point}")


async def _gives_default(case: Case, subject: Subject) -> bool:
    """Expect that a pass by ``anext()`` with a default ends by that; whether one was by hand."""
    undisturbed = _Pass()
    try:
        await undisturbed.carry_out(case, subject)
    except RuleOutcome:
        raise
    except StopAsyncIteration as end:
        raise Violation(
            f"anext(it, default) raised {describe_exception(end)}; expected the default"
        ) from end
    except BaseException as error:
        undisturbed.expect_methods(error, "undisturbed")
        # A failure, or a hang that the engine has just ended, is for CO020 to report.
        raise Vacuous(f"it raised {describe_exception(error)}") from error
    return undisturbed.by_hand


class _Pass:
    """A pass by ``anext(it, default)``: whether a step was no coroutine, and the last step."""

    def __init__(self) -> None:
        self.by_hand = False
        self.step: Guarded | None = None

    async def carry_out(self, case: Case, subject: Subject) -> None:
        """Take items until the default comes, or as many as are worth it."""
        for _ in range(most_items(case)):
            awaitable = begin_anext(subject)
            self.by_hand = self.by_hand or type(awaitable) not in _OF_PYTHON
            self.step = Guarded(awaitable)
            if await self.step.or_default(DEFAULT) is DEFAULT:
                return

    def expect_methods(self, error: BaseException | None, when: str) -> None:
        """Expect that *error* is not about a method which the iterator of the step lacks."""
        missing = None if self.step is None else self.step.lacks(error)
        if error is not None and missing is not None:
            raise Violation(
                f"{when}, anext(it, default) raised {describe_exception(error)}: what __await__ "
                f"gives has no {missing}()"
            ) from error
