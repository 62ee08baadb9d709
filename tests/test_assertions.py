"""The two forms of an assertion, at once and awaited, and the decorators."""

from __future__ import annotations

import contextvars
import gc
import warnings
from collections.abc import Callable
from typing import Any, Self

import anyio
import anyio.to_thread
import pytest

import pytest_asyncprotocol
from pytest_asyncprotocol import (
    Assertions,
    ConformanceError,
    Report,
    Status,
    assert_async_context_manager,
    assert_async_generator,
    assert_async_iterable,
    assert_async_iterator,
    assert_awaitable,
    check,
    conformance,
)
from pytest_asyncprotocol.decorators import DECLARED, Declared
from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.model.protocols import Protocol
from tests.subjects import Ticker

BACKENDS = ("asyncio", "trio")


class StartsAgain(Ticker):
    """Gives items again after its end."""

    async def __anext__(self) -> int:
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            self.left = [0, 1, 2]
            raise


def unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody hear of reports, as without the plugin."""
    monkeypatch.setattr(settings, "_listeners", [])


def violations(report: Report, backend: str) -> list[tuple[str, str]]:
    """What is broken on one backend, and how."""
    return [(v.name, v.message) for v in report.violations if v.backend == backend]


def test_a_failure_is_one_error_that_carries_the_report() -> None:
    """An assertion like any other, and never a group."""
    with pytest.raises(ConformanceError) as caught:
        assert_async_iterator(StartsAgain)

    assert isinstance(caught.value, AssertionError)
    assert not isinstance(caught.value, BaseExceptionGroup)
    assert not caught.value.report.passed
    assert "pytest_asyncprotocol" == ConformanceError.__module__
    assert str(caught.value).startswith("StartsAgain as an async iterator: 1 rule violated\n")
    assert caught.value.__cause__ is None


def test_the_report_of_a_passed_assertion_is_given_back() -> None:
    """It is true, and has a verdict of each rule on each backend."""
    report = assert_async_iterator(Ticker, items=[0, 1, 2])

    assert report
    assert set(BACKENDS) == {v.backend for v in report}
    assert len(report) == len(report.verdicts)
    assert repr(report).startswith("<report on Ticker: ")


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("subject", [Ticker, StartsAgain])
def test_both_forms_find_the_same(backend: str, subject: type) -> None:
    """On the engine's loop, and awaited on the caller's."""
    at_once = check("async_iterator", subject, backends=backend)

    async def awaited() -> Report:
        return await check("async_iterator", subject)

    report = anyio.run(awaited, backend=backend)

    assert violations(at_once, backend) == violations(report, backend)
    assert {backend} == {v.backend for v in report}
    assert [v.rule for v in at_once] == [v.rule for v in report]


@pytest.mark.anyio
async def test_an_awaited_assertion_raises_as_one_at_once_does(anyio_backend_name: str) -> None:
    """In a test that anyio runs."""
    with pytest.raises(ConformanceError) as caught:
        await assert_async_iterator(StartsAgain)

    assert [("AI005 sticky-stop", anyio_backend_name)] == [
        (v.name, v.backend) for v in caught.value.report.violations
    ]
    assert await assert_async_iterator(Ticker, items=[0, 1, 2])


@pytest.mark.anyio
async def test_what_needs_a_loop_of_its_own_is_skipped_by_name(anyio_backend_name: str) -> None:
    """On the caller's loop not everything can be watched."""
    report = await check("async_iterator", Ticker)

    skipped = {v.name for v in report if v.message.startswith("needs its own loop")}
    judged_here = [v for v in report if v.rule and anyio_backend_name in v.rule.libraries]
    assert skipped == {v.name for v in judged_here if v.rule and v.rule.needs_own_loop}
    assert skipped


@pytest.mark.anyio
async def test_an_object_of_the_running_loop_can_be_used() -> None:
    """This is what the awaited form is for."""
    async with anyio.create_task_group() as tasks:
        send, receive = anyio.create_memory_object_stream[int](3)
        for number in range(3):
            send.send_nowait(number)
        send.close()
        report = await check("async_iterator", receive, items=[0, 1, 2])
        tasks.cancel_scope.cancel()
    receive.close()

    assert not report.failures
    assert not report.complete


