"""The five async protocols, and what an object shows of them."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Callable
from typing import Any


class Protocol(enum.Enum):
    """One of Python's five async protocols."""

    AWAITABLE = "awaitable"
    ASYNC_ITERABLE = "async_iterable"
    ASYNC_ITERATOR = "async_iterator"
    ASYNC_GENERATOR = "async_generator"
    ASYNC_CONTEXT_MANAGER = "async_context_manager"

    @property
    def words(self) -> str:
        """The protocol's name in running text, for example ``async iterator``."""
        return self.value.replace("_", " ")

    @property
    def noun(self) -> str:
        """The protocol's name with its article."""
        return f"an {self.words}"

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that the language looks up on the type."""
        return _METHODS[self]


_METHODS = {
    Protocol.AWAITABLE: ("__await__",),
    Protocol.ASYNC_ITERABLE: ("__aiter__",),
    Protocol.ASYNC_ITERATOR: ("__anext__", "__aiter__"),
    Protocol.ASYNC_GENERATOR: ("asend", "athrow", "__anext__", "__aiter__"),
    Protocol.ASYNC_CONTEXT_MANAGER: ("__aenter__", "__aexit__"),
}

_SYNCHRONOUS_TWINS = {
    Protocol.AWAITABLE: (),
    Protocol.ASYNC_ITERABLE: ("__iter__",),
    Protocol.ASYNC_ITERATOR: ("__next__", "__iter__"),
    Protocol.ASYNC_GENERATOR: ("send", "__next__"),
    Protocol.ASYNC_CONTEXT_MANAGER: ("__enter__", "__exit__"),
}


def special_method(obj: object, name: str) -> Callable[..., Any] | None:
    """The method *name* as the language finds it: on the type, never on the instance.

    Source: data model, "Special method lookup",
    https://docs.python.org/3/reference/datamodel.html#special-lookup
    """
    for cls in type(obj).__mro__:
        if name in vars(cls):
            found = vars(cls)[name]
            if found is None:
                return None
            binder = getattr(type(found), "__get__", None)
            bound: Callable[..., Any] = found if binder is None else binder(found, obj, type(obj))
            return bound
    return None


def implements(obj: object, protocol: Protocol) -> bool:
    """Whether *obj* is an instance of *protocol*, however incompletely."""
    if protocol is Protocol.AWAITABLE and inspect.isawaitable(obj):
        return True
    return any(special_method(obj, name) is not None for name in protocol.methods)


def resembles(obj: object, protocol: Protocol) -> bool:
    """Whether *obj* was meant for *protocol*: what a rule about shape can explain better."""
    if implements(obj, protocol):
        return True
    names = (*protocol.methods, *_SYNCHRONOUS_TWINS[protocol])
    return any(has_attribute(obj, name) for name in names)


def has_attribute(obj: object, name: str) -> bool:
    """`hasattr` that survives a ``__getattr__`` which raises anything."""
    try:
        return hasattr(obj, name)
    except Exception:
        return False
