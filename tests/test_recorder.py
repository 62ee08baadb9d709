"""What a check leaves behind is recorded, and the process is as it was before."""

from __future__ import annotations

import asyncio
import gc
import queue
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import anyio
import pytest
import trio

from pytest_asyncprotocol import check
from pytest_asyncprotocol.engine import private_api
from pytest_asyncprotocol.engine.recorder import MOST_ALLOCATIONS, collect_if_many, recording
from pytest_asyncprotocol.engine.watchdog import interrupt
from pytest_asyncprotocol.engine.world import EngineThread

BOTH = pytest.mark.parametrize("backend", ["asyncio", "trio"])


async def never_awaited() -> None:
    """Its coroutines are dropped."""


class FailsWhenDropped:
    """Raises where nobody can catch it."""

    def __del__(self) -> None:
        raise RuntimeError("dropped")


def drop_in_a_cycle(thing: object) -> None:
    """Leave *thing* to the garbage collector."""
    cycle: list[object] = [thing]
    cycle.append(cycle)


def test_what_is_never_awaited_is_recorded() -> None:
    """At once, and where only a collection brings it to light."""
    with recording() as recorder:
        mark = recorder.mark()
        never_awaited()  # type: ignore[unused-coroutine]
        drop_in_a_cycle(never_awaited())
        found = recorder.since(mark)

    assert ["coroutine 'never_awaited' was never awaited"] * 2 == found


def test_garbage_belongs_to_the_check_that_made_it() -> None:
    """What was dropped before a mark does not come to light after it."""
    with recording() as recorder:
        drop_in_a_cycle(never_awaited())
        drop_in_a_cycle(FailsWhenDropped())
        marks = recorder.mark(), recorder.mark_mishaps()

        assert [] == recorder.since(marks[0])
        assert [] == recorder.mishaps_since(marks[1])


def test_mishaps_are_recorded() -> None:
    """Errors in ``__del__``, and unclosed resources."""
    with recording() as recorder:
        mark = recorder.mark_mishaps()
        drop_in_a_cycle(FailsWhenDropped())
        warnings.warn("unclosed thing", ResourceWarning, stacklevel=1)
        found = recorder.mishaps_since(mark)

    assert [
        "ResourceWarning: unclosed thing",
        "RuntimeError: dropped, in FailsWhenDropped.__del__",
    ] == found


def test_a_generator_that_is_dropped_is_no_mishap() -> None:
    """Trio warns of each, though it may hold nothing."""

    async def numbers() -> AsyncIterator[int]:
        yield 1
        yield 2

    async def drop() -> None:
        async for _ in numbers():
            break

    with recording() as recorder:
        mark = recorder.mark_mishaps()
        trio.run(drop)
        found = recorder.mishaps_since(mark)

    assert [] == found


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_errors_that_reach_nobody_are_recorded(library: str) -> None:
    """Those that end a thread, a task of asyncio that is forgotten, or a callback."""

    def fail() -> None:
        raise ValueError(library)

    async def forget() -> list[str]:
        with recorder.lost_errors(library) as lost:
            thread = threading.Thread(target=fail)
            thread.start()
            thread.join()
            if library == "asyncio":
                asyncio.get_running_loop().call_soon(fail)
                await asyncio.wait([asyncio.ensure_future(asyncio.to_thread(fail))])
            return lost()

    with recording() as recorder:
        found = anyio.run(forget, backend=library)

    assert [f"ValueError: {library}"] * (3 if library == "asyncio" else 1) == found


