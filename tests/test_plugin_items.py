"""A decorated function: one item for each rule on each backend."""

from __future__ import annotations

from tests.conftest import RunPytest

SHAPES = """
    import pytest
    from pytest_asyncprotocol import conformance
    from subjects import Restarting, Swallowing, Ticker

    @pytest.fixture(scope="module")
    def three():
        return 3

    class TestMethods:
        @pytest.fixture(scope="class")
        def size(self):
            return 3

        @conformance.async_iterator(items=[0, 1, 2], select=["AI005"])
        def test_method(self, size, three):
            assert isinstance(self, TestMethods)
            return Ticker(size)

        @staticmethod
        @conformance.async_iterator(items=[0, 1, 2], select=["AI005"])
        def test_static(three):
            return Ticker(three)

        @classmethod
        @conformance.async_iterator(items=[0, 1, 2], select=["AI005"])
        async def test_class(cls, three):
            assert cls is TestMethods
            return Ticker(three)

    @pytest.mark.parametrize("size", [0, 2])
    @conformance.async_iterator(select=["AI005", "CO001"])
    def test_above(size):
        return Ticker(size)

    @conformance.async_iterator(select=["AI005"])
    @pytest.mark.parametrize(("cls", "size"), [(Ticker, 1), (Restarting, 2)], ids=["a", "b"])
    def test_below(cls, size):
        return cls(size)

    @conformance.async_iterator(select=["AI005"], backends="trio")
    def test_one_backend():
        return Ticker(3)

    @conformance.async_iterator(select=["AI005", "CO001"], ignore=["CO001"])
    def test_ignored():
        return Ticker(3)

    def test_ordinary():
        pass
"""


def test_methods_parameters_and_selections(run_pytest: RunPytest) -> None:
    """The user's own parameters come behind; ids say rule and backend; -k and -m choose."""
    run = run_pytest("-q", plugins=("ours",), test_shapes=SHAPES)

    expected = {
        "TestMethods::test_method[AI005-asyncio]": "passed",
        "TestMethods::test_method[AI005-trio]": "passed",
        "TestMethods::test_static[AI005-asyncio]": "passed",
        "TestMethods::test_static[AI005-trio]": "passed",
        "TestMethods::test_class[AI005-asyncio]": "passed",
        "TestMethods::test_class[AI005-trio]": "passed",
        "test_above[AI005-asyncio-0]": "passed",
        "test_above[AI005-asyncio-2]": "passed",
        "test_above[AI005-trio-0]": "passed",
        "test_above[AI005-trio-2]": "passed",
        "test_above[CO001-asyncio-0]": "passed",
        "test_above[CO001-asyncio-2]": "passed",
        "test_above[CO001-trio-0]": "passed",
        "test_above[CO001-trio-2]": "passed",
        "test_below[AI005-asyncio-a]": "passed",
        "test_below[AI005-trio-a]": "passed",
        "test_below[AI005-asyncio-b]": "failed",
        "test_below[AI005-trio-b]": "failed",
        "test_one_backend[AI005-trio]": "passed",
        "test_ignored[AI005-asyncio]": "passed",
        "test_ignored[AI005-trio]": "passed",
        "test_ordinary": "passed",
    }
    assert expected == run.outcomes(), run.out
    failure = run.test("test_below[AI005-trio-b]").reason
    assert failure.startswith("Restarting: __anext__ #4, after the end, returned 0; expected Stop")
    assert "AI005 sticky-stop, on trio" in failure
    assert "All traceback entries are hidden" not in run.out

    by_keyword = run_pytest("-q", "-k", "CO001 and trio", plugins=("ours",))
    assert {n: o for n, o in expected.items() if "[CO001-trio" in n} == by_keyword.outcomes()
    by_mark = run_pytest("-q", "-m", "asyncprotocol", plugins=("ours",))
    assert {n: o for n, o in expected.items() if "[" in n} == by_mark.outcomes()
    alone = run_pytest("-q", "test_shapes.py::test_below[AI005-trio-b]", plugins=("ours",))
    assert run.test("test_below[AI005-trio-b]") == alone.test("test_below[AI005-trio-b]")


def test_what_a_factory_raises_for_pytest_passes_through(run_pytest: RunPytest) -> None:
    """`skip`, `fail` and `xfail` in it, sync or async, end the item as they would a test."""
    run = run_pytest(
        "-q",
        "-rsx",
        test_outcomes="""
            import pytest
            from pytest_asyncprotocol import conformance
            from subjects import Ticker

            CHECKED = conformance.async_iterator(select=["AI005"], backends=("asyncio", "trio"))

            @CHECKED
            def test_skip():
                pytest.skip("no server here")

            @CHECKED
            async def test_fail():
                pytest.fail("broken server")

            @CHECKED
            def test_xfail():
                pytest.xfail("known")
                yield

            @CHECKED
            def test_error():
                raise ValueError("no such size")

            @CHECKED
            def test_nothing():
                Ticker(3)

            @pytest.fixture
            async def server(anyio_backend):
                return 3

            @conformance.async_iterator(select=["AI005"])
            def test_awaited_skip(server):
                pytest.skip("not this server")
        """,
    )

    outcomes = {n.partition("[")[0]: outcome for n, outcome in run.outcomes().items()}
    assert {
        "test_skip": "skipped",
        "test_fail": "failed",
        "test_xfail": "skipped",
        "test_error": "failed",
        "test_nothing": "failed",
        "test_awaited_skip": "skipped",
    } == outcomes, run.out
    assert "no server here" in run.test("test_skip[AI005-trio]").reason
    assert "broken server" in run.test("test_fail[AI005-asyncio]").reason
    assert "reason: known" in str(run.test("test_xfail[AI005-trio]").xfail) or "known" in run.out
    assert "ValueError: no such size" in run.test("test_error[AI005-trio]").reason
    assert "does the function lack a `return`" in run.test("test_nothing[AI005-trio]").reason


