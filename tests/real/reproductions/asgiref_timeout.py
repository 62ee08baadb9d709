"""asgiref.timeout does not take back the cancellation that it asked for."""

import asyncio

from asgiref.timeout import timeout


async def main():
    try:
        async with asyncio.timeout(None) as outer:
            try:
                async with timeout(0):
                    await asyncio.sleep(10)
            except TimeoutError:
                print("requests to cancel that are left:", asyncio.current_task().cancelling())
            outer.reschedule(0)
            await asyncio.sleep(10)
    except TimeoutError:
        print("the outer time-out raised TimeoutError")
    except asyncio.CancelledError:
        print("the outer time-out raised CancelledError")


asyncio.run(main())
