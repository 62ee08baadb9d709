"""Rules about the clean-up of an async generator."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_generator.state import expect_methods, yields
from pytest_asyncprotocol.rules.async_iterator.closing import expect_closing
from pytest_asyncprotocol.snippets import inners

NUMBERS = 100
"""Numbers that the source of a wrapper gives, which is enough to be left early."""

ITEMS_OF_THE_SOURCE = 3
"""Items of a wrapper after which it is closed, each in a run of its own."""


# What is not released even by an undisturbed aclose() is AB008's.
@rule(
    "AG008",
    "cancelled-clean-up",
    Level.SHOULD,
    requires=("CO010", "AB008"),
    enabled_by=("released",),
)
async def cancelled_clean_up(case: Case) -> None:
    """Clean-up that awaits is done in a cancelled scope too.

    A cancel scope cancels a step at each of its suspensions, each in a run of its own; such a
    scope cancels every further ``await``, those of the clean-up too. Then the generator is closed
    outside of that scope, and the declared ``released=`` is true.

    Why:
        After a time-out the connection is neither given back nor closed.

    In practice:
        ``finally: await connection.close()``, without a shield: it is cancelled at once, on trio
        always, on asyncio under anyio, and so in Starlette and FastAPI.

    Advice:
        Release without an await; or await in ``with CancelScope(shield=True)``, with a time limit.

    Source:
        anyio, "Finalization", and Trio, trio.abc.AsyncResource.aclose:
        https://anyio.readthedocs.io/en/stable/cancellation.html#finalization
        https://trio.readthedocs.io/en/stable/reference-io.html#trio.abc.AsyncResource.aclose
    """
    async for run in Sweep(case, [whole_pass], [Style.LEVEL]):
        if run.subject.has("aclose"):
            await run.subject.aclose()
        if not await is_released(case, run.subject):
            raise Violation(f"{run.where}, and closed after that, it is not released")


# Whether it is released when it is left after its first item is for AB008 to say.
@Shown(released_at_once=True)
@rule(
    "AG009",
    "no-collector-needed",
    Level.SHOULD,
    requires=("CO010", "AB008"),
    enabled_by=("released",),
)
async def no_collector_needed(case: Case) -> None:
    """What it holds is released without the help of the garbage collector.

    When a pass has come to its end by itself, and when ``aclose()`` has returned after any of the
    items, the declared ``released=`` is true. What the generator's own tasks have to do for that
    may take some turns; but no generator inside it is left for the garbage collector to finalise.
    A generator that its consumer forgets to close is not meant.

    Why:
        On asyncio the resource is released later, in another task; on trio the clean-up is run
        cancelled; and on other Pythons whenever the collector comes by.

    In practice:
        ``break`` or ``return`` inside ``async for`` over another generator, as soon as enough
        items have come.

    Advice:
        ``async with aclosing(source) as items:`` around each loop that can be left early.

    Source:
        PEP 525, "Finalization", and asyncio, "Close asynchronous generators explicitly":
        https://peps.python.org/pep-0525/#finalization
        https://docs.python.org/3/library/asyncio-dev.html#asynchronous-generators-best-practices
    """
    for count in yields(case):
        subject = await case.fresh()
        when = f"closed after item {count}"
        with left_to_the_collector() as left:
            end = (await take(subject, count)).end
            if end is not None:
                when = "at its end"
            elif subject.has("aclose"):
                await subject.aclose()
        if not await is_released_now(case, subject):
            if left:
                raise Violation(
                    f"{when}, it is not released: it left the generator {min(left)} to the garbage "
                    "collector"
                )
            if not await is_released(case, subject):
                raise Violation(f"{when}, it is not released")
        await case.tear_down()
        if end is not None:
            return


# With released=, AB008 says of the same fault that closing does not release.
@rule("AG010", "source-closed", Level.SHOULD, requires=("CO010", "AB008"), enabled_by=("wraps",))
async def source_closed(case: Case) -> None:
    """A generator around another one closes that before its own ``aclose()`` returns.

    ``wraps=`` takes a generator of the numbers from 0 to 99. What it makes of that is closed
    after each of its first items, and then the inner generator is closed, and its clean-up is
    done. Do not declare ``wraps=`` for one that only borrows its source, or declare
    ``closes=False``.

    Why:
        The source keeps its connection until the garbage collector finds it, and is finalised in
        another task, on trio a cancelled one.

    In practice:
        ``async for item in source: yield item``, which does not close the source.

    Advice:
        ``async with aclosing(source):`` around the loop.

    Source:
        PEP 525, "Finalization", and contextlib.aclosing():
        https://peps.python.org/pep-0525/#finalization
        https://docs.python.org/3/library/contextlib.html#contextlib.aclosing
    """
    expect_closing(case)
    for count in range(1, ITEMS_OF_THE_SOURCE + 1):
        source = _Source()
        items = source.items()
        try:
            await _expect_closed(case, source, items, count)
        finally:
            await items.aclose()
        await case.tear_down()


class _Source:
    """A generator of numbers, and whether its clean-up was done."""

    clean = False

    async def items(self) -> AsyncGenerator[int]:
        try:
            for number in range(NUMBERS):
                await checkpoint()
                yield number
        finally:
            await checkpoint()
            self.clean = True


async def _expect_closed(
    case: Case, source: _Source, items: AsyncGenerator[int], count: int
) -> None:
    subject = case.wrapping(items, call_as_source(inners.items))
    expect_methods(subject, "aclose")
    if (await take(subject, count)).end is not None:
        if count == 1:
            raise Vacuous("around a generator of numbers it gave no item")
        return
    closed = await subject.aclose()
    if not source.clean:
        raise Violation(
            f"{closed.operation}, after item {count}, {closed}, and left its source open"
        )
