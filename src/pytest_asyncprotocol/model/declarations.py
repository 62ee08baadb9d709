"""What an author states about a subject, and what it takes to be a valid statement."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, TypedDict, cast

from pytest_asyncprotocol.model.exceptions import NoVerdict
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.text import describe


class _Undeclared:
    def __repr__(self) -> str:
        return "UNDECLARED"


UNDECLARED: Final[Any] = _Undeclared()
"""Stands for what the author said nothing about, where ``None`` would be a statement."""


class CommonKeywords(TypedDict, total=False):
    """What every assertion takes: how to check, and what any subject may promise."""

    backends: Sequence[str]
    level: Literal["must", "should", "may"]
    select: Iterable[str]
    ignore: Iterable[str]
    expected_failures: Mapping[str, str]
    clock: Literal["virtual", "real"]
    timeout: float
    background_ok: bool


class AwaitableKeywords(CommonKeywords, total=False):
    """Declarations of an awaitable."""

    returns: object
    raises: type[BaseException]
    reawait: Literal["same", "error", "again"]
    wraps: Callable[[Any], object]


class AsyncIterableKeywords(CommonKeywords, total=False):
    """Declarations of an async iterable."""

    items: Sequence[Any] | Callable[[list[Any]], object]
    raises: type[BaseException]
    infinite: bool
    ordered: bool
    reiterable: bool
    released: Callable[[Any], object]


class AsyncIteratorKeywords(CommonKeywords, total=False):
    """Declarations of an async iterator."""

    items: Sequence[Any] | Callable[[list[Any]], object]
    raises: type[BaseException]
    infinite: bool
    ordered: bool
    cancel_safe: bool
    closes: bool
    resumable: bool
    released: Callable[[Any], object]


class AsyncGeneratorKeywords(AsyncIteratorKeywords, total=False):
    """Declarations of an async generator: those of an async iterator."""


class AsyncContextManagerKeywords(CommonKeywords, total=False):
    """Declarations of an async context manager."""

    value: object
    value_is_self: bool
    suppresses: Sequence[type[BaseException]]
    reuse: Literal["reusable", "reentrant", "single-use"]
    own_scope: bool
    failing_exit: Callable[[], object]
    released: Callable[[Any], object]


KEYWORDS: Final[Mapping[Protocol, type]] = {
    Protocol.AWAITABLE: AwaitableKeywords,
    Protocol.ASYNC_ITERABLE: AsyncIterableKeywords,
    Protocol.ASYNC_ITERATOR: AsyncIteratorKeywords,
    Protocol.ASYNC_GENERATOR: AsyncGeneratorKeywords,
    Protocol.ASYNC_CONTEXT_MANAGER: AsyncContextManagerKeywords,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """What the author of a subject promises; a field left at its default promises nothing."""

    items: Any = UNDECLARED
    raises: type[BaseException] | None = None
    infinite: bool = False
    ordered: bool = True
    reiterable: bool | None = None
    cancel_safe: bool = False
    closes: bool | None = None
    resumable: bool = False
    returns: Any = UNDECLARED
    reawait: str | None = None
    wraps: Callable[[Any], Any] | None = None
    value: Any = UNDECLARED
    value_is_self: bool = False
    suppresses: tuple[type[BaseException], ...] = ()
    reuse: str | None = None
    own_scope: bool = False
    failing_exit: Callable[[], Any] | None = None
    released: Callable[[Any], Any] | None = None
    background_ok: bool = False

    def declares(self, name: str) -> bool:
        """Whether the author said anything by *name*."""
        default = next(f.default for f in fields(self) if f.name == name)
        return getattr(self, name) is not default

    @property
    def listed_items(self) -> tuple[Any, ...] | None:
        """The declared items, if they are a list; None if they are judged, or not declared."""
        if not self.declares("items") or callable(self.items):
            return None
        listed: tuple[Any, ...] = self.items
        return listed

    def as_judge(self, name: str) -> Callable[[Any], bool]:
        """The declared value *name* as a function that judges the real one."""
        declared = getattr(self, name)
        if callable(declared):
            return lambda real: _judged(name, declared, real)
        return lambda real: same(real, declared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a subject is to be checked: which rules, on which backends, under which clock."""

    backends: tuple[str, ...]
    level: str
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    timeout: float
    clock: str = "virtual"
    expected_failures: Mapping[str, str] = field(default_factory=dict[str, str])


