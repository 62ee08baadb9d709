"""A check that nobody awaits fails the test that made it."""

from __future__ import annotations

import re

from tests.conftest import RunPytest

FORGOTTEN = """
    import anyio
    import pytest
    from pytest_asyncprotocol import assert_async_iterator
    from subjects import Ticker

    pytestmark = pytest.mark.anyio

    @pytest.fixture(params=["asyncio"])
    def anyio_backend(request):
        return request.param

    def begin():
        return assert_async_iterator(lambda: Ticker(3), items=[0, 1, 2])

    async def test_bare():
        begin()

    async def test_stored():
        report = begin()
        assert report is not None

    async def test_in_a_task():
        async def child():
            begin()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child)

    async def test_then_skipped():
        begin()
        pytest.skip("enough")

    async def test_its_own_error():
        begin()
        assert 1 == 2, "my own"

    async def test_cancelled():
        with anyio.CancelScope() as scope:
            scope.cancel()
            await begin()

    async def test_awaited():
        await begin()

    async def test_awaited_in_a_task():
        async def child(report):
            await report
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child, begin())

    @pytest.fixture
    async def begun(anyio_backend):
        return begin()

    async def test_of_a_fixture_awaited(begun):
        await begun

    async def test_in_set_up(begun):
        pass

    @pytest.fixture
    async def failing(anyio_backend):
        begin()
        raise LookupError("no server")

    async def test_in_failed_set_up(failing):
        pass

    @pytest.fixture
    async def begun_late(anyio_backend):
        yield
        begin()

    async def test_in_tear_down(begun_late):
        pass

    async def test_used_unawaited():
        report = begin()
        with pytest.raises(RuntimeError, match="has not run"):
            report.passed

    def test_innocent():
        pass
"""


def test_a_forgotten_await_fails_the_test_that_made_it(run_pytest: RunPytest) -> None:
    """Wherever it was made, with file and line; errors of the test itself stand, with a note."""
    run = run_pytest("-q", test_forgotten=FORGOTTEN)

    assert {
        "test_bare[asyncio]": "failed",
        "test_stored[asyncio]": "failed",
        "test_in_a_task[asyncio]": "failed",
        "test_then_skipped[asyncio]": "failed",
        "test_its_own_error[asyncio]": "failed",
        "test_cancelled[asyncio]": "failed",
        "test_awaited[asyncio]": "passed",
        "test_awaited_in_a_task[asyncio]": "passed",
        "test_of_a_fixture_awaited[asyncio]": "passed",
        "test_in_set_up[asyncio]": "failed",
        "test_in_failed_set_up[asyncio]": "error",
        "test_in_tear_down[asyncio]": "error",
        "test_used_unawaited[asyncio]": "failed",
        "test_innocent": "passed",
    } == run.outcomes(), run.out
    said = re.compile(r"the check of \S+ at test_forgotten\.py:13 was never awaited")
    for name in ("bare", "stored", "in_a_task", "then_skipped", "in_set_up", "in_tear_down"):
        reason = run.test(f"test_{name}[asyncio]").reason
        assert said.match(reason), reason
        assert "await assert_...(...)" in reason
    own = run.test("test_its_own_error[asyncio]").reason
    assert "my own" in own
    assert said.search(own)
    set_up = run.test("test_in_failed_set_up[asyncio]").reason
    assert "no server" in set_up
    assert said.search(set_up)
    assert 1 == run.out.count("ERROR at setup")
    assert 1 == run.out.count("ERROR at teardown")
    assert "did not come to its end" in run.test("test_cancelled[asyncio]").reason
    assert "never awaited" not in run.err


def test_a_forgotten_await_under_other_plugins(run_pytest: RunPytest) -> None:
    """pytest-asyncio and pytest-trio run their tests in their own ways."""
    run = run_pytest(
        "-q",
        plugins=("asyncio", "ours", "trio"),
        test_others="""
            import pytest
            from pytest_asyncprotocol import assert_async_iterator
            from subjects import Ticker

            @pytest.mark.asyncio
            async def test_asyncio():
                assert_async_iterator(lambda: Ticker(3))

            @pytest.mark.trio
            async def test_trio():
                assert_async_iterator(lambda: Ticker(3))
        """,
    )

    assert {"test_asyncio": "failed", "test_trio": "failed"} == run.outcomes(), run.out
    assert "at test_others.py:7 was never awaited" in run.test("test_asyncio").reason
    assert "at test_others.py:11 was never awaited" in run.test("test_trio").reason


def test_without_the_plugin_it_is_a_warning(run_pytest: RunPytest) -> None:
    """Nobody listens then, but Python warns when the report is dropped."""
    run = run_pytest(
        "-q",
        "-p", "no:asyncprotocol",
        plugins=("anyio",),
        test_alone="""
            import gc
            import pytest
            from pytest_asyncprotocol import assert_async_iterator
            from subjects import Ticker

            @pytest.mark.anyio
            @pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
            async def test_forgotten(anyio_backend):
                with pytest.warns(RuntimeWarning, match=r"test_alone.py:10 was never awaited"):
                    assert_async_iterator(lambda: Ticker(3))
                    gc.collect()

            def test_sync():
                assert_async_iterator(lambda: Ticker(3), items=[0, 1, 2])
        """,
    )  # fmt: skip

    assert {
        "test_forgotten[asyncio]": "passed",
        "test_forgotten[trio]": "passed",
        "test_sync": "passed",
    } == run.outcomes(), run.out
