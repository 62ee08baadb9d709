"""What an author states about a subject, and what it takes to be a valid statement."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, fields
from typing import Any, Final, cast

from pytest_asyncprotocol.model.exceptions import NoVerdict
from pytest_asyncprotocol.model.keywords import KEYWORDS
from pytest_asyncprotocol.model.protocols import Protocol
from pytest_asyncprotocol.model.text import describe


class _Undeclared:
    def __repr__(self) -> str:
        return "UNDECLARED"


UNDECLARED: Final[Any] = _Undeclared()
"""Stands for what the author said nothing about, where ``None`` would be a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """What the author of a subject promises; a field left at its default promises nothing."""

    returns: Any = UNDECLARED
    raises: type[BaseException] | None = None
    reawait: str | None = None
    shared: bool = False
    retryable: bool = False
    items: Any = UNDECLARED
    infinite: bool = False
    ordered: bool = True
    reiterable: bool | None = None
    independent: bool = False
    cancel_safe: bool = False
    after_error: str | None = None
    concurrent: str | None = None
    closes: bool | None = None
    resumable: bool = False
    sends: tuple[tuple[Any, Any], ...] = ()
    throws: tuple[type[BaseException], Any] | None = None
    value: Any = UNDECLARED
    value_is_self: bool = False
    suppresses: tuple[type[BaseException], ...] = ()
    enter_raises: type[BaseException] | None = None
    reuse: str | None = None
    concurrent_entry: str | None = None
    sets_context: ContextVar[Any] | None = None
    own_scope: bool = False
    wraps_in_group: bool = False
    waits_for_children: bool = False
    released: Callable[[Any], Any] | None = None
    background_ok: bool = False
    checkpoints: bool = False
    reads_context: ContextVar[Any] | None = None
    wraps: Callable[[Any], Any] | None = None
    failing: Callable[[], Any] | None = None
    failing_enter: Callable[[], Any] | None = None
    failing_exit: Callable[[], Any] | None = None
    failing_background: Callable[[], Any] | None = None
    hanging: Callable[[], Any] | None = None

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
    if not _is_list(value):
        raise TypeError(f"{name}= takes a tuple of exception types, not {describe(value)}")
    return tuple(_exception_type(name, each) for each in cast("Sequence[object]", value))


def _items(name: str, value: object) -> object:
    if callable(value):
        return value
    if not _is_list(value):
        raise TypeError(
            f"{name}= takes a list of the items, or a callable that judges that list, "
            f"not {describe(value)}"
        )
    return tuple(cast("Sequence[object]", value))


def one_of(*allowed: str) -> Callable[[str, object], str]:
    """Give what validates that a value is one of the words *allowed*."""

    def validate(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            choices = " or ".join(repr(each) for each in allowed)
            raise ValueError(f"{name}= takes {choices}, not {describe(value)}")
        return value

    return validate


def _context_variable(name: str, value: object) -> object:
    if not isinstance(value, ContextVar):
        raise TypeError(f"{name}= takes a ContextVar, not {describe(value)}")
    return value  # pyright: ignore[reportUnknownVariableType]


def _pairs(name: str, value: object) -> tuple[tuple[Any, Any], ...]:
    pairs: list[Any] = list(cast("Sequence[Any]", value)) if _is_list(value) else [None]
    if not pairs or not all(_is_pair(pair) for pair in pairs):
        raise TypeError(
            f"{name}= takes a list of pairs (sent, received), as in [('a', 1)], "
            f"not {describe(value)}"
        )
    return tuple((sent, received) for sent, received in pairs)


def _thrown(name: str, value: object) -> tuple[type[BaseException], Any]:
    if not _is_pair(value):
        raise TypeError(
            f"{name}= takes a pair (exception type, received), as in (ValueError, 0), "
            f"not {describe(value)}"
        )
    kind, received = cast("tuple[object, Any]", value)
    return _exception_type(name, kind), received


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(cast("tuple[object, ...]", value)) == 2


_VALIDATORS: Mapping[str, Callable[[str, object], Any]] = {
    "returns": _anything,
    "raises": _exception_type,
    "reawait": one_of("same", "error", "again"),
    "shared": _boolean,
    "retryable": _boolean,
    "items": _items,
    "infinite": _boolean,
    "ordered": _boolean,
    "reiterable": _boolean,
    "independent": _boolean,
    "cancel_safe": _boolean,
    "after_error": one_of("stops", "continues"),
    "concurrent": one_of("safe", "refused", "broadcast"),
    "closes": _boolean,
    "resumable": _boolean,
    "sends": _pairs,
    "throws": _thrown,
    "value": _anything,
    "value_is_self": _boolean,
    "suppresses": _exception_types,
    "enter_raises": _exception_type,
    "reuse": one_of("reusable", "reentrant", "single-use"),
    "concurrent_entry": one_of("safe", "refused"),
    "sets_context": _context_variable,
    "own_scope": _boolean,
    "wraps_in_group": _boolean,
    "waits_for_children": _boolean,
    "released": _callable,
    "background_ok": _boolean,
    "checkpoints": _boolean,
    "reads_context": _context_variable,
    "wraps": _callable,
    "failing": _callable,
    "failing_enter": _callable,
    "failing_exit": _callable,
    "failing_background": _callable,
    "hanging": _callable,
}
