"""The first argument of an assertion: a class, an instance, a factory, or a clear error."""

from __future__ import annotations

import functools
import types
from collections import UserString
from collections.abc import AsyncIterator, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Self
from unittest import SkipTest

import anyio
import pytest

from pytest_asyncprotocol import (
    ConformanceError,
    Protocol,
    Report,
    Status,
    assert_async_context_manager,
    assert_async_generator,
    assert_async_iterable,
    assert_async_iterator,
    assert_awaitable,
    check,
)
from pytest_asyncprotocol.model.factory import factory_for


class Ticker:
    """Counts to three."""

    def __init__(self, first: int = 0) -> None:
        self.left = [first, first + 1, first + 2]

    def __aiter__(self) -> Ticker:
        return self

    async def __anext__(self) -> int:
        await anyio.lowlevel.checkpoint()
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


class CallableTicker(Ticker):
    """An iterator that can be called as well."""

    def __call__(self) -> None:
        """Not to be called."""
        raise AssertionError("an instance is never called")


class Sized(Ticker):
    """A class that can't be called without arguments."""

    def __init__(self, size: int, /, *, mode: str) -> None:
        super().__init__()


class Manager:
    """The plain context manager."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        """Nothing to do."""


class Server:
    """Makes tickers by a method."""

    def ticker(self) -> Ticker:
        """A fresh one."""
        return Ticker()

    def __call__(self) -> Ticker:
        """Another one."""
        return Ticker()


async def countdown() -> AsyncIterator[int]:
    """A native async generator."""
    yield 2
    yield 1


async def three() -> int:
    """A native coroutine function."""
    await anyio.lowlevel.checkpoint()
    return 3


@types.coroutine
def by_generator() -> Generator[None, None, int]:
    """A generator-based coroutine function."""
    yield from ()
    return 3


async def connect() -> Ticker:
    """A coroutine function that makes iterators."""
    await anyio.lowlevel.checkpoint()
    return Ticker()


@asynccontextmanager
async def session() -> AsyncIterator[int]:
    """A context manager made by contextlib."""
    yield 1


def error_of(run: Callable[[], Report]) -> str:
    """The text of the only error of a check, which is that of the factory on each backend."""
    with pytest.raises(ConformanceError) as caught:
        run()
    report = caught.value.report
    errors = {v.message for v in report.failures}

    assert {Status.ERROR} == {v.status for v in report.failures}
    assert {"asyncio", "trio"} == {v.backend for v in report.failures}
    (error,) = errors
    return error


@pytest.mark.parametrize(
    ("protocol", "given", "is_instance"),
    [
        (Protocol.ASYNC_ITERATOR, Ticker, False),
        (Protocol.ASYNC_ITERATOR, Ticker(), True),
        (Protocol.ASYNC_ITERATOR, CallableTicker(), True),
        (Protocol.ASYNC_ITERATOR, Server(), False),
        (Protocol.ASYNC_ITERATOR, lambda: Ticker(3), False),
        (Protocol.AWAITABLE, three, False),
        (Protocol.AWAITABLE, by_generator(), True),
        (Protocol.ASYNC_GENERATOR, countdown, False),
        (Protocol.ASYNC_GENERATOR, countdown(), True),
        (Protocol.ASYNC_CONTEXT_MANAGER, session, False),
        (Protocol.ASYNC_CONTEXT_MANAGER, session(), True),
        (Protocol.ASYNC_ITERABLE, type("Made", (Ticker,), {}), False),
    ],
)
def test_a_class_then_an_instance_then_a_callable(
    protocol: Protocol, given: object, *, is_instance: bool
) -> None:
    """The order in which the first argument is decided."""
    assert is_instance == factory_for(protocol, given).is_instance


def test_a_native_coroutine_is_an_instance_of_an_awaitable_only() -> None:
    """For the other protocols a coroutine object is neither: it makes its result only once."""
    coroutine = three()
    try:
        assert factory_for(Protocol.AWAITABLE, coroutine).is_instance
        with pytest.raises(TypeError, match="it is an awaitable, so write `assert_awaitable"):
            factory_for(Protocol.ASYNC_ITERATOR, coroutine)
    finally:
        coroutine.close()


@pytest.mark.parametrize(
    "given",
    [
        Ticker,
        lambda: Ticker(3),
        functools.partial(Ticker, 3),
        functools.partial(Ticker, first=3),
        Server().ticker,
        Server(),
        connect,
        functools.partial(connect),
        Server().__call__,
    ],
    ids=["class", "lambda", "partial", "partial-keyword", "method", "object", "async",
         "partial-async", "bound-call"],
)  # fmt: skip
def test_whatever_makes_fresh_subjects_is_a_factory(given: Callable[[], Any]) -> None:
    """Each of them is called for every rule, and a coroutine that it gives is awaited first."""
    report = assert_async_iterator(given)

    assert report.complete
    assert report.subject == "Ticker"


def test_a_partial_fills_in_what_a_class_needs() -> None:
    """The signature of a partial is what is left of that of its function."""
    report = assert_async_iterator(functools.partial(Ticker, 5), items=[5, 6, 7])

    assert report.passed


def test_a_builtin_without_a_signature_is_a_factory() -> None:
    """Where no signature is known, calling it decides."""
    made = iter([Ticker() for _ in range(1000)])

    assert assert_async_iterator(made.__next__).passed


def test_an_async_generator_function_is_the_factory_of_its_generators() -> None:
    """It needs no lambda around it, and gives the subject its name."""
    assert "countdown" == assert_async_generator(countdown, items=[2, 1]).subject
    assert "countdown" == assert_async_iterator(countdown, items=[2, 1]).subject
    assert "countdown" == assert_async_iterable(countdown, items=[2, 1]).subject


def test_a_coroutine_function_is_the_factory_of_its_coroutines() -> None:
    """As an awaitable its coroutine is the subject, and is not awaited beforehand."""
    assert "three" == assert_awaitable(three, returns=3).subject


def test_a_context_manager_of_contextlib_has_the_name_of_its_function() -> None:
    """Nobody knows the class that contextlib makes."""
    report = assert_async_context_manager(session)

    assert "session" == report.subject
    assert report.source is not None
    assert report.source.endswith(f"{__file__.rpartition('/')[2]}:{_line_of(session)}")


def _line_of(function: Callable[..., Any]) -> int:
    return int(function.__wrapped__.__code__.co_firstlineno)  # type: ignore[attr-defined]


def test_what_is_neither_says_what_to_pass() -> None:
    """An object of no protocol that can't be called."""
    with pytest.raises(TypeError) as caught:
        assert_async_iterator(3)

    expected = (
        "3 is no async iterator (int has none of __anext__, __aiter__), nor can it be called to "
        "make one: pass a class, a function without arguments such as `lambda: Ticker(3)`, or an "
        "object"
    )
    assert expected == str(caught.value)


