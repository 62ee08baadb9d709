"""The five async protocols, and what an object shows of them."""

from __future__ import annotations

import enum
import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from types import CoroutineType, GeneratorType
from typing import Any, cast


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


def protocol_named(given: Protocol | str) -> Protocol:
    """The protocol that *given* names, as in ``"async_iterator"``.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        return Protocol(given)
    except ValueError:
        names = ", ".join(repr(p.value) for p in Protocol)
        raise ValueError(f"there is no protocol {given!r}: take one of {names}") from None


def special_method(obj: object, name: str) -> Callable[..., Any] | None:
    """The method *name* as the language finds it: on the type, never on the instance.

    A descriptor that raises gives a method that raises, so that the call is what is blamed.

    Source: data model, "Special method lookup",
    https://docs.python.org/3/reference/datamodel.html#special-lookup
    """
    found = _on_type(obj, name)
    if found is None:
        return None
    binder: Any = getattr(cast("object", type(found)), "__get__", None)
    try:
        bound: Callable[..., Any] = found if binder is None else binder(found, obj, type(obj))
    except BaseException as error:
        return _raising(error)
    return bound


def implements(obj: object, protocol: Protocol) -> bool:
    """Whether *obj* is an instance of *protocol*, however incompletely."""
    if protocol is Protocol.AWAITABLE and is_generator_based_coroutine(obj):
        return True
    return any(_on_type(obj, name) is not None for name in protocol.methods)


def closest(obj: object) -> Protocol | None:
    """The protocol that *obj* is most likely an instance of, if any."""
    likeliest_first = (
        Protocol.ASYNC_GENERATOR,
        Protocol.ASYNC_ITERATOR,
        Protocol.ASYNC_CONTEXT_MANAGER,
        Protocol.ASYNC_ITERABLE,
        Protocol.AWAITABLE,
    )
    return next((p for p in likeliest_first if _on_type(obj, p.methods[0]) is not None), None)


def is_native_coroutine(obj: object) -> bool:
    """Whether *obj* came from an ``async def`` function, whatever its ``__class__`` says."""
    return type(obj) is CoroutineType


def is_generator_based_coroutine(obj: object) -> bool:
    """Whether *obj* came from a generator function that `types.coroutine` decorates."""
    if not isinstance_of(obj, GeneratorType):
        return False
    code = cast("GeneratorType[Any, Any, Any]", obj).gi_code
    return bool(code.co_flags & inspect.CO_ITERABLE_COROUTINE)


def isinstance_of(obj: object, cls: type) -> bool:
    """`isinstance` that asks the real type alone, never ``__class__``."""
    return any(each is cls for each in _mro(type(obj)))


def resembles(obj: object, protocol: Protocol) -> bool:
    """Whether *obj* was meant for *protocol*: what a rule about shape can explain better."""
    if implements(obj, protocol):
        return True
    names = (*protocol.methods, *_SYNCHRONOUS_TWINS[protocol])
    if any(has_attribute(obj, name) for name in names):
        return True
    with suppress(BaseException):
        return protocol is Protocol.AWAITABLE and isinstance(obj, Awaitable)
    return False


def is_coroutine_like(obj: object) -> bool:
    """Whether *obj* is a coroutine, or wraps one: what warns when it is dropped unawaited."""
    return all(_on_type(obj, name) is not None for name in ("__await__", "send", "close"))


def has_attribute(obj: object, name: str) -> bool:
    """`hasattr` that survives a ``__getattr__`` which raises anything."""
    with suppress(BaseException):
        return hasattr(obj, name)
    return False


_mro: Callable[[type], tuple[type, ...]] = vars(type)["__mro__"].__get__
_namespace: Callable[[type], Mapping[str, Any]] = vars(type)["__dict__"].__get__


def on_class(cls: type, name: str) -> Any:
    """What stands under *name* in *cls* and its bases; no metaclass and no descriptor is asked."""
    return next((_namespace(each)[name] for each in _mro(cls) if name in _namespace(each)), None)


def _on_type(obj: object, name: str) -> Any:
    return on_class(type(obj), name)


def _raising(error: BaseException) -> Callable[..., Any]:
    def method(*_: Any, **__: Any) -> Any:
        raise error

    return method
