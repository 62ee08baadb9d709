"""What fails only because of the engine's thread says so, with the way out."""

from __future__ import annotations

import asyncio
import signal
import sqlite3

import anyio
import pytest
import trio

from pytest_asyncprotocol import Status, check
from pytest_asyncprotocol.model.thread_bound import needs_main_thread

ASYNCIO = ("asyncio",)


class Signals:
    """Sets a signal handler at its entry."""

    async def __aenter__(self) -> None:
        await anyio.lowlevel.checkpoint()
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, print)

    async def __aexit__(self, *details: object) -> None:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGUSR1)


class TrioSignals:
    """Receives signals between its entry and its exit."""

    async def __aenter__(self) -> None:
        await trio.lowlevel.checkpoint()
        self.receiver = trio.open_signal_receiver(signal.SIGUSR1)
        self.receiver.__enter__()

    async def __aexit__(self, *details: object) -> None:
        self.receiver.__exit__(None, None, None)


@pytest.mark.parametrize(("subject", "backend"), [(Signals, "asyncio"), (TrioSignals, "trio")])
def test_signal_handlers_need_the_main_thread(subject: type, backend: str) -> None:
    """An error that blames no rule, and says what to write instead."""
    report = check("async_context_manager", subject, backends=(backend,))

    [verdict] = report.failures
    assert verdict.status is Status.ERROR
    assert "it needs the main thread" in verdict.message
    assert "await the assertion" in verdict.message


def test_the_way_out_works() -> None:
    """Awaited on the caller's loop, the same subject conforms."""

    async def main() -> None:
        report = await check("async_context_manager", Signals)
        assert not report.failures

    asyncio.run(main())


def test_a_thread_bound_object_of_a_fixture() -> None:
    """A database that the test's thread opened can't be used by a factory in the engine's."""
    database = sqlite3.connect(":memory:")

    async def query() -> object:
        return database.execute("select 1").fetchone()

    report = check("awaitable", query, backends=ASYNCIO)
    database.close()

    [verdict] = report.failures
    assert "it needs the main thread" in verdict.message


def test_a_factory_that_needs_the_main_thread() -> None:
    """The factory's own error says it as well."""

    def make() -> Signals:
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        return Signals()

    [verdict] = check("async_context_manager", make, backends=ASYNCIO).failures

    assert verdict.rule is None
    assert "it needs the main thread" in verdict.message


def test_nothing_needs_another_thread_in_the_main_thread() -> None:
    """There the same errors mean something else."""
    assert not needs_main_thread(sqlite3.ProgrammingError("thread"))
    assert not needs_main_thread(ValueError("signal only works in main thread"))
