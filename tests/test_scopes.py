"""What is open in the running task is seen, and what was closed again is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import anyio
import pytest
import trio

from pytest_asyncprotocol.engine import private_api
from pytest_asyncprotocol.engine.library import OpenScopes, open_scopes


class OwnGroup(asyncio.TaskGroup):
    """A task group that somebody derived."""


@asynccontextmanager
async def cancel_scope() -> AsyncGenerator[None]:
    """A cancel scope of anyio."""
    with anyio.CancelScope():
        yield


@asynccontextmanager
async def trio_scope() -> AsyncGenerator[None]:
    """A cancel scope of trio."""
    with trio.CancelScope():
        yield


Opens = Callable[[], AbstractAsyncContextManager[Any]]

ASYNCIO: tuple[tuple[Opens, tuple[str, ...]], ...] = (
    (cancel_scope, ("a cancel scope",)),
    (anyio.create_task_group, ("a cancel scope",)),
    (lambda: asyncio.timeout(60), ("asyncio.timeout()",)),
    (lambda: asyncio.timeout(None), ("asyncio.timeout()",)),
    (asyncio.TaskGroup, ("asyncio.TaskGroup",)),
    (OwnGroup, ("asyncio.TaskGroup",)),
)
TRIO: tuple[tuple[Opens, tuple[str, ...]], ...] = (
    (cancel_scope, ("a cancel scope",)),
    (trio_scope, ("a cancel scope",)),
    (anyio.create_task_group, ("a nursery",)),
    (trio.open_nursery, ("a nursery",)),
)


def run(function: Callable[[], Awaitable[Any]], library: str) -> Any:
    """Run *function* to its end under *library*."""
    return anyio.run(function, backend=library)


async def around(library: str, opens: Opens) -> tuple[OpenScopes, OpenScopes, OpenScopes]:
    """What is open before, in, and after the block."""
    before = open_scopes(library)
    async with opens():
        inside = open_scopes(library)
    return before, inside, open_scopes(library)


@pytest.mark.parametrize(
    ("library", "opens", "names"),
    [("asyncio", *each) for each in ASYNCIO] + [("trio", *each) for each in TRIO],
)
def test_what_is_open_is_seen(library: str, opens: Opens, names: tuple[str, ...]) -> None:
    """It counts from its entry to its exit."""
    before, inside, after = run(lambda: around(library, opens), library)

    assert before == after
    assert inside != before
    assert names == inside.opened_since(before)
    assert () == after.opened_since(before)


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_the_same_twice_is_equal(library: str) -> None:
    """Also where something is open."""

    async def look() -> list[OpenScopes]:
        seen: list[OpenScopes] = []
        async with anyio.create_task_group():
            seen += [open_scopes(library), open_scopes(library)]
        return seen

    first, second = run(look, library)
    assert first == second


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_another_scope_of_the_same_kind_is_not_equal(library: str) -> None:
    """Identity is what counts."""

    async def look() -> list[OpenScopes]:
        seen: list[OpenScopes] = []
        for _ in range(2):
            async with cancel_scope():
                seen.append(open_scopes(library))
        return seen

    first, second = run(look, library)
    assert first.names == second.names
    assert first != second
    assert ("a cancel scope",) == second.opened_since(first)


def test_scopes_are_told_from_the_outside_inward() -> None:
    """As they were entered."""
    seen: list[str] = []

    async def look() -> None:
        before = open_scopes("trio")
        async with trio.open_nursery(), trio_scope():
            seen.extend(open_scopes("trio").opened_since(before))

    run(look, "trio")
    assert ["a nursery", "a cancel scope"] == seen


def test_what_other_tasks_opened_does_not_count() -> None:
    """On asyncio one looks through the objects of all tasks."""

    async def look() -> tuple[str, ...]:
        before = open_scopes("asyncio")
        entered, over = asyncio.Event(), asyncio.Event()

        async def other() -> None:
            async with asyncio.timeout(60), asyncio.TaskGroup():
                with anyio.CancelScope():
                    entered.set()
                    await over.wait()

        task = asyncio.ensure_future(other())
        await entered.wait()
        seen = open_scopes("asyncio").opened_since(before)
        over.set()
        await task
        return seen

    assert () == run(look, "asyncio")


def test_a_request_to_cancel_is_a_difference() -> None:
    """Each counts; one that is taken back leaves nothing."""

    async def look() -> tuple[OpenScopes, OpenScopes, OpenScopes]:
        task = asyncio.current_task()
        assert task is not None
        before = open_scopes("asyncio")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.sleep(0)
        cancelled = open_scopes("asyncio")
        task.uncancel()
        return before, cancelled, open_scopes("asyncio")

    before, cancelled, after = run(look, "asyncio")
    assert (0, 1) == (before.cancelling, cancelled.cancelling)
    assert before != cancelled
    assert before == after


@pytest.mark.parametrize("library", ["asyncio", "trio"])
def test_without_the_private_names(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing counts as open, so nobody is blamed."""

    def nothing(holder: object, name: str) -> None:
        """This release calls it otherwise."""

    monkeypatch.setattr(private_api, "_private", nothing)
    before, inside, after = run(lambda: around(library, anyio.create_task_group), library)

    assert before == inside == after
