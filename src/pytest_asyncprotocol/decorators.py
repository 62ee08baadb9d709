"""The decorators: a factory function becomes one test for each rule on each backend."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Unpack, cast

from pytest_asyncprotocol.model.exceptions import BrokenRules
from pytest_asyncprotocol.model.keywords import (
    AsyncContextManagerKeywords,
    AsyncGeneratorKeywords,
    AsyncIterableKeywords,
    AsyncIteratorKeywords,
    AwaitableKeywords,
)
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.text import describe
from pytest_asyncprotocol.plan import plan_for

DECLARED: Final = "__asyncprotocol__"
"""The attribute by which the plugin knows a decorated function."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What a decorated function stands for: ``function`` makes the subjects."""

    protocol: Protocol
    function: Callable[..., Any]
    keywords: Mapping[str, Any]


class Conformance:
    """Decorators that turn a factory function into one test for each rule on each backend.

    The function may use fixtures, be async, or yield its subject with set-up before and tear-down
    after. It is called for each fresh subject.

    Example::

        @conformance.async_iterator(items=[0, 1, 2])
        def test_ticker(settings):
            return Ticker(settings.size)
    """

    def awaitable(self, *wrong: object, **keywords: Unpack[AwaitableKeywords]) -> _Decorator:
        """The function makes awaitables; see `assert_awaitable`."""
        return _decorator(Protocol.AWAITABLE, wrong, keywords)

    def async_iterable(
        self, *wrong: object, **keywords: Unpack[AsyncIterableKeywords]
    ) -> _Decorator:
        """The function makes async iterables; see `assert_async_iterable`."""
        return _decorator(Protocol.ASYNC_ITERABLE, wrong, keywords)

    def async_iterator(
        self, *wrong: object, **keywords: Unpack[AsyncIteratorKeywords]
    ) -> _Decorator:
        """The function makes async iterators; see `assert_async_iterator`."""
        return _decorator(Protocol.ASYNC_ITERATOR, wrong, keywords)

    def async_generator(
        self, *wrong: object, **keywords: Unpack[AsyncGeneratorKeywords]
    ) -> _Decorator:
        """The function makes async generators; see `assert_async_generator`."""
        return _decorator(Protocol.ASYNC_GENERATOR, wrong, keywords)

    def async_context_manager(
        self, *wrong: object, **keywords: Unpack[AsyncContextManagerKeywords]
    ) -> _Decorator:
        """The function makes async context managers; see `assert_async_context_manager`."""
        return _decorator(Protocol.ASYNC_CONTEXT_MANAGER, wrong, keywords)


conformance: Final = Conformance()
"""The decorators, one a protocol."""

_Decorator = Callable[[Callable[..., Any]], Callable[..., None]]


def _decorator(
    protocol: Protocol, wrong: tuple[object, ...], keywords: Mapping[str, Any]
) -> _Decorator:
    if wrong:
        raise TypeError(
            f"write @conformance.{protocol.value}() above the function, with parentheses; what is "
            "declared goes into them by keyword"
        )
    with suppress(BrokenRules):  # said when the plugin collects, not at each import
        plan_for(protocol, object, keywords)

    def decorate(function: Callable[..., Any]) -> Callable[..., None]:
        _expect_function(protocol, function)

        @functools.wraps(function)
        def shell(*_: Any, **__: Any) -> None:
            raise RuntimeError(
                f"{function.__qualname__} is run by pytest, one item a rule and backend; is the "
                "plugin asyncprotocol switched off, or is it a method of a unittest.TestCase?"
            )

        cast("Any", shell).__signature__ = inspect.signature(function)
        del shell.__wrapped__
        setattr(shell, DECLARED, Declared(protocol, function, dict(keywords)))
        return shell

    return decorate


def _expect_function(protocol: Protocol, function: Any) -> None:
    place = f"@conformance.{protocol.value}() goes above a test function that returns the subject"
    if isinstance(function, type):
        name = function.__name__
        raise TypeError(
            f"{place}, not above the class {name}: write `def test_{name.lower()}(): return "
            f"{name}(...)` below it"
        )
    if not inspect.isfunction(function):
        raise TypeError(f"{place}, not {describe(function)}")
    if hasattr(function, DECLARED):
        raise TypeError(
            f"{function.__name__} has a @conformance decorator already: write one function for "
            "each protocol"
        )
