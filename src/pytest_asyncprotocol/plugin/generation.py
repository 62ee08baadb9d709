"""Items: which functions are multiplied by rule and backend, and which items are left out.

Loaded at start-up; what makes and runs the items of decorated functions is in `running`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.plugin import interop

if TYPE_CHECKING:
    from pytest_asyncprotocol.decorators import Declared
    from pytest_asyncprotocol.plugin.running import Check

ATTRIBUTE = "__asyncprotocol__"
PARAMETER = "_asyncprotocol_check"
FIXTURE = "asyncprotocol"


def generate(metafunc: pytest.Metafunc) -> None:
    """Parametrize a decorated function, or a sync test that uses the fixture ``asyncprotocol``."""
    declared: Declared | None = getattr(metafunc.function, ATTRIBUTE, None)
    if declared is not None:
        from pytest_asyncprotocol.plugin import running

        running.generate(metafunc, declared, PARAMETER)
        return
    if FIXTURE not in metafunc.fixturenames or is_async_test(metafunc.function):
        return
    if interop.parametrized_by_mark(metafunc, FIXTURE) is None:
        metafunc.parametrize(FIXTURE, settings.current().backends, indirect=True)


def narrow(items: list[pytest.Item]) -> None:
    """Leave out the items of backends that anyio's fixture adds to those that are wanted."""
    items[:] = [item for item in items if _is_wanted(item)]


def run(item: pytest.Function) -> bool | None:
    """Run a generated item; None for any other."""
    declared: Declared | None = getattr(item.obj, ATTRIBUTE, None)
    check = check_of(item)
    if declared is None or check is None:
        return None
    from pytest_asyncprotocol.plugin import running

    running.run(item, declared, check)
    return True


def parameters_of(item: pytest.Item) -> dict[str, Any]:
    """The parameters of *item* by name."""
    return getattr(getattr(item, "callspec", None), "params", {})


def check_of(item: pytest.Item) -> Check | None:
    """What a generated item does; None for any other."""
    return parameters_of(item).get(PARAMETER)


def label_of(item: pytest.Item) -> str | None:
    """The library that an async test of anyio's is labelled with."""
    if not isinstance(item, pytest.Function) or interop.ANYIO_BACKEND not in item.fixturenames:
        return None
    backend = item.funcargs.get(interop.ANYIO_BACKEND)
    return interop.library_of(backend) if backend and is_async_test(item.obj) else None


def is_async_test(function: Callable[..., Any]) -> bool:
    """Whether a test is async, if need be inside Hypothesis' ``@given``."""
    inner = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    return inspect.iscoroutinefunction(inner)


def _is_wanted(item: pytest.Item) -> bool:
    check, given = check_of(item), parameters_of(item).get(interop.ANYIO_BACKEND)
    return check is None or given is None or check.is_wanted_on(given)
