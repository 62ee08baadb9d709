"""Closing what gives items."""

from __future__ import annotations

import inspect

from pytest_asyncprotocol.authoring import Case, Feeds, Level, Protocol, Violation, rule


# That the timeout has a default is AI017's, which calls aclose() without one.
@rule("ACME001", "close-takes-a-timeout", Level.SHOULD,
      protocols=(Protocol.ASYNC_ITERATOR,), requires=("AI001",), feeds=Feeds.LOOK)  # fmt: skip
async def close_takes_a_timeout(case: Case) -> None:
    """An iterator has ``async def aclose(self, timeout=...)``.

    Why:
        A deployment waits 30 seconds for a service to end. What closes its streams one after the
        other has to share them out.

    In practice:
        ``async def aclose(self)`` waits for the goodbye of a peer that is gone.

    Advice:
        Take ``timeout: float = 5.0``, and put the goodbye into ``anyio.move_on_after(timeout)``.

    Source:
        Acme, Handbook for services, "Shutting down":
        https://handbook.acme.example/services/shutting-down
    """
    subject = await case.fresh()
    if not subject.has("aclose"):
        raise Violation("it has no aclose()")
    aclose = subject.object.aclose
    if not inspect.iscoroutinefunction(aclose):
        raise Violation("aclose is not written as `async def`")
    timeout = inspect.signature(aclose).parameters.get("timeout")
    if timeout is None:
        raise Violation(f"aclose{inspect.signature(aclose)} takes no timeout")
