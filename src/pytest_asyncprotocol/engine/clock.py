"""The virtual clock: time jumps to the next timer when nothing can run, in a closed world only.

A loop asks its `Quiescence` in every turn. While a job runs, from `begin` to `end`, it finds one of
three states:

- Something can run. The loop calls `turn`. More than `MOST_TURNS` of those without a jump are
  busy waiting.
- Nothing can run, and the world is open: a thread, a socket or the like could wake the loop, see
  `World`. Time is real. The loop waits for a `SLICE`, adds what that took to ``now``, and looks
  again; what opened the world is named in the verdict.
- Nothing can run, and the world is closed. The loop calls `jump`, which moves ``now`` to the next
  timer. Without a timer that is a hang. More than `MOST_JUMPS` of those in one operation go in
  circles.

`turn` and `jump` are called by the selector of `asyncio_.VirtualEventLoop`, and by
`trio_.VirtualTrioClock`, which is an instrument of trio too. Both call `go_on` in every turn, so
that a loop can be ended whatever runs there. The battery says after each operation, by
`progressed`, that counting begins anew.

Prior art: `trio.testing.MockClock` jumps when all tasks have been blocked for a while,
https://trio.readthedocs.io/en/stable/reference-testing.html; looptime does so on asyncio, in the
selector as here, https://github.com/nolar/looptime.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable

import anyio

from pytest_asyncprotocol.engine.world import World

SLICE = 0.02
"""Real seconds between two looks at whether an open world has closed again."""

MOST_JUMPS = 10_000
"""Jumps of the clock within one operation, after which its timers count as going in circles."""

MOST_TURNS = 10_000
"""Turns of the loop without a jump, after which an operation counts as waiting busily."""

A_LONG_TIME = 3600.0
"""Virtual seconds after which whatever a subject does by itself has been done."""

A_MOMENT = 0.05
"""What stands for them where seconds are real."""


class Stuck(SystemExit):
    """Raised inside a loop that is given up: what runs there resists its cancellation.

    A `SystemExit`, for asyncio lets no other exception of a callback end the loop.
    """


class Quiescence:
    """Decides what happens when nothing can run: wait, jump, or say that it hangs.

    ``hung`` is called in the loop's thread when a job can never go on; ``circling`` when only
    timers fire, or it polls without end. Both are called again where that did not end the job.
    Where *virtual* is false, time is the computer's, and nothing is ever decided. ``world`` is
    that of the loop, which sets it when it is made.
    """

    def __init__(
        self, hung: Callable[[], None], circling: Callable[[], None], *, virtual: bool = True
    ) -> None:
        self.now = 0.0
        self.virtual = virtual
        self.world: World | None = None
        self.working = False
        self.given_up = False
        self._hung = hung
        self._circling = circling
        self.most_jumps = MOST_JUMPS
        self._jumps = 0
        self._turns = 0

    @property
    def opened(self) -> tuple[str, ...]:
        """What has kept time real; nothing before there is a loop."""
        return tuple(sorted(self.world.opened)) if self.world is not None else ()

    def begin(self) -> None:
        """A job begins."""
        if self.world is not None:
            self.world.opened.clear()
        self.working = self.virtual
        self.progress()

    def end(self) -> None:
        """The job has ended; until the next one the loop just waits."""
        self.working = False

    def progress(self) -> None:
        """An operation of the subject ended: it does not go in circles."""
        self._jumps = self._turns = 0

    def turn(self) -> None:
        """The loop made a turn in which something could run."""
        if not self.working:
            return
        self._turns += 1
        if self._turns > MOST_TURNS:
            self.progress()
            self._busy()

    def _busy(self) -> None:
        """Something can always run."""
        self._circling()

    def jump(self, seconds: float | None) -> None:
        """Nothing can run and the world is closed; *seconds* to the next timer, None if none."""
        self._turns = 0
        if seconds is None:
            self._hung()
            return
        self._jumps += 1
        # asyncio fires a timer only when time is beyond it, be it by the least step.
        self.now = math.nextafter(self.now + seconds, math.inf)
        if self._jumps > self.most_jumps:
            self.progress()
            self._circling()

    def go_on(self) -> None:
        """Called in every turn of the loop.

        Raises:
            Stuck: the loop was given up.
        """
        if self.given_up:
            raise Stuck


class _InForce(threading.local):
    quiescence: Quiescence | None = None


_in_force = _InForce()


def put_in_force(quiescence: Quiescence) -> None:
    """Make *quiescence* that of the loop which this thread runs."""
    _in_force.quiescence = quiescence


def progressed() -> None:
    """An operation of the subject ended; called in the thread of its loop."""
    if _in_force.quiescence is not None:
        _in_force.quiescence.progress()


async def a_long_time() -> float:
    """Seconds that the check can afford to wait: on the virtual clock an hour costs nothing."""
    return A_LONG_TIME if await has_free_time() else A_MOMENT


async def has_free_time() -> bool:
    """Whether waiting costs nothing here.

    Sleeps for an instant first, so that the clock looks at what could keep it real.
    """
    await anyio.sleep(0.001)
    quiescence = _in_force.quiescence
    return quiescence is not None and quiescence.virtual and not quiescence.opened
