"""Subjects that fight back: always a verdict, never a crash or a hang, and no after-effects."""

from __future__ import annotations

import functools
import itertools
import threading
from collections.abc import Callable
from typing import Any
from unittest.mock import AsyncMock, MagicMock, NonCallableMagicMock

import anyio
import pytest

from pytest_asyncprotocol import Protocol, Report, Status, check
from pytest_asyncprotocol.explaining import explain


class Base:
    """Conforms to all protocols but that of generators."""

    def __init__(self) -> None:
        self.left = [0, 1, 2]

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> Any:
        await anyio.lowlevel.checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)

    async def asend(self, value: object) -> Any:
        """As ``__anext__``."""
        return await self.__anext__()

    async def athrow(self, *details: Any) -> Any:
        """Raise what is given."""
        raise details[0]

    async def aclose(self) -> Any:
        """End."""
        self.left = []

    def __await__(self) -> Any:
        return anyio.lowlevel.checkpoint().__await__()

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *details: object) -> Any:
        return None


OPERATIONS = {
    Protocol.AWAITABLE: ("__await__",),
    Protocol.ASYNC_ITERABLE: ("__aiter__", "__anext__"),
    Protocol.ASYNC_ITERATOR: ("__aiter__", "__anext__", "aclose"),
    Protocol.ASYNC_GENERATOR: ("__anext__", "asend", "athrow", "aclose"),
    Protocol.ASYNC_CONTEXT_MANAGER: ("__aenter__", "__aexit__"),
}

ERRORS = (
    SystemExit,
    KeyboardInterrupt,
    GeneratorExit,
    BaseException,
    RecursionError,
    StopIteration,
)

SHAPE = ("AW001", "AB001", "AI001", "CM001", "CO020")


def judged(protocol: Protocol, subject: Any, **keywords: Any) -> Report:
    """The report on a hostile subject, which is complete, and can be told."""
    threads = threading.active_count()
    report = check(protocol, subject, **{"examples": 5, **keywords})

    assert {"asyncio", "trio"} == {v.backend for v in report}
    assert len(explain(report)) > 0
    assert repr(report).startswith("<report on ")
    assert threads >= threading.active_count()
    expect_no_after_effects()
    return report


def expect_no_after_effects() -> None:
    """After each subject a plain one passes."""
    rules = ("AI001", "AI005", "CO020", "CO001")
    after = check("async_iterator", Base, select=rules, examples=0)

    assert not after.failures
    assert after.count(Status.PASSED) == len(after)


def subject_with(**methods: Any) -> type:
    """A class that differs from `Base` by *methods*."""
    return type("Hostile", (Base,), methods)


def raising(error: type[BaseException], *, at_call: bool = False) -> Callable[..., Any]:
    """A method that raises *error*, when it is called or when it is awaited."""

    def at_the_call(*arguments: Any) -> Any:
        raise error("on purpose")

    async def in_the_await(*arguments: Any) -> Any:
        await anyio.lowlevel.checkpoint()
        raise error("on purpose")

    return at_the_call if at_call else in_the_await


@pytest.mark.parametrize(
    ("protocol", "operation"),
    [(p, operation) for p, operations in OPERATIONS.items() for operation in operations],
    ids=lambda value: getattr(value, "value", value),
)
def test_an_operation_that_raises_what_ends_programs(protocol: Protocol, operation: str) -> None:
    """At its call and in its await; the subject is blamed, and the process goes on."""
    for error, at_call in itertools.product(ERRORS, (True, False)):
        report = judged(protocol, subject_with(**{operation: raising(error, at_call=at_call)}))

        if operation in ("__await__", "__aiter__", "__anext__", "__aenter__"):
            assert report.failures, (error, at_call)


@pytest.mark.parametrize(
    ("protocol", "operation"),
    [(p, operations[0]) for p, operations in OPERATIONS.items()],
    ids=lambda value: getattr(value, "value", value),
)
def test_an_operation_that_is_a_property_that_raises(protocol: Protocol, operation: str) -> None:
    """The language meets it in the look-up."""

    def look(self: object) -> Any:
        raise LookupError("no such method today")

    assert judged(protocol, subject_with(**{operation: property(look)})).failures


@pytest.mark.parametrize(
    "name",
    ["__repr__", "__str__", "__eq__", "__bool__", "__hash__", "__len__", "__getattr__",
     "__setattr__", "__format__", "__dir__", "__sizeof__"],
)  # fmt: skip
def test_an_object_that_can_not_be_looked_at(name: str) -> None:
    """Its protocol is judged all the same."""
    for protocol, error in itertools.product(Protocol, (RuntimeError, SystemExit)):
        methods = {name: raising(error, at_call=True)}
        if name == "__setattr__":
            methods["__init__"] = lambda self: self.__dict__.update(left=[0, 1])
            methods["aclose"] = AsyncMock()
        report = judged(protocol, subject_with(**methods), select=SHAPE)

        assert not report.failures, (protocol, error)
        assert "Hostile" == report.subject


@pytest.mark.parametrize("protocol", Protocol)
def test_an_object_that_lies_about_its_class(protocol: Protocol) -> None:
    """Or does not want to say."""

    def refuse(self: object) -> Any:
        raise RuntimeError("classified")

    def lie(self: object) -> Any:
        return int

    for answer in (refuse, lie):
        hostile = subject_with(__class__=property(answer))
        report = judged(protocol, hostile, select=SHAPE)

        assert "Hostile" == report.subject
        assert report.count(Status.PASSED)
        assert not judged(protocol, hostile()).complete


