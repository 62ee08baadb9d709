"""Decorated functions with async fixtures run on the runner of the fixture's own plugin."""

from __future__ import annotations

import inspect

import pytest

from tests.conftest import RunPytest


def test_the_private_names_of_anyio_exist() -> None:
    """Those that the plugin opens doors with, as it calls them."""
    from anyio.pytest_plugin import extract_backend_and_options, get_runner

    assert ("trio", {"a": 1}) == extract_backend_and_options(("trio", {"a": 1}))
    assert ["backend_name", "backend_options"] == list(inspect.signature(get_runner).parameters)
    with get_runner("asyncio", {}) as runner:
        assert ["test_func", "kwargs"] == list(inspect.signature(runner.run_test).parameters)


def test_the_private_names_of_pytest_asyncio_exist() -> None:
    """The runner fixture of each scope, and the marks on a fixture function."""
    plugin = pytest.importorskip("pytest_asyncio.plugin")

    for scope in ("function", "class", "module", "package", "session"):
        assert hasattr(plugin, f"_{scope}_scoped_runner")

    async def make_server() -> None:
        """A fixture function."""

    server = plugin.fixture(make_server, loop_scope="module")
    function = inspect.unwrap(server) if inspect.isfunction(server) else server._fixture_function
    assert function._force_asyncio_fixture
    assert "module" == function._loop_scope


ANYIO = """
    import sys
    import pytest
    from pytest_asyncprotocol import conformance
    from subjects import Ticker

    def library():
        trio = sys.modules.get("trio.lowlevel")
        return "trio" if trio is not None and trio.in_trio_task() else "asyncio"

    class Server:
        def __init__(self, seen):
            self.seen = seen

        def ticker(self):
            assert library() == self.seen
            return Ticker(3)

    @pytest.fixture
    async def server(anyio_backend_name):
        assert library() == anyio_backend_name
        yield Server(library())

    @conformance.async_iterator(items=[0, 1, 2], select=["AI005", "CO001"])
    def test_plain(server):
        return server.ticker()

    @conformance.async_iterator(items=[0, 1, 2], select=["AI005"], backends=("trio",))
    def test_trio_only(server):
        return server.ticker()

    @pytest.mark.parametrize("anyio_backend", ["trio"])
    @conformance.async_iterator(items=[0, 1, 2], select=["AI005"])
    def test_marked(server):
        return server.ticker()

    class TestReturned:
        @pytest.fixture
        def anyio_backend(self):
            return "trio"

        @conformance.async_iterator(items=[0, 1, 2], select=["AI005"])
        def test_it(self, server):
            return server.ticker()

        @conformance.async_iterator(select=["AI005"], backends=("asyncio",))
        def test_asked(self, server):
            return server.ticker()

    class TestOptions:
        @pytest.fixture(
            params=[
                pytest.param(("asyncio", {"use_uvloop": False}), id="plain"),
                ("trio", {"restrict_keyboard_interrupt_to_checkpoints": True}),
            ],
            ids=["unused", "careful"],
        )
        def anyio_backend(self, request):
            return request.param

        @conformance.async_iterator(items=[0, 1, 2], select=["AI005"])
        def test_it(self, server):
            return server.ticker()
"""

MODULE = """
    import pytest
    from pytest_asyncprotocol import conformance
    from subjects import Ticker
    from test_anyio import Server, library

    @pytest.fixture(scope="module")
    async def whole(anyio_backend):
        yield Server(library())

    @conformance.async_iterator(items=[0, 1, 2], select=["AI005"])
    async def test_whole(whole):
        yield whole.ticker()
"""


def test_items_with_anyio_fixtures(run_pytest: RunPytest) -> None:
    """They run on the backends that anyio_backend gives, overrides included, on its runner."""
    run = run_pytest("-q", test_anyio=ANYIO, test_module=MODULE)

    expected = {
        "test_whole[AI005-asyncio]": "passed",
        "test_whole[AI005-trio]": "passed",
        "test_plain[AI005-asyncio]": "passed",
        "test_plain[AI005-trio]": "passed",
        "test_plain[CO001-asyncio]": "passed",
        "test_plain[CO001-trio]": "passed",
        "test_trio_only[AI005-trio]": "passed",
        "test_marked[AI005-trio]": "passed",
        "TestReturned::test_it[AI005]": "passed",
        "TestReturned::test_asked[AI005]": "failed",
        "TestOptions::test_it[AI005-plain]": "passed",
        "TestOptions::test_it[AI005-careful]": "passed",
    }
    assert expected == run.outcomes(), run.out
    for nodeid, seen in run.tests.items():
        if seen.outcome == "passed" and "-trio]" in nodeid:
            assert {"trio"} == {verdict[1] for verdict in seen.verdicts}
    assert {"trio"} == {v[1] for v in run.test("test_it[AI005]").verdicts}
    assert "anyio_backend gave 'trio'" in run.test("test_asked[AI005]").reason

    chosen = run_pytest("-q", "--asyncprotocol-backends=trio", "-k", "plain and AI005")
    assert {
        "test_plain[AI005-trio]": "passed",
    } == chosen.outcomes("test_plain"), chosen.out


