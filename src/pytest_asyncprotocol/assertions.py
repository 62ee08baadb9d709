"""The assertions: `check`, which raises for a failure, now or when awaited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Unpack

from pytest_asyncprotocol.checking import begin
from pytest_asyncprotocol.explaining import explain
from pytest_asyncprotocol.model.exceptions import ConformanceError
from pytest_asyncprotocol.model.keywords import (
    AsyncContextManagerKeywords,
    AsyncGeneratorKeywords,
    AsyncIterableKeywords,
    AsyncIteratorKeywords,
    AwaitableKeywords,
    ScenarioKeywords,
)
from pytest_asyncprotocol.model.protocols import Protocol, protocol_named
from pytest_asyncprotocol.model.text import describe
from pytest_asyncprotocol.model.verdicts import Report
from pytest_asyncprotocol.plan import Plan, plan_for


def assert_awaitable(subject: Any, /, **keywords: Unpack[AwaitableKeywords]) -> Report:
    """Assert that *subject* conforms to the awaitable protocol, by every rule, on every backend.

    Args:
        subject: a class, or a function without arguments that makes fresh objects (it may be
            async); or one object, of which one use is checked.
        keywords: what the author promises, such as ``returns=``, and how to check, such as
            ``backends=``.

    Returns:
        The report. Inside a running event loop it is unfinished, and has to be awaited.

    Raises:
        ConformanceError: a rule is violated, or nothing could be proved.
        TypeError, ValueError: the call is wrong; the message says what to write instead.

    Example::

        assert_awaitable(lambda: Query("select 1"), returns=1)

    Source: Python language reference, 3.4.1 "Awaitable Objects",
    https://docs.python.org/3/reference/datamodel.html#awaitable-objects
    """
    __tracebackhide__ = True
    return begin(plan_for(Protocol.AWAITABLE, subject, keywords), raise_failures)


def assert_async_iterable(subject: Any, /, **keywords: Unpack[AsyncIterableKeywords]) -> Report:
    """Assert that *subject* conforms to the async iterable protocol.

    As `assert_awaitable`, with the declarations of an async iterable.

    Example::

        assert_async_iterable(lambda: Pages(3), items=[1, 2, 3], reiterable=True)

    Source: Python language reference, 3.4.3 "Asynchronous Iterators",
    https://docs.python.org/3/reference/datamodel.html#asynchronous-iterators
    """
    __tracebackhide__ = True
    return begin(plan_for(Protocol.ASYNC_ITERABLE, subject, keywords), raise_failures)


def assert_async_iterator(subject: Any, /, **keywords: Unpack[AsyncIteratorKeywords]) -> Report:
    """Assert that *subject* conforms to the async iterator protocol.

    As `assert_awaitable`, with the declarations of an async iterator.

    Example::

        assert_async_iterator(lambda: Ticker(3), items=[0, 1, 2])

    Source: Python language reference, 3.4.3 "Asynchronous Iterators",
    https://docs.python.org/3/reference/datamodel.html#asynchronous-iterators
    """
    __tracebackhide__ = True
    return begin(plan_for(Protocol.ASYNC_ITERATOR, subject, keywords), raise_failures)


def assert_async_generator(subject: Any, /, **keywords: Unpack[AsyncGeneratorKeywords]) -> Report:
    """Assert that *subject* conforms to the async generator protocol.

    As `assert_awaitable`, with the declarations of an async generator.

    Example::

        async def countdown():
            yield 2
            yield 1

        assert_async_generator(countdown, items=[2, 1])

    Source: Python language reference, 6.2.9.4 "Asynchronous generator-iterator methods",
    https://docs.python.org/3/reference/expressions.html#asynchronous-generator-iterator-methods
    """
    __tracebackhide__ = True
    return begin(plan_for(Protocol.ASYNC_GENERATOR, subject, keywords), raise_failures)


def assert_async_context_manager(
    subject: Any, /, **keywords: Unpack[AsyncContextManagerKeywords]
) -> Report:
    """Assert that *subject* conforms to the async context manager protocol.

    As `assert_awaitable`, with the declarations of an async context manager.

    Example::

        assert_async_context_manager(Connection, value_is_self=True, reuse="single-use")

    Source: Python language reference, 3.4.4 "Asynchronous Context Managers",
    https://docs.python.org/3/reference/datamodel.html#asynchronous-context-managers
    """
    __tracebackhide__ = True
    return begin(plan_for(Protocol.ASYNC_CONTEXT_MANAGER, subject, keywords), raise_failures)


OF_CANCELLATION: Final = (
    "CO001", "CO002", "CO003", "CO004", "CO005", "CO006", "CO007", "CO008", "CO020", "CO021",
)  # fmt: skip
"""The rules by which a scenario of the user's own is judged."""