def test_threads_of_others_keep_their_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in a thread that was there before is not for the recorder to hide."""
    seen: list[str] = []
    monkeypatch.setattr(
        threading, "excepthook", lambda details: seen.append(str(details.exc_value))
    )
    fail = threading.Event()

    def wait_and_fail() -> None:
        fail.wait()
        raise ValueError("of another")

    thread = threading.Thread(target=wait_and_fail)
    thread.start()
    with recording() as recorder:
        mark = recorder.mark_mishaps()
        fail.set()
        thread.join()
        found = recorder.mishaps_since(mark)

    assert ["of another"] == seen
    assert [] == found


FROZEN_AT_START = gc.get_freeze_count()
"""Python 3.12 freezes some objects by itself."""


def state() -> dict[str, Any]:
    """All of the process that a check touches."""
    return {
        "showwarning": warnings.showwarning,
        "filters": list(warnings.filters),
        "unraisablehook": sys.unraisablehook,
        "excepthook": threading.excepthook,
        "frozen": gc.get_freeze_count() > FROZEN_AT_START,
        "collects": gc.isenabled(),
        "trio's random state": trio._core._run._r.getstate(),
        "trio's flag": trio._core._run._ALLOW_DETERMINISTIC_SCHEDULING,
        "switch interval": sys.getswitchinterval(),
        "threads": sum(isinstance(t, EngineThread) for t in threading.enumerate()),
    }


@BOTH
def test_the_process_is_as_it_was(backend: str, recwarn: pytest.WarningsRecorder) -> None:
    """After a check of something untidy, nothing is left of it."""

    async def untidy() -> None:
        never_awaited()  # type: ignore[unused-coroutine]
        drop_in_a_cycle(FailsWhenDropped())
        drop_in_a_cycle(never_awaited())
        await anyio.sleep(1)

    before = state()

    check("awaitable", untidy, backends=(backend,))
    gc.collect()

    assert before == state()
    assert [] == recwarn.list


@BOTH
def test_the_process_is_as_it_was_after_an_exception(backend: str) -> None:
    """What a factory raises for the test runner passes through the engine."""
    before = state()

    def skip() -> Coroutine[Any, Any, None]:
        pytest.skip("not here")

    with pytest.raises(pytest.skip.Exception, match="not here"):
        check("awaitable", skip, backends=(backend,))

    assert before == state()


def test_an_interrupt_leaves_no_trace() -> None:
    """The switch interval is restored, and traced code still runs where nothing was interrupted.

    Without care CPython 3.11 never gets into a traced function any more.
    """
    stuck, inside = threading.Lock(), threading.Event()
    stuck.acquire()

    def block() -> None:
        inside.set()
        stuck.acquire()

    thread = threading.Thread(target=block)
    thread.start()
    inside.wait()
    interval, seen, tracer = sys.getswitchinterval(), [], sys.gettrace()

    def trace(frame: object, event: str, argument: object) -> None:
        seen.append(event)

    sys.settrace(trace)
    try:
        interrupt(thread, queue.SimpleQueue[None]())
        len(str(state))
    finally:
        sys.settrace(tracer)
    stuck.release()
    thread.join()

    assert seen
    assert interval == sys.getswitchinterval()


def test_recording_within_recording() -> None:
    """The inner one takes what happens inside, and gives back what it found."""
    with recording() as outer:
        mark = outer.mark()
        with recording() as inner:
            never_awaited()  # type: ignore[unused-coroutine]
            assert 1 == len(inner.since(0))
        assert not gc.isenabled()
        assert [] == outer.since(mark)


def test_much_garbage_is_collected_between_jobs() -> None:
    """A battery that makes very much does not keep it all."""
    with recording():
        kept = [[] for _ in range(MOST_ALLOCATIONS + 10_000)]  # type: ignore[var-annotated]
        assert gc.get_count()[0] > MOST_ALLOCATIONS

        collect_if_many()

        assert gc.get_count()[0] < MOST_ALLOCATIONS
    assert kept


def test_a_task_can_be_forgotten() -> None:
    """The end of asyncio's loop does not wait for a task that resists."""

    async def job() -> set[asyncio.Task[Any]]:
        task = asyncio.ensure_future(asyncio.sleep(0))
        private_api.forget_asyncio_task(task)
        await task
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert set() == asyncio.run(job())
