"""The virtual clock on a loop that another plugin runs, for the length of one test.

Unlike a check, such a test may go on for as long as it likes: what ends it is a hang only.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio

from pytest_asyncprotocol.engine import clock, private_api, recorder, watchdog
from pytest_asyncprotocol.engine.library import library_in_force
from pytest_asyncprotocol.engine.stacks import listed, what_is_awaited

MOST_JUMPS = 200_000
"""Jumps of the clock within one test, after which its timers count as going in circles."""

SETTLING_TURNS = 5
"""Turns of the loop for what a hang left behind, before it is forgotten."""


class VirtualClock:
    """The virtual clock of one test, as the fixture ``virtual_clock`` gives it."""

    def __init__(self, library: str, failure: Callable[[str], BaseException]) -> None:
        """*failure* makes what is raised out of a loop where a hang can't be cancelled."""
        self._library = library
        self._failure = failure
        self._quiescence = _Patience(self._hung, self._circling)
        self._present = clock.threads_of_others()
        self._loop: Any = None
        self._left_for = ""
        self._watched = _Watched()
        self.options = self._options()

    @property
    def opened(self) -> tuple[str, ...]:
        """What has kept time real so far: a worker thread, a socket, ...; empty if nothing has."""
        world = self._world()
        return world.opened if world is not None else ()

    @property
    def in_force(self) -> bool:
        """Whether the loop that runs is the one that has this clock."""
        if library_in_force() != self._library:
            return False
        if self._library == "trio":
            import trio

            return trio.lowlevel.current_clock() is self.options["clock"]
        import asyncio

        return asyncio.get_running_loop() is self._loop

    async def watch(self, test: Callable[[], Awaitable[object]]) -> str:
        """Run *test* to its end; what it waits for in vain, empty if it does not hang."""
        before = recorder.living_tasks(self._library) - {self._current_task()}
        scope, awaited = anyio.CancelScope(), test()
        self._watched = watched = _Watched(scope, awaited, before)
        self._quiescence.impatient = False
        try:
            with scope:
                await awaited
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            if not watched.hang:
                self._explain(error)
                raise
        finally:
            self._watched = _Watched()
            self._quiescence.impatient = bool(self._left_for)
            if watched.insisted and self._library == "asyncio":
                self._current_task().uncancel()
        return watched.hang

    @contextmanager
    def running(self) -> Generator[None]:
        """Have time jump meanwhile, in whatever the loop runs."""
        self._quiescence.begin()
        try:
            with private_api.counted_submissions():
                yield
        finally:
            self._quiescence.end()
            if self._left_for:
                self._forget_what_is_left()

    def _options(self) -> dict[str, Any]:
        """The backend options of anyio with which its loop has this clock."""
        if self._library == "trio":
            from pytest_asyncprotocol.engine.trio_clock import VirtualTrioClock

            trio_clock = VirtualTrioClock(self._quiescence, self._present)
            return {"clock": trio_clock, "instruments": [trio_clock]}
        return {"loop_factory": self._new_loop}

    def _new_loop(self) -> Any:
        from pytest_asyncprotocol.engine.asyncio_clock import VirtualEventLoop

        self._loop = VirtualEventLoop(self._quiescence, self._present)
        return self._loop

    def _world(self) -> clock.World | None:
        holder = self.options["clock"] if self._library == "trio" else self._loop
        world: clock.World | None = getattr(holder, "world", None)
        return world

    def _current_task(self) -> Any:
        if self._library == "trio":
            import trio

            return trio.lowlevel.current_task()
        import asyncio

        return asyncio.current_task()

    def _explain(self, error: BaseException) -> None:
        if self.opened:
            openers = ", ".join(self.opened)
            error.add_note(f"the virtual clock kept to real time because of {openers}")

    def _hung(self) -> None:
        self._stop(
            "nothing can run, no timer is left, and nothing outside of the event loop can wake it"
        )

    def _circling(self) -> None:
        self._stop(f"only timers fire, and did so {MOST_JUMPS:,} times")

    def _stop(self, reason: str) -> None:
        """End the test, by ever stronger means; called in its loop's thread."""
        watched = self._watched
        if not watched.hang:
            watched.hang = f"the test hangs: {reason}: {self._places()}"
        self._quiescence.impatient = True
        if watched.scope is None or watched.insisted:
            self._break()
        elif not watched.scope.cancel_called:
            watched.scope.cancel()
        else:
            watched.insisted = True
            self._insist()

    def _places(self) -> str:
        """Where the test waits, and then where others do, which it may wait for."""
        awaited = self._watched.awaited
        own = [] if awaited is None else [what_is_awaited(awaited)]
        theirs = [each for each in recorder.places_of_tasks(self._library) if each not in own]
        return listed(own + theirs) or "it is not known where it waits"

    def _insist(self) -> None:
        """Cancel what a shield protects."""
        for task in recorder.living_tasks(self._library) - self._watched.before:
            if self._library == "asyncio":
                task.cancel()
            else:
                private_api.lift_trio_shields(task)

    def _break(self) -> None:
        """Leave the loop, whatever is still there: the one who runs it gets the hang.

        What hangs once it has been left does so because of that, and is not told.
        """
        watched, self._watched = self._watched, _Watched()
        self._left_for = self._left_for or watched.hang
        left = recorder.living_tasks(self._library)
        watchdog.keep_alive([*left, *map(recorder.coroutine_of, left)])
        error = self._failure(self._left_for)
        if self._library == "asyncio":
            if watched.insisted:
                _forget(left - watched.before)
            raise error from None
        private_api.end_anyio_call(error)
        self._quiescence.given_up = True

    def _forget_what_is_left(self) -> None:
        """Have an asyncio loop end what is still there, or not wait for it when it closes."""
        if self._loop is None or self._loop.is_closed():
            return
        import asyncio

        async def settle() -> None:
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
            for _ in range(SETTLING_TURNS):
                await asyncio.sleep(0)

        self._loop.run_until_complete(settle())
        _forget(asyncio.all_tasks(self._loop))


@dataclass(slots=True)
class _Watched:
    """The test that runs, if one does; ``before`` are the tasks that were there before it.

    ``hang`` says what it waits for in vain; ``insisted`` that its shields did not help it.
    """

    scope: anyio.CancelScope | None = None
    awaited: Awaitable[object] | None = None
    before: set[Any] = field(default_factory=set[Any])
    hang: str = ""
    insisted: bool = False


class _Patience(clock.Quiescence):
    """Lets run for ever what can run, while time passes as it really does.

    ``impatient`` is true once the test was to end.
    """

    def __init__(self, hung: Callable[[], None], circling: Callable[[], None]) -> None:
        self.impatient = False
        self._since = time.monotonic()
        super().__init__(hung, circling)

    def turn(self) -> None:
        if self._turns == 0:
            self._since = time.monotonic()
        super().turn()

    def go_on(self) -> None:
        if self.given_up:
            self.given_up = False
            raise clock.Stuck

    def _busy(self) -> None:
        if self.impatient:
            self._hung()
        else:
            self.now += time.monotonic() - self._since

    def _most_jumps(self) -> int:
        return MOST_JUMPS


def _forget(tasks: set[Any]) -> None:
    """Have the end of an asyncio loop not wait for *tasks*."""
    for task in tasks:
        private_api.forget_asyncio_task(task)
