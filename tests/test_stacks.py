"""Saying where something stands that does not go on."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any

import anyio
import pytest

from pytest_asyncprotocol.engine.loops import EngineLoop, Ran
from pytest_asyncprotocol.engine.stacks import what_is_awaited, where_it_runs
from pytest_asyncprotocol.model.backends import find_backend

BOTH = pytest.mark.parametrize("backend", ["asyncio", "trio"])


def hang_of(job: Callable[[], Awaitable[Any]], backend: str) -> str:
    """What *job* waits for, for ever."""
    with EngineLoop(find_backend(backend), clock="virtual", timeout=5) as loop:
        try:
            loop.run(job).send(None)
        except StopIteration as end:
            ran: Ran = end.value
            assert ran.hang is not None
            return ran.hang
    raise AssertionError("the engine suspended")


async def by_coroutines() -> None:
    """Awaits a coroutine that awaits."""
    await wait()


async def wait() -> None:
    """Waits for what nobody sets."""
    await anyio.Event().wait()


async def by_a_generator() -> None:
    """Awaits a step of a generator."""
    async for _ in generate():
        pass


async def generate() -> AsyncIterator[int]:
    """Never comes to its first item."""
    await anyio.Event().wait()
    yield 1


async def by_two_argument_anext() -> None:
    """Awaits a step of a generator through the built-in function."""
    await anext(generate(), None)


class Wrapped:
    """Awaits through the iterator of a coroutine."""

    def __await__(self) -> Generator[Any, Any, None]:
        return wait().__await__()


async def by_await_method() -> None:
    """Awaits an object."""
    await Wrapped()


class Delegating:
    """Awaits through a generator function."""

    def __await__(self) -> Generator[Any, Any, None]:
        yield from wait().__await__()


async def by_delegation() -> None:
    """Awaits an object that delegates."""
    await Delegating()


class Elusive:
    """Has its own iterator, each of whose attributes fails."""

    def __init__(self) -> None:
        self._steps = wait().__await__()

    def __await__(self) -> Elusive:
        return self

    def __iter__(self) -> Elusive:
        return self

    def __next__(self) -> Any:
        return self.send(None)

    def send(self, value: Any) -> Any:
        """One step."""
        return self._steps.send(value)

    def throw(self, error: BaseException) -> Any:
        """One step, into which an error goes."""
        return self._steps.throw(error)

    def __getattr__(self, name: str) -> Any:
        raise SystemExit(name)


@BOTH
@pytest.mark.parametrize(
    ("job", "where"),
    [
        (by_coroutines, "wait"),
        (by_a_generator, "generate"),
        (by_two_argument_anext, "generate"),
        (by_await_method, "wait"),
        (by_delegation, "wait"),
        (Elusive, ""),
    ],
)
def test_the_authors_last_frame_is_found(
    job: Callable[[], Awaitable[Any]], where: str, backend: str
) -> None:
    """Through each way by which one thing can await another, with the library call below it."""
    hang = hang_of(job, backend)

    assert hang.startswith("it waits ")
    assert not where or hang.endswith(f" in {where} for Event.wait")


def test_what_is_not_suspended_has_no_place() -> None:
    """Nor has an object that is no coroutine at all."""
    assert "it never went on" == str(what_is_awaited(object()))
    assert "it never went on" == str(what_is_awaited(None))


def test_a_thread_in_a_call_is_found_to_the_line() -> None:
    """Where it stays at one line, that line is said."""
    inside, release = threading.Event(), threading.Event()

    def stay() -> None:
        inside.set()
        release.wait()

    thread = threading.Thread(target=stay)
    thread.start()
    inside.wait()
    place = where_it_runs(thread)
    release.set()
    thread.join()

    line = stay.__code__.co_firstlineno + 2
    assert f"at tests/test_stacks.py:{line} in {stay.__qualname__}" == place
    assert "at an unknown place" == where_it_runs(thread)


def test_a_thread_in_circles_is_found_to_the_function() -> None:
    """Where it is now here, now there, what it never leaves is said."""
    inside, release = threading.Event(), threading.Event()

    def go_round() -> None:
        while not release.is_set():
            inside.set()
            one()
            other()

    def one() -> None:
        release.wait(0.0005)

    def other() -> None:
        release.wait(0.0005)

    thread = threading.Thread(target=go_round)
    thread.start()
    inside.wait()
    places = {where_it_runs(thread) for _ in range(3)}
    release.set()
    thread.join()

    assert all(place.startswith("at tests/test_stacks.py:") for place in places)
