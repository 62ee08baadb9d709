"""Time jumps where nobody could notice, and is real where somebody could: on both libraries."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

import aiosqlite
import anyio
import pytest
import trio
import trio.testing

from pytest_asyncprotocol import Status, check
from pytest_asyncprotocol.engine import clock
from pytest_asyncprotocol.engine.clock import MOST_JUMPS, MOST_TURNS
from pytest_asyncprotocol.engine.library import RunningLoop, checkpoint, library_in_force
from pytest_asyncprotocol.engine.loops import IN_CIRCLES, EngineLoop, Ran
from pytest_asyncprotocol.model.backends import find_backend

BOTH = pytest.mark.parametrize("backend", ["asyncio", "trio"])

AGES = 1e9

Job = Callable[[], Coroutine[Any, Any, Any]]


def run(
    job: Callable[[], Awaitable[Any]], backend: str, *, timeout: float = 5, kind: str = "virtual"
) -> Ran:
    """Run *job* on an engine of its own."""
    with EngineLoop(find_backend(backend), clock=kind, timeout=timeout) as loop:
        try:
            loop.run(job).send(None)
        except StopIteration as end:
            ran: Ran = end.value
            return ran
    raise AssertionError("the engine suspended")


def answer_soon(function: Callable[[], object]) -> Callable[[], object]:
    """What a foreign thread calls to have *function* called in the loop that runs now."""
    if library_in_force() == "trio":
        return partial(trio.lowlevel.current_trio_token().run_sync_soon, function)
    return partial(asyncio.get_running_loop().call_soon_threadsafe, function)


async def sleep_an_hour() -> None:
    """One timer, far away."""
    await anyio.sleep(3600)


async def sleep_999_times() -> None:
    """Many timers, one after the other."""
    for _ in range(999):
        await anyio.sleep(1)


async def sleep_for_ages() -> None:
    """A timer beyond the longest time that either library lets its selector wait."""
    await anyio.sleep(AGES)


async def sleep_side_by_side() -> None:
    """Timers of several tasks."""
    async with anyio.create_task_group() as tasks:
        for seconds in (3, 1, 2):
            tasks.start_soon(anyio.sleep, seconds)


async def listen_meanwhile() -> None:
    """A listening socket that nobody connects to holds nothing."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")

    async def refuse(stream: anyio.abc.SocketStream) -> None:
        raise AssertionError(f"nobody connects, but here is {stream}")

    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, refuse)
        await anyio.sleep(7)
        tasks.cancel_scope.cancel()


async def wait_until_all_are_blocked() -> None:
    """What waits for idleness is served before the clock jumps."""
    order = []

    async def sleeper() -> None:
        await anyio.sleep(5)
        order.append("slept")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sleeper)
        if library_in_force() == "trio":
            await trio.testing.wait_all_tasks_blocked()
        else:
            await anyio.wait_all_tasks_blocked()
        order.append("all blocked")

    assert ["all blocked", "slept"] == order


CLOSED = [
    (sleep_an_hour, 3600),
    (sleep_999_times, 999),
    (sleep_for_ages, AGES),
    (sleep_side_by_side, 3),
    (listen_meanwhile, 7),
    (wait_until_all_are_blocked, 5),
]


@BOTH
@pytest.mark.parametrize(("job", "seconds"), CLOSED, ids=lambda v: getattr(v, "__name__", ""))
def test_time_jumps(job: Job, seconds: float, backend: str) -> None:
    """Where only timers are left the clock jumps to them, and by no more."""

    async def measured() -> float:
        begun = anyio.current_time()
        await job()
        return anyio.current_time() - begun

    ran = run(measured, backend)

    assert ran.error is None
    assert pytest.approx(seconds, abs=0.5) == ran.value


@BOTH
def test_time_outs_come_in_their_order(backend: str) -> None:
    """Deadlines that compete are met as on the real clock."""

    async def job() -> list[str]:
        seen = []
        with anyio.move_on_after(10) as outer:
            with anyio.move_on_after(5) as inner:
                await anyio.sleep(7)
            seen.append(f"inner {inner.cancelled_caught}")
            await anyio.sleep(7)
        seen.append(f"outer {outer.cancelled_caught}")
        try:
            with anyio.fail_after(1):
                await anyio.sleep(2)
        except TimeoutError:
            seen.append("failed")
        with anyio.fail_after(2):
            await anyio.sleep(1)
        return seen

    assert ["inner True", "outer True", "failed"] == run(job, backend).value


