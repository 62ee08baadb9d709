"""How other async plugins run things: whose a fixture is, and the runner that it lives on.

anyio and pytest-asyncio have no public door for this. Every private name of theirs, and of
pytest's, that the plugin uses stands in this module, and is held by tests against the installed
releases.
"""

# ruff: noqa: SLF001  # this is the module for it

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NoReturn, cast

import pytest

ANYIO_BACKEND = "anyio_backend"


def library_of(backend: Any) -> str:
    """The library in a value of ``anyio_backend``."""
    return str(backend if isinstance(backend, str) else backend[0])


def fixtures_of(item: pytest.Function | pytest.Metafunc) -> dict[str, Any]:
    """The definition of each fixture in the closure of a test, by name; the last override."""
    function = item.definition if isinstance(item, pytest.Metafunc) else item
    closure = function._fixtureinfo.name2fixturedefs
    return {name: definitions[-1] for name, definitions in closure.items() if definitions}


def uses_fixture_of(metafunc: pytest.Metafunc, name: str, module: str) -> bool:
    """Whether a test takes the fixture *name* of *module*, itself or through its overrides."""
    for definition in reversed(metafunc.definition._fixtureinfo.name2fixturedefs.get(name, ())):
        if definition.func.__module__ == module:
            return True
        if name not in definition.argnames:
            return False
    return False


def arguments_of(item: pytest.Function | pytest.Metafunc) -> tuple[str, ...]:
    """The fixtures that a test function takes itself."""
    function = item.definition if isinstance(item, pytest.Metafunc) else item
    return tuple(function._fixtureinfo.argnames)


def ids_of(item: pytest.Function) -> list[str]:
    """The ids of the parameters of *item*, which stand in its brackets."""
    return list(getattr(getattr(item, "callspec", None), "_idlist", ()))


def is_async(definition: Any) -> bool:
    """Whether a fixture is made by a coroutine function or an async generator function."""
    function = definition.func
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def parametrized_by_mark(metafunc: pytest.Metafunc, name: str) -> list[Any] | None:
    """The values that ``@pytest.mark.parametrize`` gives to the argument *name*, or None."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        given = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
        names = [n.strip() for n in given.split(",")] if isinstance(given, str) else list(given)
        if name in names:
            values = mark.args[1] if len(mark.args) > 1 else mark.kwargs.get("argvalues", ())
            rows = [_plain(row, single=len(names) == 1) for row in values]
            return [row[names.index(name)] for row in rows]
    return None


def anyio_backends(metafunc: pytest.Metafunc) -> list[Any] | None:
    """The values that ``anyio_backend`` takes in a test; None where only its set-up can say."""
    marked = parametrized_by_mark(metafunc, ANYIO_BACKEND)
    if marked is not None:
        return marked
    for definition in reversed(metafunc.definition._fixtureinfo.name2fixturedefs[ANYIO_BACKEND]):
        if definition.params is not None:
            return [_plain(value, single=True)[0] for value in definition.params]
        if ANYIO_BACKEND not in definition.argnames:
            return None
    return None


def belongs_to_pytest_asyncio(definition: Any, config: pytest.Config) -> bool:
    """Whether pytest-asyncio runs an async fixture: marked as its own, or in its auto mode."""
    try:
        configured = config.getini("asyncio_mode")
    except ValueError:
        return False
    if getattr(definition.func, "_force_asyncio_fixture", False):
        return True
    mode = config.getoption("asyncio_mode", default=None) or configured
    return str(getattr(mode, "value", mode)) == "auto"


def loop_scope_of(definition: Any, config: pytest.Config) -> str:
    """The scope of the event loop that a pytest-asyncio fixture lives on."""
    scope = getattr(definition.func, "_loop_scope", None)
    scope = scope or config.getini("asyncio_default_fixture_loop_scope")
    return str(definition.scope if scope in (None, "", "fixture-scope") else scope)


def loop_scope_of_test(item: pytest.Function) -> str:
    """The scope of the event loop on which pytest-asyncio runs *item*."""
    marker = item.get_closest_marker("asyncio")
    given: Mapping[str, Any] = {} if marker is None else marker.kwargs
    scope = given.get("loop_scope") or given.get("scope")
    return str(scope or item.config.getini("asyncio_default_test_loop_scope"))


def is_of_pytest_asyncio(item: pytest.Function) -> bool:
    """Whether pytest-asyncio runs *item*."""
    pytest_asyncio = sys.modules.get("pytest_asyncio")
    return pytest_asyncio is not None and bool(pytest_asyncio.is_async_test(item))


def is_of_anyio(item: pytest.Function) -> bool:
    """Whether anyio runs *item*, unless another plugin does."""
    return ANYIO_BACKEND in item.fixturenames and item.config.pluginmanager.hasplugin("anyio")


def place_of_test(item: pytest.Function) -> tuple[Any, str]:
    """The object and its attribute where async plugins look for the test function."""
    hypothesis = getattr(item.obj, "hypothesis", None)
    return (item, "obj") if hypothesis is None else (hypothesis, "inner_test")


def run_by_anyio(backend: Any, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run *work* on the runner that anyio's fixtures of the same backend live on."""
    with anyio_runner(backend, {}) as runner:
        runner.run_test(work, {})


