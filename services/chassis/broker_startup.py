"""The start of work with the broker: as soon as it answers, its durability is verified, and nobody
else can write to EVENTS.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from services.chassis.broker.connection import Broker
from services.chassis.broker.durability import check_sync
from services.chassis.broker.openness import OPENNESS
from services.chassis.errors import BrokerAway
from services.chassis.health import Health
from services.chassis.settings import Settings
from services.chassis.wait_log import WaitLog

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
VOUCHED = "NATS: sync_interval: always was vouched for and not read back."
Task = Callable[[], Awaitable[None]]


async def check_broker(settings: Settings, broker: Broker, health: Health) -> None:
    """Refuses a server without durable writes, or where others can write to EVENTS.

    A server that is only vouched for gives a warning in `health`, one that is open a check that
    fails as long as it is.
    """
    await broker.ensure()
    await broker.openness.require_closed()
    if broker.openness.fault is not None:
        health.show(OPENNESS, broker.openness.state)
        log.error("others can write to EVENTS", extra={"reason": str(broker.openness.fault)})
    sync = await check_sync(
        settings.monitor(), settings.nats_sync_always_vouched, settings.nats_replicas
    )
    if sync is None:
        health.warn(VOUCHED)
    elif sync.unread:
        health.show("durability", sync.state)


async def run_after_check(name: str, check: Task, run: Task) -> None:
    """Runs a task once its check passes; while the broker is away the check is tried again."""
    waiting = WaitLog(log, name)
    while True:
        try:
            await check()
        except BrokerAway as away:
            waiting.note(away)
            await asyncio.sleep(RETRY_SECONDS)
        else:
            waiting.end()
            await run()
            return
