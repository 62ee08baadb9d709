"""One object under test, whose protocol calls are recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, cast

from pytest_asyncprotocol.model.exceptions import Violation
from pytest_asyncprotocol.model.protocols import has_attribute, special_method
from pytest_asyncprotocol.model.recording import Call, Log, Recorded, as_source, scope_here
from pytest_asyncprotocol.model.text import describe, describe_exception


class Loop(Protocol):
    """What a recorded call must know of the loop that it runs on."""

    library: str
    cancelled_type: type[BaseException]

    def cancelled(self, error: BaseException) -> bool:
        """Whether *error* is the running library's cancellation, asked for by the checker."""
        ...

    def is_cancellation(self, error: BaseException) -> bool:
        """Whether *error* is the exception by which the library cancels, or a group of such."""
        ...

    def being_cancelled(self) -> bool:
        """Whether a scope around the current task, or the task itself, was cancelled."""
        ...

    def progressed(self) -> None:
        """An operation has ended, so the subject does not go round in circles."""
        ...

    def now(self) -> float:
        """The loop's time."""
        ...

    def task(self) -> int:
        """A number for the running task."""
        ...


_LET_THROUGH = " -> let the cancellation through"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one protocol call did: it returned ``value`` or raised ``error``.

    ``at_call`` is true where it raised before there was anything to await.
    """

    operation: str
    value: Any = None
    error: BaseException | None = None
    at_call: bool = False

    @property
    def returned(self) -> bool:
        """Whether the call gave a value."""
        return self.error is None

    @property
    def stopped(self) -> bool:
        """Whether the call said that the iteration is over."""
        return isinstance(self.error, StopAsyncIteration)

    def raised(self, *types: type[BaseException]) -> bool:
        """Whether the call raised one of *types*."""
        return isinstance(self.error, types)

    def unwrap(self) -> Any:
        """The value, or the error raised again."""
        if self.error is not None:
            raise self.error
        return self.value

    def __str__(self) -> str:
        if self.error is None:
            return f"returned {describe(self.value)}"
        when = " at the call, before there was anything to await" if self.at_call else ""
        return f"raised {describe_exception(self.error)}{when}"


class Subject:
    """An object under test. Each call goes through the type, as the language does it.

    Methods named after an operation carry it out, record it in ``trace`` and give its
    `Outcome`; they raise only the checker's own cancellation. ``stages`` remembers what the
    standard scenarios did with the object, so that rules can share one use of an instance.
    Each awaitable of it is put through the function ``through`` before it is awaited. What is
    done with it is entered into *log*, where ``number`` stands for it.
    """

    def __init__(
        self, obj: Any, loop: Loop, log: Log, number: int, *, parent: Subject | None = None
    ) -> None:
        self.object = obj
        self.number = number
        self.trace: list[str] = [] if parent is None else parent.trace
        self._under_way: dict[str, None] = {}
        self._cancelled: set[str] = set()
        self.stages: dict[str, Any] = {}
        self.derived: list[Subject] = []
        self.through: Callable[[Any], Any] = parent.through if parent else lambda each: each
        self._loop = loop
        self.log = log
        self._counts: Counter[str] = Counter()

    @property
    def in_progress(self) -> str | None:
        """The call that is under way, of several the one that was begun first."""
        return next(iter(self._under_way), None)

    @property
    def cancelled_in(self) -> str | None:
        """The call that was cancelled last, of several at once the one that was begun first."""
        return min(self._cancelled, key=_number_of, default=None)

    def has(self, name: str) -> bool:
        """Whether the object has the attribute *name*, by whatever way."""
        return has_attribute(self.object, name)

    def special(self, name: str) -> Callable[..., Any] | None:
        """The method *name* as found on the type."""
        return special_method(self.object, name)

    def stalled(self) -> None:
        """Say in the trace that the calls that the checker has just cancelled were stalled ones.

        In which order several are cancelled is chance, so that they stand in the order of their
        numbers.
        """
        stalled = sorted(self._cancelled, key=_number_of)
        last = {f"{shown}{_LET_THROUGH}" for shown in stalled}
        if last and set(self.trace[-len(last) :]) == last:
            self.trace[-len(last) :] = [f"{shown} -> did not end" for shown in stalled]

    def note(self, line: str) -> None:
        """Enter *line* into the trace."""
        self.trace.append(line)

    def aiter(self) -> Subject:
        """``aiter(subject)``, as a subject of its own.

        Raises:
            Violation: there is no ``__aiter__``, or it raised.
        """
        method = self.special("__aiter__")
        if method is None:
            raise Violation("it has no __aiter__ on its type")
        call = self._begun("__aiter__", "__aiter__", ())
        try:
            iterator = method()
        except BaseException as error:
            self._ended(call, f"__aiter__ -> raised {describe_exception(error)}")
            raise Violation(f"__aiter__ raised {describe_exception(error)}") from error
        given = "itself" if iterator is self.object else describe(iterator)
        self._ended(call, f"__aiter__ -> {given}")
        if iterator is self.object:
            return self
        derived = Subject(iterator, self._loop, self.log, self.log.derived(), parent=self)
        call.gives = derived.number
        self.derived.append(derived)
        return derived

    async def anext(self) -> Outcome:
        """One ``__anext__``."""
        return await self.call("__anext__")

    async def asend(self, value: object) -> Outcome:
        """One ``asend(value)``."""
        return await self.call("asend", value)

    async def athrow(self, error: BaseException) -> Outcome:
        """One ``athrow(error)``."""
        return await self.call("athrow", error)

    async def aclose(self) -> Outcome:
        """One ``aclose()``."""
        return await self.call("aclose")

    async def enter(self) -> Outcome:
        """One ``__aenter__``."""
        return await self.call("__aenter__")

    async def exit(self, error: BaseException | None = None) -> Outcome:
        """One ``__aexit__``, told about *error* as the language would."""
        if error is None:
            return await self.call("__aexit__", None, None, None)
        return await self.call("__aexit__", type(error), error, error.__traceback__)

    async def wait(self) -> Outcome:
        """One ``await subject``."""
        return await self._carry_out("await", lambda: self.object, ())

    async def call(self, name: str, *arguments: Any) -> Outcome:
        """One call of the method *name*, and the await of what it gave."""

        def begin() -> Any:
            if name.startswith("__"):
                method = self.special(name)
                if method is None:
                    raise TypeError(f"{type(self.object).__name__} has no {name} on its type")
            else:
                method = getattr(self.object, name)
            return method(*arguments)

        return await self._carry_out(name, begin, arguments)

    async def _carry_out(
        self, name: str, begin: Callable[[], Any], arguments: tuple[Any, ...]
    ) -> Outcome:
        self._counts[name] += 1
        operation = f"{name} #{self._counts[name]}"
        shown = f"{operation}{_show(arguments)}"
        if not self._under_way:
            self._cancelled.clear()
        self._under_way[shown] = None
        call = self._begun(name, shown, arguments)
        at_call = True
        try:
            awaitable = begin()
            at_call = False
            outcome = Outcome(
                operation, await Recorded(self.through(awaitable), call, self.log.steps)
            )
        except BaseException as error:
            if self._loop.cancelled(error):
                self._ended(call, f"{shown}{_LET_THROUGH}")
                self._cancelled.add(shown)
                raise
            outcome = Outcome(operation, error=error, at_call=at_call)
        finally:
            del self._under_way[shown]
            self._loop.progressed()
        self._ended(call, f"{shown} -> {outcome}")
        return outcome

    def _begun(self, operation: str, shown: str, arguments: tuple[Any, ...]) -> Call:
        task, moment, step = self._loop.task(), self._loop.now(), next(self.log.steps)
        given = tuple(map(as_source, arguments))
        call = Call(self.number, operation, shown, given, task, moment, step, scope_here())
        self.log.events.append(call)
        return call

    def _ended(self, call: Call, line: str) -> None:
        self.note(line)
        call.outcome = line
        call.ended, call.until = next(self.log.steps), self._loop.now()


def _number_of(shown: str) -> tuple[int, str]:
    """The number of a call, as in ``__anext__ #2``."""
    return int(shown.partition("#")[2].partition("(")[0]), shown


def discard(awaitable: object) -> None:
    """End an awaitable that was only looked at, so that nothing warns about it."""
    if has_attribute(awaitable, "close"):
        with suppress(BaseException):
            cast("Any", awaitable).close()


def _show(arguments: tuple[Any, ...]) -> str:
    if not arguments or all(a is None for a in arguments):
        return ""
    if len(arguments) == 3 and isinstance(arguments[1], BaseException):
        arguments = arguments[1:2]
    shown = [
        describe_exception(a) if isinstance(a, BaseException) else describe(a) for a in arguments
    ]
    return f"({', '.join(shown)})"