def test_expected_failures(run_pytest: RunPytest) -> None:
    """A foretold violation is an xfail, a stale promise fails, an undecided one is listed."""
    run = run_pytest(
        "-v",
        test_expected="""
            import sys
            from anyio.lowlevel import checkpoint
            from pytest_asyncprotocol import conformance
            from subjects import Restarting, Ticker

            class TrioOnly(Ticker):
                async def __anext__(self):
                    trio = sys.modules.get("trio.lowlevel")
                    if not self.left and trio is not None and trio.in_trio_task():
                        self.left = [*range(self.size)]
                        raise StopAsyncIteration
                    return await super().__anext__()

            class Instant(Ticker):
                async def __anext__(self):
                    if not self.left:
                        raise StopAsyncIteration
                    return self.left.pop(0)

            @conformance.async_iterator(select=["AI005"], expected_failures={"AI005": "issue 12"})
            def test_known():
                return Restarting(3)

            @conformance.async_iterator(select=["AI005"], expected_failures={"AI005": "issue 12"})
            def test_stale():
                return Ticker(3)

            @conformance.async_iterator(select=["AI005"], expected_failures={"AI005": "on one"})
            def test_one_backend():
                return TrioOnly(3)

            @conformance.async_iterator(
                select=["AI005"], expected_failures={"AI005@trio": "on trio"}
            )
            def test_named_backend():
                return TrioOnly(3)

            @conformance.async_iterator(
                select=["AI005"], expected_failures={"AI005@asyncio": "wrong one"}
            )
            def test_wrong_backend():
                return TrioOnly(3)

            @conformance.async_iterator(
                select=["CO001", "AI005"],
                expected_failures={"CO001": "issue 13", "CO007": "issue 14"},
            )
            def test_undecided():
                return Instant(3)
        """,
    )

    assert {
        "test_known[AI005-asyncio]": "skipped",
        "test_known[AI005-trio]": "skipped",
        "test_stale[AI005-asyncio]": "failed",
        "test_stale[AI005-trio]": "failed",
        "test_one_backend[AI005-asyncio]": "passed",
        "test_one_backend[AI005-trio]": "skipped",
        "test_named_backend[AI005-asyncio]": "passed",
        "test_named_backend[AI005-trio]": "skipped",
        "test_wrong_backend[AI005-asyncio]": "failed",
        "test_wrong_backend[AI005-trio]": "failed",
        "test_undecided[AI005-asyncio]": "passed",
        "test_undecided[AI005-trio]": "passed",
        "test_undecided[CO001-asyncio]": "skipped",
        "test_undecided[CO001-trio]": "skipped",
    } == run.outcomes(), run.out
    assert "issue 12" in str(run.test("test_known[AI005-trio]").xfail)
    assert "take 'AI005' out of" in run.test("test_stale[AI005-trio]").reason
    assert "Skipped: vacuous: " in run.test("test_undecided[CO001-trio]").reason
    assert "expected failure not confirmed: CO001 (issue 13)" in run.out
    assert "expected failure not confirmed: CO007 (issue 14)" in run.out


def test_blocked_and_vacuous_are_shown_as_skipped_with_the_reason(run_pytest: RunPytest) -> None:
    """Never as passed, and at the test function's line."""
    run = run_pytest(
        "-q",
        "-rs",
        "--color=no",
        plugins=("ours",),
        test_blocked="""
            from pytest_asyncprotocol import conformance

            class Shapeless:
                def __aiter__(self):
                    return self

                def __getattr__(self, name):
                    if name != "__anext__":
                        raise AttributeError(name)
                    return None

            @conformance.async_iterator(select=["AI001", "AI005"])
            def test_shapeless():
                return Shapeless()
        """,
    )

    assert {
        "test_shapeless[AI001-asyncio]": "failed",
        "test_shapeless[AI001-trio]": "failed",
        "test_shapeless[AI005-asyncio]": "skipped",
        "test_shapeless[AI005-trio]": "skipped",
    } == run.outcomes(), run.out
    reason = run.test("test_shapeless[AI005-trio]").reason
    assert "Skipped: skipped: blocked by AI001 anext-on-type" == reason
    assert "SKIPPED [2] test_blocked.py:" in run.out
