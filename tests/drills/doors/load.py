"""Load at real doors: senders that repeat unanswered batches, and checks of what arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from itertools import count

from sqlalchemy import text

from services.chassis.broker.connection import Broker
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from tests.conftest import NatsServer, eventually
from tests.support.builders.events import event
from tests.support.processes import Served

BATCH = 20
PAUSE_SECONDS = 0.02


@dataclass
class Load:
    """One sender at one door; `receipts` are those that were answered, by the event's id."""

    served: Served
    name: str
    receipts: dict[str, str] = field(default_factory=dict)
    refusals: list[int] = field(default_factory=list)
    _last: bool = False

    async def run(self) -> None:
        """Sends batches until told to finish, each until it is answered."""
        for number in count():
            ids = [f"{self.name}-{number}-{n}" for n in range(BATCH)]
            await self._send([event(id_, subject="H44.12") for id_ in ids])
            if self._last:
                return

    async def _send(self, events: list[dict[str, object]]) -> None:
        while True:
            try:
                answer = await asyncio.to_thread(self.served.post, events)
            except (OSError, HTTPException):
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            if answer.status == 202:
                break
            self.refusals.append(answer.status)
            await asyncio.sleep(PAUSE_SECONDS)
        for receipt in answer.json()["receipts"]:
            assert receipt["status"] in ("accepted", "duplicate"), receipt
            self.receipts[receipt["id"]] = receipt["receipt"]

    async def more(self, batches: int = 3) -> None:
        """Returns once so many more batches are answered."""
        goal = len(self.receipts) + batches * BATCH

        async def answered() -> bool:
            return len(self.receipts) >= goal

        await eventually(answered, 60)

    async def finish(self, running: asyncio.Task[None]) -> None:
        """Lets the batch that is under way be answered, and ends."""
        self._last = True
        await asyncio.wait_for(running, 60)


@contextmanager
def under(load: Load) -> Iterator[asyncio.Task[None]]:
    """The load running; it is cancelled where the block fails."""
    running = asyncio.create_task(load.run())
    try:
        yield running
    finally:
        running.cancel()


async def stored(url: str) -> list[str]:
    """The receipts in the outbox, in its order."""
    db = Database(normal_url(url), "intake")
    try:
        async with db.read() as conn:
            rows = await conn.execute(text("SELECT receipt FROM outbox ORDER BY seq"))
            return [bytes(row[0]).hex() for row in rows]
    finally:
        await db.close()


async def relayed(served: Served, server: NatsServer) -> list[str]:
    """The message ids in EVENTS, once nothing waits in the outbox."""

    async def none_waits() -> bool:
        answer = await asyncio.to_thread(served.get, "/intake/outbox")
        return answer.status == 200 and answer.json()["waiting"] == 0

    await eventually(none_waits, 120)
    broker: Broker = server.broker("provision")
    info = await broker.stream_info("EVENTS")
    manager, message_ids = broker.manager(), []
    for sequence in range(info.state.first_seq, info.state.last_seq + 1):
        headers = (await manager.get_msg("EVENTS", sequence)).headers or {}
        message_ids.append(headers["Nats-Msg-Id"])
    await broker.close()
    return message_ids


async def kept_once(loads: list[Load], url: str, server: NatsServer) -> None:
    """Every answered receipt is in the database once and on the stream once, and nothing else."""
    answered = [receipt for load in loads for receipt in load.receipts.values()]
    in_database = await stored(url)
    assert set(answered) <= set(in_database)
    assert len(in_database) == len(set(in_database))
    on_stream = await relayed(loads[0].served, server)
    assert len(on_stream) == len(set(on_stream))
    assert set(on_stream) == set(in_database)
