"""databases.Database.iterate fails in its last step if that is taken by another task."""

import asyncio

from databases import Database


async def main():
    async with Database("sqlite+aiosqlite://") as database:
        rows = database.iterate("select 1")
        await asyncio.create_task(anext(rows))
        try:
            await asyncio.create_task(anext(rows, None))
        except AssertionError:
            print("AssertionError where the last item was followed by the end")


asyncio.run(main())