async def wait_for_an_event() -> None:
    """Nobody sets it."""
    await anyio.Event().wait()


async def wait_behind_a_shield() -> None:
    """Nobody sets it, and no cancellation arrives."""
    with anyio.CancelScope(shield=True):
        await anyio.Event().wait()


async def wait_again_and_again() -> None:
    """Nobody sets it, and the cancellation is swallowed."""
    while True:
        with suppress(BaseException):
            await anyio.Event().wait()


async def sleep_for_ever() -> None:
    """A timer that is never due."""
    await anyio.sleep(float("inf"))


HANGS = [
    (wait_for_an_event, "Event.wait"),
    (wait_behind_a_shield, "Event.wait"),
    (wait_again_and_again, "Event.wait"),
    (sleep_for_ever, "sleep"),
]


@BOTH
@pytest.mark.parametrize(("job", "awaited"), HANGS, ids=lambda v: getattr(v, "__name__", ""))
def test_a_hang_is_seen_and_named(job: Job, awaited: str, backend: str) -> None:
    """What nothing could ever wake hangs: the author's own line, and what it waits for."""
    before = set(threading.enumerate())

    ran = run(job, backend)

    assert ran.hang is not None
    assert f"in {job.__qualname__} for {awaited}" in ran.hang
    assert "test_clock.py:" in ran.hang
    assert run(job, backend).hang == ran.hang
    assert set() == set(threading.enumerate()) - before


@BOTH
def test_a_hang_is_a_violation(backend: str) -> None:
    """The rule that needed an end of it says where it waits."""
    report = check("awaitable", wait_for_an_event, backends=(backend,), select=("CO020",))

    (verdict,) = report.violations
    assert verdict.message.startswith("await #1 hangs: it waits at ")
    assert "in wait_for_an_event for Event.wait" in verdict.message


async def ask_a_worker() -> str:
    """A worker thread of anyio answers within a deadline that a jump would miss."""
    with anyio.fail_after(60):
        return await anyio.to_thread.run_sync(Handshake().answer)


async def ask_the_loops_own_worker() -> str:
    """The same, by the library's own function."""
    with anyio.fail_after(60):
        if library_in_force() == "trio":
            return await trio.to_thread.run_sync(Handshake().answer)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(None, Handshake().answer)


async def ask_an_executor() -> str:
    """An executor of the author's own; trio has a thread call back, where asyncio has a future."""
    with ThreadPoolExecutor(1) as executor, anyio.fail_after(60):
        if library_in_force() == "asyncio":
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(executor, Handshake().answer)
        done = trio.Event()
        future = executor.submit(Handshake().answer)
        tell = answer_soon(done.set)
        future.add_done_callback(lambda future: tell())
        await done.wait()
        return future.result()


async def ask_an_own_thread() -> str:
    """A thread that neither library knows of."""
    done = anyio.Event()
    answers = []
    handshake = Handshake()
    tell = answer_soon(done.set)

    def work() -> None:
        answers.append(handshake.answer())
        tell()

    thread = threading.Thread(target=work, name="author's 7")
    thread.start()
    with anyio.fail_after(60):
        await done.wait()
    thread.join()
    return answers[0]


async def talk_to_itself_by_tcp() -> str:
    """A client and a server over the loopback interface."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610, an address

    async def reply(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.send(await stream.receive())

    with anyio.fail_after(60):
        async with listener, anyio.create_task_group() as tasks:
            tasks.start_soon(listener.serve, reply)
            async with await anyio.connect_tcp("127.0.0.1", port) as client:
                await client.send(b"the answer")
                received = await client.receive()
            tasks.cancel_scope.cancel()
    return received.decode()


async def ask_a_process() -> str:
    """A process of its own, which takes real time to start."""
    with anyio.fail_after(60):
        done = await anyio.run_process([sys.executable, "-c", "print('the answer')"])
    return done.stdout.decode().strip()


async def ask_a_database() -> str:
    """The library aiosqlite keeps a thread that no executor knows."""
    with anyio.fail_after(60):
        async with (
            aiosqlite.connect(":memory:") as database,
            database.execute("select 'the answer'") as cursor,
        ):
            (row,) = await cursor.fetchall()
    return str(row[0])


class Handshake:
    """Work of a thread that can't end before the loop had nothing else to do."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        if library_in_force() == "trio":
            trio.lowlevel.spawn_system_task(self._ask)
        else:
            asyncio.get_running_loop().call_later(0.001, self._asked.set)

    async def _ask(self) -> None:
        await trio.sleep(0.001)
        self._asked.set()

    def answer(self) -> str:
        """Answer once asked."""
        assert self._asked.wait(30)
        return "the answer"