@pytest.mark.parametrize("protocol", Protocol)
def test_a_metaclass_that_refuses_all_questions(protocol: Protocol) -> None:
    """The language does not ask it either."""

    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            raise RuntimeError(f"{name} is classified")

        def __instancecheck__(cls, instance: object) -> bool:
            raise RuntimeError("classified")

        def __eq__(cls, other: object) -> bool:
            raise RuntimeError("classified")

        __hash__ = type.__hash__

    class Hostile(Base, metaclass=Meta):
        pass

    report = judged(protocol, functools.partial(Hostile))

    assert "Hostile" == report.subject
    assert not judged(protocol, Hostile()).complete


def test_a_metaclass_that_calls_differently() -> None:
    """A class is called as it wants to be called."""

    class Meta(type):
        def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
            return super().__call__(3)

    class Counting(Base, metaclass=Meta):
        def __init__(self, number: int) -> None:
            self.left = list(range(number))

    assert judged(Protocol.ASYNC_ITERATOR, Counting, items=[0, 1, 2]).passed


@pytest.mark.parametrize("protocol", Protocol)
def test_slots_without_weak_references(protocol: Protocol) -> None:
    """Nothing is remembered by a weak reference."""

    class Slotted(Base):
        __slots__ = ()

    class Bare:
        __slots__ = ("left",)

    for name in ("__init__", "__aiter__", "__anext__", "asend", "athrow", "aclose", "__await__",
                 "__aenter__", "__aexit__"):  # fmt: skip
        setattr(Bare, name, vars(Base)[name])

    for cls in (Slotted, Bare):
        report = judged(protocol, cls, select=SHAPE)
        assert report.passed


@pytest.mark.parametrize(
    "make",
    [MagicMock, AsyncMock, NonCallableMagicMock, MagicMock(), AsyncMock()],
    ids=["MagicMock", "AsyncMock", "NonCallableMagicMock", "a MagicMock", "an AsyncMock"],
)
def test_mocks(make: Any) -> None:
    """Their methods are all there, and promise nothing."""
    for protocol in Protocol:
        judged(protocol, make)


def test_an_awaitable_mock_is_judged_by_its_results() -> None:
    """A called `AsyncMock` gives a coroutine."""
    assert judged(Protocol.AWAITABLE, AsyncMock(return_value=3), returns=3).passed


@pytest.mark.parametrize("protocol", Protocol)
def test_operations_that_give_nonsense(protocol: Protocol) -> None:
    """What can't be awaited is a violation, not a crash."""
    for operation, nonsense in itertools.product(
        OPERATIONS[protocol], (None, 3, object(), [3], iter([3]))
    ):
        judged(protocol, subject_with(**{operation: lambda *arguments, it=nonsense: it}))


def test_an_await_that_yields_nonsense_for_ever() -> None:
    """Real time ends it, since its loop never stands still."""
    endless = subject_with(__await__=lambda self: MagicMock())

    assert judged(Protocol.AWAITABLE, endless, timeout=0.2).failures


@pytest.mark.parametrize("protocol", Protocol)
def test_recursion_without_end(protocol: Protocol) -> None:
    """At the call of the first operation, and in its text."""

    def again(self: Any, *arguments: Any) -> Any:
        return getattr(self, OPERATIONS[protocol][0])(*arguments)

    assert judged(protocol, subject_with(**{OPERATIONS[protocol][0]: again})).failures
    judged(protocol, subject_with(__repr__=repr))


def test_a_subject_that_starts_threads() -> None:
    """They keep the clock real while they live, and do not outlive the check here."""

    class Threaded(Base):
        async def __anext__(self) -> int:
            thread = threading.Thread(target=lambda: None)
            thread.start()
            thread.join()
            item: int = await super().__anext__()
            return item

    assert judged(Protocol.ASYNC_ITERATOR, Threaded, items=[0, 1, 2]).passed


class Mute(Exception):
    """An exception that can't be told."""

    def __str__(self) -> str:
        raise SystemExit(1)

    __repr__ = __str__


@pytest.mark.parametrize("protocol", Protocol)
def test_exceptions_that_can_not_be_told(protocol: Protocol) -> None:
    """Their type is enough."""
    report = judged(protocol, subject_with(**{OPERATIONS[protocol][0]: raising(Mute)}))

    assert report.failures


def test_an_exception_that_is_raised_when_the_subject_is_made() -> None:
    """The factory is blamed, and no rule."""
    for error in ERRORS:
        report = judged(
            Protocol.ASYNC_ITERATOR, subject_with(__init__=raising(error, at_call=True))
        )

        assert {"factory"} == {v.name for v in report.failures}
        assert {f"the factory Hostile raised {error.__name__}: on purpose"} == {
            v.message for v in report.failures
        }


def test_a_coroutine_that_refuses_to_be_closed() -> None:
    """It is left to the collector."""

    async def stubborn() -> None:
        while True:
            try:
                await anyio.lowlevel.checkpoint()
            except GeneratorExit:
                continue
            return

    judged(Protocol.AWAITABLE, stubborn)
