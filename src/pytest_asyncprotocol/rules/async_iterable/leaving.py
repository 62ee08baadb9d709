"""Rules about a pass over an async iterable that is left early."""

from __future__ import annotations

from pytest_asyncprotocol.authoring import *
from pytest_asyncprotocol.rules.async_iterable.shape import FOR_ASYNC_FOR


@rule(
    "AB008", "released-when-left", Level.SHOULD, protocols=FOR_ASYNC_FOR, enabled_by=("released",)
)
async def released_when_left(case: Case) -> None:
    """Leaving the loop early releases the resource at a definite point.

    After one item the loop is left as its user can leave it: by ``aclose()`` of the iterator or of
    the iterable, and by the end of an ``async with`` where one of them is an async context
    manager. Then ``released`` holds at once, without waiting for the garbage collector.

    Why:
        Each ``break`` keeps a connection, until the garbage collector comes by, or for ever.

    In practice:
        ``__aiter__`` returns a plain iterator around an async generator, and offers no ``aclose()``
        that would close it.

    Advice:
        Give the iterator an ``async def aclose()`` that releases, so that ``contextlib.aclosing``
        works, or make the iterable an async context manager.

    Source:
        PEP 533, "Background and motivation":
        https://peps.python.org/pep-0533/#background-and-motivation
    """
    subject = await case.fresh()
    managers = await enter(subject)
    iterator = subject.aiter()
    if iterator is not subject:
        managers += await enter(iterator)
    outcome = await iterator.anext()
    if not outcome.returned:
        raise Vacuous("it gave no item, so it could not be left early")
    closable = [each for each in dict.fromkeys((iterator, subject)) if each.has("aclose")]
    for each in closable:
        await each.aclose()
    for each in reversed(managers):
        await each.exit()
    if await is_released_now(case, subject):
        return
    if not (closable or managers):
        raise Violation(
            "left after one item, it is not released, and there is no way to close it: "
            "neither aclose() nor `async with`"
        )
    how = " and ".join(["aclose()"] * bool(closable) + ["__aexit__"] * bool(managers))
    raise Violation(f"left after one item and closed by {how}, it is not released")


async def enter(subject: Subject) -> list[Subject]:
    """Enter *subject*, if it is an async context manager; gives what has to be exited."""
    if subject.special("__aenter__") is None or subject.special("__aexit__") is None:
        return []
    entry = await subject.enter()
    if not entry.returned:
        raise Vacuous(f"__aenter__ {entry}, so the loop could not be begun")
    return [subject]
