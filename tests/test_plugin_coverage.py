"""What a package offers of async protocols, and what of it was checked."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pytest_asyncprotocol.plugin.coverage.packages import Unimportable, exports, walk
from pytest_asyncprotocol.plugin.coverage.targets import targets_of
from tests.conftest import Run, RunPytest
from tests.sample_report import VALIDATOR

SHOP = {
    "__init__.py": '''
        """Orders that can be awaited, and what else a shop has."""

        from shop._private import Hidden, Order, Till as Till, hidden

        __all__ = ["Order", "Till", "connect", "hidden", "session"]

        from contextlib import asynccontextmanager

        def connect() -> "Hidden":
            return Hidden()

        @asynccontextmanager
        async def session():
            yield 1
    ''',
    "_private.py": """
        from abc import ABC, abstractmethod
        from collections.abc import AsyncIterator

        class Order:
            def __await__(self):
                return iter(())

            async def __aenter__(self):
                return self

            async def __aexit__(self, *details):
                pass

            async def lines(self) -> AsyncIterator[int]:
                yield 1

            async def _secret(self):
                yield 1

        class Till(ABC):
            @abstractmethod
            def __aiter__(self): ...

        class Hidden:
            def __init__(self):
                self.left = 3

            def __aiter__(self):
                return self

            async def __anext__(self):
                if not self.left:
                    raise StopAsyncIteration
                self.left -= 1
                return self.left

        async def hidden():
            yield 1
    """,
    "stock.py": '''
        from shop._private import Hidden, Order

        class Shelf:
            """Lacks half of what a manager needs."""

            async def __aenter__(self):
                return self

        class Unkind:
            async def __await__(self):
                pass

        class Narrow:
            async def __aenter__(self):
                return self

            async def __aexit__(self):
                pass

        class Row(Order):
            pass
    ''',
    "broken.py": "raise RuntimeError('no stock today')",
    "tests/__init__.py": "class InTests:\n    def __await__(self): ...",
    "__main__.py": "raise SystemExit(3)",
}

CHECKS = """
    import shop
    from pytest_asyncprotocol import (
        assert_async_context_manager, assert_async_iterable, assert_async_iterator, conformance,
    )

    ONE = {"select": ["CM001", "AB001", "AI001"]}

    def test_session():
        assert_async_context_manager(lambda: shop.session(), backends=["asyncio"], **ONE)

    @conformance.async_iterator(**ONE)
    def test_connect():
        return shop.connect()

    def test_lines():
        assert_async_iterable(lambda: shop.Order().lines(), **ONE)

    def test_hidden():
        assert_async_iterator(shop.hidden, **ONE)

    def test_order():
        assert_async_context_manager(shop.Order(), **ONE)

    def test_factory_that_fails():
        try:
            assert_async_context_manager(lambda: 1 / 0, **ONE)
        except AssertionError:
            pass
"""

EXPECTED = """\
======================= async protocol coverage of shop ========================
shop  3 of 6 checked
  Order        awaitable              not checked
  Order        async context manager  checked on asyncio, trio
  Order.lines  async iterator         only as iterable
  connect      async iterator         checked on asyncio, trio
  hidden       async generator        only as iterator
  session      async context manager  checked on asyncio
shop.stock  0 of 5 checked
  Narrow       async context manager  not checked
  Row          awaitable              not checked
  Row          async context manager  not checked
  Shelf        async context manager  not checked
  Unkind       awaitable              not checked
to be derived from, so not counted
  shop: Till
could not be imported, so not looked into
  shop.broken: RuntimeError: no stock today
broken, as a look at the class shows
  shop.stock.Narrow: CM003 exit-takes-three: __aexit__ does not take the type,
      the value and the traceback: TypeError: Narrow.__aexit__() takes 1
      positional argument but 4 were given
  shop.stock.Shelf: CM001 enter-and-exit-on-type: Shelf has no __aexit__ on its
      type
  shop.stock.Unkind: AW002 await-gives-iterator: __await__ is `async def`;
      expected plain `def` that returns an iterator
asyncprotocol-cov: shop: 3 of 11 checked, 27.2%; 3 broken"""

OTHER = """
    def test_ordinary():
        pass
