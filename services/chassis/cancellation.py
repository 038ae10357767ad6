"""The end of background tasks, which has to come even where a library swallows a cancellation.

`asyncio.wait_for` of Python 3.11 drops a cancellation that comes in the moment in which what it
waits for is done; our own code takes `asyncio.timeout`, but libraries do not.
"""

import asyncio
from collections.abc import Sequence

AGAIN_SECONDS = 1.0


async def ended(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels the tasks, the last first, each until it is done; what they raise is left in them."""
    for task in reversed(tasks):
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=AGAIN_SECONDS)
