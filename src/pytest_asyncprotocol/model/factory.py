"""The first argument of an assertion: an instance, or what makes fresh ones."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pytest_asyncprotocol.model.exceptions import NoVerdict
from pytest_asyncprotocol.model.identity import identities_of_factory, identity_of
from pytest_asyncprotocol.model.protocols import (
    Protocol,
    closest,
    implements,
    is_native_coroutine,
    isinstance_of,
    resembles,
)
from pytest_asyncprotocol.model.text import (
    describe,
    describe_exception,
    name_of,
    source_of,
    type_name,
)
from pytest_asyncprotocol.model.thread_bound import WAY_OUT, needs_main_thread

TearDown = Callable[[], Awaitable[None]]


class FactoryOutcome(BaseException):
    """Carries an exception that the factory raised for the test runner: a skip, for example."""

    def __init__(self, outcome: BaseException) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass(frozen=True, slots=True)
class Factory:
    """Makes fresh subjects, or holds the one instance that was given.

    ``yields`` marks a function that yields its subject, with set-up before and tear-down after;
    ``awaits`` one whose coroutine is set-up even where the protocol is *awaitable*.
    """

    target: Any
    protocol: Protocol
    is_instance: bool = False
    yields: bool = False
    awaits: bool = False

    @property
    def name(self) -> str:
        """What to call the subject before one was made."""
        return name_of(self.target)

    @property
    def source(self) -> str | None:
        """``file:line`` of what makes the subjects."""
        return source_of(self.target)

    @property
    def identities(self) -> list[str]:
        """The identity of the instance, or of what makes the subjects, if it can be imported."""
        own = self.is_instance
        return [identity_of(self.target)] if own else identities_of_factory(self.target)

    async def make(self) -> tuple[Any, TearDown | None]:
        """A fresh subject, and what tears it down.

        Raises:
            NoVerdict: the factory failed.
            FactoryOutcome: it called `pytest.skip`, `pytest.fail` or `pytest.xfail`.
        """
        if self.is_instance:
            return self.target, None
        try:
            if self.yields:
                return await _set_up(self.target)
            made = self.target()
            if self.awaits or (
                is_native_coroutine(made) and self.protocol is not Protocol.AWAITABLE
            ):
                made = await made
        except BaseException as error:
            failure = _failure(self.target, error)
            if failure is error:
                raise
            raise failure from error
        return made, None


def factory_for(protocol: Protocol, given: Any) -> Factory:
    """Decide what the first argument of an assertion is.

    Raises:
        TypeError: neither an instance of *protocol* nor a callable without arguments.
    """
    if not isinstance_of(given, type) and implements(given, protocol):
        return Factory(given, protocol, is_instance=True)
    if not callable(given):
        raise TypeError(
            f"{describe(given)} is {_no(given, protocol)}, nor can it be called to make one: "
            f"{_right_assertion(given) or _WHAT_IS_TAKEN}"
        )
    missing = _missing_arguments(given)
    if missing:
        name = name_of(given)
        call = "Ticker(3)" if name == "<lambda>" else f"{name}({', '.join(missing.values())})"
        raise TypeError(
            f"{name} needs arguments ({', '.join(missing)}), so it can't make subjects by "
            f"itself: write `lambda: {call}`"
        )
    return Factory(given, protocol)


def expect_fresh(factory: Factory, first: Any, second: Any) -> None:
    """Expect two objects of *factory* to be two, and of the right kind.

    Raises:
        NoVerdict: they are not; the message says what to write instead.
    """
    if not resembles(first, factory.protocol):
        hint = "does the function lack a `return`?" if first is None else _right_assertion(first)
        raise NoVerdict(
            f"the factory {factory.name} returned {describe(first)}, which is "
            f"{_no(first, factory.protocol)}{hint and ': '}{hint}"
        )
    if first is second:
        raise NoVerdict(
            f"the factory {factory.name} returned the same object twice, but each rule needs "
            "a fresh one: build the object inside the function, as in "
            f"`lambda: {name_of(first)}(...)`, or pass the object itself to have one use of "
            "it checked"
        )


_WHAT_IS_TAKEN = (
    "pass a class, a function without arguments such as `lambda: Ticker(3)`, or an object"
)

_FOR_THE_TEST_RUNNER = ("_pytest.outcomes.OutcomeException", "unittest.case.SkipTest")
"""What `pytest.skip`, `pytest.fail` and `pytest.xfail` raise, and unittest's skip."""


def _no(obj: object, protocol: Protocol) -> str:
    """That *obj* is none of *protocol*, and why."""
    methods = protocol.methods
    lacks = f"no {methods[0]}" if len(methods) == 1 else f"none of {', '.join(methods)}"
    return f"no {protocol.words} ({type_name(obj)} has {lacks})"


def _right_assertion(obj: object) -> str:
    other = closest(obj)
    return f"it is {other.noun}, so write `assert_{other.value}(...)`" if other else ""


def _missing_arguments(function: Callable[..., Any]) -> dict[str, str]:
    """The parameters of *function* that have to be given, each as a call would give it."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except Exception:
        return {}
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {
        p.name: "..." if p.kind is inspect.Parameter.POSITIONAL_ONLY else f"{p.name}=..."
        for p in parameters
        if p.default is inspect.Parameter.empty and p.kind not in optional
    }


async def _set_up(function: Callable[[], Any]) -> tuple[Any, TearDown]:
    generator, over = function(), object()

    async def advance() -> Any:
        if not inspect.isasyncgen(generator):
            return next(generator, over)
        with suppress(StopAsyncIteration):
            return await generator.__anext__()
        return over

    async def tear_down() -> None:
        if await advance() is over:
            return
        if inspect.isasyncgen(generator):
            await generator.aclose()
        else:
            generator.close()
        raise NoVerdict(f"the factory {name_of(function)} yielded more than once")

    made = await advance()
    if made is over:
        raise NoVerdict(f"the factory {name_of(function)} did not yield a subject")

    return made, tear_down


def _failure(target: object, error: BaseException) -> BaseException:
    """What to raise for *error*, raised by the factory: itself if it is the test runner's."""
    if isinstance(error, NoVerdict):
        return error
    if any(f"{c.__module__}.{c.__qualname__}" in _FOR_THE_TEST_RUNNER for c in type(error).__mro__):
        return FactoryOutcome(error)
    if not isinstance(error, Exception) and type(error).__name__ in ("Cancelled", "CancelledError"):
        return error
    text = f"the factory {name_of(target)} raised {describe_exception(error)}"
    if isinstance(error, TypeError) and "argument" in str(error):
        text += "; if it needs arguments, give them inside a function, as in `lambda: Ticker(3)`"
    if needs_main_thread(error):
        text += f"; {WAY_OUT}"
    return NoVerdict(text)
