"""Context variables: what is seen of them, and steps that are taken in another context."""

from __future__ import annotations

import decimal
from collections.abc import Awaitable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final, TypeVar

from pytest_asyncprotocol.model.relay import Relay
from pytest_asyncprotocol.model.text import describe

T = TypeVar("T")


class _Unset:
    def __repr__(self) -> str:
        return "unset"


UNSET: Final[Any] = _Unset()
"""Stands for the value of a variable that has none."""


class Marker:
    """A value of a context variable, of which the text can be found again."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text

    def is_shown_by(self, value: object) -> bool:
        """Whether *value*, or its text, has it in it."""
        return value is self or self._text in describe(value)


class InContext(Relay[T]):
    """Awaits *awaitable* in this task, but in *context*, as if another task did it."""

    def __init__(self, context: Context, awaitable: Awaitable[T]) -> None:
        super().__init__(awaitable)
        self._context = context

    def advance(self, sent: Any, thrown: BaseException | None) -> Any:
        """Go on in that context."""
        return self._context.run(super().advance, sent, thrown)


async def elsewhere(coroutine: Coroutine[Any, Any, T]) -> T:
    """Await *coroutine* in a copy of the context, such as each new task gets."""
    return await InContext(copy_context(), coroutine)


def context_variables() -> dict[ContextVar[Any], Any]:
    """The context variables that are set here, with their values."""
    decimal.getcontext()  # It sets a variable, whoever calls it first.
    return dict(copy_context())


def changes(before: dict[ContextVar[Any], Any], after: dict[ContextVar[Any], Any]) -> list[str]:
    """Which variables are set otherwise in *after*, in words."""
    unset = object()
    return sorted(
        f"{variable.name} = {describe(after[variable])}" if variable in after else variable.name
        for variable in {**before, **after}
        if before.get(variable, unset) is not after.get(variable, unset)
    )
