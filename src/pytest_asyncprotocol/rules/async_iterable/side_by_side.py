"""Rules about iterators of one async iterable that are open at the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_iterable.passes import same_end, same_items, shown

Passes = Callable[[Subject, int], Awaitable[list[Pass]]]
"""Passes over one iterable, in some order; at most so many steps each."""


# Passes one after the other are AB005's.
@rule(
    "AB006",
    "independent-passes",
    Level.SHOULD,
    requires=("CO010", "AB005"),
    enabled_by=("independent",),
)
async def independent_passes(case: Case) -> None:
    """Two iterations of one iterable don't disturb each other.

    Enabled by ``independent=True``. Of two iterators that are open at the same time each gives
    what one alone gives: with a whole pass inside of another one, in turns, in two tasks at once,
    and when the other one is closed after its first item. On trio the two tasks are tried under
    several schedules.

    Why:
        The inner of two nested loops ends the outer one, and pairs are missing.

    In practice:
        ``def __aiter__(self): self.position = 0; return self``, which two loops one after the
        other don't reveal.

    Advice:
        Make ``__aiter__`` an async generator, or let it give a new iterator with a position of its
        own.

    Source:
        Python glossary, "asynchronous iterable", and "iterable" by analogy (a fresh new iterator):
        https://docs.python.org/3/glossary.html#term-asynchronous-iterable
        https://docs.python.org/3/glossary.html#term-iterable
    """
    alone: Pass = await iterated(case, await case.fresh())
    await case.tear_down()
    most = len(alone.items) + (alone.end is not None)
    if not alone.items:
        raise Vacuous("it gave no item, so its passes could not disturb each other")
    for when, passes in (
        ("with one pass inside of the other", _nested),
        ("with two passes in turns", _in_turns),
        ("with one of two iterators closed after its first item", _one_closed),
    ):
        await _expect_undisturbed(case, alone, passes, most, when)
    for _ in schedules(case.library):
        await _expect_undisturbed(case, alone, _at_once, most, "with a pass in each of two tasks")


async def _expect_undisturbed(
    case: Case, alone: Pass, passes: Passes, most: int, when: str
) -> None:
    for taken in await passes(await case.fresh(), most):
        if not (same_items(case, alone, taken) and same_end(alone.end, taken.end)):
            raise Violation(f"{when}, one {shown(taken)}; alone it {shown(alone)}")
    await case.tear_down()


async def _nested(subject: Subject, most: int) -> list[Pass]:
    outer = subject.aiter()
    begun = await take(outer, 1)
    inner = await take(subject.aiter(), most)
    return [inner, await _continued(begun, outer, most)]


async def _in_turns(subject: Subject, most: int) -> list[Pass]:
    iterators = subject.aiter(), subject.aiter()
    passes = [Pass([], None), Pass([], None)]
    for _ in range(most):
        for i, iterator in enumerate(iterators):
            passes[i] = await _continued(passes[i], iterator, len(passes[i].items) + 1)
    return passes


async def _one_closed(subject: Subject, most: int) -> list[Pass]:
    closed, left = subject.aiter(), subject.aiter()
    await take(closed, 1)
    begun = await take(left, 1)
    if closed.has("aclose"):
        await closed.aclose()
    return [await _continued(begun, left, most)]


async def _at_once(subject: Subject, most: int) -> list[Pass]:
    one, other = subject.aiter(), subject.aiter()
    return await together(lambda: take(one, most), lambda: take(other, most))


async def _continued(begun: Pass, iterator: Subject, most: int) -> Pass:
    """*begun*, and what comes until it has *most* items; nothing if it has ended."""
    if begun.end is not None:
        return begun
    rest = await take(iterator, most - len(begun.items))
    return Pass(begun.items + rest.items, rest.end)
