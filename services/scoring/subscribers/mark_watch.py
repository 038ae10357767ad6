"""Compares the marks of the doors with the ledger, once the fold has read the stream that far.

If a mark does not hold by then, events are certainly lost. The relay of the door is asked to send
them again, which is harmless because duplicates are recognised by identity; if the mark still does
not hold after 30 seconds, an alarm is raised.
"""

import asyncio
import logging
from dataclasses import dataclass, field

from services.chassis import marks
from services.chassis.broker import streams
from services.chassis.broker.connection import Broker
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway, DatabaseAway
from services.chassis.heartbeat import DEFAULT_SECONDS, Beat
from services.chassis.marks import Mark
from services.chassis.relay.reconciliation import EVENTS, Demand
from services.scoring.store import doors, position
from services.scoring.store.door_state import DoorState, first_alarm
from services.scoring.stream import consumer, floor_of

log = logging.getLogger(__name__)

STEP_SECONDS = 1.0
LONG_SECONDS = 600.0
RESEND_AFTER_US, RENEW_AFTER_US = 1_000_000, 5_000_000
DEMAND_EVERY_US = 10_000_000


@dataclass
class MarkWatch:
    """Runs in the process that folds; `alarm` is a sentence for the operator, or None."""

    db: Database
    broker: Broker
    clock: Clock
    alarm: str | None = None
    beat: Beat = field(default_factory=lambda: Beat("marks", DEFAULT_SECONDS))
    _announced: tuple[list[Mark], int] | None = None
    _demanded: dict[str, int] = field(default_factory=dict)

    async def run(self) -> None:
        """Watches until it is cancelled."""
        self._announced = None
        try:
            while True:
                try:
                    with self.beat.resting(LONG_SECONDS):
                        await self.step()
                except (BrokerAway, DatabaseAway) as away:
                    log.info("the watch over the marks waits", extra={"error": str(away)})
                await asyncio.sleep(STEP_SECONDS)
        finally:
            self.beat.end()

    async def step(self) -> None:
        """Compares the marks read before, once the fold has passed them, then reads new marks."""
        if self._announced is not None and await self._is_read_to(self._announced[1]):
            await self._compare(self._announced[0])
            self._announced = None
        if self._announced is None:
            names = await marks.doors(self.broker)
            latest = [await marks.last(self.broker, name) for name in names]
            # read after the marks: all events that they count are below this end, or lost
            end = (await streams.state(self.broker, EVENTS)).last_seq
            self._announced = [mark for mark in latest if mark is not None], end

    async def _is_read_to(self, end: int) -> bool:
        """Whether everything up to a sequence is folded; never while the consumer must be reset.

        If the last messages of the stream were deleted, the floor never reaches `end`, but nothing
        waits for the consumer.
        """
        info = await consumer(self.broker)
        async with self.db.read() as conn:
            place = await position.load(conn)
        if info is None or place.halted is not None or floor_of(info) > place.stream_seq:
            return False
        return floor_of(info) >= end or not (info.num_pending or info.num_ack_pending)

    async def _compare(self, announced: list[Mark]) -> None:
        now = self.clock()
        async with self.db.write() as conn:
            await position.lock(conn)
            every = await doors.compare(conn, announced, now)
        differing = [
            door for door in every if door.differs_since is not None and not door.is_closed
        ]
        alarm = first_alarm(every, now)
        if alarm is not None and alarm != self.alarm:
            log.error("a mark does not hold", extra={"reason": alarm})
        self.alarm = alarm
        for door in differing:
            await self._demand(door, now)

    async def _demand(self, door: DoorState, now: int) -> None:
        """Asks a door to send missing events again.

        If more events have arrived than its mark counts, as after a restore, it is asked to go on
        under a new name.
        """
        renewal = door.arrived > door.mark_events
        waited = now - (door.differs_since or now)
        if waited < (RENEW_AFTER_US if renewal else RESEND_AFTER_US):
            return
        if now - self._demanded.get(door.name, now - DEMAND_EVERY_US) < DEMAND_EVERY_US:
            return
        self._demanded[door.name] = now
        log.warning("a door is asked to send again", extra={"door": door.name, "renewal": renewal})
        nc = await self.broker.ensure()
        subject = f"{marks.REQUEST_SUBJECT}.{door.name}"
        await nc.publish(subject, Demand(door.proven_mark, renewal).encode())
