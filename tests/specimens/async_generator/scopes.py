"""Specimens: what is open around a `yield`: cancel scopes, task groups, context variables."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from typing import Any

import anyio
import trio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates

ITERABLE = Protocol.ASYNC_ITERABLE
ITERATOR = Protocol.ASYNC_ITERATOR
GENERATOR = Protocol.ASYNC_GENERATOR
ASYNCIO = ("asyncio",)
TRIO = ("trio",)


@violates("AG007", GENERATOR, says="item 1 was yielded inside a cancel scope")
async def limits_its_whole_life() -> AsyncIterator[int]:
    """Holds a time-out around all that it does."""
    with anyio.fail_after(30):
        for number in range(3):
            await checkpoint()
            yield number


@violates(
    "AG007",
    ITERATOR,
    infinite=True,
    says={
        "asyncio": "item 1 was yielded inside a cancel scope",
        "trio": "item 1 was yielded inside a nursery",
    },
)
@violates(
    "AG007",
    GENERATOR,
    infinite=True,
    says={
        "asyncio": "item 1 was yielded inside a cancel scope",
        "trio": "item 1 was yielded inside a nursery",
    },
)
async def yields_in_a_task_group() -> AsyncIterator[int]:
    """Yields for ever where its helper's task group is open."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.sleep, 0)
        while True:
            yield 1


@violates("AG007", GENERATOR, backends=ASYNCIO, says="item 1 was yielded inside asyncio.timeout()")
async def yields_in_asyncios_timeout() -> AsyncIterator[int]:
    """Uses the time-out of asyncio itself."""
    async with asyncio.timeout(30):
        await asyncio.sleep(0)
        yield 1


@violates("AG007", GENERATOR, backends=ASYNCIO, says="item 1 was yielded inside asyncio.TaskGroup")
async def yields_in_asyncios_task_group() -> AsyncIterator[int]:
    """Uses the task group of asyncio itself: python/cpython#135736."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asyncio.sleep(0))
        yield 1


@violates("AG007", GENERATOR, backends=TRIO, says="item 1 was yielded inside a nursery")
async def yields_in_a_nursery() -> AsyncIterator[int]:
    """Uses the nursery of Trio itself."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 0)
        yield 1


@violates(
    "AG007",
    ITERABLE,
    items=[0, 1, 2],
    says={
        "asyncio": "item 1 was yielded inside a cancel scope",
        "trio": "item 1 was yielded inside a nursery",
    },
)
class PagesInATaskGroup:
    """Its `__aiter__` is a generator function, which holds a task group."""

    async def __aiter__(self) -> AsyncIterator[int]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(checkpoint)
            for number in range(3):
                yield number


@conforms("AG007", ITERABLE, items=[0, 1, 2])
@conforms("AG007", ITERATOR, items=[0, 1, 2])
@conforms("AG007", GENERATOR, items=[0, 1, 2])
async def limits_each_step() -> AsyncIterator[int]:
    """Opens and closes its time-out and its task group between two items."""
    for number in range(3):
        with anyio.fail_after(5):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(checkpoint)
        yield number


@conforms("AG007", GENERATOR, items=[0, 1, 2], backends=ASYNCIO)
async def limits_each_step_by_asyncio() -> AsyncIterator[int]:
    """Does so with the means of asyncio."""
    for number in range(3):
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.sleep(0))
        yield number


@conforms("AG007", GENERATOR, items=[0, 1, 2])
async def shields_its_clean_up() -> AsyncIterator[int]:
    """Opens a scope when it is closed."""
    try:
        for number in range(3):
            yield number
    finally:
        with anyio.CancelScope(shield=True):
            await checkpoint()


@conforms("AG007", GENERATOR, says="it gave no item, so it was not at a yield")
async def without_items() -> AsyncIterator[int]:
    """Has no yield to stand at."""
    with anyio.fail_after(5):
        await checkpoint()
    for number in range(0):
        yield number


_language = ContextVar("_language", default="none")


@contextmanager
def _speaking(language: str) -> Iterator[None]:
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)


@violates(
    "AG011",
    GENERATOR,
    says=(
        "each step in another context, __anext__ #2 raised ValueError: <Token "
        "var=<ContextVar name='_language' default='none'>> was created in a different "
        "Context; expected what it does in one context"
    ),
)
async def speaks_in_a_with() -> AsyncIterator[str]:
    """Hides its token in a `with` of a library: unclecode/crawl4ai#1922."""
    with _speaking("en"):
        await checkpoint()
        yield "hello"