@pytest.mark.parametrize(
    "use",
    [
        bool,
        len,
        list,
        lambda report: report.passed,
        lambda report: report.verdicts,
        lambda report: report.violations,
        lambda report: report.failures,
        lambda report: report.complete,
        lambda report: report.subject,
        lambda report: report.protocol,
        lambda report: report.source,
        lambda report: report.unconfirmed,
        lambda report: report.count(Status.PASSED),
        lambda report: report.of("AI005"),
    ],
)
def test_an_unfinished_report_can_only_be_awaited(
    monkeypatch: pytest.MonkeyPatch, use: Callable[[Report], object]
) -> None:
    """Any other use says so."""
    unheard(monkeypatch)

    async def forgets() -> None:
        report = assert_async_iterator(Ticker)
        try:
            with pytest.raises(RuntimeError) as caught:
                use(report)
        finally:
            report.forget()
        expected = (
            "the check of Ticker has not run: inside a running event loop write "
            "`await assert_...(...)`"
        )
        assert expected == str(caught.value)

    anyio.run(forgets)


def test_a_report_that_is_dropped_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no plugin fails the test; the place of the call is named."""
    unheard(monkeypatch)

    async def forgets() -> None:
        assert_async_iterator(Ticker)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        anyio.run(forgets)
        gc.collect()
    (warning,) = [w for w in caught if "the check of" in str(w.message)]
    line = forgets.__code__.co_firstlineno + 1

    assert warning.category is RuntimeWarning
    assert f"test_assertions.py:{line} was never awaited, so it never ran: " in str(warning.message)


@pytest.mark.anyio
async def test_an_unfinished_report_says_so() -> None:
    """Even its text asks to be awaited."""
    report = assert_async_iterator(Ticker)

    assert "<unfinished report on Ticker: await it>" == repr(report)
    assert await report is report
    assert await report is report
    assert report.passed


@pytest.mark.anyio
async def test_a_report_is_awaited_by_one_task() -> None:
    """A second one would get it before its end."""
    report = check("async_iterator", Ticker)
    refused: list[str] = []

    async def second() -> None:
        try:
            await report
        except RuntimeError as error:
            refused.append(str(error))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(second)
        await report

    expected = (
        "the check of Ticker has not come to its end: it was cancelled, or another task still "
        "awaits it"
    )
    assert [expected] == refused


@pytest.mark.anyio
async def test_a_cancelled_check_has_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its verdicts would be those of half a battery."""
    unheard(monkeypatch)
    report = check("async_iterator", Ticker)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await report

    assert scope.cancelled_caught
    with pytest.raises(RuntimeError, match="has not come to its end: it was cancelled"):
        _ = report.passed


@pytest.mark.parametrize(("running", "named"), [("asyncio", "trio"), ("trio", ("asyncio",))])
def test_backends_that_leave_out_the_running_library(running: str, named: object) -> None:
    """An awaited assertion can't change the loop that it is awaited on."""

    async def call() -> str:
        with pytest.raises(ValueError, match="leaves out") as caught:
            assert_async_iterator(Ticker, backends=named)  # type: ignore[arg-type]
        return str(caught.value)

    left = "asyncio" if running == "trio" else "trio"
    expected = (
        f"this test runs on {running}, which backends=({left!r},) leaves out: an awaited assertion "
        "runs on the test's own loop, so leave backends= out, or call the assertion from a test "
        "that is not async"
    )
    assert expected == anyio.run(call, backend=running)


@pytest.mark.parametrize("running", BACKENDS)
def test_backends_that_include_the_running_library(running: str) -> None:
    """One of them is enough; a single string is one name."""

    async def call() -> None:
        assert await assert_async_iterator(Ticker, backends=BACKENDS)
        assert await assert_async_iterator(Ticker, backends=running)

    anyio.run(call, backend=running)


@pytest.mark.anyio
async def test_a_wrong_call_is_refused_before_it_is_awaited() -> None:
    """Both forms validate at the call."""
    with pytest.raises(TypeError, match="takes no item="):
        assert_async_iterator(Ticker, item=[1])  # type: ignore[call-arg]


@pytest.mark.anyio
async def test_a_thread_of_a_running_loop_checks_at_once() -> None:
    """No loop runs in that thread, whatever sniffio's variable says there."""
    report = await anyio.to_thread.run_sync(lambda: assert_async_iterator(Ticker))

    assert set(BACKENDS) == {v.backend for v in report}
    assert report.passed


@pytest.mark.anyio
async def test_two_checks_may_be_awaited_at_the_same_time() -> None:
    """Neither is blamed for the tasks of the other."""
    reports: list[Report] = []

    async def run(subject: type) -> None:
        reports.append(await check("async_iterator", subject))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(run, Ticker)
        tasks.start_soon(run, StartsAgain)
        tasks.start_soon(run, Ticker)

    broken = {report.subject: {v.name for v in report.failures} for report in reports}
    assert {"Ticker": set(), "StartsAgain": {"AI005 sticky-stop"}} == broken


