"""What users write, for type checkers only: this file is never run.

Each wrong use carries the errors that mypy and pyright must give; both complain where one is not
needed, so the types are proved to reject it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Self, assert_type

from pytest_asyncprotocol import (
    Assertions,
    ConformanceError,
    Protocol,
    Report,
    Status,
    Verdict,
    VirtualClock,
    assert_async_context_manager,
    assert_async_generator,
    assert_async_iterable,
    assert_async_iterator,
    assert_awaitable,
    check,
    conformance,
)


class Ticker:
    """An async iterator."""

    def __init__(self, size: int) -> None:
        self.left = list(range(size))

    def __aiter__(self) -> Ticker:
        return self

    async def __anext__(self) -> int:
        if not self.left:
            raise StopAsyncIteration
        return self.left.pop(0)


class Connection:
    """An async context manager."""

    released = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *details: object) -> None:
        self.released = True


async def countdown(size: int = 2) -> AsyncIterator[int]:
    """An async generator."""
    while size:
        yield size
        size -= 1


async def answer() -> int:
    """An awaitable, once it is called."""
    return 42


async def made_in_a_loop() -> Ticker:
    """An async factory."""
    return Ticker(3)


def test_sync_form() -> None:
    """Called where no loop runs, an assertion gives a finished report."""
    report = assert_async_iterator(lambda: Ticker(3), items=[0, 1, 2])
    assert_type(report, Report)
    assert_type(report.passed, bool)
    assert_type(report.complete, bool)
    assert_type(report.protocol, Protocol)
    assert_type(report.source, str | None)
    assert_type(report.verdicts, tuple[Verdict, ...])
    assert_type(report.violations, tuple[Verdict, ...])
    assert_type(report.of("AI005"), tuple[Verdict, ...])
    assert_type(report.count(Status.PASSED), int)
    assert_type([verdict.status for verdict in report], list[Status])
    assert_type([verdict.expected for verdict in report], list[str | None])


async def test_awaited_form() -> None:
    """Awaited inside a loop, it gives the same report."""
    assert_type(await assert_awaitable(answer, returns=42), Report)
    assert_type(await assert_async_iterable(lambda: Ticker(3), reiterable=False), Report)
    assert_type(await assert_async_iterator(lambda: Ticker(3), items=[0, 1, 2]), Report)
    assert_type(await assert_async_generator(countdown, items=[2, 1]), Report)
    assert_type(await assert_async_context_manager(Connection, value_is_self=True), Report)
    assert_type(await check("async_iterator", made_in_a_loop), Report)


def test_every_subject() -> None:
    """A class, a function, an async function and an object are subjects."""
    assert_async_context_manager(Connection)
    assert_async_generator(countdown)
    assert_async_iterator(made_in_a_loop)
    assert_async_iterator(Ticker(3))


def test_every_keyword() -> None:
    """Common keywords and declarations, in their plain and in their callable forms."""
    assert_async_iterator(
        lambda: Ticker(3),
        backends=("asyncio", "trio"),
        level="must",
        select=["AI"],
        ignore=("AI005",),
        expected_failures={"AI001@trio": "the reason"},
        clock="real",
        timeout=2.5,
        released=lambda ticker: not ticker.left,
        background_ok=True,
        items=lambda items: sum(items) == 3,
        raises=ValueError,
        infinite=False,
        ordered=False,
        cancel_safe=True,
        closes=True,
        resumable=True,
    )
    assert_awaitable(answer, returns=42, reawait="error")
    assert_async_context_manager(Connection, suppresses=(ValueError, OSError), reuse="single-use")


def test_check() -> None:
    """`check` takes a protocol or its name."""
    assert_type(check(Protocol.AWAITABLE, answer, returns=42), Report)
    assert_type(check("awaitable", answer, returns=42).failures, tuple[Verdict, ...])


def test_error() -> None:
    """A failure is an AssertionError that carries its report."""
    try:
        assert_async_iterator(lambda: Ticker(3))
    except ConformanceError as error:
        assert_type(error.report, Report)
        plain: AssertionError = error
        del plain


def test_fixture(asyncprotocol: Assertions) -> None:
    """The fixture has the assertions, with the same keywords."""
    assert_type(asyncprotocol.assert_async_iterator(lambda: Ticker(3), items=[0, 1, 2]), Report)
    assert_type(asyncprotocol.assert_awaitable(answer, returns=42), Report)
    assert_type(asyncprotocol.check("awaitable", answer), Report)


async def test_fixture_in_an_async_test(asyncprotocol: Assertions) -> None:
    """In an async test what the fixture gives is awaited."""
    assert_type(await asyncprotocol.assert_async_generator(countdown), Report)


@conformance.async_iterator(items=[0, 1, 2])
def test_decorated(size: int) -> Ticker:
    """A factory that uses a fixture."""
    return Ticker(size)


@conformance.async_iterator(cancel_safe=True, expected_failures={"AI008": "the reason"})
async def test_decorated_async() -> Ticker:
    """An async factory."""
    return Ticker(3)


@conformance.async_context_manager(released=lambda connection: connection.released)
def test_decorated_yielding() -> Iterator[Connection]:
    """A factory with set-up before and tear-down after the subject."""
    yield Connection()


@conformance.awaitable(returns=42)
def test_decorated_awaitable() -> object:
    """A factory of awaitables."""
    return answer()


@conformance.async_iterable(reiterable=True)
def test_decorated_iterable() -> object:
    """A factory of async iterables."""
    return Ticker(3)


@conformance.async_generator(items=[2, 1])
def test_decorated_generator() -> AsyncIterator[int]:
    """A factory of async generators."""
    return countdown()


assert_type(test_decorated, Callable[..., None])
assert_type(conformance.awaitable(), Callable[[Callable[..., Any]], Callable[..., None]])


def test_wrong_uses(asyncprotocol: Assertions) -> None:
    """What a type checker must refuse."""
    assert_async_iterator(Ticker, itms=[0])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_awaitable(answer, items=[0])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_async_iterator()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_async_iterator(subject=Ticker)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_async_iterator(Ticker, "stops")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert_async_iterator(Ticker, items=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_async_iterator(Ticker, raises=ValueError())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_async_iterator(Ticker, level="most")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_awaitable(answer, reawait="never")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_async_iterator(Ticker, timeout="10")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_async_context_manager(Connection, suppresses=ValueError)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    asyncprotocol.assert_async_iterator(Ticker, itms=[0])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    conformance.async_iterator(itms=[0])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    check(3, Ticker)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    items: int = assert_async_iterator(Ticker)  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    del items


async def test_retry(virtual_clock: VirtualClock) -> None:
    """A test of the user's own, on virtual time."""
    assert_type(virtual_clock.opened, tuple[str, ...])
    assert_type(virtual_clock.in_force, bool)
    virtual_clock.opened = ()  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
