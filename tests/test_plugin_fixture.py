"""Every way to write a check finds the same violations."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from tests.conftest import Run, RunPytest

LEFT_OUT_BY_THE_AWAITED_FORM = {
    "CO005", "CO006", "CO008", "CO012", "CO013", "CO015", "CO016", "CO018",
}  # fmt: skip
"""Rules that need a loop of their own."""

LEFT_OUT_BY_AN_INSTANCE = {
    "async iterator": {
        "AG007", "AI004", "AI013", "AI014", "AI018", "CO001", "CO002", "CO003", "CO004", "CO005",
        "CO006", "CO007", "CO008", "CO012", "CO013", "CO015", "CO016", "CO017", "CO018", "CO021",
    },
    "async context manager": {
        "CM002", "CM004", "CM005", "CM014", "CM015", "CM017", "CM019", "CM022", "CM026", "CO001",
        "CO002", "CO003", "CO004", "CO005", "CO006", "CO007", "CO008", "CO012", "CO013", "CO015",
        "CO016", "CO017", "CO018", "CO021",
    },
}  # fmt: skip
"""Rules that need fresh objects, by protocol."""

WAYS = """
    import pytest
    from pytest_asyncprotocol import check, conformance
    from subjects import Restarting, Room, Swallowing, Ticker

    CLASSES = [Ticker, Restarting, Swallowing]

    @pytest.fixture(params=CLASSES, ids=lambda c: c.__name__)
    def made(request):
        return request.param

    def test_sync(made):
        check("async_iterator", lambda: made(3), items=[0, 1, 2])

    def test_instance(made):
        check("async_iterator", made(3), items=[0, 1, 2])

    def test_fixture(made, asyncprotocol):
        asyncprotocol.check("async_iterator", lambda: made(3), items=[0, 1, 2])

    @conformance.async_iterator(items=[0, 1, 2])
    def test_decorated(made):
        return made(3)

    def test_room_sync():
        check("async_context_manager", Room)

    def test_room_instance():
        check("async_context_manager", Room())
"""

AWAITED = """
    import pytest
    from pytest_asyncprotocol import check
    from subjects import Restarting, Room, Swallowing, Ticker

    pytestmark = {mark}

    @pytest.fixture(params=[Ticker, Restarting, Swallowing], ids=lambda c: c.__name__)
    def made(request):
        return request.param

    async def test_awaited(made):
        await check("async_iterator", lambda: made(3), items=[0, 1, 2])

    async def test_bound(made, asyncprotocol):
        await asyncprotocol.check("async_iterator", lambda: made(3), items=[0, 1, 2])

    async def test_room_awaited():
        await check("async_context_manager", Room)
