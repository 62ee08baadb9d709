"""``anext(iterator, default)``, kept from what crashes or confuses the interpreter."""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import Any

from pytest_asyncprotocol.authoring import *

METHODS = ("send", "throw", "close")
"""What ``anext()`` calls by name on the iterator that ``__await__`` gives."""


class Guarded:
    """What one call of ``__anext__`` gave, as an iterator that `anext` may be called on.

    Its own ``__anext__`` never raises, since `anext` with a default crashes the interpreter then;
    https://github.com/python/cpython/issues/131670. And it calls ``__await__`` of *awaitable* once,
    where `anext` calls it again at every step and so starts anew what is written as a function.
    """

    def __init__(self, awaitable: Awaitable[Any]) -> None:
        self._awaitable = awaitable
        self._steps: Any = None

    def __aiter__(self) -> Guarded:
        return self

    def __anext__(self) -> Guarded:
        return self

    def __await__(self) -> Generator[Any, Any, Any]:
        if self._steps is None:
            begin: Any = special_method(self._awaitable, "__await__")
            # A generator-based coroutine is awaitable without one.
            self._steps = self._awaitable if begin is None else begin()
        steps: Generator[Any, Any, Any] = self._steps
        return steps

    async def or_default(self, default: object) -> Any:
        """``await anext(iterator, default)``."""
        return await anext(self, default)

    def lacks(self, error: BaseException | None) -> str | None:
        """The method that *error* says is missing in what ``__await__`` gave."""
        if isinstance(error, AttributeError) and error.obj is self._steps:
            return error.name if error.name in METHODS else None
        return None
