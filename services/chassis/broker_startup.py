"""The start of work with the broker: as soon as it answers and its durability is verified."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from services.chassis.broker.connection import Broker
from services.chassis.broker.durability import check_sync
from services.chassis.errors import BrokerAway
from services.chassis.health import Health
from services.chassis.settings import Settings
from services.chassis.wait_log import WaitLog

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
VOUCHED = "NATS: sync_interval: always was vouched for and not read back."
Task = Callable[[], Awaitable[None]]


async def check_broker(settings: Settings, broker: Broker, health: Health) -> None:
    """Refuses a server without durable writes; one only vouched for gives a warning in `health`."""
    await broker.ensure()
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
