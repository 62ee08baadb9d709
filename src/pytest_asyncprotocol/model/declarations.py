"""What an author states about a subject, and what it takes to be a valid statement."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, fields
from typing import Any, Final, Literal, cast, get_args, get_origin, get_type_hints

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
        return None if self.items is UNDECLARED or callable(self.items) else self.items

    def as_judge(self, name: str) -> Callable[[Any], bool]:
        """The declared value *name* as a function that judges the real one."""
        declared = getattr(self, name)
        if callable(declared):
            return lambda real: _judged(name, declared, real)
        return lambda real: same(real, declared)


def same(real: object, declared: object) -> bool:
    """Whether two values are the same one or equal; an ``__eq__`` that raises says no."""
    with suppress(BaseException):
        return real is declared or bool(real == declared)
    return False


def declarations_of(protocol: Protocol, given: Mapping[str, Any]) -> Declarations:
    """The declarations in *given*, validated.

    Raises:
        TypeError: an unknown name, or a value of the wrong type.
        ValueError: a value that contradicts another one, or none of those allowed.
    """
    hints = _hints(protocol)
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in hints:
            raise TypeError(_unknown(protocol, name))
        values[name] = _validated(name, value, hints[name])
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


@functools.cache
def _hints(protocol: Protocol) -> dict[str, Any]:
    """The types of the keywords for *protocol*."""
    return get_type_hints(KEYWORDS[protocol])


def _unknown(protocol: Protocol, name: str) -> str:
    known = sorted(_hints(protocol))
    others = [p for p in Protocol if name in _hints(p)]
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"it takes {', '.join(f'{each}=' for each in known)}"
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


def one_of(*allowed: str) -> Callable[[str, object], str]:
    """Give what validates that a value is one of the words *allowed*."""

    def validate(name: str, value: object) -> str:
        if not isinstance(value, str) or value not in allowed:
            choices = " or ".join(repr(each) for each in allowed)
            raise ValueError(f"{name}= takes {choices}, not {describe(value)}")
        return value

    return validate


def _validated(name: str, value: Any, hint: Any) -> Any:
    """The *value* of the keyword *name*, which is typed by *hint*."""
    kind = get_origin(hint) or hint
    if kind is Literal:
        return one_of(*get_args(hint))(name, value)
    _expect(name, value, name if name in _TAKEN else kind)
    if name == "suppresses":
        types = (value,) if isinstance(value, type) else tuple(value)
        for each in types:
            _expect(name, each, type)
        return types
    if name == "throws":
        _expect(name, value[0], type)
    return tuple(value) if name in ("items", "sends") and not callable(value) else value


def _expect(name: str, value: Any, kind: Any) -> None:
    taken, fits = _TAKEN[kind]
    if not fits(value):
        raise TypeError(f"{name}= takes {taken}, not {describe(value)}")


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple) and len(cast("tuple[object, ...]", value)) == 2


_TAKEN: Mapping[Any, tuple[str, Callable[[Any], bool]]] = {
    object: ("anything", lambda _: True),
    bool: ("True or False", lambda v: isinstance(v, bool)),
    type: (
        "an exception type such as ValueError",
        lambda v: isinstance(v, type) and issubclass(v, BaseException),
    ),
    Callable: ("a callable", callable),
    ContextVar: ("a ContextVar", lambda v: isinstance(v, ContextVar)),
    "suppresses": ("a tuple of exception types", lambda v: isinstance(v, type) or _is_list(v)),
    "items": (
        "a list of the items, or a callable that judges that list",
        lambda v: callable(v) or _is_list(v),
    ),
    "sends": (
        "a list of pairs (sent, received), as in [('a', 1)]",
        lambda v: _is_list(v) and bool(v) and all(map(_is_pair, v)),
    ),
    "throws": ("a pair (exception type, received), as in (ValueError, 0)", _is_pair),
}
"""What a keyword takes, by its type, or by its name where that says more; and what fits."""