"""


@pytest.fixture
def shop(pytester: pytest.Pytester) -> Path:
    """A package with what is public, private, abstract, broken and for tests."""
    folder = pytester.path / "shop"
    for name, text in SHOP.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_dedented(text), encoding="utf-8")
    return folder


def _dedented(text: str) -> str:
    lines = text.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] for line in lines) + "\n"


def _section(run: Run) -> list[str]:
    lines = run.out.splitlines()
    start = next(n for n, line in enumerate(lines) if "async protocol coverage" in line)
    end = next(n for n, line in enumerate(lines) if n > start and line.startswith("asyncprotocol-"))
    return lines[start : end + 1]


@pytest.mark.usefixtures("shop")
def test_what_was_checked_what_not_and_what_is_broken(run_pytest: RunPytest) -> None:
    """Grouped by module, below the conformance of what was checked; workers give the same."""
    run = run_pytest("--asyncprotocol-cov=shop", test_shop=CHECKS)

    assert EXPECTED.splitlines() == _section(run), run.out
    assert 0 == run.exit_code
    assert run.out.index("conformance ===") < run.out.index("async protocol coverage of shop")

    shared = run_pytest("--asyncprotocol-cov=shop", "-n", "2", plugins=("ours", "anyio", "xdist"))
    assert EXPECTED.splitlines() == _section(shared), shared.out

    quiet = run_pytest("--asyncprotocol-cov=shop", "-q")
    assert "async protocol coverage" not in quiet.out
    assert EXPECTED.splitlines()[-1] in quiet.out.splitlines()


@pytest.mark.usefixtures("shop")
def test_lines_fit_into_a_narrow_terminal(run_pytest: RunPytest) -> None:
    """A name that leaves too little room has a line of its own."""
    run = run_pytest("--asyncprotocol-cov=shop", columns=60, test_shop=CHECKS)
    section = _section(run)

    assert all(len(line) <= 60 for line in section[:-1]), run.out
    assert "  Order.lines" in section


@pytest.mark.usefixtures("shop")
def test_selection_counts_for_looks_too(run_pytest: RunPytest) -> None:
    """A rule that is ignored is not reported of a class either."""
    run = run_pytest("--asyncprotocol-cov=shop", "--asyncprotocol-ignore=CM,AW", test_it=OTHER)

    assert "asyncprotocol-cov: shop: 0 of 11 checked, 0%" in run.out.splitlines()


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("share", "exit_code", "said"),
    [
        ("27.2", 0, None),
        ("27.3", 1, "asyncprotocol-cov: failed, since 27.2% is below the 27.3% asked for"),
        ("0", 0, None),
    ],
)
def test_too_little_fails_the_session(
    run_pytest: RunPytest, share: str, exit_code: int, said: str | None
) -> None:
    """Below the share that was asked for, though all tests passed."""
    run = run_pytest(
        "--asyncprotocol-cov=shop", f"--asyncprotocol-cov-fail-under={share}", test_shop=CHECKS
    )

    assert exit_code == run.exit_code, run.out
    assert {"passed"} == set(run.outcomes().values())
    assert (said is None) == ("failed, since" not in run.out)
    assert said is None or said in run.out.splitlines()


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    "ini",
    [
        "[tool.pytest.ini_options]\nasyncprotocol_cov = ['shop']\n",
        "[tool.pytest]\nasyncprotocol_cov = ['shop']\n",
    ],
)
def test_ini_twins(run_pytest: RunPytest, pytester: pytest.Pytester, ini: str) -> None:
    """Typed, and overruled by the flags."""
    if "[tool.pytest]" in ini and pytest.version_tuple < (9,):
        pytest.skip("pytest 9 brought [tool.pytest]")
    number = "99.5" if "[tool.pytest]" in ini else "'99.5'"
    pytester.makepyprojecttoml(f"{ini}asyncprotocol_cov_fail_under = {number}\n")

    run = run_pytest("-q", test_shop=CHECKS)
    assert "27.2% is below the 99.5% asked for" in run.out, run.out
    assert 1 == run.exit_code

    flags = run_pytest(
        "-q", "--asyncprotocol-cov=shop._private", "--asyncprotocol-cov-fail-under=0"
    )
    assert "asyncprotocol-cov: shop._private: " in flags.out
    assert "asyncprotocol-cov: shop: " not in flags.out

    assert "asyncprotocol-cov" not in run_pytest("--asyncprotocol-cov=").out


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--asyncprotocol-cov=shopp"], "there is no package 'shopp': did you mean shop?"),
        (
            ["--asyncprotocol-cov=shop.stocks"],
            "there is no package 'shop.stocks': did you mean shop.stock?",
        ),
        (
            ["--asyncprotocol-cov=pytest-asyncprotocol"],
            "there is no package 'pytest-asyncprotocol': did you mean pytest_asyncprotocol",
        ),
        (["--asyncprotocol-cov=src/shop"], "'src/shop' is a path: name the package as"),
        (
            ["--asyncprotocol-cov=shop", "--asyncprotocol-cov-fail-under=101"],
            "takes percents, not 101",
        ),
        (["--asyncprotocol-cov-fail-under=50"], "needs a package: add --asyncprotocol-cov=PACKAGE"),
        (["--asyncprotocol-cov=shop", "--asyncprotocol-cov-fail-under=all"], "invalid float"),
    ],
)
def test_what_is_asked_for_has_to_make_sense(
    run_pytest: RunPytest, arguments: list[str], said: str
) -> None:
    """A wrong name is an error at the start, with those that are near, not an empty table."""
    run = run_pytest(*arguments, test_it=OTHER)

    assert pytest.ExitCode.USAGE_ERROR == run.exit_code
    assert said in run.out + run.err
    assert {} == run.outcomes()


def test_parts_of_namespaces_are_found(run_pytest: RunPytest, pytester: pytest.Pytester) -> None:
    """Also two namespaces deep, and neither is imported to be found."""
    part = pytester.path / "outer" / "inner" / "part.py"
    part.parent.mkdir(parents=True)
    part.write_text("class Row:\n    def __await__(self): ...\n", encoding="utf-8")

    for package in ("outer.inner", "outer.inner.part"):
        run = run_pytest(f"--asyncprotocol-cov={package}", test_it=OTHER)
        assert f"asyncprotocol-cov: {package}: 0 of 1 checked, 0%" in run.out, run.out + run.err


def test_a_package_that_cannot_be_imported(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    """It is reported, and fails the session only if a share of it was asked for."""
    pytester.makepyfile(halved="import nothing_of_that_name")

    run = run_pytest("--asyncprotocol-cov=halved", test_it=OTHER)
    assert 0 == run.exit_code
    told = "asyncprotocol-cov: halved could not be imported: ModuleNotFoundError: "
    assert any(line.startswith(told) for line in run.out.splitlines()), run.out

    failing = run_pytest("--asyncprotocol-cov=halved", "--asyncprotocol-cov-fail-under=0")
    assert 1 == failing.exit_code
    assert "failed, since halved could not be imported" in failing.out


def test_a_package_without_async_protocols(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    """There is nothing to check, and all of it was checked."""
    pytester.makepyfile(plain="class Plain: pass")
    run = run_pytest(
        "--asyncprotocol-cov=plain", "--asyncprotocol-cov-fail-under=100", test_it=OTHER
    )

    assert 0 == run.exit_code
    assert "asyncprotocol-cov: plain offers no async protocol" in run.out.splitlines()


@pytest.mark.usefixtures("shop")
def test_the_package_is_imported_at_the_end_alone(
    run_pytest: RunPytest, pytester: pytest.Pytester
) -> None:
    """Not at the start, where tools that measure or patch it are not yet in place."""
    seen = """
        import sys

        def test_first():
            assert "shop" not in sys.modules
            assert "pytest_asyncprotocol.plugin.coverage.counting" in sys.modules
    """
    run = run_pytest("--asyncprotocol-cov=shop.stock", test_seen=seen)
    assert {"test_first": "passed"} == run.outcomes(), run.out

    collected = run_pytest("--asyncprotocol-cov=shop", "--collect-only")
    assert "asyncprotocol-cov" not in collected.out


@pytest.mark.usefixtures("shop")
def test_in_the_report_files(run_pytest: RunPytest, pytester: pytest.Pytester) -> None:
    """What the table shows, and what it leaves out, is in each of them, with workers too."""
    reports = [f"--asyncprotocol-report=r.{suffix}" for suffix in ("json", "md", "html")]
    run_pytest("--asyncprotocol-cov=shop", *reports, test_shop=CHECKS)
    alone = (pytester.path / "r.json").read_bytes()
    document = json.loads(alone)
    VALIDATOR.validate(document)
    (data,) = document["packages"]

    assert ("shop", None, 11, 3) == tuple(
        data[key] for key in ("package", "error", "pairs", "checked")
    )
    assert {
        "module": "shop",
        "name": "Order.lines",
        "kind": "method",
        "protocol": "async iterator",
        "abstract": False,
        "checked_on": [],
        "checked_only_as": ["async iterable"],
    } in data["targets"]
    assert [{"module": "shop.broken", "error": "RuntimeError: no stock today"}] == data[
        "unimportable"
    ]
    assert ["CM003", "CM001", "AW002"] == [each["rule"].split()[0] for each in data["violations"]]
    for suffix in ("md", "html"):
        text = (pytester.path / f"r.{suffix}").read_text("utf-8")
        assert "shop: 3 of 11 checked, 27.2%; 3 broken" in text
        assert "shop.Order.lines" in text
        assert "only as iterable" in text
        assert "RuntimeError: no stock today" in text

    run_pytest("--asyncprotocol-cov=shop", "-n", "2", *reports, test_shop=CHECKS)
    assert alone == (pytester.path / "r.json").read_bytes()


def _names(package: str) -> dict[str, set[str]]:
    """Each target of an installed package, with its protocols; ``~`` stands before abstract."""
    modules = [each for each in walk(package) if not isinstance(each, Unimportable)]
    return {
        f"{'~' * each.abstract}{each.module}.{each.name}": {p.words for p in each.protocols}
        for each in targets_of(package, exports(modules))
    }


MANAGER, ITERATOR, ITERABLE = "async context manager", "async iterator", "async iterable"

OF_HTTPX = {
    "httpx.ASGITransport": {MANAGER},
    "httpx.AsyncBaseTransport": {MANAGER},
    "httpx.AsyncClient": {MANAGER},
    "httpx.AsyncClient.stream": {MANAGER},
    "httpx.AsyncHTTPTransport": {MANAGER},
    "httpx.Auth.async_auth_flow": {"async generator"},
    "httpx.ByteStream": {ITERABLE},
    "httpx.MockTransport": {MANAGER},
    "httpx.Response.aiter_bytes": {ITERATOR},
    "httpx.Response.aiter_lines": {ITERATOR},
    "httpx.Response.aiter_raw": {ITERATOR},
    "httpx.Response.aiter_text": {ITERATOR},
    "~httpx.AsyncByteStream": {ITERABLE},
}
"""By hand, from https://www.python-httpx.org/async/, its pages on transports and authentication,
and the classes behind ``httpx.__all__``."""

OF_AIOSQLITE = {
    "aiosqlite.Connection": {"awaitable", MANAGER},
    "aiosqlite.Connection.iterdump": {ITERATOR},
    "aiosqlite.Cursor": {ITERABLE, MANAGER},
    "aiosqlite.context.Result": {"awaitable", MANAGER},
}
"""By hand, from https://aiosqlite.omnilib.dev/en/stable/api.html and its source. ``connect``
returns a Connection, and ``execute`` and the like a Result, which counts for them."""


@pytest.mark.parametrize(
    ("package", "expected"), [("httpx", OF_HTTPX), ("aiosqlite", OF_AIOSQLITE)]
)
def test_a_real_package_complete(package: str, expected: dict[str, set[str]]) -> None:
    """What a reader of its documents expects, and nothing else."""
    assert expected == _names(package)


def test_public_names_of_anyio_and_asyncio() -> None:
    """What counts is the name in the documents, wherever the class is written."""
    anyio, asyncio = _names("anyio"), _names("asyncio")

    assert {MANAGER} == anyio["anyio.Lock"] == anyio["anyio.create_task_group"]
    assert {ITERATOR, MANAGER} == anyio["anyio.connect_tcp"] == anyio["~anyio.abc.SocketStream"]
    assert {ITERATOR, MANAGER} == anyio["anyio.streams.memory.MemoryObjectReceiveStream"]
    assert {"awaitable"} == asyncio["asyncio.Future"] == asyncio["asyncio.Task"]
    assert {MANAGER} == asyncio["asyncio.TaskGroup"] == asyncio["asyncio.Timeout"]
    assert {ITERATOR} == asyncio["asyncio.StreamReader"]
    for names in (anyio, asyncio):
        assert not [name for name in names if re.search(r"\._|\.tests?\.", name)]


def test_an_object_counts_for_what_gave_it(run_pytest: RunPytest) -> None:
    """What `anyio.Lock()` and the like give is of a class without a public name."""
    run = run_pytest(
        "--asyncprotocol-cov=anyio",
        test_anyio="""
            import functools
            import anyio
            from pytest_asyncprotocol import assert_async_context_manager

            def test_lock():
                for make in (lambda: anyio.Lock(), functools.partial(anyio.Semaphore, 1)):
                    assert_async_context_manager(make, select=["CM001"])

            def test_task_group():
                assert_async_context_manager(anyio.create_task_group, select=["CM001"])
        """,
    )
    checked = {line.split()[0] for line in run.out.splitlines() if "checked on asyncio" in line}

    assert {"Lock", "Semaphore", "create_task_group"} == checked, run.out
