"""Every private name that the engine uses is there, and without it the verdicts are right."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
import pytest
import trio
import trio.testing

from pytest_asyncprotocol import Status, check
from pytest_asyncprotocol.engine import private_api
from pytest_asyncprotocol.engine.loops import EngineLoop, Ran
from pytest_asyncprotocol.engine.world import World
from pytest_asyncprotocol.model.backends import find_backend


def run(job: Callable[[], Awaitable[Any]], backend: str, timeout: float = 30) -> Ran:
    """Run *job* on an engine of its own."""
    with EngineLoop(find_backend(backend), clock="virtual", timeout=timeout) as loop:
        try:
            loop.run(job).send(None)
        except StopIteration as end:
            ran: Ran = end.value
            return ran
    raise AssertionError("the engine suspended")


async def sleep_an_hour() -> float:
    """One timer, far away."""
    begun = anyio.current_time()
    await anyio.sleep(3600)
    return anyio.current_time() - begun


async def wait_for_ever() -> None:
    """Nobody sets it."""
    await anyio.Event().wait()


async def wait_until_blocked() -> str:
    """Asks trio to say when nobody can run any more."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 5)
        await trio.testing.wait_all_tasks_blocked(0.001)
        nursery.cancel_scope.cancel()
    return "blocked"


def test_trio_can_be_seeded() -> None:
    """Its random choice among tasks has a generator and a flag."""
    assert private_api.seed_trio(0)
    with private_api.deterministic_trio():
        assert trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING


def test_without_trios_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts are given, and say that scheduling was not controlled."""
    with monkeypatch.context() as without:
        without.setattr(private_api, "_trio_run", lambda: None)
        assert not private_api.seed_trio(0)

    monkeypatch.setattr(private_api, "seed_trio", lambda seed: False)
    report = check("awaitable", sleep_an_hour, backends=("trio",), select=("CO020",))
    (verdict,) = report.of("CO020")
    assert Status.PASSED is verdict.status
    assert "scheduling not controlled" in str(verdict.coverage)


def test_who_waits_for_idleness_is_seen() -> None:
    """The shortest of their cushions; none where nobody waits, `UNKNOWN` where that is unknown."""

    async def look() -> list[float | None]:
        seen = [private_api.trio_idle_cushion()]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(trio.testing.wait_all_tasks_blocked, 0.001)
            await trio.lowlevel.checkpoint()
            await trio.lowlevel.checkpoint()
            seen.append(private_api.trio_idle_cushion())
        return seen

    assert [None, 0.001] == trio.run(look)
    assert private_api.UNKNOWN == private_api.trio_idle_cushion()


def test_without_the_list_of_who_waits_for_idleness(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each jump then waits a moment for them, and nothing is called a hang."""
    monkeypatch.setattr(private_api, "trio_idle_cushion", lambda: private_api.UNKNOWN)

    assert 3600 == pytest.approx(run(sleep_an_hour, "trio").value)
    assert "blocked" == run(wait_until_blocked, "trio").value
    assert run(wait_for_ever, "trio", timeout=0.3).hang is None


def test_awaited_descriptors_are_seen() -> None:
    """Those of the author's, and not trio's own."""

    async def look() -> bool:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            async with trio.open_nursery() as nursery:
                before = private_api.trio_awaited_descriptors()
                nursery.start_soon(trio.lowlevel.wait_readable, ours)
                await trio.testing.wait_all_tasks_blocked()
                during = private_api.trio_awaited_descriptors()
                nursery.cancel_scope.cancel()
            return (before, during) == ([], [ours.fileno()])

    assert trio.run(look)
    assert private_api.trio_awaited_descriptors() is None


