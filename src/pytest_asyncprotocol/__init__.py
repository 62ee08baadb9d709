"""Conformance checks for Python's async protocols, on asyncio and trio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_asyncprotocol.assertions import Assertions as Assertions
    from pytest_asyncprotocol.assertions import (
        assert_async_context_manager as assert_async_context_manager,
    )
    from pytest_asyncprotocol.assertions import assert_async_generator as assert_async_generator
    from pytest_asyncprotocol.assertions import assert_async_iterable as assert_async_iterable
    from pytest_asyncprotocol.assertions import assert_async_iterator as assert_async_iterator
    from pytest_asyncprotocol.assertions import assert_awaitable as assert_awaitable
    from pytest_asyncprotocol.assertions import explore_cancellation as explore_cancellation
    from pytest_asyncprotocol.checking import check as check
    from pytest_asyncprotocol.decorators import conformance as conformance
    from pytest_asyncprotocol.engine.fixture_clock import VirtualClock as VirtualClock
    from pytest_asyncprotocol.model.exceptions import ConformanceError as ConformanceError
    from pytest_asyncprotocol.model.protocols import Protocol as Protocol
    from pytest_asyncprotocol.model.verdicts import Report as Report
    from pytest_asyncprotocol.model.verdicts import Status as Status
    from pytest_asyncprotocol.model.verdicts import Verdict as Verdict

_HOMES = {
    "Assertions": "assertions",
    "assert_async_context_manager": "assertions",
    "assert_async_generator": "assertions",
    "assert_async_iterable": "assertions",
    "assert_async_iterator": "assertions",
    "assert_awaitable": "assertions",
    "check": "checking",
    "conformance": "decorators",
    "explore_cancellation": "assertions",
    "ConformanceError": "model.exceptions",
    "Protocol": "model.protocols",
    "Report": "model.verdicts",
    "Status": "model.verdicts",
    "Verdict": "model.verdicts",
    "VirtualClock": "engine.fixture_clock",
}

if not TYPE_CHECKING:
    __all__ = tuple(sorted(_HOMES))

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
