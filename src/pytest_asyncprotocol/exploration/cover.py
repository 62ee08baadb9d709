"""A cancel scope around one use of a context manager."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import ExitStack
from typing import Any

import anyio

from pytest_asyncprotocol.engine.library import RunningLoop
from pytest_asyncprotocol.exploration.cancellation import Ended
from pytest_asyncprotocol.exploration.stepping import Stepped
from pytest_asyncprotocol.model.recording import Scope, cancelled_now, recording


class Cover:
    """A cancel scope around one use of a manager, from before its entry until after its exit.

    A manager may hold scopes of its own, and these have to be nested with the one that cancels.
    """

    def __init__(self) -> None:
        self.scope = anyio.CancelScope()
        self._shield = anyio.CancelScope()
        self._stack = ExitStack()
        self._stack.enter_context(self.scope)
        self._stack.enter_context(self._shield)
        self._escaped: BaseException | None = None

    async def interrupt(self, run: Coroutine[Any, Any, None], at: int, loop: RunningLoop) -> Ended:
        """Await *run*, and cancel it at suspension *at*; what comes after it is not cancelled."""

        def cancel() -> None:
            cancelled_now(recorded)
            self.scope.cancel()

        recorded = Scope("scope", loop.task())
        step = Stepped(run, at, cancel, watched=loop.cancelled_type, in_force=loop.being_cancelled)
        try:
            with recording(recorded):
                await step
        except BaseException as error:
            self._escaped = error
        cancelled = self._escaped is not None and loop.is_cancellation(self._escaped)
        if self.scope.cancel_called:
            self._shield.shield = True
        return step, cancelled, None if cancelled else self._escaped

    def close(self) -> None:
        """End the scope."""
        error = self._escaped
        if error is None:
            self._stack.close()
        else:
            self._stack.__exit__(type(error), error, error.__traceback__)