@violates(
    "AG011",
    GENERATOR,
    says=(
        "each step in another context, __anext__ #3 raised ValueError: <Token "
        "var=<ContextVar name='_language' default='none'>> was created in a different "
        "Context; expected what it does in one context"
    ),
)
async def resets_at_its_end() -> AsyncIterator[str]:
    """Resets behind its last item, and not when it is closed: bubbuild/bub#225."""
    token = _language.set("en")
    yield "hello"
    yield "goodbye"
    _language.reset(token)


@violates(
    "AG011",
    GENERATOR,
    says=(
        "closed after item 2 in another context, it raised ValueError: <Token "
        "var=<ContextVar name='_language' default='none'>> was created in a different "
        "Context; expected no error, as in its own"
    ),
)
async def resets_if_it_is_closed() -> AsyncIterator[str]:
    """Resets when it is closed at its second item, and not at its end."""
    yield "hello"
    token = _language.set("en")
    try:
        yield "goodbye"
    except GeneratorExit:
        _language.reset(token)
        raise


@conforms("AG011", GENERATOR, items=["hello", "goodbye"])
async def speaks_between_its_items() -> AsyncIterator[str]:
    """Sets and resets in one step."""
    for word in ("hello", "goodbye"):
        with _speaking("en"):
            await checkpoint()
        yield word


@conforms("AG011", GENERATOR, items=["hello", "goodbye"])
async def leaves_its_span_current() -> AsyncIterator[str]:
    """Shows its consumer the span that it is in, on purpose, as OpenTelemetry does."""
    token = _language.set("en")
    try:
        yield "hello"
        await checkpoint()
        yield "goodbye"
    finally:
        with suppress(ValueError):
            _language.reset(token)


@conforms("AG011", GENERATOR)
async def fails_wherever_it_is_closed() -> AsyncIterator[str]:
    """Raises ValueError when it is closed, in whatever context."""
    try:
        yield _language.get()
        await checkpoint()
    except GeneratorExit:
        raise ValueError("the clean-up failed") from None


@violates("AG014", GENERATOR, level="may", says="after item 2 its consumer sees _language = 'en'")
async def sets_a_language_for_all() -> AsyncIterator[str]:
    """Sets a variable, and lets its consumer see it, from its second item on."""
    await checkpoint()
    yield "hello"
    _language.set("en")
    yield "goodbye"


@violates("AG014", GENERATOR, level="may", says="after item 1 its consumer sees _language = 'en'")
async def shows_its_span() -> AsyncIterator[str]:
    """Shows its consumer the span that it is in, which MAY be meant."""
    token = _language.set("en")
    try:
        yield "hello"
    finally:
        with suppress(ValueError):
            _language.reset(token)


@conforms("AG014", GENERATOR, level="may")
async def keeps_its_language() -> AsyncIterator[str]:
    """Sets and resets in one step."""
    with _speaking("en"):
        await checkpoint()
    yield "hello"


@conforms("AG014", GENERATOR, level="may", items=["en", "en"])
class StepsInAContextOfItsOwn(AsyncGenerator[str, Any]):
    """Sets a variable in a context that it shares with nobody."""

    def __init__(self) -> None:
        self.inner = self.words()
        self.context = copy_context()

    async def words(self) -> AsyncGenerator[str, Any]:
        _language.set("en")
        yield _language.get()
        yield _language.get()

    def step(self, awaitable: Any) -> Any:
        """Carry out a step, which never suspends."""
        try:
            self.context.run(awaitable.send, None)
        except StopIteration as end:
            return end.value

    async def asend(self, value: Any) -> Any:
        return self.step(self.inner.asend(value))

    async def athrow(self, *details: Any) -> Any:
        return self.step(self.inner.athrow(*details))

    async def aclose(self) -> None:
        self.step(self.inner.aclose())


@violates("AG007", GENERATOR, says="item 2 was yielded inside a cancel scope")
async def times_its_second_item() -> AsyncIterator[int]:
    """Yields inside a time-out, not at its first item: modelcontextprotocol/python-sdk#79."""
    await checkpoint()
    yield 1
    with anyio.move_on_after(30):
        await checkpoint()
        yield 2
    await checkpoint()
    yield 3


_locale = contextvars.ContextVar("_locale", default="none")


@violates(
    "AG011",
    GENERATOR,
    says=(
        "each step in another context, __anext__ #3 raised ValueError: <Token "
        "var=<ContextVar name='_locale' default='none'>> was created in a different "
        "Context; expected what it does in one context"
    ),
)
async def resets_where_it_is_closed() -> AsyncIterator[str]:
    """Resets a variable in whatever context it is closed: getsentry/sentry-python#4928."""
    await checkpoint()
    token = _locale.set("en")
    try:
        yield "hello"
        yield "goodbye"
    finally:
        _locale.reset(token)
