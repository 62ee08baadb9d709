"""A job for a loop, and how it ended."""

from __future__ import annotations

import queue
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import anyio

from pytest_asyncprotocol.model.exceptions import NoVerdict
from pytest_asyncprotocol.model.text import describe_exception

Job = Callable[[], Awaitable[Any]]


@dataclass(slots=True)
class Ran:
    """How a job ended: at most one of ``error``, ``hang``, ``no_outcome`` is set.

    ``hang`` says what is awaited forever; ``no_outcome`` why real time ran out, and ``blocking``
    whether that was because the subject blocks its thread; ``unbalanced`` that ``error`` is about
    a scope that was left open. ``opened`` names what kept the clock real, ``scheduled`` says
    whether the order in which tasks run was controlled.
    """

    value: Any = None
    error: BaseException | None = None
    hang: str | None = None
    no_outcome: str | None = None
    blocking: bool = False
    unbalanced: bool = False
    opened: tuple[str, ...] = ()
    scheduled: bool = True

    def why_stopped(self, doing: str) -> str | None:
        """Why the job did not come to its end while it was *doing* something; None if it did."""
        if self.error is not None:
            return f"{doing} was stopped by {describe_exception(self.error)}"
        if self.hang is not None:
            return f"{doing} hangs: {self.hang}, and nothing is left that could wake it"
        return self.no_outcome


class Posted:
    """A job on its way; its end arrives once in ``results``.

    ``hang`` says what it waits for in vain, ``circled`` that it only went in circles.
    """

    def __init__(self, job: Job) -> None:
        self.results: queue.SimpleQueue[Ran] = queue.SimpleQueue()
        self.scope: anyio.CancelScope | None = None
        self.coroutine: Any = None
        self.hang: str | None = None
        self.circled = False
        self._job = job
        self._delivered = False

    async def carry_out(self, ran: Ran) -> None:
        """Run the job, and enter into *ran* how it ended."""
        self.scope = anyio.CancelScope()
        left = False
        try:
            with self.scope:
                try:
                    self.coroutine = self._job()
                    ran.value = await self.coroutine
                except BaseException as error:
                    ran.error = error
                left = True
        except BaseException as error:
            if not left:
                raise
            ran.unbalanced = True
            ran.error = NoVerdict("it left a cancel scope, a task group or a nursery open")
            ran.error.__cause__ = error
        if self.hang is not None:
            ran.hang, ran.error = self.hang, None

    def stop(self) -> None:
        """Cancel the job; in the loop's thread."""
        if self.scope is not None:
            self.scope.cancel()

    def deliver(self, ran: Ran) -> None:
        """Say how the job ended, unless that was said before."""
        if not self._delivered:
            self._delivered = True
            self.results.put(ran)
