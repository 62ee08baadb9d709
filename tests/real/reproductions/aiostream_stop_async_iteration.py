"""The manager of an aiostream stream changes a StopAsyncIteration that its body raised."""

import asyncio

from aiostream import stream


async def nothing():
    for number in ():
        yield number


async def main():
    try:
        async with stream.range(3).stream() as numbers:
            await anext(numbers)
            await anext(nothing())
    except Exception as error:
        print(f"{type(error).__name__}: {error}")


asyncio.run(main())
