"""Each mutant of the paged reader, by hand."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import anyio

from tests.exploration import iterator_mutants as mutants
from tests.exploration.acting import (
    CANCELLED,
    STUCK,
    alone,
    at_once,
    drained,
    end_of,
    interrupted,
    shows,
    side_by_side,
    turns,
)
from tests.exploration.iterator_mutants import ITEMS, Server

Reader = Callable[..., Any]

END = StopAsyncIteration
ALL = [*ITEMS, END]


async def cancelled_then_drained(reader: Reader, at: str) -> list[object]:
    it = reader()
    assert await interrupted(anext(it), it.server, at) == CANCELLED
    return await drained(it)


@shows(mutants.CountsBeforeItReads, right=ALL, wrong=[3, 4, 5, END])
async def at_the_page(reader: Reader) -> object:
    return await cancelled_then_drained(reader, "page")


@shows(mutants.DropsItsBufferWhenCancelled, right=ALL, wrong=[3, 4, 5, END])
async def at_the_receipt(reader: Reader) -> object:
    return await cancelled_then_drained(reader, "acknowledge")


@shows(mutants.ReadsAgainWhenCancelled, right=ALL, wrong=[1, 2, *ITEMS, END])
async def at_the_receipt_again(reader: Reader) -> object:
    return await cancelled_then_drained(reader, "acknowledge")


@shows(mutants.NotesTheEndBehindTheReceipt, right=[4, 5, END], wrong=[4, 5, ConnectionError])
async def at_the_last_receipt(reader: Reader) -> object:
    it = reader()
    for _ in range(3):
        await anext(it)
    assert await interrupted(anext(it), it.server, "acknowledge") == CANCELLED
    return await drained(it)


@shows(mutants.ForgetsToAwaitItsGoodbye, right=(ALL, 0), wrong=([ConnectionError], 1))
async def at_the_greeting(reader: Reader) -> object:
    it = reader()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert await interrupted(anext(it), it.server, "greet") == CANCELLED
    return await drained(it), sum("never awaited" in str(each.message) for each in caught)


@shows(mutants.ReconnectsAfterACancellation, right=(ALL, 0), wrong=(ALL, 1))
async def cancelled_used_and_closed(reader: Reader) -> object:
    it = reader()
    assert await interrupted(anext(it), it.server, "page") == CANCELLED
    seen = await drained(it)
    await it.aclose()
    return seen, it.server.open


@shows(mutants.WaitsForAReaderThatLeft, right=(None, 0), wrong=(STUCK, 0))
async def cancelled_and_closed(reader: Reader) -> object:
    it = reader()
    assert await interrupted(anext(it), it.server, "page") == CANCELLED
    return await alone(it.aclose()), it.server.open


async def cancelled_close(reader: Reader) -> Any:
    it = reader()
    assert await anext(it) == 1
    assert await interrupted(it.aclose(), it.server, "goodbye") == CANCELLED
    assert it.server.open == 0
    return it


@shows(mutants.ClosesBehindItsGoodbye, right=END, wrong=2)
async def step_after_a_cancelled_close(reader: Reader) -> object:
    return await alone(anext(await cancelled_close(reader)))


@shows(mutants.HangsUpTwice, right=None, wrong=ConnectionError)
async def close_after_a_cancelled_close(reader: Reader) -> object:
    return await alone((await cancelled_close(reader)).aclose())


@shows(mutants.WaitsForItsOwnGoodbye, right=None, wrong=STUCK)
async def close_after_a_cancelled_close_waits(reader: Reader) -> object:
    return await alone((await cancelled_close(reader)).aclose())


@shows(mutants.ClosesOnlyWhatIsConnected, right=(None, END, 0), wrong=(None, 1, 1))
async def step_after_an_early_close(reader: Reader) -> object:
    it = reader()
    return await alone(it.aclose()), await alone(anext(it)), it.server.open


@shows(mutants.LooksBeforeItsTurnOnly, right=[END, END, None], wrong=[END, 1, None])
async def closed_while_two_wait(reader: Reader) -> object:
    it = reader()
    return await at_once(anext(it), anext(it), it.aclose(), peer=it.server)


@shows(mutants.WaitsItsTurnToClose, right=[END, None], wrong=[STUCK, STUCK])
async def closed_while_the_server_is_silent(reader: Reader) -> object:
    it = reader(Server(silent=True))
    return await at_once(anext(it), it.aclose())


@shows(mutants.LooksBeforeItsTurnToClose, right=[None, None], wrong=[None, ConnectionError])
async def closed_by_two(reader: Reader) -> object:
    it = reader()
    assert await anext(it) == 1
    return await at_once(it.aclose(), it.aclose(), peer=it.server)


async def two_after(reader: Reader, items: int) -> list[object]:
    it = reader()
    for _ in range(items):
        await anext(it)
    return [*await at_once(anext(it), anext(it), peer=it.server), *await drained(it)]


@shows(mutants.AsksForThePageItSawFirst, right=[3, 4, 5, END], wrong=[3, 3, 4, 5, END])
async def two_at_the_third_page(reader: Reader) -> object:
    return await two_after(reader, 2)


@shows(
    mutants.LooksIntoItsBufferBeforeItsTurn,
    right={2, 3},
    wrong={2, END},
)
async def two_at_the_last_item_of_a_page(reader: Reader) -> object:
    it = reader()
    assert await anext(it) == 1
    return set(await side_by_side(anext(it), anext(it)))


@shows(mutants.AcknowledgesOutOfItsTurn, right=[2, 3, 4, 5, END], wrong=[2, 2, 3, 4, 5, END])
async def two_at_the_second_item(reader: Reader) -> object:
    return await two_after(reader, 1)


@shows(
    mutants.KeepsItsTurnAfterAnError,
    right=[1, 2, ConnectionError, END],
    wrong=[1, 2, ConnectionError, STUCK],
)
async def step_after_an_error(reader: Reader) -> object:
    it = reader(Server(fails=True))
    return [*[await end_of(anext(it)) for _ in range(3)], await alone(anext(it))]


@shows(mutants.HandsOutItsOwnAwaitable, right=CANCELLED, wrong=AttributeError)
async def default_and_cancelled(reader: Reader) -> object:
    it = reader()
    with anyio.CancelScope() as scope:
        it.server.asked = lambda what: scope.cancel() if what == "page" else None
        return await end_of(anext(it, None))
    return CANCELLED


@shows(mutants.DropsTheBaton, right=(ITEMS[0], 2), wrong=(ITEMS[0], STUCK))
async def second_of_two_cancelled(reader: Reader) -> object:
    it = reader()
    it.server.quiet = anyio.Event()
    seen: list[object] = []

    async def first() -> None:
        seen.append(await anext(it))

    async with anyio.create_task_group() as group:
        group.start_soon(first)
        await turns()
        assert await alone(anext(it)) == STUCK  # which cancels it
        it.server.quiet.set()
    return seen[0], await alone(anext(it))
