"""Beside other async plugins, in whatever mode, what is labelled trio ran on trio."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Run, RunPytest

FACTORIES = """
    import json, sys
    import pytest
    from pytest_asyncprotocol import conformance
    from subjects import Restarting, Ticker

    CHECKED = conformance.async_iterator(
        items=[0, 1, 2], select=["AI001", "AI005", "CO001", "CO010"]
    )

    def note(request_name):
        trio = sys.modules.get("trio.lowlevel")
        inside = trio is not None and trio.in_trio_task()
        with open("libraries.jsonl", "a") as out:
            out.write(json.dumps([request_name, "trio" if inside else "asyncio"]) + chr(10))

    @pytest.fixture
    def name(request):
        return request.node.name

    @CHECKED
    def test_sync(name):
        note(name)
        return Ticker(3)

    @CHECKED
    async def test_async(name):
        note(name)
        return Restarting(3)

    @CHECKED
    def test_yielding(name):
        note(name)
        yield Ticker(3)
        note(name)

    @CHECKED
    async def test_async_yielding(name):
        note(name)
        yield Restarting(3)
        note(name)
"""

CONFLICTS = {
    "anyio-strict": (("ours", "anyio"), ()),
    "anyio-auto": (("anyio", "ours"), ("-o", "anyio_mode=auto")),
    "asyncio-auto": (("ours", "asyncio"), ("-o", "asyncio_mode=auto")),
    "asyncio-auto-anyio-auto": (
        ("anyio", "asyncio", "ours"),
        ("-o", "asyncio_mode=auto", "-o", "anyio_mode=auto"),
    ),
    "trio-mode": (("trio", "ours"), ("-o", "trio_mode=true")),
    "aio": (("aio", "ours"), ()),
    "all": (("aio", "trio", "anyio", "asyncio", "ours"), ("-o", "trio_mode=true")),
}


def _expect_labels_true(run: Run, path: Path) -> None:
    """The library that each factory saw is the one in the id of its item."""
    noted = [json.loads(line) for line in (path / "libraries.jsonl").read_text().splitlines()]
    assert {name for name, _ in noted} == set(run.outcomes())
    assert [] == [(name, library) for name, library in noted if f"-{library}]" not in name]


def test_items_are_run_by_nobody_else(run_pytest: RunPytest, pytester: pytest.Pytester) -> None:
    """In every mode of every plugin each item ends as it does with none of them loaded."""
    alone = run_pytest("-q", plugins=("ours",), test_factories=FACTORIES)

    _expect_labels_true(alone, pytester.path)
    assert {"passed", "failed"} == set(alone.outcomes().values()), alone.out
    for conflict, (plugins, flags) in CONFLICTS.items():
        (pytester.path / "libraries.jsonl").unlink()
        run = run_pytest("-q", *flags, plugins=plugins)
        _expect_labels_true(run, pytester.path)
        assert alone.outcomes() == run.outcomes(), (conflict, run.out)
        verdicts = {nodeid: seen.verdicts for nodeid, seen in run.tests.items()}
        assert {n: s.verdicts for n, s in alone.tests.items()} == verdicts, conflict


def test_an_item_alone_has_the_verdict_of_the_full_run(run_pytest: RunPytest) -> None:
    """Sampled by node id: one that is violated, one that holds and has tear-down."""
    full = run_pytest("-q", plugins=("ours",), test_factories=FACTORIES)

    sampled = [
        "test_factories.py::test_async[AI005-trio]",
        "test_factories.py::test_async_yielding[CO010-asyncio]",
    ]
    for nodeid in sampled:
        alone = run_pytest("-q", nodeid, plugins=("ours",))
        assert [nodeid] == list(alone.tests), alone.out
        assert full.tests[nodeid] == alone.tests[nodeid]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_runner_that_a_module_holds_open_disturbs_nothing(
    run_pytest: RunPytest, backend: str
) -> None:
    """A module-scoped anyio fixture is alive, and the checks are not awaited."""
    run = run_pytest(
        "-q",
        test_held=f"""
            import pytest
            from pytest_asyncprotocol import assert_async_iterator
            from subjects import Ticker

            @pytest.fixture(scope="module", params=[{backend!r}])
            def anyio_backend(request):
                return request.param

            @pytest.fixture(scope="module", autouse=True)
            async def server(anyio_backend):
                yield 3

            @pytest.mark.anyio
            async def test_before(server):
                await assert_async_iterator(lambda: Ticker(server), items=[0, 1, 2])

            def test_sync(server):
                assert_async_iterator(lambda: Ticker(server), items=[0, 1, 2])

            def test_instance(server):
                assert_async_iterator(Ticker(server), items=[0, 1, 2])

            def test_through_the_fixture(server, asyncprotocol):
                asyncprotocol.assert_async_iterator(lambda: Ticker(server), items=[0, 1, 2])
        """,
    )

    assert {
        f"test_before[{backend}]": "passed",
        f"test_sync[{backend}]": "passed",
        f"test_instance[{backend}]": "passed",
        f"test_through_the_fixture[asyncio-{backend}]": "passed",
        f"test_through_the_fixture[trio-{backend}]": "passed",
    } == run.outcomes(), run.out
    assert {"asyncio", "trio"} == {v[1] for v in run.test(f"test_sync[{backend}]").verdicts}


def test_a_runner_on_the_wrong_library_gives_an_error(run_pytest: RunPytest) -> None:
    """A wider fixture holds asyncio's runner, which anyio then gives to the items for trio."""
    run = run_pytest(
        "-q",
        test_wrong="""
            import pytest
            from pytest_asyncprotocol import conformance
            from subjects import Ticker

            @pytest.fixture(scope="session", autouse=True)
            def held():
                from anyio.pytest_plugin import get_runner
                with get_runner("asyncio", {}):
                    yield

            @pytest.fixture
            async def size(anyio_backend):
                return 3

            @conformance.async_iterator(select=["AI005"])
            def test_ticker(size):
                return Ticker(size)
        """,
    )

    assert {
        "test_ticker[AI005-asyncio]": "passed",
        "test_ticker[AI005-trio]": "failed",
    } == run.outcomes(), run.out
    reason = run.test("test_ticker[AI005-trio]").reason
    assert "was to run on trio, but asyncio is in force" in reason


def test_an_awaited_check_on_another_loop_than_the_label_fails(run_pytest: RunPytest) -> None:
    """pytest-asyncio's auto mode takes tests marked for anyio, and would let them pass."""
    run = run_pytest(
        "-q",
        "-o", "asyncio_mode=auto",
        plugins=("ours", "anyio", "asyncio"),
        test_taken="""
            import pytest
            from pytest_asyncprotocol import assert_async_iterator
            from subjects import Ticker

            @pytest.mark.anyio
            async def test_awaited():
                await assert_async_iterator(Ticker, items=[0, 1, 2])

            @pytest.mark.anyio
            async def test_bound(asyncprotocol):
                await asyncprotocol.assert_async_iterator(Ticker, items=[0, 1, 2])

            async def test_plain(asyncprotocol):
                await asyncprotocol.assert_async_iterator(Ticker, items=[0, 1, 2])
        """,
    )  # fmt: skip

    assert {
        "test_awaited[asyncio]": "passed",
        "test_awaited[trio]": "failed",
        "test_bound[asyncio]": "passed",
        "test_bound[trio]": "failed",
        "test_plain": "passed",
    } == run.outcomes(), run.out
    assert "labelled trio, but its check at test_taken.py:7 ran on asyncio" in run.out