def test_an_instance_of_another_protocol_names_the_right_assertion() -> None:
    """The commonest slip: the right object, the wrong assertion."""
    with pytest.raises(TypeError) as caught:
        assert_async_iterator(Manager())

    expected = (
        "<tests.test_first_argument.Manager object> is no async iterator (Manager has none of "
        "__anext__, __aiter__), nor can it be called to make one: it is an async context manager, "
        "so write `assert_async_context_manager(...)`"
    )
    assert expected == str(caught.value)


def test_a_class_that_needs_arguments_gets_a_lambda() -> None:
    """The hint can be copied; what has no keyword is left to the reader."""
    with pytest.raises(TypeError) as caught:
        assert_async_iterator(Sized)

    expected = (
        "Sized needs arguments (size, mode), so it can't make subjects by itself: write "
        "`lambda: Sized(..., mode=...)`"
    )
    assert expected == str(caught.value)


def test_a_lambda_that_needs_arguments_is_shown_one_that_does_not() -> None:
    """A lambda has no name to be called by."""
    with pytest.raises(TypeError) as caught:
        assert_async_iterator(lambda first: Ticker(first + 1))

    expected = (
        "<lambda> needs arguments (first), so it can't make subjects by itself: write "
        "`lambda: Ticker(3)`"
    )
    assert expected == str(caught.value)


def test_a_class_whose_arguments_do_not_show_gets_a_hint_all_the_same() -> None:
    """A signature can hide what is needed."""

    class Hiding(Ticker):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*self._checked(*arguments))

        def _checked(self, first: int) -> tuple[int]:
            return (first,)

    error = error_of(lambda: assert_async_iterator(Hiding))

    assert error.startswith("the factory Hiding raised TypeError: ")
    assert error.endswith(
        "; if it needs arguments, give them inside a function, as in `lambda: Ticker(3)`"
    )


def test_a_factory_that_raises() -> None:
    """No rule is blamed, and no rule runs."""

    def make() -> Ticker:
        raise ConnectionError("no server")

    report = check("async_iterator", make)

    assert {"the factory make raised ConnectionError: no server"} == {
        v.message for v in report.failures
    }
    assert not report.count(Status.PASSED)
    assert not report.violations


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_a_factory_that_raises_what_ends_programs(error: BaseException) -> None:
    """The test run goes on."""

    def make() -> Ticker:
        raise error

    message = error_of(lambda: assert_async_iterator(make))

    assert message.startswith(f"the factory make raised {type(error).__name__}")