def same(real: object, declared: object) -> bool:
    """Whether two values are the same one or equal; an ``__eq__`` that raises says no."""
    if real is declared:
        return True
    try:
        return bool(real == declared)
    except BaseException:
        return False


def declarations_of(protocol: Protocol, given: Mapping[str, Any]) -> Declarations:
    """The declarations in *given*, validated.

    Raises:
        TypeError: an unknown name, or a value of the wrong type.
        ValueError: a value that contradicts another one, or none of those allowed.
    """
    known = set(KEYWORDS[protocol].__annotations__)
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise TypeError(_unknown(protocol, name, known))
        values[name] = _VALIDATORS[name](name, value)
    if values.get("value_is_self") and "value" in values:
        raise ValueError("value= and value_is_self= contradict each other: declare one of them")
    if "returns" in values and "raises" in values:
        raise ValueError("returns= and raises= contradict each other: declare one of them")
    if values.get("infinite") and "raises" in values:
        raise ValueError(
            "infinite=True and raises= contradict each other, since raises= says how it ends: "
            "declare one of them"
        )
    if values.get("infinite") and callable(values.get("items")):
        raise ValueError("with infinite=True, items= takes a list of the first items, no callable")
    return Declarations(**values)


def _unknown(protocol: Protocol, name: str, known: set[str]) -> str:
    others = [p for p in Protocol if name in KEYWORDS[p].__annotations__]
    near = difflib.get_close_matches(name, sorted(known), n=1)
    hint = f"it takes {', '.join(f'{each}=' for each in sorted(known))}"
    if others:
        hint = f"it belongs to {' and '.join(f'assert_{each.value}' for each in others)}"
    elif near:
        hint = f"did you mean {near[0]}=?"
    return f"assert_{protocol.value} takes no {name}=: {hint}"


def _judged(name: str, predicate: Callable[[Any], Any], real: Any) -> bool:
    judgement = predicate(real)
    if judgement is None:
        raise NoVerdict(
            f"the callable {name}= returned None: it has to return True or False, so does it lack "
            "a `return`?"
        )
    return bool(judgement)


def _boolean(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name}= takes True or False, not {describe(value)}")
    return value


def _anything(name: str, value: object) -> object:
    del name
    return value


def _callable(name: str, value: object) -> object:
    if not callable(value):
        raise TypeError(f"{name}= takes a callable, not {describe(value)}")
    return value


def _exception_type(name: str, value: object) -> type[BaseException]:
    if isinstance(value, type) and issubclass(value, BaseException):
        return value
    shown = describe(value)  # pyright: ignore[reportUnknownArgumentType]
    raise TypeError(f"{name}= takes an exception type such as ValueError, not {shown}")


def _exception_types(name: str, value: object) -> tuple[type[BaseException], ...]:
    if isinstance(value, type):
        return (_exception_type(name, value),)
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise TypeError(f"{name}= takes a tuple of exception types, not {describe(value)}")
    return tuple(_exception_type(name, each) for each in cast("Sequence[object]", value))


def _items(name: str, value: object) -> object:
    if callable(value):
        return value
    if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
        raise TypeError(
            f"{name}= takes a list of the items, or a callable that judges that list, "
            f"not {describe(value)}"
        )
    return tuple(cast("Sequence[object]", value))


def _one_of(*allowed: str) -> Callable[[str, object], str]:
    def validate(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            choices = " or ".join(repr(each) for each in allowed)
            raise ValueError(f"{name}= takes {choices}, not {describe(value)}")
        return value

    return validate


_VALIDATORS: Mapping[str, Callable[[str, object], Any]] = {
    "items": _items,
    "raises": _exception_type,
    "infinite": _boolean,
    "ordered": _boolean,
    "reiterable": _boolean,
    "cancel_safe": _boolean,
    "closes": _boolean,
    "resumable": _boolean,
    "returns": _anything,
    "reawait": _one_of("same", "error", "again"),
    "wraps": _callable,
    "value": _anything,
    "value_is_self": _boolean,
    "suppresses": _exception_types,
    "reuse": _one_of("reusable", "reentrant", "single-use"),
    "own_scope": _boolean,
    "failing_exit": _callable,
    "released": _callable,
    "background_ok": _boolean,
}
