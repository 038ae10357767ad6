"""The composition of the intake: database, relay, NATS door and HTTP door, of one set of settings.

`build` connects to nothing. `start` refuses weak durability and comes up without NATS too: the
door accepts, the outbox grows, and relay and NATS door join when the broker is back.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI

from services.chassis import auth
from services.chassis.broker import Broker, check_stream, check_sync
from services.chassis.clock import Clock, now_us
from services.chassis.database import Database, migrate
from services.chassis.errors import BrokerAway
from services.chassis.health import Health
from services.chassis.relay import Relay
from services.chassis.settings import Settings
from services.intake.api import build_api
from services.intake.handlers import Intake
from services.intake.settings import SERVICE, IntakeSettings
from services.intake.subscribers import NatsDoor

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
STREAM = "EVENTS"
JOIN_SECONDS = 1.0
ANY_SOURCE = (
    "NATS: every unit may use any source, another's too, until DANCHU_INTAKE_NATS_SOURCES is set."
)
VOUCHED = "NATS: sync_interval: always was vouched for and not read back."


@dataclass
class App:
    """The running intake; `api` is mounted by whoever serves HTTP."""

    settings: IntakeSettings
    db: Database
    broker: Broker
    relay: Relay
    intake: Intake
    door: NatsDoor
    api: FastAPI
    health: Health
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(self) -> None:
        """Checks what the stores promise, then starts the relay and the NATS door."""
        await self.db.open(MIGRATIONS)
        with contextlib.suppress(BrokerAway):
            await self._check_broker()
        self.tasks = [
            asyncio.create_task(self._relay(), name="intake relay"),
            asyncio.create_task(self.door.run(), name="intake NATS door"),
        ]

    async def _relay(self) -> None:
        while True:
            try:
                await self._check_broker()
            except BrokerAway as away:
                log.warning("the relay waits for the broker", extra={"error": str(away)})
                await asyncio.sleep(JOIN_SECONDS)
            else:
                await self.relay.run()

    async def _check_broker(self) -> None:
        """Nothing is relayed to a server or stream whose durability is too weak."""
        await self.broker.ensure()
        vouched = self.settings.nats_sync_always_vouched
        if not await check_sync(self.settings.monitor(), vouched):
            self.health.warn(VOUCHED)
        check_stream((await self.broker.stream_info(STREAM)).config)

    async def stop(self) -> None:
        """Stops taking in, then relaying; what is not yet relayed is in the database."""
        for task in reversed(self.tasks):
            task.cancel()
            await asyncio.wait([task])
        self.intake.close()
        await self.broker.close()
        await self.db.close()

    async def failed(self) -> None:
        """Waits, and raises what ended a background task: a server that is too weak, or a bug."""
        done, _ = await asyncio.wait(self.tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()


async def migrated(settings: Settings) -> None:
    """Brings the intake's schema to this version."""
    db = Database(settings.database(SERVICE), SERVICE)
    try:
        await migrate(db, MIGRATIONS)
    finally:
        await db.close()


def build(settings: IntakeSettings, clock: Clock = now_us) -> App:
    """Everything of the intake, connected to nothing yet."""
    db = Database(settings.database(SERVICE), SERVICE)
    access = settings.nats(SERVICE)
    broker = Broker(access, "danchu intake relay")
    relay = Relay(db, broker, clock)
    intake = Intake(db, clock, relay.nudge)
    door = NatsDoor(access, intake, settings.intake_nats_sources)
    health = _health(db, broker)
    if settings.nats_url and not settings.intake_nats_sources:
        health.warn(ANY_SOURCE)
    api = build_api(intake, auth.verifier(settings, clock), health, clock)
    return App(settings, db, broker, relay, intake, door, api, health)


def _health(db: Database, broker: Broker) -> Health:
    """Ready without the broker: the door goes on accepting into its own database."""
    health = Health()

    async def database() -> str:
        await db.check()
        return "answers"

    async def nats() -> str:
        return broker.state()

    health.require("database", database)
    health.show("broker", nats)
    return health
