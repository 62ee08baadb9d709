"""A subject that blocks its thread is interrupted or abandoned, and hurts nothing else."""

from __future__ import annotations

import bdb
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from types import FrameType
from typing import Any

import anyio
import pytest

from pytest_asyncprotocol import Report, Status, check
from pytest_asyncprotocol.engine import watchdog
from pytest_asyncprotocol.engine.loops import EngineLoop, Ran
from pytest_asyncprotocol.model.backends import find_backend

BOTH = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def run(loop: EngineLoop, job: Callable[[], Awaitable[Any]]) -> Ran:
    """Run *job* on *loop*."""
    try:
        loop.run(job).send(None)
    except StopIteration as end:
        ran: Ran = end.value
        return ran
    raise AssertionError("the engine suspended")


def engine(backend: str, timeout: float = 0.3) -> EngineLoop:
    """An engine with little patience."""
    return EngineLoop(find_backend(backend), clock="virtual", timeout=timeout)


async def spin() -> None:
    """Never gives the thread back."""
    while True:
        pass


async def spin_on_after_an_interrupt() -> None:
    """Swallows an interrupt, but only one."""
    with suppress(BaseException):
        while True:
            pass
    while True:
        pass


async def behave() -> str:
    """Does what it should."""
    await anyio.sleep(1)
    return "fine"


@BOTH
@pytest.mark.parametrize("job", [spin, spin_on_after_an_interrupt])
def test_python_code_that_blocks_is_interrupted(
    job: Callable[[], Awaitable[None]], backend: str
) -> None:
    """The job gets no outcome and is named, its thread ends, and the next job is not concerned."""
    threads, abandoned = set(threading.enumerate()), len(watchdog.abandoned)

    with engine(backend) as loop:
        ran = run(loop, job)
        after = run(loop, behave)

    assert ran.blocking
    assert ran.no_outcome is not None
    assert ran.no_outcome.startswith(
        "no outcome in 0.3 s of real time: it blocks the event loop at tests/test_watchdog.py:"
    )
    assert ran.no_outcome.endswith(f" in {job.__qualname__}")
    assert "fine" == after.value
    assert set() == set(threading.enumerate()) - threads
    assert abandoned == len(watchdog.abandoned)


@pytest.fixture
def held() -> Iterator[threading.Lock]:
    """A lock that is given back only at the end of the test, for the abandoned thread to end."""
    known = list(watchdog.abandoned)
    lock = threading.Lock()
    lock.acquire()
    yield lock
    lock.release()
    for thread in watchdog.abandoned[len(known) :]:
        thread.join()
    watchdog.abandoned[:] = known


@BOTH
def test_a_call_that_cannot_be_interrupted_is_abandoned(held: threading.Lock, backend: str) -> None:
    """Its thread is given up and counted, and the next job runs in another."""

    async def block() -> None:
        held.acquire()
        held.release()

    abandoned = len(watchdog.abandoned)

    with engine(backend) as loop:
        ran = run(loop, block)
        after = run(loop, behave)

    assert ran.blocking
    assert "fine" == after.value
    assert 1 == len(watchdog.abandoned) - abandoned


def verdicts(report: Report) -> list[tuple[str, str, Status, str]]:
    """All of a report that says something about its subject."""
    return [(v.name, v.backend, v.status, v.message) for v in report]


@BOTH
def test_the_verdicts_of_the_next_subject_are_its_own(backend: str) -> None:
    """A subject that blocks gets an error, and the next one what it would have got before."""
    alone = verdicts(check("awaitable", behave, backends=(backend,)))

    blocking = check("awaitable", spin, backends=(backend,), select=("AW",), timeout=0.3)
    after = verdicts(check("awaitable", behave, backends=(backend,)))

    assert Status.ERROR in {v.status for v in blocking.failures}
    assert () == blocking.violations
    assert alone == after


@BOTH
def test_a_keyboard_interrupt_goes_to_the_caller(backend: str) -> None:
    """Ctrl-C stops the check at once, and leaves nothing behind."""
    threads = set(threading.enumerate())

    async def interrupt_the_caller() -> None:
        caller = threading.main_thread().ident
        assert caller is not None
        signal.pthread_kill(caller, signal.SIGINT)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.settimeout(0)
            await anyio.wait_readable(ours)

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt), engine(backend, timeout=60) as loop:
            run(loop, interrupt_the_caller)
    finally:
        signal.signal(signal.SIGINT, previous)

    with engine(backend) as loop:
        assert "fine" == run(loop, behave).value
    assert set() == set(threading.enumerate()) - threads


def test_a_debugger_is_noticed() -> None:
    """While one traces the calling thread, time says nothing."""
    assert not watchdog.being_debugged()

    def trace(frame: FrameType, event: str, argument: object) -> None:
        return

    trace.__module__ = "pydevd.tracing"
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        seen = watchdog.being_debugged()
    finally:
        sys.settrace(before)

    assert seen


def test_a_debugger_in_the_thread_that_is_watched_is_noticed() -> None:
    """A breakpoint in a subject stops the engine's thread, not the caller's."""
    stopped, go_on = threading.Event(), threading.Event()

    class Stops(bdb.Bdb):
        def user_line(self, frame: FrameType) -> None:
            stopped.set()
            go_on.wait()
            self.set_continue()

    def work() -> None:
        Stops().set_trace()
        thread.is_alive()

    thread = threading.Thread(target=work)
    thread.start()
    stopped.wait()
    seen = watchdog.being_debugged(thread)
    go_on.set()
    thread.join()

    assert seen
    assert not watchdog.being_debugged(thread)


def test_a_tracer_that_is_no_debugger_does_not_stop_the_watch() -> None:
    """Coverage measures by a trace function too."""

    def measure(frame: FrameType, event: str, argument: object) -> None:
        return

    before = sys.gettrace()
    sys.settrace(measure)
    try:
        seen = watchdog.being_debugged()
    finally:
        sys.settrace(before)

    assert not seen


def test_what_is_kept_alive_is_never_collected() -> None:
    """Not even when nothing refers to it, as at the end of the interpreter."""
    kept = object()
    before = sys.getrefcount(kept)

    watchdog.keep_alive([kept])

    assert 1 == sys.getrefcount(kept) - before
