"""Of several processes that could fold, one does: it holds the lease, the others stand by.

On PostgreSQL a process tries for the lease only while it reaches the stream, and gives it up when
it does not, so that one that is cut off from NATS leaves the work to another.
"""

import asyncio
import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.chassis.broker_startup import Task, run_after_check
from services.chassis.cancellation import cancel_all, complete
from services.chassis.errors import BrokerAway
from services.chassis.heartbeat import Heartbeats
from services.chassis.relay.loop import Relay
from services.chassis.wait_log import WaitLog
from services.scoring.store.lease import Lease
from services.scoring.subscribers.fold_loop import FoldLoop
from services.scoring.subscribers.rating_feed import RatingFeed

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
FOLDS, STANDS_BY = "runs here", "stands by"
NamedTask = tuple[str, Task]


@dataclass
class Standby:
    """Runs fold, relay, feed and the other `work` whenever this process holds the lease.

    `check` verifies the durability of the broker, `reach` whether the stream answers; `leave` looks
    for another server where it does not; `always` is work that does not need the broker.
    """

    lease: Lease
    check: Task
    reach: Task
    leave: Task
    fold: FoldLoop
    relay: Relay
    feed: RatingFeed
    beats: Heartbeats
    work: Sequence[NamedTask] = ()
    always: Sequence[NamedTask] = ()
    holds: bool = False
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._ended.set()

    @property
    def state(self) -> str:
        """For health checks."""
        return FOLDS if self.holds else STANDS_BY

    async def run(self) -> None:
        """Folds or stands by until it is stopped or cancelled; raises what ended a task."""
        if self.lease.movable:
            self.fold.on_away = self._give_up
        self._ended.clear()
        trying = asyncio.create_task(self._try(), name="scoring lease")
        try:
            while not self._ending.is_set():
                await self._until(self.lease.acquisition(), trying)
                if not self._ending.is_set():
                    await self._term(trying)
        finally:
            trying.cancel()
            await complete(self.lease.close())
            self._ended.set()

    async def stop(self) -> None:
        """Has the relay send what is committed, ends the work, and gives the lease up."""
        self._ending.set()
        await self._ended.wait()

    def _give_up(self) -> None:
        self.lease.request(False)

    async def _term(self, trying: asyncio.Task[None]) -> None:
        """Works as long as this process holds the lease."""
        self.holds = True
        log.info("this process folds")
        tasks = [asyncio.create_task(_run(run), name=name) for name, run in self.always]
        own: tuple[NamedTask, ...] = (
            ("scoring relay", self.relay.run), ("scoring fold", self.fold.run),
            ("scoring feed", self.feed.run),
        )  # fmt: skip
        for name, run in (*own, *self.work):
            after = run_after_check(name, self.check, run)
            tasks.append(asyncio.create_task(after, name=name))
        try:
            await self._until(self.lease.loss(), trying, *tasks)
            if self._ending.is_set():
                await self.relay.finish()
            else:
                log.warning("this process stands by")
        finally:
            await complete(self._end(tasks))

    async def _end(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        await cancel_all(tasks)
        await self.fold.stop()
        self.holds = False

    async def _until(self, change: Coroutine[Any, Any, None], *tasks: asyncio.Task[None]) -> None:
        """Returns at the change, or when it is stopped; raises the error of a task that failed."""
        waits = asyncio.create_task(change), asyncio.create_task(self._ending_set())
        try:
            done, _ = await asyncio.wait([*tasks, *waits], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for wait in waits:
                wait.cancel()

    async def _ending_set(self) -> None:
        await self._ending.wait()

    async def _try(self) -> None:
        """Requests the lease; where it can move, only while the stream is reached."""
        if not self.lease.movable:
            self.lease.request(True)
            await asyncio.Event().wait()
        waiting = WaitLog(log, "the fold")
        while True:
            if not self.beats.still():
                self.lease.pulse()
            if not self.holds:
                try:
                    await self.reach()
                except BrokerAway as away:
                    self.lease.request(False)
                    waiting.note(away)
                    await self.leave()
                else:
                    waiting.end()
                    self.lease.request(True)
            await asyncio.sleep(LOOK_SECONDS)


async def _run(task: Task) -> None:
    await task()
