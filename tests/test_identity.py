"""Which class or function a subject is said to come from."""

from __future__ import annotations

import functools
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import httpx
import pytest

from pytest_asyncprotocol import check
from pytest_asyncprotocol.model import settings
from pytest_asyncprotocol.model.identity import identity_of

MODULE = __name__


class Numbers:
    """Iterated by a generator of its own."""

    async def __aiter__(self) -> AsyncIterator[int]:
        yield 1

    async def numbers(self) -> AsyncIterator[int]:
        """A method that is an async generator function."""
        yield 1


class Other(Numbers):
    """Counts for itself, not for its base."""

    def __new__(cls) -> Other:  # noqa: PYI034
        """Say nothing of which class was called but by the class."""
        return super().__new__(cls)


@asynccontextmanager
async def managed() -> AsyncIterator[int]:
    """A manager that is written as a generator."""
    yield 1


async def opened() -> Numbers:
    """Set up by a coroutine."""
    return Numbers()


def _targets(protocol: str, subject: Any, **keywords: Any) -> tuple[str, ...]:
    return check(protocol, subject, backends=["asyncio"], select=["CO020"], **keywords).targets


@pytest.mark.parametrize(
    ("protocol", "make", "expected"),
    [
        ("async_iterable", lambda: Numbers(), f"{MODULE}:Numbers"),  # noqa: PLW0108
        ("async_iterable", Other, f"{MODULE}:Other"),
        ("async_generator", lambda: Numbers().numbers(), f"{MODULE}:Numbers.numbers"),
        ("async_generator", lambda: Numbers().__aiter__(), f"{MODULE}:Numbers.__aiter__"),
        ("async_context_manager", lambda: managed(), f"{MODULE}:managed"),  # noqa: PLW0108
        ("async_context_manager", httpx.AsyncClient, "httpx:AsyncClient"),
    ],
)
def test_an_object_counts_for_its_type_or_its_function(
    protocol: str, make: Callable[[], Any], expected: str
) -> None:
    """What the author wrote, and not the class of all generators."""
    assert (expected,) == _targets(protocol, make)
    assert expected in _targets(protocol, make())


def test_what_gave_it_is_noted_where_that_is_asked_for() -> None:
    """Functions that returned the object, classes that were called; a profiler stays in place."""
    backend = "anyio._backends._asyncio"

    def make() -> anyio.Lock:
        return anyio.Lock()

    def profile(*_: object) -> None:
        pass

    assert (f"{backend}:Lock",) == _targets("async_context_manager", make)
    assert "anyio:Lock" in _targets("async_context_manager", functools.partial(anyio.Lock))
    sys.setprofile(profile)
    try:
        with settings.using(settings.Settings(notes_makers=True)):
            noted = _targets("async_context_manager", make)
            awaited = _targets("async_iterable", opened)
            derived = _targets("async_iterable", lambda: Other())  # noqa: PLW0108
        assert profile is sys.getprofile()
    finally:
        sys.setprofile(None)
    assert (f"{backend}:Lock", f"{backend}:AsyncIOBackend.create_lock", "anyio:Lock") == noted
    assert {f"{MODULE}:opened", f"{MODULE}:Numbers"} == set(awaited)
    assert (f"{MODULE}:Other",) == derived


def test_a_generator_that_has_ended_is_still_known() -> None:
    """It has no frame any more, but its code."""
    generator = Numbers().numbers()
    for _ in range(2):
        with pytest.raises(BaseException, match=r"1|^$"):
            generator.__anext__().send(None)

    assert generator.ag_frame is None
    assert f"{MODULE}:Numbers.numbers" == identity_of(generator)


def test_a_hostile_class_has_an_identity() -> None:
    """Its metaclass is not trusted."""

    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            raise ZeroDivisionError(name)

    hostile = Meta("Hostile", (), {})
    assert ":<class " in identity_of(object.__new__(hostile))
