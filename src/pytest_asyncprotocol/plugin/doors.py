"""How other async plugins run things: whose a fixture is, and the runner that it lives on.

anyio and pytest-asyncio have no public door for this. Every private name of theirs, and of
pytest's, that the plugin uses stands in this module, and is held by tests against the installed
releases.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

ANYIO_BACKEND = "anyio_backend"


def fixtures_of(metafunc: pytest.Metafunc) -> dict[str, Any]:
    """The definition of each fixture in the closure of a test, by name; the last override."""
    closure = metafunc.definition._fixtureinfo.name2fixturedefs  # noqa: SLF001
    return {name: definitions[-1] for name, definitions in closure.items() if definitions}


def is_async(definition: Any) -> bool:
    """Whether a fixture is made by a coroutine function or an async generator function."""
    function = definition.func
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def belongs_to_pytest_asyncio(definition: Any, config: pytest.Config) -> bool:
    """Whether pytest-asyncio runs an async fixture: marked as its own, or in its auto mode."""
    if not config.pluginmanager.hasplugin("asyncio"):
        return False
    if getattr(definition.func, "_force_asyncio_fixture", False):
        return True
    mode = config.getoption("asyncio_mode", default=None) or config.getini("asyncio_mode")
    return str(getattr(mode, "value", mode)) == "auto"


def run_by_anyio(backend: Any, work: Callable[[], Awaitable[None]]) -> None:
    """Run *work* on the runner that anyio's fixtures of the same backend live on."""
    from anyio.pytest_plugin import extract_backend_and_options, get_runner

    name, options = extract_backend_and_options(backend)
    with get_runner(name, options) as runner:
        runner.run_test(_as_test(work), {})


def run_by_pytest_asyncio(
    item: pytest.Function, fixture: Any, work: Callable[[], Awaitable[None]]
) -> None:
    """Run *work* on the runner that a pytest-asyncio fixture lives on."""
    scope = getattr(fixture.func, "_loop_scope", None)
    if scope is None:
        scope = item.config.getini("asyncio_default_fixture_loop_scope") or fixture.scope
    runner = item._request.getfixturevalue(f"_{scope}_scoped_runner")  # noqa: SLF001
    runner.run(_as_test(work)())


def _as_test(work: Callable[[], Awaitable[None]]) -> Callable[[], Any]:
    async def run() -> None:
        await work()

    return run
