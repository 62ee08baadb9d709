"""What aiter() gives of a tornado.queues.Queue is no async iterator: it has no __aiter__."""

import asyncio
from collections.abc import AsyncIterator

from tornado.queues import Queue


async def main():
    iterator = aiter(Queue())
    print("an AsyncIterator:", isinstance(iterator, AsyncIterator))
    try:
        async for _ in iterator:
            pass
    except TypeError:
        print("async for over it raised TypeError")


asyncio.run(main())