OPEN: list[tuple[Job, str, tuple[str, ...]]] = [
    (ask_a_worker, "a worker thread", ("asyncio", "trio")),
    (ask_the_loops_own_worker, "a worker thread", ("asyncio", "trio")),
    (ask_an_executor, "a worker thread", ("asyncio", "trio")),
    (ask_an_own_thread, "a thread (author's N)", ("asyncio", "trio")),
    (talk_to_itself_by_tcp, "", ("asyncio", "trio")),
    (ask_a_process, "a pipe", ("asyncio", "trio")),
    (ask_a_database, "", ("asyncio",)),
]


@pytest.mark.parametrize(
    ("job", "opener", "backend"),
    [(job, opener, backend) for job, opener, backends in OPEN for backend in backends],
    ids=lambda v: getattr(v, "__name__", v),
)
def test_time_is_real_while_others_work(job: Job, opener: str, backend: str) -> None:
    """No deadline is missed because of a thread, a socket or a process, which is named."""
    ran = run(job, backend, timeout=60)

    assert ran.error is None
    assert "the answer" == ran.value
    assert {opener} - {""} <= set(ran.opened)


@BOTH
def test_what_kept_the_world_open_is_in_the_coverage(backend: str) -> None:
    """A verdict found in an open world says so."""
    report = check(
        "awaitable", ask_an_own_thread, backends=(backend,), select=("CO020",), timeout=60
    )

    (verdict,) = report.of("CO020")
    assert Status.PASSED is verdict.status
    assert ("a thread (author's N)",) == verdict.coverage.opened
    assert "real clock, because of a thread (author's N)" in str(verdict.coverage)


@BOTH
def test_an_executor_serves_one_check_after_the_other(backend: str) -> None:
    """A thread that idled when a check began belongs to the check for which it works."""
    idle, release = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as executor:
        executor.submit(idle.set).result()

        async def job() -> str:
            done = anyio.Event()
            tell = answer_soon(done.set)
            answer_soon(release.set)()
            future = executor.submit(release.wait)
            future.add_done_callback(lambda future: tell())
            await done.wait()
            return "the answer"

        assert "the answer" == run(job, backend).value
        assert "the answer" == run(job, backend).value


@BOTH
def test_threads_of_others_hold_nothing(backend: str) -> None:
    """A busy thread that was there before the check does not make its time real."""
    begun, release = threading.Event(), threading.Event()

    def serve() -> None:
        begun.set()
        release.wait()

    with ThreadPoolExecutor(1) as executor:
        executor.submit(serve)
        begun.wait()
        ran = run(sleep_an_hour, backend)
        release.set()

    assert () == ran.opened
    assert ran.no_outcome is None


