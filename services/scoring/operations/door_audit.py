"""The audit of the doors: what is stored of them against what they announced and recorded."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.messages import Message
from services.chassis import marks
from services.chassis.broker.connection import Broker
from services.chassis.door import Door
from services.chassis.marks import Mark
from services.scoring.messages import message
from services.scoring.store import doors
from services.scoring.store.door_state import DoorState


@dataclass(frozen=True)
class DoorAudit:
    """`producers` are the doors of the databases that were read, by service."""

    conn: AsyncConnection
    broker: Broker
    producers: Mapping[str, Door]

    async def differences(self) -> AsyncIterator[str]:
        """Every mark that does not hold, even if it has not lasted long enough for an alarm, and
        every door that is not stored as its database and its marks have it.

        A door whose database was read is genuine, also before its first mark was heard.
        """
        genuine = {each.name for each in self.producers.values()}
        for door in await doors.load(self.conn):
            alarm = door.alarm(sys.maxsize)
            if alarm is not None and not (door.heard is None and door.name in genuine):
                yield alarm
            async for line in self._door(door):
                yield line

    async def _door(self, door: DoorState) -> AsyncIterator[Message]:
        present = {each.name for each in self.producers.values()}
        former = {mark.door for each in self.producers.values() for mark in each.former}
        is_known = door.name.partition(".")[0] in self.producers
        if door.retired is not None and door.name in present:
            yield message("differs-door-retired", door=door.name)
        elif is_known and not door.is_closed and door.name not in present | former:
            yield message("differs-door-gone", door=door.name)
        if not _is_announced(door, await self._marks(door)):
            yield message("differs-door-mark", door=door.name)
        least, most = await doors.count_all(self.conn, door)
        if not least <= door.held_events <= most:
            yield message(
                "differs-door-count", door=door.name, counted=most, events=door.held_events
            )

    async def _marks(self, door: DoorState) -> list[Mark]:
        """What is known of the marks of a door: the last of the stream, and those of its database.

        A database saves a mark before it announces it.
        """
        last = await marks.last(self.broker, door.name)
        stored = [] if last is None else [last]
        for each in self.producers.values():
            stored += [mark for mark in (each.mark, *each.former) if mark.door == door.name]
        return stored


def _is_announced(door: DoorState, announced: list[Mark]) -> bool:
    """Whether a door may have announced the marks that are stored of it; they may lie behind."""
    if not announced:
        return True  # stream and database are gone
    until = max(mark.until for mark in announced)
    successors = {None, *(mark.successor for mark in announced)}
    return max(door.held_until, door.mark_until) <= until and door.successor in successors