@pytest.mark.anyio
async def test_the_context_of_the_caller_is_visible() -> None:
    """In the awaited form as well."""
    setting = contextvars.ContextVar("setting", default="unset")
    setting.set("by the caller")
    seen = set()

    def make() -> Ticker:
        seen.add(setting.get())
        return Ticker()

    await check("async_iterator", make, select="AI005")

    assert {"by the caller"} == seen


def test_a_check_in_a_check_belongs_to_it() -> None:
    """A subject may check another one in a thread of its own."""
    inner: list[bool] = []

    def check_another() -> bool:
        return bool(check("async_iterator", Ticker, examples=0))

    class Checking(Ticker):
        async def __anext__(self) -> int:
            inner.append(await anyio.to_thread.run_sync(check_another))
            raise StopAsyncIteration

    report = check("async_iterator", Checking, select="AI005", backends="asyncio", examples=0)

    assert inner
    assert all(inner)
    assert report.passed


def test_the_five_assertions_are_of_five_protocols() -> None:
    """Each looks at its own methods only."""

    class Connection:
        """Can be awaited, and entered."""

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *details: object) -> None:
            """Nothing to do."""

        def __await__(self) -> Any:
            return self.__aenter__().__await__()

    async def countdown() -> Any:
        yield 1

    assert Protocol.AWAITABLE is assert_awaitable(Connection).protocol
    assert Protocol.ASYNC_CONTEXT_MANAGER is assert_async_context_manager(Connection).protocol
    assert Protocol.ASYNC_ITERABLE is assert_async_iterable(countdown).protocol
    assert Protocol.ASYNC_ITERATOR is assert_async_iterator(countdown).protocol
    assert Protocol.ASYNC_GENERATOR is assert_async_generator(countdown).protocol


def test_the_fixture_binds_a_backend() -> None:
    """And refuses another one."""
    bound = Assertions("trio")

    assert {"trio"} == {v.backend for v in bound.assert_async_iterator(Ticker)}
    with pytest.raises(TypeError) as caught:
        bound.assert_async_iterator(Ticker, backends=("asyncio",))
    expected = (
        "the fixture asyncprotocol decides on the backend: leave backends= out, or call the "
        "function of the same name"
    )
    assert expected == str(caught.value)


def test_a_decorator_keeps_the_function_and_what_was_declared() -> None:
    """The plugin finds them; the signature is that of the function."""

    @conformance.async_iterator(items=[0, 1, 2])
    def test_ticker(settings: object) -> Ticker:
        return Ticker()

    declared = getattr(test_ticker, DECLARED)

    assert isinstance(declared, Declared)
    assert Protocol.ASYNC_ITERATOR is declared.protocol
    assert {"items": [0, 1, 2]} == declared.keywords
    with pytest.raises(RuntimeError, match="test_ticker is run by pytest, one item a rule"):
        test_ticker()


@pytest.mark.parametrize("protocol", Protocol)
def test_a_decorator_without_parentheses(protocol: Protocol) -> None:
    """The function would be taken for its first argument."""
    decorator = getattr(conformance, protocol.value)
    with pytest.raises(TypeError) as caught:
        decorator(Ticker.__init__)

    expected = (
        f"write @conformance.{protocol.value}() above the function, with parentheses; what is "
        "declared goes into them by keyword"
    )
    assert expected == str(caught.value)


def test_a_decorator_on_a_class() -> None:
    """A class is for the function to return."""
    with pytest.raises(TypeError) as caught:
        conformance.async_iterator()(Ticker)

    expected = (
        "@conformance.async_iterator() goes above a test function that returns the subject, not "
        "above the class Ticker: write `def test_ticker(): return Ticker(...)` below it"
    )
    assert expected == str(caught.value)


def test_a_decorator_on_something_else() -> None:
    """An object is no function."""
    with pytest.raises(TypeError) as caught:
        conformance.awaitable()(3)  # type: ignore[arg-type]

    expected = "@conformance.awaitable() goes above a test function that returns the subject, not 3"
    assert expected == str(caught.value)


def test_two_decorators_on_one_function() -> None:
    """Each protocol has a function of its own."""
    with pytest.raises(TypeError) as caught:

        @conformance.async_iterable()
        @conformance.async_iterator()
        def test_both() -> Ticker:
            return Ticker()

    expected = (
        "test_both has a @conformance decorator already: write one function for each protocol"
    )
    assert expected == str(caught.value)


def test_everything_public_can_be_imported_from_the_package() -> None:
    """And nothing else pretends to be there."""
    assert all(hasattr(pytest_asyncprotocol, name) for name in pytest_asyncprotocol.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'assert_iterator'"):
        _ = pytest_asyncprotocol.assert_iterator
