"""The cancellation of background tasks, and work that a cancellation must not interrupt.

`asyncio.wait_for` of Python 3.11 drops a cancellation that arrives at the moment when the awaited
future completes. Our own code uses `asyncio.timeout`, but libraries do not: so it is repeated.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

AGAIN_SECONDS = 1.0


async def cancel_all(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancels the tasks, the last first, until each is done; their exceptions stay in them."""
    for task in reversed(tasks):
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=AGAIN_SECONDS)


def give_up(task: asyncio.Task[Any]) -> None:
    """Cancels a task that nobody waits for any more, and takes its failure, which is no news."""
    task.cancel()
    task.add_done_callback(lambda future: None if future.cancelled() else future.exception())


@dataclass
class BackgroundTasks:
    """Tasks that go on without whoever began them, such as a request; none outlives the service."""

    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    def begin(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Runs the work as a task, until it is done or all are closed."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Cancels what still runs, and waits for its end."""
        await cancel_all([*self._tasks])


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