def explore_cancellation(
    scenario: Callable[[], Any],
    /,
    *,
    released: Callable[[], object] | None = None,
    **keywords: Unpack[ScenarioKeywords],
) -> Report:
    """Assert that *scenario* can be cancelled at each of its suspensions.

    It is run once for each suspension and each way to cancel, in a scope that is cancelled before,
    and, on asyncio, with a cancellation that comes together with the result, and with a second one
    during the clean-up. What was cancelled lets the cancellation out, leaves no task behind, and
    nothing that hangs.

    Args:
        scenario: an async function without arguments, which sets up what it uses.
        released: is asked after each run, and true when nothing is held; it may be async.
        keywords: how to check, such as ``backends=`` and ``expected_failures=``, and
            ``background_ok=True`` where tasks may go on.

    Returns:
        The report. Inside a running event loop it is unfinished, and has to be awaited.

    Raises:
        ConformanceError: a rule is violated, or nothing could be proved.
        TypeError, ValueError: the call is wrong; the message says what to write instead.

    Example::

        async def transfer():
            async with pool.connection() as connection:
                await connection.execute("update ...")

        def test_transfer():
            explore_cancellation(transfer, released=lambda: pool.idle == pool.size)

    Source: asyncio, "Task Cancellation", and Trio, "Cancellation semantics",
    https://docs.python.org/3/library/asyncio-task.html#task-cancellation
    https://trio.readthedocs.io/en/stable/reference-core.html#cancellation-semantics
    """
    __tracebackhide__ = True
    if not callable(scenario):
        raise TypeError(
            "explore_cancellation() takes an async function, which it calls once for each run, "
            f"not {describe(scenario)}: leave the parentheses away"
        )
    declared: dict[str, Any] = {"select": OF_CANCELLATION, **keywords}
    if released is not None:
        if not callable(released):
            raise TypeError(f"released= takes a callable, not {describe(released)}")

        def released_now(_: object) -> object:
            return released()

        declared["released"] = released_now
    return begin(plan_for(Protocol.AWAITABLE, scenario, declared), raise_failures)


@dataclass(frozen=True, slots=True)
class Assertions:
    """The five assertions and `check`, bound to one backend: what ``asyncprotocol`` gives.

    ``backend`` is None in an async test, where they run on that test's own loop and have to be
    awaited. Each takes what the function of the same name takes, but for ``backends=``.

    Example::

        def test_ticker(asyncprotocol: Assertions) -> None:
            asyncprotocol.assert_async_iterator(lambda: Ticker(3), items=[0, 1, 2])
    """

    backend: str | None = None

    def assert_awaitable(self, subject: Any, /, **keywords: Unpack[AwaitableKeywords]) -> Report:
        """`assert_awaitable` on this backend."""
        __tracebackhide__ = True
        return begin(self._plan(Protocol.AWAITABLE, subject, keywords), raise_failures)

    def assert_async_iterable(
        self, subject: Any, /, **keywords: Unpack[AsyncIterableKeywords]
    ) -> Report:
        """`assert_async_iterable` on this backend."""
        __tracebackhide__ = True
        return begin(self._plan(Protocol.ASYNC_ITERABLE, subject, keywords), raise_failures)

    def assert_async_iterator(
        self, subject: Any, /, **keywords: Unpack[AsyncIteratorKeywords]
    ) -> Report:
        """`assert_async_iterator` on this backend."""
        __tracebackhide__ = True
        return begin(self._plan(Protocol.ASYNC_ITERATOR, subject, keywords), raise_failures)

    def assert_async_generator(
        self, subject: Any, /, **keywords: Unpack[AsyncGeneratorKeywords]
    ) -> Report:
        """`assert_async_generator` on this backend."""
        __tracebackhide__ = True
        return begin(self._plan(Protocol.ASYNC_GENERATOR, subject, keywords), raise_failures)

    def assert_async_context_manager(
        self, subject: Any, /, **keywords: Unpack[AsyncContextManagerKeywords]
    ) -> Report:
        """`assert_async_context_manager` on this backend."""
        __tracebackhide__ = True
        return begin(self._plan(Protocol.ASYNC_CONTEXT_MANAGER, subject, keywords), raise_failures)

    def check(self, protocol: Protocol | str, subject: Any, /, **keywords: Any) -> Report:
        """`check` on this backend."""
        return begin(self._plan(protocol_named(protocol), subject, keywords))

    def _plan(self, protocol: Protocol, subject: Any, keywords: Mapping[str, Any]) -> Plan:
        if "backends" in keywords:
            raise TypeError(
                "the fixture asyncprotocol decides on the backend: leave backends= out, or call "
                "the function of the same name"
            )
        return replace(plan_for(protocol, subject, keywords), on=self.backend)


def raise_failures(report: Report) -> None:
    """Raise for a report in which something failed, or nothing was proved.

    Raises:
        ConformanceError: with the full explanation.
    """
    __tracebackhide__ = True
    if not report.passed:
        raise ConformanceError(explain(report), report)
