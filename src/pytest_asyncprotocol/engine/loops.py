"""Where jobs run: a loop of the engine's own in a thread of its own, or the caller's loop."""

from __future__ import annotations

import contextvars
import queue
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio

from pytest_asyncprotocol.engine import hooks, hygiene, watch
from pytest_asyncprotocol.engine.backends import Backend, checkpoint, library_in_force
from pytest_asyncprotocol.engine.clock import Quiescence, VirtualEventLoop, trio_clock_type
from pytest_asyncprotocol.engine.stall import what_is_awaited, where_it_runs

Job = Callable[[], Awaitable[Any]]

SETTLING_TURNS = 5
"""Turns that a loop gets to end what a job left behind, before it is replaced."""

LAST_WORD = 1.0
"""Real seconds for a loop to end once it was told to."""


@dataclass(slots=True)
class Ran:
    """How a job ended: at most one of ``error``, ``hang``, ``no_outcome`` is set.

    ``hang`` says what is awaited for ever; ``no_outcome`` why real time ran out, and ``blocking``
    whether that was because the subject blocks its thread.
    """

    value: Any = None
    error: BaseException | None = None
    hang: str | None = None
    no_outcome: str | None = None
    blocking: bool = False
    opened: tuple[str, ...] = ()
    scheduled: bool = True


@dataclass(slots=True, eq=False)
class _Posted:
    job: Job
    scope: anyio.CancelScope | None = None
    hang: str | None = None
    circled: bool = False
    coroutine: Any = field(default=None)


class EngineLoop:
    """A loop of the engine's own, in its own thread, that `run` posts jobs to.

    The loop is kept while jobs leave it clean, and replaced on any doubt. Use it as a context
    manager, from one thread. ``timeout`` is in real seconds.
    """

    owned = True

    def __init__(self, backend: Backend, *, clock: str, timeout: float) -> None:
        self.backend = backend
        self._virtual = clock == "virtual" and "uvloop" not in backend.name
        self._timeout = timeout
        self._host: _Host | None = None

    def __enter__(self) -> EngineLoop:
        return self

    def __exit__(self, *details: object) -> None:
        self._replace()

    async def run(self, job: Job) -> Ran:
        """Run *job* in a task of its own, and give how it ended; never suspends."""
        ran, circled = self._run(job, virtual=self._virtual)
        if circled:
            self._replace()
            ran, _ = self._run(job, virtual=False)
            self._replace()
        return ran

    def _run(self, job: Job, *, virtual: bool) -> tuple[Ran, bool]:
        if self._host is None:
            self._host = _Host(self.backend, virtual=virtual)
        host = self._host
        posted = host.post(job)
        limit = None if watch.being_debugged() else self._timeout
        ran = watch.get(host.results, limit)
        if ran is None:
            ran = self._out_of_time(host, posted)
        if ran.opened or not host.clean:
            self._replace()
        return ran, posted.circled

    def _out_of_time(self, host: _Host, posted: _Posted) -> Ran:
        seconds = f"no outcome in {self._timeout:g} s of real time"
        if host.idle:
            standing = what_is_awaited(posted.coroutine)
            opened = host.opened()
            host.tell(lambda: posted.scope and posted.scope.cancel())
            watch.get(host.results, LAST_WORD)
            host.clean = False
            because = f"; the clock is real because of {', '.join(opened)}" if opened else ""
            return Ran(no_outcome=f"{seconds}: {standing}{because}", opened=opened)
        standing = where_it_runs(host.thread)
        watch.interrupt(host.thread, host.results)
        host.clean = False
        return Ran(
            no_outcome=f"{seconds}: it blocks the event loop {standing}", blocking=True
        )

    def _replace(self) -> None:
        if self._host is not None:
            self._host.close()
            self._host = None


