"""The virtual clock on a loop that another plugin runs, for the length of one test.

Unlike a check, such a test may go on for as long as it likes: what ends it is a hang only.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio

from pytest_asyncprotocol.engine import clock, private_api, watchdog
from pytest_asyncprotocol.engine.library import find_library, library_in_force
from pytest_asyncprotocol.engine.running_tasks import coroutine_of, places_of_tasks
from pytest_asyncprotocol.engine.stacks import listed, what_is_awaited
from pytest_asyncprotocol.engine.world import present_threads
from pytest_asyncprotocol.model.backends import find_known_backend

MOST_JUMPS = 200_000
"""Jumps of the clock within one test, after which its timers count as going in circles."""

NO_WAKER = "nothing can run, no timer is left, and nothing outside of the event loop can wake it"


class VirtualClock:
    """The virtual clock of one test, as the fixture ``virtual_clock`` gives it."""

    def __init__(self, library: str, failure: Callable[[str], BaseException]) -> None:
        """*failure* makes what is raised out of a loop where a hang can't be cancelled."""
        self._library = find_library(library)
        self._failure = failure
        self._quiescence = _Patience(self._stop, partial(self._stop, circling=True))
        self._quiescence.most_jumps = MOST_JUMPS
        self._loop = self._library.loop(
            self._quiescence, present_threads(), find_known_backend(library)
        )
        self._left_for = ""
        self._watched = _Watched()
        self.options = self._loop.options

    @property
    def opened(self) -> tuple[str, ...]:
        """What has kept time real so far: a worker thread, a socket, ...; empty if nothing has."""
        return self._quiescence.opened

    @property
    def in_force(self) -> bool:
        """Whether the loop that runs is the one that has this clock."""
        return library_in_force() == self._library.name and self._loop.in_force()

    async def watch(self, test: Callable[[], Awaitable[object]]) -> str:
        """Run *test* to its end; what it waits for in vain, empty if it does not hang."""
        before = self._library.living_tasks() - {self._library.current_task()}
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
                if self.opened:
                    openers = ", ".join(self.opened)
                    error.add_note(f"the virtual clock kept to real time because of {openers}")
                raise
        finally:
            self._watched = _Watched()
            self._quiescence.impatient = bool(self._left_for)
            if watched.insisted:
                self._library.relent()
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
                self._loop.clear()

    def _stop(self, *, circling: bool = False) -> None:
        """End the test, by ever stronger means; called in its loop's thread."""
        watched = self._watched
        if not watched.hang:
            reason = f"only timers fire, and did so {MOST_JUMPS:,} times" if circling else NO_WAKER
            watched.hang = f"the test hangs: {reason}: {self._places()}"
        self._quiescence.impatient = True
        if watched.scope is None or watched.insisted:
            self._break()
        elif not watched.scope.cancel_called:
            watched.scope.cancel()
        else:
            watched.insisted = True
            self._library.insist(self._library.living_tasks() - watched.before)

    def _places(self) -> str:
        """Where the test waits, and then where others do, which it may wait for."""
        awaited = self._watched.awaited
        own = [] if awaited is None else [what_is_awaited(awaited)]
        theirs = [each for each in places_of_tasks(self._library) if each not in own]
        return listed(own + theirs) or "it is not known where it waits"

    def _break(self) -> None:
        """Leave the loop, whatever is still there: the one who runs it gets the hang.

        What hangs once it has been left does so because of that, and is not told.
        """
        watched, self._watched = self._watched, _Watched()
        self._left_for = self._left_for or watched.hang
        left = self._library.living_tasks()
        watchdog.keep_alive([*left, *map(coroutine_of, left)])
        if watched.insisted:
            self._library.forget(left - watched.before)
        self._loop.leave(self._failure(self._left_for))


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
    """Lets run forever what can run, while time passes as it really does.

    ``impatient`` is true once the test was to end.
    """

    impatient = False
    _since = 0.0

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