@asynccontextmanager
async def idle_connection() -> AsyncIterator[socket.socket]:
    """A connected socket that nobody writes to."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        yield ours


async def read_from_silence() -> None:
    """Nobody writes, but somebody could."""
    async with idle_connection() as connection:
        await anyio.wait_readable(connection)


async def read_from_silence_behind_a_shield() -> None:
    """The same, and no cancellation arrives."""
    with anyio.CancelScope(shield=True):
        await read_from_silence()


@BOTH
@pytest.mark.parametrize("job", [read_from_silence, read_from_silence_behind_a_shield])
def test_waiting_in_an_open_world_is_no_hang(job: Job, backend: str) -> None:
    """Running out of real time blames nobody, and says what is awaited and what may come."""
    before = set(threading.enumerate())

    ran = run(job, backend, timeout=0.3)

    assert ran.hang is None
    assert ran.no_outcome is not None
    assert ran.no_outcome.startswith("no outcome in 0.3 s of real time: it waits at ")
    assert "in read_from_silence for " in ran.no_outcome
    assert ran.no_outcome.endswith("; the clock is real because of a socket")
    assert set() == set(threading.enumerate()) - before


@BOTH
def test_no_outcome_is_an_error(backend: str) -> None:
    """The rule under test is not violated by it."""
    report = check("awaitable", read_from_silence, backends=(backend,), timeout=0.3)

    assert {Status.ERROR} == {v.status for v in report.failures}
    assert {("a socket",)} == {v.coverage.opened for v in report.failures}


@pytest.mark.anyio
async def test_no_outcome_on_the_callers_loop() -> None:
    """There, too, the seconds are real."""
    report = await check("awaitable", wait_for_an_event, select=("CO020",), timeout=0.2)
    (failure,) = report.failures

    assert "no outcome in 0.2 s of real time" in failure.message


async def keep_alive_for_ever() -> None:
    """A hang beside a timer that fires again and again."""

    async def keep_alive() -> None:
        while True:  # noqa: ASYNC110, it is what this is about
            await anyio.sleep(1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keep_alive)
        await anyio.Event().wait()


@BOTH
def test_going_in_circles_is_no_hang(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only timers fire the job is repeated on the real clock, and gets no outcome there."""
    monkeypatch.setattr(clock, "MOST_JUMPS", 100)

    ran = run(keep_alive_for_ever, backend, timeout=0.3)

    assert ran.hang is None
    assert ran.no_outcome is not None
    assert "in keep_alive_for_ever for Event.wait" in ran.no_outcome
    assert ran.no_outcome.endswith(f"; the clock is real because of {IN_CIRCLES}")
    assert (IN_CIRCLES,) == ran.opened


@BOTH
def test_clocks_that_are_mixed(backend: str) -> None:
    """Sleeping by the loop's clock until the computer's shows some time ends on either clock."""

    async def job() -> str:
        end = time.monotonic() + 0.05
        while time.monotonic() < end:  # noqa: ASYNC110, it is what this is about
            await anyio.sleep(0.01)
        return "ended"

    assert "ended" == run(job, backend).value


@BOTH
def test_busy_waiting_for_the_loops_clock(backend: str) -> None:
    """Where something can always run time never jumps, so the job is repeated on the real clock."""

    async def job() -> str:
        end = anyio.current_time() + 0.05
        while anyio.current_time() < end:
            await checkpoint()
        return "ended"

    ran = run(job, backend)

    assert "ended" == ran.value
    assert (IN_CIRCLES,) == ran.opened


@BOTH
@pytest.mark.parametrize(("turns", "seconds"), [(MOST_JUMPS, 1), (MOST_TURNS, 0)])
def test_operations_that_end_are_no_circles(turns: int, seconds: int, backend: str) -> None:
    """A long check of many short operations stays on the virtual clock."""

    async def job() -> str:
        loop = RunningLoop(backend)
        for turn in range(turns + 100):
            await anyio.sleep(seconds)
            if turn % 100 == 0:
                loop.progressed()
        return "ended"

    ran = run(job, backend, timeout=30)

    assert "ended" == ran.value
    assert () == ran.opened


@BOTH
def test_the_real_clock_can_be_asked_for(backend: str) -> None:
    """Then nothing jumps and nothing counts as a hang."""
    ran = run(wait_for_an_event, backend, timeout=0.3, kind="real")

    assert ran.no_outcome is not None
    assert "in wait_for_an_event for Event.wait" in ran.no_outcome
    assert ran.no_outcome.endswith("; the clock is real because of clock='real'")


@BOTH
def test_time_goes_on_from_one_job_to_the_next(backend: str) -> None:
    """Jobs that leave the loop clean share it, and its clock never goes back."""
    with EngineLoop(find_backend(backend), clock="virtual", timeout=5) as loop:
        seen = []

        async def job() -> None:
            await anyio.sleep(10)
            seen.append(anyio.current_time())

        for _ in range(3):
            with pytest.raises(StopIteration):
                loop.run(job).send(None)

    assert sorted(seen) == seen
    assert seen[2] - seen[0] == pytest.approx(20, abs=0.5)
