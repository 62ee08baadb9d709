"""asyncstdlib.islice leaves a generator of its own to the garbage collector."""

import warnings

import asyncstdlib
import trio


async def numbers():
    for number in range(5):
        await trio.lowlevel.checkpoint()
        yield number


async def main():
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        print([number async for number in asyncstdlib.islice(numbers(), 2)])
    for warning in warned:
        print(warning.category.__name__, str(warning.message).partition(" was ")[0])


trio.run(main)
