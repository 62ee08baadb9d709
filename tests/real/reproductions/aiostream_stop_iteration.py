"""The manager of an aiostream stream changes a StopIteration that its body raised."""

import asyncio

from aiostream import stream


async def main():
    streamer = stream.range(3).stream()
    await streamer.__aenter__()
    error = StopIteration("raised in the body")
    try:
        suppressed = await streamer.__aexit__(StopIteration, error, None)
    except RuntimeError as raised:
        print("RuntimeError:", raised)
    else:
        print("suppressed:", bool(suppressed))


asyncio.run(main())
