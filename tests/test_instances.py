"""An instance as the first argument: one use of it, judged by every rule that this can feed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import anyio
import pytest

from pytest_asyncprotocol import (
    Report,
    Status,
    assert_async_context_manager,
    assert_async_iterator,
    assert_awaitable,
    check,
)
from pytest_asyncprotocol.explaining import explain
from pytest_asyncprotocol.model.rule import Feeds
from pytest_asyncprotocol.model.verdicts import Skip

BACKENDS = ("asyncio", "trio")


class Ticker:
    """Counts to three, and counts its calls."""

    def __init__(self) -> None:
        self.left = [0, 1, 2]
        self.calls = 0

    def __aiter__(self) -> Ticker:
        return self

    async def __anext__(self) -> int:
        self.calls += 1
        await anyio.lowlevel.checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


class StartsAgain(Ticker):
    """Gives items again after its end."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.left = [0, 1, 2]
            raise


class Fails(Ticker):
    """Raises where an item was due."""

    async def __anext__(self) -> int:
        raise ValueError("no tick")


class Manager:
    """Counts its entries and exits."""

    def __init__(self) -> None:
        self.log: list[str] = []

    async def __aenter__(self) -> Self:
        self.log.append("enter")
        return self

    async def __aexit__(self, *details: object) -> None:
        self.log.append("exit")


def broken(report: Report) -> set[tuple[str, str]]:
    """What an instance is blamed for on the first backend."""
    return {(v.name, v.message) for v in report.violations if v.backend == "asyncio"}


def test_an_instance_is_used_once_on_the_first_backend() -> None:
    """Rules that only look run on all backends; those that use it share the one use."""
    report = assert_async_iterator(Ticker(), items=[0, 1, 2])

    for verdict in report:
        assert verdict.rule is not None
        if verdict.status is not Status.SKIPPED and not verdict.rule.feeds.only_looks:
            assert "asyncio" == verdict.backend
    looked = {v.backend for v in report.of("AI001")}

    assert set(BACKENDS) == looked
    assert {Status.PASSED} == {v.status for v in report.of("AI001")}
    assert ["an instance is used only once, on the first backend"] == [
        v.message for v in report.of("AI005") if v.backend == "trio"
    ]


def test_the_configured_order_decides_which_backend_is_the_first() -> None:
    """It need not be asyncio."""
    report = check("async_iterator", Ticker(), backends=("trio", "asyncio"))

    assert ["trio"] == [v.backend for v in report.of("AI005") if v.status is Status.PASSED]


def test_the_report_is_not_complete() -> None:
    """What needs fresh objects is skipped by that name."""
    report = assert_async_iterator(Ticker())
    skipped = {v.name for v in report if v.message == "needs a fresh object: pass a factory"}
    fresh = {v.name for v in report if v.rule is not None and v.rule.feeds is Feeds.FRESH}

    assert not report.complete
    assert assert_async_iterator(Ticker).complete
    assert skipped
    assert skipped <= fresh


def test_a_failure_counts_the_rules_that_need_a_fresh_object() -> None:
    """And shows how to write a factory."""
    report = check("async_iterator", StartsAgain())
    fresh = {v.name for v in report if v.skip is Skip.NEEDS_FRESH}
    text = " ".join(explain(report).split())

    assert (
        f"; {len(fresh)} rules need a fresh object: pass a factory, for example "
        "`lambda: StartsAgain(...)`" in text
    )


@pytest.mark.parametrize("cls", [Ticker, StartsAgain, Fails])
def test_an_instance_breaks_the_rules_that_a_factory_of_it_breaks(cls: type) -> None:
    """Among those that one use can feed."""
    instance, factory = check("async_iterator", cls()), check("async_iterator", cls)
    fed = {v.name for v in instance if v.status in (Status.PASSED, Status.VIOLATED)}

    assert {each for each in broken(factory) if each[0] in fed} == broken(instance)


def test_an_instance_is_closed_at_its_end_and_once_more() -> None:
    """Both calls have to succeed."""

    class ClosesOnce(Ticker):
        connection: object = None

        def __init__(self) -> None:
            super().__init__()
            self.connection = object()

        async def aclose(self) -> None:
            del self.__dict__["connection"]

    report = check("async_iterator", ClosesOnce(), backends=("asyncio",))
    (verdict,) = report.of("AI017")

    assert {("AI017 aclose-idempotent", verdict.message)} == broken(report)
    assert verdict.message.startswith("aclose #2, at its end, raised KeyError")


def test_one_use_feeds_all_rules() -> None:
    """Each operation is carried out once, however many rules look at it."""
    manager = Manager()
    assert_async_context_manager(manager)

    assert ["enter", "exit"] == manager.log


def test_a_native_coroutine_runs_once() -> None:
    """And its result is judged by every rule."""
    runs: list[str] = []

    async def fetch() -> int:
        runs.append("run")
        await anyio.lowlevel.checkpoint()
        return 3

    report = assert_awaitable(fetch(), returns=3)

    assert ["run"] == runs
    assert "fetch" == report.subject
    assert not report.complete


@pytest.mark.parametrize("backend", BACKENDS)
def test_on_the_running_loop_an_instance_is_used_there(backend: str) -> None:
    """It may well belong to that loop."""

    async def run() -> Report:
        ticker = Ticker()
        report = await check("async_iterator", ticker, items=[0, 1, 2])
        assert ticker.calls
        return report

    report = anyio.run(run, backend=backend)

    assert {backend} == {v.backend for v in report}
    assert {Status.PASSED} == {v.status for v in report.of("AI005")}
    assert not report.complete


@pytest.mark.parametrize("make", [Ticker, StartsAgain, Fails])
def test_the_instance_is_left_to_its_owner(make: Callable[[], Any]) -> None:
    """Nothing closes it."""
    closed: list[str] = []

    class Closable(make):  # type: ignore[misc,valid-type]
        async def aclose(self) -> None:
            closed.append("closed")

    check("async_iterator", Closable(), select=("AI001", "AI005"))

    assert [] == closed
