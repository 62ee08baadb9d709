"""asyncstdlib.groupby cannot be closed before its first item."""

import asyncio

import asyncstdlib


async def main():
    groups = asyncstdlib.groupby([1, 2, 3])
    try:
        await groups.aclose()
    except AttributeError as error:
        print(f"AttributeError: it has no attribute {error.name!r}")


asyncio.run(main())
