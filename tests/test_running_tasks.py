"""Only the tasks that were started in the block, by whatever way, are followed."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from pytest_asyncprotocol import assert_async_context_manager
from pytest_asyncprotocol.engine.running_tasks import describe_task, following


@pytest.mark.anyio
async def test_tasks_of_others_are_not_followed(anyio_backend_name: str) -> None:
    """A task that was there before starts another one meanwhile: that is its own affair."""
    begin, begun = anyio.Event(), anyio.Event()

    async def other() -> None:
        await begin.wait()
        tasks.start_soon(anyio.sleep_forever, name="of the other")
        begun.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        await anyio.lowlevel.checkpoint()
        with following(anyio_backend_name) as alive:
            begin.set()
            await begun.wait()
            assert alive() == set()
        tasks.cancel_scope.cancel()


def test_tasks_of_tasks_are_followed() -> None:
    """What a started task starts in its turn counts as well."""

    async def grandchild() -> None:
        await asyncio.Event().wait()

    async def child() -> None:
        kept.append(asyncio.create_task(grandchild()))

    async def main() -> list[str]:
        with following("asyncio") as alive:
            await asyncio.create_task(child())
            found = [describe_task(task) for task in alive()]
        kept[0].cancel()
        return found

    kept: list[asyncio.Task[None]] = []

    [found] = asyncio.run(main())

    assert found.startswith("the task running grandchild")


def test_a_server_on_the_same_loop_is_not_blamed_on_its_client() -> None:
    """The server's handler lives on after the client left, and was not started by it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.append(asyncio.current_task())
        await stop.wait()
        writer.close()
        await writer.wait_closed()

    handlers: list[asyncio.Task[None] | None] = []
    stop = asyncio.Event()

    class Client:
        """Connects, and closes its connection."""

        def __init__(self, port: int) -> None:
            self.port = port

        async def __aenter__(self) -> None:
            _, self.writer = await asyncio.open_connection("127.0.0.1", self.port)

        async def __aexit__(self, *details: object) -> None:
            self.writer.close()
            await self.writer.wait_closed()

    async def main() -> None:
        nonlocal stop
        stop = asyncio.Event()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        await assert_async_context_manager(lambda: Client(port), select=("CO007",))
        assert handlers
        stop.set()
        server.close()
        await asyncio.wait([task for task in handlers if task is not None])

    asyncio.run(main())