def anyio_runner(backend: Any, further: dict[str, Any]) -> AbstractContextManager[Any]:
    """The runner that anyio's fixtures and tests share; with *further* options if it is new."""
    try:
        from anyio.pytest_plugin import extract_backend_and_options, get_runner
    except ImportError:
        _closed("anyio", "extract_backend_and_options and get_runner of anyio.pytest_plugin")

    name, options = extract_backend_and_options(backend)
    return get_runner(name, {**options, **further})


def run_by_pytest_asyncio(
    item: pytest.Function, fixture: Any, work: Callable[[], Coroutine[Any, Any, None]]
) -> None:
    """Run *work* on the runner that a pytest-asyncio fixture lives on."""
    name = f"_{loop_scope_of(fixture, item.config)}_scoped_runner"
    try:
        runner = item._request.getfixturevalue(name)
    except pytest.FixtureLookupError:
        _closed("pytest-asyncio", f"its fixture {name}")
    runner.run(work())


@dataclass(eq=False)
class PytestAsyncioRunners:
    """A plugin for the time of one test, whose runner of pytest-asyncio it gives a loop factory.

    The public hook for that, ``pytest_asyncio_loop_factories``, either concerns all tests, or
    ends the fixtures of wider scopes before and after the one test that it concerns.
    """

    loop_factory: Callable[[], Any]
    refuse: Callable[[str], NoReturn]

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        """Hand the factory to the runner."""
        __tracebackhide__ = True
        if fixturedef.argname != "_function_scoped_runner":
            return (yield)
        if "_asyncio_loop_factory" not in fixturedef.argnames:
            _closed("pytest-asyncio", "_asyncio_loop_factory of its fixture of runners")
        make = fixturedef.func

        def make_with_loop(**fixtures: Any) -> Generator[Any]:
            __tracebackhide__ = True
            policy = type(fixtures.get("event_loop_policy")).__module__
            if fixtures["_asyncio_loop_factory"] is not None or policy.startswith("uvloop"):
                self.refuse(
                    "brings an event loop of its own, and so does pytest_asyncio_loop_factories "
                    "or event_loop_policy: let them leave out this test"
                )
            yield from make(**{**fixtures, "_asyncio_loop_factory": self.loop_factory})

        fixturedef.func = make_with_loop
        try:
            return (yield)
        finally:
            fixturedef.func = make


def ini_names_of(config: pytest.Config) -> set[str]:
    """The names of all settings that plugins and pytest have added."""
    return set(config._parser._inidict)


def ini_keys_of(config: pytest.Config) -> set[str]:
    """The keys that the ini file and ``-o`` set, known or not."""
    found = getattr(config, "_inicfg", None)
    # Pytest 8 knows but the name that newer ones advise against.
    keys = cast("Any", config).inicfg if found is None else found
    overridden = config.getoption("override_ini", default=None) or ()
    return {*keys, *(each.partition("=")[0] for each in overridden)}


def place_as(shell: Callable[..., Any], function: Callable[..., Any]) -> None:
    """Let pytest say that *shell* stands where *function* does."""
    cast("Any", shell).place_as = function


def skip_at_item(reason: str) -> NoReturn:
    """`pytest.skip`, reported at the test function and not at this line."""
    raise pytest.skip.Exception(reason, _use_item_location=True)


def _closed(distribution: str, name: str) -> NoReturn:
    pytest.fail(
        f"the checks can't be run beside the async fixtures: that needs {name}, which "
        f"{distribution} {version(distribution)} does not have. Make the fixtures sync, or use "
        f"a release of {distribution} that this plugin knows",
        pytrace=False,
    )


def _plain(row: Any, *, single: bool) -> tuple[Any, ...]:
    if hasattr(row, "values") and hasattr(row, "marks"):
        return tuple(row.values)
    return (row,) if single else tuple(row)
