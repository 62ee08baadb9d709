"""Whatever a job does to its loop, it gets an outcome, and the next job a loop that works."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import anyio
import anyio.from_thread
import pytest
import trio

from pytest_asyncprotocol import Status, check
from pytest_asyncprotocol.engine.library import library_in_force
from pytest_asyncprotocol.engine.loops import EngineLoop, Ran
from pytest_asyncprotocol.model.backends import find_backend
from pytest_asyncprotocol.model.text import describe_exception

BOTH = pytest.mark.parametrize("backend", ["asyncio", "trio"])

Job = Callable[[], Awaitable[Any]]

LEFT_OPEN = "NoVerdict: it left a cancel scope, a task group or a nursery open"


def run_one(loop: EngineLoop, job: Job) -> Ran:
    """Run *job* on *loop*."""
    try:
        loop.run(job).send(None)
    except StopIteration as end:
        ran: Ran = end.value
        return ran
    raise AssertionError("the engine suspended")


def run(*jobs: Job, backend: str) -> list[Ran]:
    """Run *jobs* on one engine."""
    with EngineLoop(find_backend(backend), clock="virtual", timeout=5) as loop:
        return [run_one(loop, job) for job in jobs]


@contextmanager
def nothing_leaks(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """No thread stays, and nothing is printed."""
    before = set(threading.enumerate())
    yield
    assert set() == set(threading.enumerate()) - before
    assert ("", "") == capfd.readouterr()


async def behave() -> str:
    """Does what it should."""
    await anyio.sleep(1)
    return "fine"


kept_tasks: list[asyncio.Task[None]] = []


def raise_in_the_operation(error: BaseException) -> Job:
    """A job that raises."""

    async def job() -> None:
        await anyio.sleep(1)
        raise error

    return job


def raise_in_a_child_task(error: BaseException) -> Job:
    """A job, a child task of which raises."""

    async def child() -> None:
        raise error

    async def job() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child)
            await anyio.sleep(1)

    return job


def raise_in_a_task_of_nobody(error: BaseException) -> Job:
    """A job that starts a task outside of any group, which raises."""

    async def child() -> None:
        raise error

    async def job() -> None:
        if library_in_force() == "trio":
            trio.lowlevel.spawn_system_task(child)
        else:
            kept_tasks[:] = [asyncio.create_task(child())]
        await anyio.sleep(1)

    return job


def raise_in_a_callback(error: BaseException) -> Job:
    """A job that has the loop call something which raises."""

    def callback() -> None:
        raise error

    async def job() -> None:
        if library_in_force() == "trio":
            trio.lowlevel.current_trio_token().run_sync_soon(callback)
        else:
            asyncio.get_running_loop().call_soon(callback)
        await anyio.sleep(1)

    return job


ERRORS = [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), BaseException("bare")]


def expected_end(how: Callable[[BaseException], Job], error: BaseException, backend: str) -> str:
    """How a job ends that raises *error* somewhere."""
    raised = describe_exception(error)
    ends_asyncio = isinstance(error, SystemExit | KeyboardInterrupt)
    if how is raise_in_the_operation:
        return raised
    if how is raise_in_a_child_task and not (backend == "asyncio" and ends_asyncio):
        return f"BaseExceptionGroup[{raised}]"
    if backend == "trio" or ends_asyncio:
        return f"NoVerdict: it broke the event loop: {raised}"
    return "no error"


@BOTH
@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize(
    "how",
    [
        raise_in_the_operation,
        raise_in_a_child_task,
        raise_in_a_task_of_nobody,
        raise_in_a_callback,
    ],
)
def test_what_ends_programs_ends_one_job(
    how: Callable[[BaseException], Job],
    error: BaseException,
    backend: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Wherever it is raised, the job is told, and the next one finds a loop."""
    with nothing_leaks(capfd):
        ended, after = run(how(error), behave, backend=backend)

    end = "no error" if ended.error is None else describe_exception(ended.error)
    assert expected_end(how, error, backend) == end
    assert "fine" == after.value


async def leave_a_scope_open() -> None:
    """Enters a cancel scope, and never exits it."""
    anyio.CancelScope().__enter__()
    await anyio.sleep(1)


async def leave_a_group_open() -> None:
    """Enters a task group, and never exits it."""
    tasks = anyio.create_task_group()
    await tasks.__aenter__()
    tasks.start_soon(anyio.sleep_forever)


async def recurse() -> None:
    """Awaits itself without end."""
    await recurse()


async def stop_the_loop() -> None:
    """Takes the loop away under itself."""
    if library_in_force() == "trio":
        raise RuntimeError("Event loop stopped before Future completed.")
    asyncio.get_running_loop().stop()
    await anyio.sleep(1)


