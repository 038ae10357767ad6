"""The cancellation of background tasks, repeated where a library swallows one.

`asyncio.wait_for` of Python 3.11 drops a cancellation that arrives at the moment when the awaited
future completes. Our own code uses `asyncio.timeout`, but libraries do not.
"""

import asyncio
from collections.abc import Sequence

AGAIN_SECONDS = 1.0


async def cancel_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels the tasks, the last first, until each is done; their exceptions stay in them."""
    for task in reversed(tasks):
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=AGAIN_SECONDS)
