"""What the definition of a method shows of what it returns and takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType

from pytest_asyncprotocol.model.rule import MethodCheck


def expect_awaitable(method: str) -> MethodCheck:
    """Expect that a call of *method* gives an awaitable."""
    message = "has a `yield`, so its call gives a generator; expected an awaitable"
    return MethodCheck(method, _gives_generator, message)


def refuses(*arguments: object) -> Callable[[FunctionType], bool]:
    """Give what tells whether a method cannot be called with *arguments*."""

    def refuse(method: FunctionType) -> bool:
        try:
            inspect.signature(method, follow_wrapped=False).bind(None, *arguments)
        except TypeError:
            return True
        return False

    return refuse


def is_async(method: FunctionType) -> bool:
    """Whether *method* is ``async def``, with a ``yield`` or without one."""
    return inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method)


def _gives_generator(method: FunctionType) -> bool:
    if method.__code__.co_flags & inspect.CO_ITERABLE_COROUTINE:
        return False
    return inspect.isasyncgenfunction(method) or inspect.isgeneratorfunction(method)