"""

BROKEN = {
    "Ticker": set(),
    "Restarting": {("AI005", "asyncio"), ("AI005", "trio")},
    "Swallowing": {("CO001", "asyncio"), ("CO001", "trio")},
}
"""What each class violates: rule and backend."""


def _violations(run: Run, way: str, name: str) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for nodeid, seen in run.tests.items():
        if f"::{way}[" in nodeid and name in nodeid:
            found |= seen.violations
    return found


def _left_out(run: Run, way: str, protocol: str, because: str) -> set[str]:
    return {
        verdict[0].split()[0]
        for nodeid, seen in run.tests.items()
        if f"::{way}" in nodeid
        for report in seen.checked
        if report["protocol"] == protocol
        for verdict in seen.verdicts
        if verdict[2] == "skipped" and verdict[3].startswith(because)
    }


def test_a_sync_test_the_fixture_and_items_find_the_same(run_pytest: RunPytest) -> None:
    """A factory in a sync test, through the fixture and above a function; and one instance."""
    run = run_pytest("-q", test_ways=WAYS)

    for name, violated in BROKEN.items():
        for way in ("test_sync", "test_fixture", "test_decorated"):
            assert violated == _violations(run, way, name), (way, name, run.out)
        fed = {(r, b) for r, b in violated if r not in LEFT_OUT_BY_AN_INSTANCE["async iterator"]}
        assert {("AI005", "asyncio")} & fed == _violations(run, "test_instance", name)
    assert {"asyncio", "trio"} == {
        v[1] for n, s in run.tests.items() if "test_fixture" in n for v in s.verdicts
    }
    for protocol, left_out in LEFT_OUT_BY_AN_INSTANCE.items():
        way = "test_instance" if protocol == "async iterator" else "test_room_instance"
        assert left_out == _left_out(run, way, protocol, "needs a fresh object")
    assert "error" not in {v[2] for seen in run.tests.values() for v in seen.verdicts}


@pytest.mark.parametrize(
    ("plugins", "mark", "flags", "backends"),
    [
        (("ours", "anyio"), "pytest.mark.anyio", (), {"asyncio", "trio"}),
        (("ours", "asyncio"), "pytest.mark.asyncio", (), {"asyncio"}),
        (("asyncio", "ours"), "[]", ("--asyncio-mode=auto",), {"asyncio"}),
        (("ours", "trio"), "pytest.mark.trio", (), {"trio"}),
    ],
    ids=["anyio", "asyncio-strict", "asyncio-auto", "pytest-trio"],
)
def test_the_awaited_form_finds_the_same(
    run_pytest: RunPytest,
    plugins: tuple[str, ...],
    mark: str,
    flags: tuple[str, ...],
    backends: set[str],
) -> None:
    """Under each plugin that runs async tests; what it leaves out is named, rule by rule."""
    run = run_pytest("-q", *flags, plugins=plugins, test_awaited=AWAITED.format(mark=mark))

    assert {"passed"} == set(run.outcomes().values()), run.out
    for name, violated in BROKEN.items():
        expected = {(rule, backend) for rule, backend in violated if backend in backends}
        for way in ("test_awaited", "test_bound"):
            assert expected == _violations(run, way, name), (way, name, run.out)
    expected_out = LEFT_OUT_BY_THE_AWAITED_FORM - ({"CO012"} if backends == {"trio"} else set())
    for protocol in LEFT_OUT_BY_AN_INSTANCE:
        way = "test_awaited" if protocol == "async iterator" else "test_room_awaited"
        assert expected_out == _left_out(run, way, protocol, "needs its own loop")
    assert backends == {v[1] for seen in run.tests.values() for v in seen.verdicts}


def test_the_fixture_is_bound_to_one_backend(run_pytest: RunPytest) -> None:
    """It takes no backends=, can be parametrized by the user, and is one item in async tests."""
    run = run_pytest(
        "-q",
        test_bound="""
            import pytest
            from hypothesis import given, settings, strategies as st
            from subjects import Ticker

            def test_backends(asyncprotocol):
                with pytest.raises(TypeError, match="decides on the backend"):
                    asyncprotocol.assert_async_iterator(Ticker, backends=("trio",))

            @pytest.mark.parametrize("asyncprotocol", ["trio"], indirect=True)
            def test_mine(asyncprotocol):
                asyncprotocol.assert_async_iterator(Ticker, items=[0, 1, 2])

            @pytest.fixture
            def through(asyncprotocol):
                return asyncprotocol

            def test_through(through):
                through.assert_async_iterator(Ticker, items=[0, 1, 2])

            @pytest.mark.anyio
            @settings(max_examples=2, database=None, deadline=None)
            @given(size=st.integers(0, 2))
            async def test_given(asyncprotocol, size):
                await asyncprotocol.assert_async_iterator(lambda: Ticker(size))
        """,
    )

    # Before 4.16, anyio runs such a test labelled trio on asyncio: that must not pass.
    given_runs = tuple(map(int, version("anyio").split(".")[:2])) >= (4, 16)
    assert {
        "test_backends[asyncio]": "passed",
        "test_backends[trio]": "passed",
        "test_mine[trio]": "passed",
        "test_through[asyncio]": "passed",
        "test_through[trio]": "passed",
        "test_given[asyncio]": "passed",
        "test_given[trio]": "passed" if given_runs else "failed",
    } == run.outcomes(), run.out
    assert {"trio"} == {v[1] for v in run.test("test_mine[trio]").verdicts}
    if given_runs:
        assert {"trio"} == {v[1] for v in run.test("test_given[trio]").verdicts}
