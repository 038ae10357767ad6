"""The cancellation of background tasks, and work that a cancellation must not interrupt.

`asyncio.wait_for` of Python 3.11 drops a cancellation that arrives at the moment when the awaited
future completes. Our own code uses `asyncio.timeout`, but libraries do not: so it is repeated.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

AGAIN_SECONDS = 1.0


async def cancel_all(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancels the tasks, the last first, until each is done; their exceptions stay in them."""
    for task in reversed(tasks):
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=AGAIN_SECONDS)


async def complete(work: Coroutine[Any, Any, None]) -> None:
    """Runs the work to its end, and only then raises a cancellation that came meanwhile."""
    task = asyncio.create_task(work)
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is not None:
        raise cancellation from (None if task.cancelled() else task.exception())
    task.result()
