"""`explore_cancellation`: scenarios of the user's own."""

from __future__ import annotations

import asyncio
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import ConformanceError, explore_cancellation


class Pool:
    """Counts what it has lent."""

    lent = 0

    def is_whole(self) -> bool:
        """Whether everything came back."""
        return self.lent == 0


def test_a_scenario_that_cleans_up_passes() -> None:
    """At each suspension, in each way, on both backends."""
    pool = Pool()

    async def transfer() -> None:
        pool.lent += 1
        try:
            await checkpoint()
            await anyio.sleep(60)
        finally:
            pool.lent -= 1

    report = explore_cancellation(transfer, released=pool.is_whole)

    assert report.passed
    assert {v.backend for v in report} == {"asyncio", "trio"}
    assert all(v.coverage.points for v in report.of("CO001"))


def test_a_scenario_that_keeps_something_is_blamed() -> None:
    """`released=` takes no argument, and may be async."""
    pool = Pool()

    async def is_whole() -> bool:
        await checkpoint()
        return pool.is_whole()

    async def transfer() -> None:
        pool.lent = 1
        await checkpoint()
        pool.lent -= 1

    with pytest.raises(ConformanceError, match="CO021 closable-after-cancellation") as failure:
        explore_cancellation(transfer, released=is_whole)

    assert "cancelled" in str(failure.value)


def test_a_scenario_that_swallows_is_blamed() -> None:
    """Also where only the second cancellation, of the clean-up, is swallowed."""

    async def careful() -> None:
        try:
            await checkpoint()
        except BaseException:
            try:
                await checkpoint()
            except BaseException:
                return
            raise

    with pytest.raises(ConformanceError) as failure:
        explore_cancellation(careful, backends=["asyncio"])

    report = failure.value.report
    assert {v.name for v in report.violations} == {"CO001 cancellation-passes"}


def test_only_a_second_cancellation_is_swallowed() -> None:
    """It comes at the goodbye, which a shield of anyio's does not protect against Task.cancel()."""

    async def shielded() -> None:
        try:
            await checkpoint()
        except BaseException:
            try:
                with anyio.CancelScope(shield=True):
                    await checkpoint()
            except BaseException:
                return
            raise

    with pytest.raises(ConformanceError, match="and once more at suspension 2") as failure:
        explore_cancellation(shielded)

    assert {v.backend for v in failure.value.report.violations} == {"asyncio"}


def test_a_hang_is_told() -> None:
    """With what is awaited."""

    async def waits() -> None:
        await anyio.Event().wait()

    with pytest.raises(ConformanceError, match=r"(?s)hangs: it waits at .* for Event.wait"):
        explore_cancellation(waits)


def test_a_task_that_is_left_is_told() -> None:
    """Unless that is declared."""

    async def starts() -> None:
        task = asyncio.ensure_future(asyncio.sleep(3600))
        await asyncio.sleep(0)
        del task

    with pytest.raises(ConformanceError, match="CO007 no-task-left"):
        explore_cancellation(starts, backends=["asyncio"])

    assert explore_cancellation(starts, backends=["asyncio"], background_ok=True).passed


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_it_can_be_awaited(anyio_backend: str) -> None:
    """On the loop of the test."""

    async def swallows() -> None:
        try:
            await checkpoint()
        except BaseException:
            return

    with pytest.raises(ConformanceError, match="CO001"):
        await explore_cancellation(swallows)

    report = await explore_cancellation(checkpoint)

    assert report.passed
    assert {v.backend for v in report} == {anyio_backend}


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        (lambda: explore_cancellation(3), "leave the parentheses away"),
        (lambda: explore_cancellation(checkpoint, released=True), "released= takes a callable"),
        (lambda: explore_cancellation(checkpoint, items=[1]), "takes no items="),
    ],
)
def test_a_wrong_call_says_what_to_write(wrong: Any, match: str) -> None:
    """At the call."""
    with pytest.raises(TypeError, match=match):
        wrong()
