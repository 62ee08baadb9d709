"""aioitertools.asyncio.as_generated turns a cancellation into the end of the iteration."""

import asyncio

from aioitertools.asyncio import as_generated


async def numbers():
    for number in range(3):
        await asyncio.sleep(1)
        yield number


async def main():
    async def consume():
        async for _ in as_generated([numbers()]):
            pass
        print("the loop ended as if all items had come")

    task = asyncio.create_task(consume())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    print("cancelled:", task.cancelled())


asyncio.run(main())
