"""One thread with one loop of the engine's own, which runs jobs one after the other."""

from __future__ import annotations

import contextvars
import math
import queue
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import anyio
from anyio.abc import TaskGroup

from pytest_asyncprotocol.engine import clock, recorder, watchdog
from pytest_asyncprotocol.engine.job import Job, Posted, Ran
from pytest_asyncprotocol.engine.library import SETTLING_TURNS, checkpoint, find_library
from pytest_asyncprotocol.engine.running_tasks import places_of_tasks
from pytest_asyncprotocol.engine.stacks import listed, what_is_awaited
from pytest_asyncprotocol.engine.world import EngineThread
from pytest_asyncprotocol.model.backends import Backend
from pytest_asyncprotocol.model.exceptions import NoVerdict, members
from pytest_asyncprotocol.model.text import describe_exception

T = TypeVar("T")

LAST_WORD = 0.5
"""Real seconds for a loop to end once it was told to."""

ANSWER = 0.25
"""Real seconds in which a loop answers a question, unless it is blocked."""


class Host:
    """One thread with one loop. Jobs are posted from another thread, one at a time.

    ``clean`` is false once a job left something behind; ``dead`` is what ended the loop.
    *real* says why the clock is real; it is virtual without a reason.
    """

    def __init__(self, backend: Backend, real: str | None, present: set[threading.Thread]) -> None:
        self.clean = True
        self.dead: BaseException | None = None
        self._library = find_library(backend.library)
        self._real = real
        self._jobs: queue.SimpleQueue[Posted | None] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._current: Posted | None = None
        self._quiescence = clock.Quiescence(
            self._stop, partial(self._stop, circling=True), virtual=real is None
        )
        self._loop = self._library.loop(self._quiescence, present, backend)
        context = contextvars.copy_context()
        sniffio = sys.modules.get("sniffio")
        if sniffio is not None:
            context.run(sniffio.current_async_library_cvar.set, None)
        self.thread = EngineThread(
            target=context.run, args=(self._main,), daemon=True, name="pytest-asyncprotocol"
        )
        self.thread.start()
        self._ready.wait()

    def post(self, job: Job) -> Posted:
        """Have *job* run; its end arrives in the ``results`` of what is given back."""
        posted = Posted(job)
        self._jobs.put(posted)
        if self.dead is not None:
            self._fail_the_rest()
        return posted

    def tell(self, function: Callable[[], object]) -> None:
        """Call *function* in the loop's thread, if the loop still runs."""
        # A loop that is just ending refuses in many ways.
        with suppress(Exception):
            self._call_soon(function)

    def ask(self, question: Callable[[], T]) -> T | None:
        """What *question* gives in the loop's thread; None if the loop does not answer."""
        answers: queue.SimpleQueue[T] = queue.SimpleQueue()
        self.tell(lambda: answers.put(question()))
        return watchdog.get(answers, ANSWER)

    def opened(self) -> tuple[str, ...]:
        """What keeps, or kept, the clock real."""
        return self._quiescence.opened if self._real is None else (self._real,)

    def close(self) -> None:
        """End the loop and its thread, by force if need be; abandon them if they won't end."""
        self._tell_to_end()
        if self._ends():
            return
        self.tell(self._give_up)
        if self._ends():
            return
        watchdog.interrupt(self.thread, queue.SimpleQueue[Ran]())
        if not self._ends():
            self.abandon()

    def abandon(self) -> None:
        """Give the thread up; should it ever go on, its loop ends."""
        self._tell_to_end()
        watchdog.abandoned.append(self.thread)

    def _ends(self) -> bool:
        self.thread.join(LAST_WORD)
        return not self.thread.is_alive()

    def _tell_to_end(self) -> None:
        self._jobs.put(None)
        self.tell(self._cancel)

    def _main(self) -> None:
        clock.put_in_force(self._quiescence)
        try:
            try:
                anyio.run(
                    self._serve, backend=self._library.name, backend_options=self._loop.options
                )
                self.dead = RuntimeError("the loop was closed")
            except BaseException as error:
                self.dead = NoVerdict(f"it broke the event loop: {_root_of(error)}")
            self._fail_the_rest()
        except watchdog.Interrupted:
            # It was meant for the subject, and came late.
            self.dead = self.dead or NoVerdict("it was interrupted")
            self._fail_the_rest()

    def _fail_the_rest(self) -> None:
        self.clean = False
        self._ready.set()
        if self._current is not None:
            self._current.deliver(Ran(error=self.dead))
        with suppress(queue.Empty):
            while True:
                posted = self._jobs.get_nowait()
                if posted is not None:
                    posted.deliver(Ran(error=self.dead))

    async def _serve(self) -> None:
        """Carry out one job after the other; the loop stands still between them."""
        self._call_soon = self._library.threadsafe_caller()
        self._library.ignore_lost_errors()
        async with anyio.create_task_group() as self._tasks:
            self._ready.set()
            while (posted := self._jobs.get()) is not None:
                self._carried_out = anyio.Event()
                self._tasks.start_soon(self._carry_out, posted)
                await self._carried_out.wait()
            self._cancel()

    async def _carry_out(self, posted: Posted) -> None:
        self._current = posted
        before = self._library.living_tasks()
        ran = Ran(scheduled=self._library.seed(0))
        self._quiescence.begin()
        await posted.carry_out(ran)
        if ran.unbalanced:
            self.clean = False
        else:
            if not self._is_ending():
                await self._settle(before)
            if self._is_ending():
                return
        self._quiescence.end()
        ran.opened = self.opened()
        self._current = None
        posted.deliver(ran)
        self._carried_out.set()

    def _is_ending(self) -> bool:
        """Whether the loop itself was cancelled or broke, which `_main` will know the reason of."""
        return self._loop.is_broken() or anyio.current_effective_deadline() == -math.inf

    async def _settle(self, before: set[Any]) -> None:
        def left() -> set[Any]:
            return self._library.living_tasks() - before

        remains = left()
        if remains:
            self._library.cancel(remains)
            if not await self._comes_to_rest(left):
                self.clean = False
                self._library.forget(left())
        # What is left of these would be there for the next job to stumble upon.
        if not await self._comes_to_rest(self._library.waiting_callbacks):
            self.clean = False
        recorder.collect_if_many()

    async def _comes_to_rest(self, left: Callable[[], object]) -> bool:
        """Whether nothing is *left* after some turns, shielded from what cancels the loop."""
        for _ in range(SETTLING_TURNS):
            if not left():
                return True
            with anyio.CancelScope(shield=True):
                await checkpoint()
        return not left()

    def _cancel(self) -> None:
        """Cancel what runs in the loop, and so end it; in its own thread."""
        self._tasks.cancel_scope.cancel()

    def _stop(self, *, circling: bool = False) -> None:
        """End the job, which hangs or goes in circles, or else the loop."""
        posted = self._current
        if posted is None or posted.hang is not None or posted.circled:
            self._give_up()
            return
        self.clean = False
        posted.circled = circling
        posted.hang = None if circling else self.where_it_waits(posted)
        posted.stop()

    def where_it_waits(self, posted: Posted) -> str:
        """Where the job waits, or the tasks that it waits for; asked in the loop's thread."""
        awaited = what_is_awaited(posted.coroutine)
        if awaited.is_place:
            return awaited.words
        return listed(places_of_tasks(self._library)) or awaited.words

    def _give_up(self) -> None:
        """End the loop, whatever runs there; in its own thread."""
        if not self._quiescence.given_up:
            self.clean = False
            watchdog.keep_alive(self._library.living_tasks())
        if self._current is not None:
            self._current.deliver(Ran(hang=self._current.hang, opened=self.opened()))
        self._loop.give_up()

    _tasks: TaskGroup
    _carried_out: anyio.Event
    _call_soon: Callable[[Callable[[], object]], object]


def _root_of(error: BaseException) -> str:
    """What broke a loop, without what the library wraps around it."""
    if type(error).__name__ == "TrioInternalError":
        error = error.__cause__ or error.__context__ or error
    while len(members(error)) == 1:
        [error] = members(error)
    return describe_exception(error)