class _Host:
    """One thread with one loop."""

    def __init__(self, backend: Backend, *, virtual: bool) -> None:
        self.backend = backend
        self.results: queue.SimpleQueue[Ran] = queue.SimpleQueue()
        self.clean = True
        self._stuck = False
        self._jobs: queue.SimpleQueue[_Posted | None] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._current: _Posted | None = None
        self._quiescence = Quiescence(self._hung, self._circling) if virtual else None
        self._loop_options = self._options()
        self._scheduled = True
        context = contextvars.copy_context()
        sniffio = sys.modules.get("sniffio")
        if sniffio is not None:
            context.run(sniffio.current_async_library_cvar.set, None)
        self.thread = threading.Thread(
            target=context.run, args=(self._main,), daemon=True, name="pytest-asyncprotocol"
        )
        self.thread.start()
        self._ready.wait()

    @property
    def idle(self) -> bool:
        """Whether the loop waits for something, rather than being kept busy."""
        if self._quiescence is not None:
            return self._quiescence.waiting
        frame = sys._current_frames().get(self.thread.ident or -1)
        return frame is None or frame.f_code.co_name in ("select", "get_events", "run_forever", "run")

    def opened(self) -> tuple[str, ...]:
        """What keeps, or kept, the clock real."""
        if self._quiescence is None:
            return ("clock='real'",)
        return tuple(self._world().opened)

    def post(self, job: Job) -> _Posted:
        """Have *job* run; its end arrives in ``results``."""
        posted = _Posted(job)
        self._jobs.put(posted)
        self.tell(self._wake.set)
        return posted

    def tell(self, function: Callable[[], object]) -> None:
        """Call *function* in the loop's thread, if the loop still runs."""
        try:
            self._call_soon(function)
        except RuntimeError:
            return

    def close(self) -> None:
        """End the loop and its thread; abandon them if they won't end."""
        self._jobs.put(None)
        if self.thread.is_alive() and not self._stuck:
            self.tell(self._wake.set)
            self.thread.join(LAST_WORD)
        if self.thread.is_alive():
            watch.abandoned.append((self.thread, self._current))

    def _main(self) -> None:
        options: dict[str, Any] = self._loop_options
        try:
            anyio.run(self._serve, backend=self.backend.library, backend_options=options)
        except BaseException as error:
            self.clean = False
            self._ready.set()
            self.results.put(Ran(error=error))

    def _options(self) -> dict[str, Any]:
        if self.backend.library == "trio":
            if self._quiescence is None:
                return {}
            clock = trio_clock_type()(self._quiescence)
            self._world = lambda: clock.world
            return {"clock": clock, "instruments": [clock]}
        return {"loop_factory": self._asyncio_loop}

    def _asyncio_loop(self) -> Any:
        import asyncio

        if "uvloop" in self.backend.name:
            import uvloop

            loop: Any = uvloop.new_event_loop()
        elif self._quiescence is not None:
            loop = VirtualEventLoop(self._quiescence)
            self._world = lambda: loop.world
        else:
            loop = asyncio.SelectorEventLoop()
        if "eager" in self.backend.name:
            loop.set_task_factory(asyncio.eager_task_factory)  # type: ignore[attr-defined,unused-ignore]
        loop.set_exception_handler(lambda loop, context: None)
        return loop

    async def _serve(self) -> None:
        self._wake = anyio.Event()
        self._call_soon = _threadsafe_caller(self.backend.library)
        self._ready.set()
        async with anyio.create_task_group() as tasks:
            while True:
                await self._wake.wait()
                self._wake = anyio.Event()
                try:
                    posted = self._jobs.get_nowait()
                except queue.Empty:
                    continue
                if posted is None:
                    tasks.cancel_scope.cancel()
                    return
                tasks.start_soon(self._carry_out, posted)

    async def _carry_out(self, posted: _Posted) -> None:
        before = hygiene.living_tasks(self.backend.library)
        if self.backend.library == "trio":
            self._scheduled = hooks.seed_trio(0)
        self._current = posted
        ran = Ran(scheduled=self._scheduled)
        if self._quiescence is not None:
            self._world().begin()
            self._quiescence.begin()
        with anyio.CancelScope() as posted.scope:
            try:
                posted.coroutine = posted.job()
                ran.value = await posted.coroutine
            except BaseException as error:
                ran.error = error
        ran.hang = posted.hang
        if posted.hang is not None:
            ran.error = None
        await self._settle(before)
        self._finish(ran)

    def _finish(self, ran: Ran) -> None:
        if self._quiescence is not None:
            self._quiescence.end()
            ran.opened = tuple(self._world().opened)
        self._current = None
        self.results.put(ran)

    async def _settle(self, before: set[Any]) -> None:
        library = self.backend.library
        with anyio.CancelScope(shield=True):
            left = hygiene.living_tasks(library) - before
            for task in left:
                if library == "asyncio":
                    task.cancel()
            for _ in range(SETTLING_TURNS):
                if not left:
                    return
                await checkpoint()
                left = hygiene.living_tasks(library) - before
        self.clean = self.clean and not left

    def _hung(self) -> None:
        posted = self._current
        if posted is None or posted.scope is None:
            return
        self.clean = False
        if posted.hang is None and not posted.circled:
            posted.hang = what_is_awaited(posted.coroutine)
            posted.scope.cancel()
            return
        self._stuck = True
        self._finish(Ran(hang=posted.hang))

    def _circling(self) -> None:
        posted = self._current
        if posted is not None and posted.scope is not None:
            self.clean = False
            posted.circled = True
            posted.scope.cancel()

    _world: Callable[[], Any]
    _call_soon: Callable[[Callable[[], object]], object]


def _threadsafe_caller(library: str) -> Callable[[Callable[[], object]], object]:
    if library == "trio":
        import trio

        return trio.lowlevel.current_trio_token().run_sync_soon
    import asyncio

    return asyncio.get_running_loop().call_soon_threadsafe


class CallersLoop:
    """The loop that the caller runs: its clock is the caller's, and a hang ends by time-out."""

    owned = False

    def __init__(self, backend: Backend, *, timeout: float) -> None:
        self.backend = backend
        self._timeout = timeout

    async def run(self, job: Job) -> Ran:
        """Run *job* in a task of its own, and give how it ended."""
        ran = Ran(opened=("the caller's loop",), scheduled=False)

        async def carry_out() -> None:
            with anyio.move_on_after(self._timeout) as scope:
                try:
                    coroutine: Any = job()
                    ran.value = await coroutine
                except BaseException as error:
                    ran.error = error
                    if isinstance(error, anyio.get_cancelled_exc_class()):
                        raise
            if scope.cancelled_caught:
                ran.error = None
                ran.no_outcome = f"no outcome in {self._timeout:g} s of the caller's clock"

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(carry_out)
        return ran


def caller_is_in_a_loop() -> bool:
    """Whether a loop runs in this thread, so that a check has to be awaited."""
    return library_in_force() is not None