def test_without_awaited_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of trio is real then, and says why."""
    monkeypatch.setattr(private_api, "trio_awaited_descriptors", lambda: None)

    ran = run(wait_for_ever, "trio", timeout=0.3)

    assert ran.hang is None
    assert ("input or output",) == ran.opened


def test_worker_threads_are_known() -> None:
    """Those of anyio, those of trio, and those of executors."""

    async def count() -> tuple[int | None, int | None]:
        during = await anyio.to_thread.run_sync(threading.current_thread)
        assert isinstance(during, private_api.anyio_worker_type() or ())
        return await anyio.to_thread.run_sync(int), private_api.anyio_busy_workers()

    async def look() -> str:
        return await trio.to_thread.run_sync(threading.current_thread().__repr__)

    assert (0, 0) == asyncio.run(count())
    assert private_api.anyio_busy_workers() in {0, None}
    assert trio.run(look)
    assert private_api.trio_thread_file().endswith("_thread_cache.py")
    with ThreadPoolExecutor(1) as executor:
        assert private_api.is_pool_thread(executor.submit(threading.current_thread).result())
    assert not private_api.is_pool_thread(threading.current_thread())


@pytest.mark.parametrize("name", ["anyio_busy_workers", "anyio_worker_type"])
def test_without_anyios_book_of_workers(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An idle worker then counts as one at work: no false hang, but no outcome either."""
    monkeypatch.setattr(private_api, name, lambda: None)

    async def work() -> str:
        return await anyio.to_thread.run_sync(lambda: "worked")

    async def work_and_wait() -> None:
        await work()
        await wait_for_ever()

    assert "worked" == run(work, "asyncio").value
    assert 3600 == pytest.approx(run(sleep_an_hour, "asyncio").value)
    assert run(work_and_wait, "asyncio", timeout=0.3).hang is None


def test_without_trios_file_of_threads() -> None:
    """An idle thread of trio then counts as somebody's: no false hang, but no outcome either."""
    trio.run(partial(trio.to_thread.run_sync, int))

    known = World(lambda: 0, present=(), pool_file=private_api.trio_thread_file())
    unknown = World(lambda: 0, present=(), pool_file="")

    assert len(known.openers([])) < len(unknown.openers([]))


def test_asyncios_timers_and_callbacks_are_seen() -> None:
    """The next timer, and how much waits."""

    async def look() -> None:
        loop = asyncio.get_running_loop()
        assert private_api.asyncio_next_timer(loop) is None
        assert 0 == private_api.asyncio_callbacks(loop)
        timer = loop.call_at(loop.time() + 1e6, int)
        assert timer.when() == private_api.asyncio_next_timer(loop)
        loop.call_soon(int)
        assert 2 == private_api.asyncio_callbacks(loop)
        timer.cancel()
        await asyncio.sleep(0)
        assert 0 == private_api.asyncio_callbacks(loop)

    asyncio.run(look())
    assert private_api.asyncio_next_timer(object()) is None
    assert 0 == private_api.asyncio_callbacks(object())


def test_without_asyncios_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jumps are then as long as asyncio lets its selector wait, which is as good."""
    monkeypatch.setattr(private_api, "asyncio_next_timer", lambda loop: None)
    monkeypatch.setattr(private_api, "asyncio_callbacks", lambda loop: 0)
    monkeypatch.setattr(private_api, "forget_asyncio_task", lambda task: False)

    assert 3600 == pytest.approx(run(sleep_an_hour, "asyncio").value)
    assert run(wait_for_ever, "asyncio").hang is not None


def test_a_future_is_told_from_what_no_loop_of_asyncio_understands() -> None:
    """While it is being awaited, and not before."""

    async def look() -> tuple[bool, ...]:
        future = asyncio.get_running_loop().create_future()
        before = private_api.asyncio_expects(future)
        awaiting = future.__await__()
        trap = next(awaiting)
        awaiting.close()
        return before, private_api.asyncio_expects(trap), private_api.asyncio_expects("text")

    assert (False, True, False) == asyncio.run(look())


def test_the_workers_of_anyio_are_counted_between_two_tasks() -> None:
    """Where nothing tells sniffio that asyncio runs, as in the selector of anybody's loop."""
    counted = []

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        release = threading.Event()

        def count() -> None:
            counted.append(private_api.anyio_busy_workers())
            release.set()

        loop.call_later(0.001, count)
        await anyio.to_thread.run_sync(release.wait)
        counted.append(private_api.anyio_busy_workers())

    asyncio.run(ask())

    assert [1, 0] == counted


def test_the_call_of_anyios_trio_runner_is_found_only_there() -> None:
    """Nobody waits for an outcome elsewhere."""
    assert not private_api.end_anyio_call(ValueError())


def test_a_shield_of_trio_can_be_lifted_from_outside() -> None:
    """And then a cancellation arrives."""

    async def behind_a_shield(task_status: trio.TaskStatus[Any]) -> None:
        with trio.CancelScope(shield=True):
            task_status.started(trio.lowlevel.current_task())
            await trio.sleep_forever()

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            task = await nursery.start(behind_a_shield)
            nursery.cancel_scope.cancel()
            private_api.lift_trio_shields(task)

    trio.run(main)
    private_api.lift_trio_shields(object())
