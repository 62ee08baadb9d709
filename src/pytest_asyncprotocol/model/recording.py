"""What was done with subjects, as data: enough to do it again without the checker."""

from __future__ import annotations

import enum
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from pytest_asyncprotocol.model.exceptions import members
from pytest_asyncprotocol.model.relay import Relay
from pytest_asyncprotocol.model.showing import Snippet

LONGEST_LITERAL = 200
"""Characters up to which a value is written out."""

LITERALS = (int, float, complex, bool, str, bytes, type(None), type(...))
COLLECTIONS = (list, tuple, dict, set, frozenset)


@dataclass(frozen=True, slots=True)
class Argument:
    """A value as Python source, and the classes that it names; no value is kept.

    ``cancellation`` marks the exception by which a library cancels, ``unknown`` one without source.
    """

    text: str
    names: tuple[type, ...] = ()
    cancellation: bool = False
    unknown: bool = False


@dataclass(slots=True)
class Made:
    """A subject that was made by *target*, which was declared as ``declared_as`` if not empty."""

    number: int
    target: Any
    declared_as: str
    task: int
    moment: float
    inner: Argument | None = None


class Style(enum.Enum):
    """How a call is interrupted."""

    LEVEL = "a cancel scope"
    EDGE = "Task.cancel()"
    CROSSING = "Task.cancel() together with the result"
    CLOSING = "coroutine.close()"

    @property
    def by_scope(self) -> bool:
        """Whether it takes a cancel scope: closing does, which comes in place of a cancellation."""
        return self in (Style.LEVEL, Style.CLOSING)


@dataclass(slots=True)
class Scope:
    """Calls that were cancelled together, in the way that ``style`` names.

    That was in suspension number ``suspension`` of ``call``, or between calls where that is None.
    ``fired`` counts what was entered before that; ``own_task`` says that the calls had a task of
    their own.
    """

    style: Style
    task: int
    own_task: bool = False
    call: Call | None = None
    suspension: int = 0
    fired: int | None = None
    ended: int | None = None


@dataclass(slots=True)
class Call:
    """One call of an operation of subject number ``subject``.

    ``began``, ``suspended``, ``resumed`` and ``ended`` count the steps of all calls together;
    ``moment`` and ``until`` are times of the loop, ``gives`` the number of what ``aiter()`` gave.
    """

    subject: int
    operation: str
    shown: str
    arguments: tuple[Argument, ...]
    task: int
    moment: float
    began: int
    scope: Scope | None
    suspended: list[int] = field(default_factory=list[int])
    resumed: list[int] = field(default_factory=list[int])
    ended: int | None = None
    until: float = 0.0
    outcome: str = ""
    gives: int | None = None


@dataclass(slots=True)
class Pause:
    """Turns that others got between two calls."""

    task: int
    turns: int


Event = Made | Call | Pause


class Log:
    """What was done in one run. The next run begins with the first subject after ``over``."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.subjects = 0
        self.steps = count(1)
        self._over: int | None = None

    def over(self) -> None:
        """The run has ended, but may still be asked about."""
        if self._over is None:
            self._over = len(self.events)

    @property
    def done(self) -> list[Event]:
        """What was done in the run, without what was closed behind it."""
        return self.events[: self._over]

    def made(
        self, target: Any, declared_as: str, task: int, moment: float, inner: Argument | None = None
    ) -> int:
        """Enter a new subject, and give its number."""
        if self._over is not None:
            self._over = None
            self.events, self.subjects, self.steps = [], 0, count(1)
        number = self.derived()
        self.events.append(Made(number, target, declared_as, task, moment, inner))
        return number

    def derived(self) -> int:
        """A number for what an operation of a subject gave."""
        self.subjects += 1
        return self.subjects


_log: ContextVar[Log | None] = ContextVar("_log", default=None)
_scope: ContextVar[Scope | None] = ContextVar("_scope", default=None)


def new_log() -> Log:
    """A log that what happens from here on is entered into."""
    log = Log()
    _log.set(log)
    return log


def scope_here() -> Scope | None:
    """The scope that the current call belongs to."""
    return _scope.get()


@contextmanager
def recording(entered: Scope) -> Generator[None]:
    """Enter what happens in this block as what *entered* cancels."""
    token = _scope.set(entered)
    try:
        yield
    finally:
        log = _log.get()
        entered.ended = None if log is None else len(log.events)
        _scope.reset(token)


def cancelled_now(entered: Scope) -> None:
    """Enter that the calls of *entered* are cancelled now."""
    log = _log.get()
    if log is None or entered.fired is not None:
        return
    entered.fired = len(log.events)
    for each in reversed(log.events):
        if isinstance(each, Call) and each.ended is None and each.scope is entered:
            entered.call, entered.suspension = each, len(each.suspended)
            return


def paused(task: int, turns: int) -> None:
    """Enter that others got some turns."""
    log = _log.get()
    if log is not None:
        log.events.append(Pause(task, turns))


class Recorded(Relay[Any]):
    """Awaits *awaitable*, and counts the steps of *call*."""

    def __init__(self, awaitable: Any, call: Call, steps: Iterator[int]) -> None:
        super().__init__(awaitable)
        self._call = call
        self._numbers = steps

    def suspended(self, trap: Any) -> None:
        """Number the suspension."""
        self._call.suspended.append(next(self._numbers))

    def resumed(self, sent: Any, thrown: BaseException | None) -> BaseException | None:
        """Number where it goes on."""
        self._call.resumed.append(next(self._numbers))
        return thrown


def as_source(value: object) -> Argument:
    """*value* as Python source; nothing is kept of it."""
    if isinstance(value, BaseException):
        return _exception_as_source(value)
    if isinstance(value, type):
        return Argument(value.__name__, (value,))
    if _is_literal(value) and len(repr(value)) <= LONGEST_LITERAL:
        return Argument(repr(value))
    return Argument("object()", unknown=True)


def call_as_source(snippet: Snippet, *given: object, **named: object) -> Argument:
    """A call of *snippet*; what is an `Argument` already is taken as it is."""
    arguments = [each if isinstance(each, Argument) else as_source(each) for each in given]
    texts = [each.text for each in arguments]
    texts += [f"{name}={as_source(each).text}" for name, each in named.items()]
    names = tuple(name for each in arguments for name in each.names)
    return Argument(f"{snippet.__name__}({', '.join(texts)})", names)


def _is_literal(value: object) -> bool:
    if type(value) in LITERALS:
        return True
    if type(value) not in COLLECTIONS:
        return False
    if isinstance(value, dict):
        mapping = cast("dict[object, object]", value)
        return all(map(_is_literal, mapping)) and all(map(_is_literal, mapping.values()))
    return all(map(_is_literal, cast("Iterable[object]", value)))


def _exception_as_source(error: BaseException) -> Argument:
    kind = type(error)
    if kind.__name__ in ("CancelledError", "Cancelled"):
        return Argument(kind.__name__, cancellation=True)
    inner = [_exception_as_source(each) for each in members(error)]
    if inner:
        texts = ", ".join(each.text for each in inner)
        names = (kind, *(name for each in inner for name in each.names))
        return Argument(f"{kind.__name__}('', [{texts}])", names)
    args = ", ".join(as_source(each).text for each in error.args)
    return Argument(f"{kind.__name__}({args})", (kind,))