def test_a_class_that_raises_when_it_is_made() -> None:
    """A class is a factory like any other."""

    class Fragile(Ticker):
        def __init__(self) -> None:
            raise RuntimeError("not today")

    assert "the factory Fragile raised RuntimeError: not today" == error_of(
        lambda: assert_async_iterator(Fragile)
    )


def test_a_factory_that_hangs() -> None:
    """What it waits for is named."""

    async def make() -> Ticker:
        await anyio.Event().wait()
        return Ticker()

    for verdict in check("async_iterator", make).failures:
        assert Status.ERROR is verdict.status
        assert verdict.message.startswith("the factory make hangs: it waits at ")
        assert verdict.message.endswith(
            " in test_a_factory_that_hangs.<locals>.make for Event.wait, and nothing is left that "
            "could wake it"
        )


def test_a_factory_that_gives_the_same_object_twice() -> None:
    """Rules would disturb one another."""
    ticker = Ticker()

    def make() -> Ticker:
        return ticker

    expected = (
        "the factory make returned the same object twice, but each rule needs a fresh one: build "
        "the object inside the function, as in `lambda: Ticker(...)`, or pass the object itself "
        "to have one use of it checked"
    )
    assert expected == error_of(lambda: assert_async_iterator(make))


def test_a_factory_that_gives_none() -> None:
    """A forgotten return."""

    def make() -> None:
        Ticker()

    expected = (
        "the factory make returned None, which is no async iterator (NoneType has none of "
        "__anext__, __aiter__): does the function lack a `return`?"
    )
    assert expected == error_of(lambda: assert_async_iterator(make))


def test_a_factory_that_gives_an_object_of_no_protocol() -> None:
    """There is nothing to suggest."""

    def make() -> int:
        return 3

    expected = "the factory make returned 3, which is no awaitable (int has no __await__)"
    assert expected == error_of(lambda: assert_awaitable(make))


@pytest.mark.parametrize(
    ("assertion", "made", "right"),
    [
        (assert_async_iterator, Manager, "assert_async_context_manager"),
        (assert_async_context_manager, Ticker, "assert_async_iterator"),
        (assert_async_context_manager, countdown, "assert_async_generator"),
        (assert_awaitable, session, "assert_async_context_manager"),
        (assert_awaitable, Ticker, "assert_async_iterator"),
    ],
)
def test_a_factory_of_another_protocol_names_the_right_assertion(
    assertion: Callable[..., Report], made: Callable[[], Any], right: str
) -> None:
    """The object shows what it is."""
    error = error_of(lambda: assertion(made))

    assert error.endswith(f", so write `{right}(...)`")


def test_a_synchronous_twin_is_blamed_by_a_rule() -> None:
    """Who wrote `__next__` meant an iterator, and learns from the rules what is missing."""

    class Synchronous:
        def __iter__(self) -> Synchronous:
            return self

        def __next__(self) -> int:
            raise StopIteration

    report = check("async_iterator", Synchronous)

    assert "AI001" in {v.rule.id for v in report.violations if v.rule}


def test_a_factory_may_skip_its_test() -> None:
    """What pytest raises for its own use passes through."""

    def make() -> Ticker:
        pytest.skip("no server here")

    with pytest.raises(pytest.skip.Exception, match="no server here"):
        check("async_iterator", make)


@pytest.mark.parametrize(
    "outcome", [pytest.fail.Exception("no"), pytest.xfail.Exception("no"), SkipTest("no")]
)
def test_a_factory_may_end_its_test_in_other_ways(outcome: BaseException) -> None:
    """Those of unittest as well, for an async factory too."""

    async def make() -> Ticker:
        raise outcome

    with pytest.raises(type(outcome), match="no"):
        check("async_iterator", make)


def test_a_factory_is_checked_on_each_backend() -> None:
    """What works on one only is an error on the other, where no rule is judged."""

    class OnAsyncio(Ticker):
        calls: ClassVar[int] = 0

    async def make() -> Ticker:
        import asyncio

        await asyncio.sleep(0.001)
        return OnAsyncio()

    report = check("async_iterator", make)

    assert ["trio"] == [v.backend for v in report.failures]
    assert {"asyncio"} == {v.backend for v in report if v.status is Status.PASSED}


def test_a_text_that_only_looks_like_a_class_is_no_factory() -> None:
    """The real type decides."""
    with pytest.raises(TypeError, match=r"^'Ticker' is no async iterator \(UserString has none"):
        assert_async_iterator(UserString("Ticker"))
