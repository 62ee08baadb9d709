"""Specimens: an async context manager that has other protocols too."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator
from typing import Any, Self

import aiosqlite
import anyio
import trio
from anyio.lowlevel import checkpoint

from pytest_asyncprotocol import Protocol
from tests.specimens import conforms, violates
from tests.specimens.async_context_manager._bases import Prompt, Session

MANAGER = Protocol.ASYNC_CONTEXT_MANAGER
ASYNCIO = ("asyncio",)
TRIO = ("trio",)


@conforms("CM024", MANAGER, select=("CM024",), backends=ASYNCIO)
def connection_of_aiosqlite() -> Any:
    """Can be awaited and entered, with the same result."""
    return aiosqlite.connect(":memory:")


@conforms("CM024", MANAGER, level="may")
def null_context_twice() -> contextlib.nullcontext[int]:
    """Works for `with` and for `async with`."""
    return contextlib.nullcontext(1)


@conforms("CM024", MANAGER, level="may")
def memory_stream() -> Any:
    """The end of a stream of anyio, which needs no loop to be closed."""
    return anyio.create_memory_object_stream[int](1)[0]


@conforms("CM024", MANAGER, select=("CM024",), backends=TRIO)
def nursery() -> Any:
    """The nursery of trio, which refuses `with` and says what to write."""
    return trio.open_nursery()


class Request(Prompt):
    """Can be awaited for a connection, and entered for the same one."""

    class Connection:
        """Closes when it is left."""

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *details: object) -> None:
            """Nothing to close."""

    def __await__(self) -> Generator[Any, Any, Any]:
        return self.connect().__await__()

    async def connect(self) -> Any:
        await checkpoint()
        return self.Connection()

    async def __aenter__(self) -> Any:
        return await self


@conforms("CM024", MANAGER, level="may")
class GivesItsConnection(Request):
    """Gives the same by `await` and `async with`."""


@conforms("CM024", MANAGER, level="may")
class GivesWhatWasNotEntered(Request):
    """Gives the same either way, and that does not let itself be left before it is entered."""

    class Connection(Request.Connection):
        """Counts who is inside."""

        users = 0

        async def __aenter__(self) -> Self:
            self.users += 1
            return self

        async def __aexit__(self, *details: object) -> None:
            if not self.users:
                raise RuntimeError("it was not entered")
            self.users -= 1


@violates(
    "CM024",
    MANAGER,
    level="may",
    says=(
        "await gave <...Connection object>, but `async with` a GivesTheRequest; expected "
        "the same type"
    ),
)
class GivesTheRequest(Request):
    """Gives the connection by `await`, and itself by `async with`."""

    async def __aenter__(self) -> Self:
        await checkpoint()
        return self


@conforms("CM024", MANAGER, level="may")
class RefusesWith(Prompt):
    """Says what to write instead of `with`."""

    def __enter__(self) -> None:
        raise TypeError("use `async with` instead")

    def __exit__(self, *details: object) -> None:
        """Never called."""


@violates(
    "CM024",
    MANAGER,
    level="may",
    released=lambda file: not file.is_open,
    backends=ASYNCIO,
    says="when `with` was left, released= is false",
)
class ClosesInATask(Session):
    """Its synchronous exit starts a task that closes it some time later."""

    is_open = False

    def __enter__(self) -> Self:
        self.is_open = True
        return self

    def __exit__(self, *details: object) -> None:
        self.closing = asyncio.ensure_future(self.__aexit__())

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, *details: object) -> None:
        self.is_open = False


@violates(
    "CM024",
    MANAGER,
    level="may",
    says="__enter__ returned, but __exit__ raised TypeError: use `async with` instead",
)
class CannotBeLeftSynchronously(Prompt):
    """Lets `with` in, and not out."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *details: object) -> None:
        raise TypeError("use `async with` instead")
