"""A backend is an object: it says by itself how its loop is made."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pytest_asyncprotocol import Status, check
from pytest_asyncprotocol.model.backends import BACKENDS, Backend

HERE = "tests.test_backends"
NAME = "asyncio+own"


class OwnLoop(asyncio.SelectorEventLoop):
    """A loop that somebody derived."""


def own_task(loop: asyncio.AbstractEventLoop, coroutine: Any, **details: Any) -> asyncio.Task[Any]:
    """A task as any other."""
    return asyncio.Task(coroutine, loop=loop, **details)


seen: list[tuple[type, Any]] = []


async def look_around() -> None:
    """Tell on which loop this runs."""
    loop = asyncio.get_running_loop()
    seen.append((type(loop), loop.get_task_factory()))
    await asyncio.sleep(0.001)


def kept_real_by(monkeypatch: pytest.MonkeyPatch, backend: Backend) -> tuple[str, ...]:
    """What keeps the clock real in a check on *backend*, which is registered for that."""
    monkeypatch.setitem(BACKENDS, backend.name, backend)
    seen.clear()

    report = check("awaitable", look_around, backends=(backend.name,), select=("CO020",))

    (verdict,) = report.of("CO020")
    assert (Status.PASSED, backend.name) == (verdict.status, verdict.backend)
    return verdict.coverage.opened


def test_a_backend_makes_its_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a loop has a clock of its own, which is real."""
    backend = Backend(NAME, "asyncio", loop_factory=f"{HERE}:OwnLoop")

    assert (NAME,) == kept_real_by(monkeypatch, backend)
    assert {(OwnLoop, None)} == set(seen)


def test_a_backend_makes_its_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the engine's own loop, whose clock is virtual."""
    backend = Backend(NAME, "asyncio", task_factory=f"{HERE}:own_task")

    assert () == kept_real_by(monkeypatch, backend)
    assert {own_task} == {factory for _, factory in seen}
    assert OwnLoop not in {loop for loop, _ in seen}
