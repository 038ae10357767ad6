"""`python -m tests.bench.flood <number>`: publishes events at the NATS door, of one unit."""

from __future__ import annotations

import asyncio
import json
import sys

from services.chassis.broker.connection import Broker
from services.chassis.settings import Settings
from tests.support.builders.events import event

UNIT = "H44.13"
FLUSH_EVERY, FLUSH_SECONDS = 2000, 120


async def flood(number: int) -> None:
    """Publishes without a reply, as fast as the broker takes them."""
    broker = Broker(Settings().nats("emitter"), "flood")
    client = await broker.ensure()
    subject = f"danchu.emit.{UNIT.replace('.', '-')}"
    for one in range(number):
        await client.publish(subject, json.dumps(event(f"flood-{one}", subject=UNIT)).encode())
        if one % FLUSH_EVERY == 0:
            await client.flush(FLUSH_SECONDS)
    await client.flush(FLUSH_SECONDS)
    await broker.close()


if __name__ == "__main__":
    asyncio.run(flood(int(sys.argv[1])))
