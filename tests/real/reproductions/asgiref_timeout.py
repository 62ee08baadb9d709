"""asgiref's timeout swallows a cancellation of its own, and leaves the request for it."""

import asyncio

from asgiref.timeout import timeout


async def main():
    async with asyncio.timeout(0.05):
        try:
            async with timeout(0.01):
                await asyncio.sleep(60)
        except TimeoutError:
            print("cancelling() behind it:", asyncio.current_task().cancelling())
        await asyncio.sleep(60)


try:
    asyncio.run(main())
except BaseException as error:
    print("the asyncio.timeout around it raised", type(error).__name__)
