"""Where jobs run: a loop of the engine's own in a thread of its own, or the caller's loop."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any, Self

import anyio

from pytest_asyncprotocol.engine import private_api, watchdog
from pytest_asyncprotocol.engine.host import LAST_WORD, Host
from pytest_asyncprotocol.engine.job import Job, Posted, Ran
from pytest_asyncprotocol.engine.library import find_library
from pytest_asyncprotocol.engine.stacks import where_it_runs
from pytest_asyncprotocol.engine.world import present_threads
from pytest_asyncprotocol.model.backends import Backend

__all__ = ["CallersLoop", "EngineLoop", "Job", "Ran"]

MOST_ALARMS = 1000
"""Time-outs of a clock that jumps, in one job, after which that counts as hanging."""

IN_CIRCLES = "timers or polling that went in circles"
"""Why the clock is real in the second run of a job that came to nothing on the virtual one."""


class EngineLoop:
    """A loop of the engine's own, in its own thread, that `run` posts jobs to.

    The loop is kept while jobs leave it clean, and replaced on any doubt. Use it as a context
    manager, from one thread. ``timeout`` is in real seconds.
    """

    owned = True

    def __init__(self, backend: Backend, *, clock: str, timeout: float) -> None:
        self.backend = backend
        self._real = "clock='real'" if clock == "real" else backend.why_real
        self._timeout = timeout
        self._present = present_threads()
        self._host: Host | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(private_api.counted_submissions())
        self._stack.enter_context(find_library(self.backend.library).controlled())
        return self

    def __exit__(self, *details: object) -> None:
        with self._stack:
            self._replace()

    async def run(self, job: Job) -> Ran:
        """Run *job* in a task of its own, and give how it ended; never suspends.

        A job that goes in circles on the virtual clock is repeated on the real one.
        """
        ran, circled = self._run(job, self._real)
        if circled:
            self._replace()
            ran, _ = self._run(job, IN_CIRCLES)
            self._replace()
        return ran

    def _run(self, job: Job, real: str | None) -> tuple[Ran, bool]:
        if self._host is not None and self._host.dead is not None:
            self._replace()
        host = self._host = self._host or Host(self.backend, real, self._present)
        posted = host.post(job)
        ran = watchdog.get(posted.results, None if watchdog.being_debugged() else self._timeout)
        if ran is None and watchdog.being_debugged(host.thread):
            ran = watchdog.get(posted.results, None)
        if ran is None:
            ran = self._out_of_time(host, posted)
        if not host.clean or (ran.opened and real is None):
            self._replace()
        return ran, posted.circled

    def _out_of_time(self, host: Host, posted: Posted) -> Ran:
        seconds = f"no outcome in {self._timeout:g} s of real time"
        standing = host.ask(lambda: host.where_it_waits(posted))
        host.clean = False
        if posted.hang is not None:
            return Ran(hang=posted.hang, opened=host.opened())
        if standing is None:
            running = where_it_runs(host.thread)
            if watchdog.interrupt(host.thread, posted.results) is None and host.thread.is_alive():
                self._host = None
                host.abandon()
            return Ran(no_outcome=f"{seconds}: it blocks the event loop {running}", blocking=True)
        opened = host.opened()
        host.tell(posted.stop)
        watchdog.get(posted.results, LAST_WORD)
        because = f"; the clock is real because of {', '.join(opened)}" if opened else ""
        return Ran(no_outcome=f"{seconds}: {standing}{because}", opened=opened)

    def _replace(self) -> None:
        host, self._host = self._host, None
        if host is not None:
            host.close()


class CallersLoop:
    """The loop that the caller runs: its clock is the caller's, and a hang ends by time-out.

    The time-out is in real seconds, whatever the caller's clock does: where that one jumps, it is
    asked again, up to `MOST_ALARMS` times.
    """

    owned = False

    def __init__(self, backend: Backend, *, timeout: float) -> None:
        self.backend = backend
        self._timeout = timeout

    async def run(self, job: Job) -> Ran:
        """Run *job* in a task of its own, and give how it ended."""
        ran = Ran(opened=("the caller's loop",), scheduled=False)

        async def carry_out() -> None:
            with anyio.CancelScope() as scope:
                alarms.start_soon(self._watch, scope)
                try:
                    coroutine: Any = job()
                    ran.value = await coroutine
                except BaseException as error:
                    ran.error = error
                    if isinstance(error, anyio.get_cancelled_exc_class()):
                        raise
            if scope.cancelled_caught:
                ran.error = None
                ran.no_outcome = f"no outcome in {self._timeout:g} s of real time"
            alarms.cancel_scope.cancel()

        async with anyio.create_task_group() as alarms, anyio.create_task_group() as tasks:
            tasks.start_soon(carry_out)
        return ran

    async def _watch(self, scope: anyio.CancelScope) -> None:
        begun = time.monotonic()
        for _ in range(MOST_ALARMS):
            await anyio.sleep(self._timeout)
            if time.monotonic() - begun >= self._timeout:
                break
        scope.cancel()