ASYNCIO = """
    import asyncio
    import pytest
    {decorator_import}
    from pytest_asyncprotocol import conformance
    from subjects import Ticker

    @{fixture}
    async def server():
        yield asyncio.get_running_loop()

    @{module_fixture}
    async def whole():
        yield asyncio.get_running_loop()

    @conformance.async_iterator(items=[0, 1, 2], select=["AI005", "CO001"])
    def test_function(server):
        assert server is asyncio.get_running_loop()
        return Ticker(3)

    @conformance.async_iterator(items=[0, 1, 2], select=["AI005", "CO001"])
    async def test_module(whole):
        assert whole is asyncio.get_running_loop()
        yield Ticker(3)
"""


@pytest.mark.parametrize("mode", ["strict", "auto"])
def test_items_with_pytest_asyncio_fixtures(run_pytest: RunPytest, mode: str) -> None:
    """They run on asyncio only, on the loop that the fixture lives on."""
    own = mode == "strict"
    run = run_pytest(
        "-q",
        f"--asyncio-mode={mode}",
        plugins=("ours", "asyncio"),
        test_asyncio=ASYNCIO.format(
            decorator_import="import pytest_asyncio" if own else "",
            fixture="pytest_asyncio.fixture" if own else "pytest.fixture",
            module_fixture="pytest_asyncio.fixture(scope='module', loop_scope='module')"
            if own
            else "pytest.fixture(scope='module')",
        ),
    )

    assert {
        f"test_{name}[{rule}-asyncio]": "passed"
        for name in ("function", "module")
        for rule in ("AI005", "CO001")
    } == run.outcomes(), run.out


REFUSED = """
    import pytest, pytest_asyncio
    from pytest_asyncprotocol import conformance
    from subjects import Ticker

    @pytest.fixture
    async def nobodys():
        return 3

    @pytest_asyncio.fixture
    async def asyncios():
        return 3

    @pytest_asyncio.fixture(scope="module", loop_scope="module")
    async def modules():
        return 3

    @pytest.fixture
    async def anyios(anyio_backend):
        return 3

    @conformance.async_iterator({keywords})
    def test_ticker({fixtures}):
        return Ticker(3)
"""


@pytest.mark.parametrize(
    ("fixtures", "keywords", "said"),
    [
        ("nobodys", "", "no plugin runs the async fixture 'nobodys'"),
        ("asyncios, anyios", "", "'asyncios' would be run by pytest-asyncio and by anyio"),
        ("asyncios, nobodys", "", "no plugin runs the async fixture 'nobodys'"),
        ("asyncios, modules", "", "'asyncios' (loop scope function) and 'modules'"),
        ("asyncios", "backends=('trio',)", "'asyncios' runs on asyncio only"),
        ("anyios", "backends=('asyncio+uvloop',)", "'anyio_backend' runs on asyncio or trio only"),
        ("", "select=['CM']", "no rule is left to check"),
    ],
)
def test_what_cannot_run_is_a_collection_error(
    run_pytest: RunPytest, fixtures: str, keywords: str, said: str
) -> None:
    """It names the fixture, and says what to do; nothing is run."""
    run = run_pytest(
        "-q",
        plugins=("ours", "anyio", "asyncio"),
        test_refused=REFUSED.format(fixtures=fixtures, keywords=keywords),
    )

    assert 2 == run.exit_code
    assert {} == run.tests
    assert said in run.out.replace("\n", " ").replace("  ", " "), run.out
    assert "Traceback" not in run.out


@pytest.mark.parametrize(
    ("plugins", "closing", "decorator", "argument", "said"),
    [
        (
            ("ours", "anyio"),
            "import anyio.pytest_plugin as plugin; held = vars(plugin).pop('get_runner')",
            "pytest.fixture",
            "anyio_backend",
            "get_runner of anyio.pytest_plugin, which anyio",
        ),
        (
            ("ours", "asyncio"),
            "import pytest_asyncprotocol.plugin.interop as i; i.loop_scope_of = lambda *_: 'all'",
            "pytest_asyncio.fixture",
            "request",
            "its fixture _all_scoped_runner, which pytest-asyncio",
        ),
    ],
    ids=["anyio", "pytest-asyncio"],
)
def test_a_door_that_is_gone_is_named(
    run_pytest: RunPytest,
    plugins: tuple[str, ...],
    closing: str,
    decorator: str,
    argument: str,
    said: str,
) -> None:
    """A release without the private name fails each item with its name and a way out."""
    run = run_pytest(
        "-q",
        plugins=plugins,
        test_closed=f"""
            import pytest, pytest_asyncio
            from pytest_asyncprotocol import conformance
            from subjects import Ticker

            @pytest.fixture(autouse=True)
            def close(size):
                {closing}
                yield
                {"plugin.get_runner = held" if "held" in closing else "pass"}

            @{decorator}
            async def size({argument}):
                return 3

            @conformance.async_iterator(select=["AI005"], backends=("asyncio",))
            def test_ticker(size, close):
                return Ticker(size)
        """,
    )

    seen = run.test("test_ticker[AI005-asyncio]")
    assert "failed" == seen.outcome, run.out
    assert said in seen.reason, run.out