@BOTH
@pytest.mark.parametrize(
    ("job", "end"),
    [
        (leave_a_scope_open, LEFT_OPEN),
        (leave_a_group_open, LEFT_OPEN),
        (recurse, "RecursionError: maximum recursion depth exceeded"),
        (stop_the_loop, "Event loop stopped before Future completed."),
    ],
)
def test_a_loop_that_was_spoilt_is_replaced(
    job: Job, end: str, backend: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The job is told what it did, and the next one finds a loop."""
    with nothing_leaks(capfd):
        ended, after = run(job, behave, backend=backend)

    assert ended.error is not None
    assert end in describe_exception(ended.error)
    assert "fine" == after.value


@BOTH
@pytest.mark.parametrize("level", [raise_in_a_task_of_nobody, raise_in_a_callback])
def test_an_error_that_comes_after_the_job_hurts_nobody(
    level: Callable[[BaseException], Job], backend: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """A job that sets something off and ends does not spoil the next one."""

    async def set_off() -> str:
        step = level(SystemExit(3))()
        step.send(None)  # type: ignore[attr-defined]
        step.close()  # type: ignore[attr-defined]
        return "set off"

    with nothing_leaks(capfd):
        _, after = run(set_off, behave, backend=backend)

    assert "fine" == after.value


@BOTH
def test_timers_that_a_job_left_do_not_go_off_in_the_next(backend: str) -> None:
    """Nobody is blamed for what another one has set up."""
    fired: list[str] = []

    async def set_a_timer() -> None:
        if library_in_force() == "trio":
            trio.lowlevel.spawn_system_task(fire_later)
        else:
            asyncio.get_running_loop().call_later(5, fired.append, "fired")

    async def fire_later() -> None:
        await trio.sleep(5)
        fired.append("fired")

    async def sleep_long() -> None:
        await anyio.sleep(3600)

    run(set_a_timer, sleep_long, backend=backend)

    assert [] == fired


@BOTH
def test_the_next_subject_gets_its_own_verdicts(
    backend: str, recwarn: pytest.WarningsRecorder, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever the subject before it did."""

    def verdicts() -> list[tuple[str, Status, str]]:
        report = check("awaitable", behave, backends=(backend,))
        return [(v.name, v.status, v.message) for v in report]

    alone = verdicts()
    breaking = [how(SystemExit(3)) for how in (raise_in_a_child_task, raise_in_a_callback)]

    with nothing_leaks(capfd):
        for job in (*breaking, leave_a_scope_open, leave_a_group_open, recurse):
            report = check("awaitable", job, backends=(backend,))
            assert report.failures
            assert alone == verdicts()

    assert [] == recwarn.list


@BOTH
def test_stubborn_tasks_do_not_stay_in_the_loop(backend: str) -> None:
    """A task that swallows its cancellation does not live on beside the next job."""

    async def resist() -> None:
        while True:
            try:
                await anyio.Event().wait()
            except BaseException:  # noqa: S112
                continue

    async def leave_it_behind() -> str:
        if library_in_force() == "trio":
            trio.lowlevel.spawn_system_task(resist)
        else:
            kept_tasks[:] = [asyncio.create_task(resist())]
        await anyio.sleep(1)
        return "left"

    before = set(threading.enumerate())

    left, after = run(leave_it_behind, behave, backend=backend)

    assert ["left", "fine"] == [left.value, after.value]
    assert set() == set(threading.enumerate()) - before


setting = ContextVar("setting", default="unset")


async def read_setting() -> str:
    """What a subject sees of its caller's context."""
    await anyio.sleep(1)
    return setting.get()


@BOTH
def test_the_callers_context_is_seen(backend: str) -> None:
    """Variables that the caller set are visible, and what a job sets does not come out."""

    async def change() -> None:
        setting.set("changed by the subject")

    token = setting.set("set by the caller")
    try:
        _, read = run(change, read_setting, backend=backend)
        assert "set by the caller" == read.value
        assert "set by the caller" == setting.get()
    finally:
        setting.reset(token)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """For the fixture below, which outlives a test."""
    return "asyncio"


@pytest.fixture(scope="module")
async def open_runner(anyio_backend: str) -> str:
    """Makes anyio keep a runner, with its loop, open in this thread."""
    return anyio_backend


@BOTH
def test_beside_a_runner_that_is_open(open_runner: str, backend: str) -> None:
    """The loop that a plugin keeps in the test's thread disturbs nothing."""
    assert ["fine"] == [ran.value for ran in run(behave, backend=backend)]
    assert check("awaitable", behave, backends=(backend,)).violations == ()


@BOTH
@pytest.mark.anyio
async def test_inside_a_loop(open_runner: str, backend: str) -> None:
    """The engine, asked for explicitly, works inside a test that is async."""
    assert ["fine"] == [ran.value for ran in run(behave, backend=backend)]


def test_trio_takes_turns_as_in_every_other_run() -> None:
    """The order in which tasks run is the same each time, and the caller's random state kept."""

    async def race() -> list[int]:
        order: list[int] = []

        async def step(number: int) -> None:
            for _ in range(3):
                await anyio.lowlevel.checkpoint()
                order.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(5):
                tasks.start_soon(step, number)
        return order

    state = random.getstate()
    orders = {tuple(ran.value) for _ in range(5) for ran in run(race, race, backend="trio")}

    assert 1 == len(orders)
    assert state == random.getstate()
