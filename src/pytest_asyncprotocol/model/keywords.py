"""The keywords of the assertions, by protocol, as type checkers see them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final, Literal, TypedDict

from pytest_asyncprotocol.model.protocols import Protocol


class RunKeywords(TypedDict, total=False):
    """What every check takes, that of a scenario too."""

    backends: Sequence[str]
    expected_failures: Mapping[str, str]
    clock: Literal["virtual", "real"]
    timeout: float
    background_ok: bool


class ScenarioKeywords(RunKeywords, total=False):
    """What the exploration of a user's own scenario takes."""

    raises: type[BaseException]


class CommonKeywords(RunKeywords, total=False):
    """What every assertion takes: how to check, and what any subject may promise."""

    level: Literal["must", "should", "may"]
    select: Iterable[str]
    ignore: Iterable[str]
    examples: int
    checkpoints: bool
    reads_context: ContextVar[Any]
    released: Callable[[Any], object]
    hanging: Callable[[], object]


class AwaitableKeywords(CommonKeywords, total=False):
    """Declarations of an awaitable."""

    returns: object
    raises: type[BaseException]
    reawait: Literal["same", "error", "again"]
    shared: bool
    retryable: bool
    wraps: Callable[[Any], object]


class AsyncIterableKeywords(CommonKeywords, total=False):
    """Declarations of an async iterable."""

    items: Sequence[Any] | Callable[[list[Any]], object]
    raises: type[BaseException]
    infinite: bool
    ordered: bool
    reiterable: bool
    independent: bool


class AsyncIteratorKeywords(CommonKeywords, total=False):
    """Declarations of an async iterator."""

    items: Sequence[Any] | Callable[[list[Any]], object]
    raises: type[BaseException]
    infinite: bool
    ordered: bool
    cancel_safe: bool
    after_error: Literal["stops", "continues"]
    concurrent: Literal["safe", "refused", "broadcast"]
    closes: bool
    resumable: bool
    wraps: Callable[[Any], object]
    failing: Callable[[], object]


class AsyncGeneratorKeywords(AsyncIteratorKeywords, total=False):
    """Declarations of an async generator: those of an async iterator, and more."""

    sends: Sequence[tuple[Any, Any]]
    throws: tuple[type[BaseException], Any]


class AsyncContextManagerKeywords(CommonKeywords, total=False):
    """Declarations of an async context manager."""

    value: object
    value_is_self: bool
    suppresses: Sequence[type[BaseException]]
    enter_raises: type[BaseException]
    reuse: Literal["reusable", "reentrant", "single-use"]
    concurrent_entry: Literal["safe", "refused"]
    sets_context: ContextVar[Any]
    own_scope: bool
    wraps_in_group: bool
    waits_for_children: bool
    wraps: Callable[[Any], object]
    failing_enter: Callable[[], object]
    failing_exit: Callable[[], object]
    failing_background: Callable[[], object]


KEYWORDS: Final[Mapping[Protocol, type]] = {
    Protocol.AWAITABLE: AwaitableKeywords,
    Protocol.ASYNC_ITERABLE: AsyncIterableKeywords,
    Protocol.ASYNC_ITERATOR: AsyncIteratorKeywords,
    Protocol.ASYNC_GENERATOR: AsyncGeneratorKeywords,
    Protocol.ASYNC_CONTEXT_MANAGER: AsyncContextManagerKeywords,
}
