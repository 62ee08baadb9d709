"""Beside other async plugins, in whatever mode, what is labelled trio ran on trio."""

from __future__ import annotations

import json
import re
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

    for name, (plugins, flags) in CONFLICTS.items():
        (pytester.path / "libraries.jsonl").unlink()
        run = run_pytest("-q", *flags, plugins=plugins)

        _expect_labels_true(run, pytester.path)
        assert alone.outcomes() == run.outcomes(), f"{name}\n{run.out}"
        verdicts = {nodeid: seen.verdicts for nodeid, seen in run.tests.items()}
        assert {n: s.verdicts for n, s in alone.tests.items()} == verdicts, name


FORMS = """
    import pytest
    from pytest_asyncprotocol import assert_async_iterator, conformance
    from subjects import Ticker

    SOME = {"items": [0, 1, 2], "select": ["AI005"]}

    @pytest.fixture
    async def size(anyio_backend):
        return 3

    def test_sync():
        assert_async_iterator(Ticker, **SOME)

    def test_bound(asyncprotocol):
        asyncprotocol.assert_async_iterator(Ticker, **SOME)

    @conformance.async_iterator(**SOME)
    def test_items():
        return Ticker()

    @pytest.mark.anyio
    async def test_anyio():
        await assert_async_iterator(Ticker, **SOME)

    @pytest.mark.anyio
    async def test_anyio_fixture(size):
        await assert_async_iterator(lambda: Ticker(size), **SOME)

    @pytest.mark.asyncio
    async def test_asyncio():
        await assert_async_iterator(Ticker, **SOME)

    @pytest.mark.trio
    async def test_trio():
        await assert_async_iterator(Ticker, **SOME)

    async def test_unmarked():
        await assert_async_iterator(Ticker, **SOME)
"""

ON_A_FIXTURE = """
    from pytest_asyncprotocol import conformance
    from subjects import Ticker
    from test_forms import SOME, size

    @conformance.async_iterator(**SOME)
    def test_items_on_a_fixture(size):
        return Ticker(size)
"""

ANYIO_AUTO, ASYNCIO_AUTO = ("-o", "anyio_mode=auto"), ("-o", "asyncio_mode=auto")
NOBODYS, TWO, TAKEN, BROKEN = (
    "async def functions are not natively supported",
    "would be run by pytest-asyncio and by anyio",
    "this test is labelled ",
    "a coroutine was expected, got None",
)

MATRIX: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "strict-strict": ((), {"test_trio": NOBODYS, "test_unmarked": NOBODYS}),
    "strict-auto": (
        ASYNCIO_AUTO,
        {
            "test_anyio[trio]": TAKEN,
            "test_anyio_fixture[trio]": TAKEN,
            "test_on_a_fixture.py": TWO,
        },
    ),
    "auto-strict": (ANYIO_AUTO, {"test_asyncio[trio]": TAKEN}),
    "auto-auto": (
        (*ANYIO_AUTO, *ASYNCIO_AUTO),
        {
            "test_anyio[trio]": TAKEN,
            "test_anyio_fixture[trio]": TAKEN,
            "test_asyncio[trio]": TAKEN,
            "test_trio[trio]": TAKEN,
            "test_unmarked[trio]": TAKEN,
            "test_on_a_fixture.py": TWO,
        },
    ),
    "strict-strict-trio": ((), {"test_unmarked": NOBODYS}),
    "strict-auto-trio": (
        ASYNCIO_AUTO,
        {
            "test_anyio[trio]": TAKEN,
            "test_anyio_fixture[trio]": TAKEN,
            "test_trio": BROKEN,
            "test_on_a_fixture.py": TWO,
        },
    ),
    "auto-strict-trio": (
        ANYIO_AUTO,
        {"test_asyncio[trio]": TAKEN, "test_trio[asyncio]": TAKEN},
    ),
    "strict-strict-trio_mode": (
        ("-o", "trio_mode=true"),
        {
            "test_anyio[asyncio]": TAKEN,
            "test_anyio_fixture[asyncio]": TAKEN,
            "test_anyio_fixture[trio]": "Attempted to call run()",
            "test_asyncio": BROKEN,
        },
    ),
}
"""Modes of anyio, of pytest-asyncio, and pytest-trio's presence: the tests that don't pass, why."""


@pytest.mark.parametrize("row", MATRIX)
def test_no_form_passes_on_another_library_than_its_label(run_pytest: RunPytest, row: str) -> None:
    """Whatever the plugins make of each other, what was not checked where it says so fails."""
    flags, expected = MATRIX[row]
    plugins = ("anyio", "asyncio", "ours", *(("trio",) if "trio" in row else ()))

    run = run_pytest(
        "--continue-on-collection-errors",
        *flags,
        plugins=plugins,
        test_forms=FORMS,
        test_on_a_fixture=ON_A_FIXTURE,
    )

    failed = {
        nodeid.rpartition("::")[2]: s for nodeid, s in run.tests.items() if s.outcome == "failed"
    }
    told = {name: seen.reason for name, seen in failed.items()}
    if TWO in run.out.replace("\n", " "):
        told["test_on_a_fixture.py"] = TWO
    assert sorted(expected) == sorted(told), run.out
    assert [] == [name for name, reason in expected.items() if reason not in told[name]], told
    for name, seen in run.tests.items():
        label = set(re.findall(r"\b(asyncio|trio)\b", name.partition("[")[2]))
        if seen.outcome == "passed" and label:
            assert label == {verdict[1] for verdict in seen.verdicts}, name


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
