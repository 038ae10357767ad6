"""A service that writes and publishes: its database, outbox, relay and HTTP interface.

`start` refuses weak durability. It succeeds without NATS: commands are accepted, the outbox
grows, and the relay starts when the broker is back.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from services.chassis import outbox
from services.chassis.broker.connection import Broker
from services.chassis.broker.durability import check_stream
from services.chassis.broker_startup import Task, check_broker, run_after_check
from services.chassis.cancellation import cancel_all
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway, OutboxWaits
from services.chassis.health import Health
from services.chassis.heartbeat import Heartbeats
from services.chassis.key_marks import check_keys
from services.chassis.keys import Keys
from services.chassis.outbox_gauges import measure_outbox
from services.chassis.relay.loop import Relay
from services.chassis.settings import Settings
from services.chassis.telemetry.gauges import Measure
from services.chassis.token_watch import TokenWatch

STREAM = "EVENTS"
WAIT_SECONDS = 30.0


@dataclass
class Parts:
    """The parts of a producer, not connected yet."""

    name: str
    settings: Settings
    db: Database
    broker: Broker
    relay: Relay
    health: Health


def parts(name: str, settings: Settings, clock: Clock, spot_checks: bool = False) -> Parts:
    """Database, broker, relay and health of the service `name`.

    It is ready without the broker, since it accepts into its own database while that has room,
    and degraded once an event has waited for the stream for 30 seconds.
    `spot_checks`: the relay may read EVENTS.
    """
    db = Database(settings.database(name), name, settings.database_limits)
    broker = Broker(settings.nats(name), f"danchu {name} relay")
    health = Health(beats=Heartbeats(settings.heartbeat_seconds))

    async def database() -> str:
        await db.check()
        return "answers"

    async def nats() -> str:
        return broker.state()

    health.require("database", database)

    async def relayed() -> str:
        async with db.read() as conn:
            backlog = await outbox.backlog(conn, clock())
        if backlog.waiting and backlog.oldest_seconds >= WAIT_SECONDS:
            raise OutboxWaits(backlog.waiting, int(backlog.oldest_seconds))
        return f"{backlog.waiting} waiting"

    health.require("disk", db.disk)
    health.show("broker", nats)
    health.show("outbox", relayed)
    relay = Relay(db, broker, clock, spot_checks)
    relay.beat = health.beats.beat(f"{name} relay")
    return Parts(name, settings, db, broker, relay, health)


@dataclass
class Producer:
    """The running service; the process that serves HTTP mounts `api`.

    `tokens` watches what is revoked; `beside` are its other tasks, each run until it is cancelled;
    `ends` is called when it stops; `keys` are the keys that its data is written with; `pages` is
    what it serves at the root of the address.
    """

    parts: Parts
    api: FastAPI
    migrations: Path
    tokens: TokenWatch
    beside: dict[str, Task] = field(default_factory=dict)
    ends: Callable[[], None] = lambda: None
    keys: Sequence[Keys] = ()
    pages: ASGIApp | None = None
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def db(self) -> Database:
        """Its database."""
        return self.parts.db

    @property
    def health(self) -> Health:
        """Its health."""
        return self.parts.health

    def measures(self) -> dict[str, Measure]:
        """Its outbox."""
        name, clock = self.parts.name, self.parts.relay.clock
        return {f"outbox of {name}": partial(measure_outbox, name, self.db, clock)}

    async def start(self) -> None:
        """Checks durability and keys, then starts the relay and the other tasks."""
        await self.db.open(self.migrations)
        await check_keys(self.db, self.keys, self.parts.relay.clock())
        await self.tokens.look()
        with contextlib.suppress(BrokerAway):
            await self._check_broker()

        async def relay() -> None:
            await run_after_check(
                f"the relay of {self.parts.name}", self._check_broker, self.parts.relay.run
            )

        for name, task in {"relay": relay, "tokens": self.tokens.run, **self.beside}.items():
            self.tasks.append(asyncio.ensure_future(task()))
            self.tasks[-1].set_name(f"{self.parts.name} {name}")

    async def _check_broker(self) -> None:
        """Refuses a server or stream whose durability is too weak, or that is open to others."""
        await check_broker(self.parts.settings, self.parts.broker, self.health)
        info = await self.parts.broker.stream_info(STREAM)
        check_stream(info.config, self.parts.settings.nats_replicas)

    async def stop(self) -> None:
        """Stops the tasks, the last first; the relay ends once it has sent what is there.

        What cannot be sent stays in the database.
        """
        await cancel_all(self.tasks[1:])
        await self.parts.relay.finish()
        await cancel_all(self.tasks)
        self.ends()
        await self.health.close()
        await self.parts.broker.close()
        await self.db.close()

    async def failed(self) -> None:
        """Waits for a background task to fail, and raises its error."""
        finished, _ = await asyncio.wait(self.tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in finished:
            task.result()
