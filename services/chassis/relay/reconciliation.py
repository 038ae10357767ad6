"""Reconciles door, outbox and stream before the relay publishes.

A database that was restored from an older backup has published a mark that it does not contain.
It continues as a new door with a count of its own, so that a later loss cannot be masked by events
that the ledger has and the door forgot. Messages that a stream has lost are sent again. The fold
may demand the same of a door whose mark does not hold. Identities make duplicates harmless.
"""

import json
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis import door as recording
from services.chassis import marks, outbox
from services.chassis.broker import streams
from services.chassis.broker.connection import Broker
from services.chassis.broker.streams import StreamState
from services.chassis.database.engine import Database
from services.chassis.door import Door
from services.chassis.marks import Mark
from services.chassis.outbox import Group
from services.chassis.relay.turn import message_id

EVENTS = "EVENTS"
CHUNK = 5000


class Demand(NamedTuple):
    """A demand of the fold: the door must send its events after `mark`, the last one that held.

    `renewal`: the door must take a new name, since its count is lower than it once was.
    """

    mark: Mark
    renewal: bool

    @property
    def door(self) -> str:
        """The name of the door."""
        return self.mark.door

    def encode(self) -> bytes:
        """The body of the demand's message."""
        return json.dumps(
            {"held": json.loads(self.mark.encode()), "renewal": self.renewal}
        ).encode()


def decode_demand(raw: bytes) -> Demand | None:
    """The demand in a message body; None for any other content."""
    try:
        body = json.loads(raw)
        mark = marks.decode(json.dumps(body["held"]).encode())
        return None if mark is None else Demand(mark, bool(body["renewal"]))
    except (ValueError, RecursionError, KeyError, TypeError):
        return None


async def reconcile(db: Database, broker: Broker, now: int, spot_checks: bool) -> StreamState:
    """Compares door and outbox with the published marks and with the stream, and repairs them."""
    async with db.read() as conn:
        door = await recording.load(conn)
    announced = await marks.last(broker, door.name)
    if announced is not None and (announced.until > door.mark_until or announced.successor):
        door = await renew(db, announced._replace(successor=None), now)
    for former in door.former:
        await marks.announce(broker, former)
    state = await streams.state(broker, EVENTS)
    await _send_lost_again(db, broker, state, spot_checks)
    return state


async def fulfil(db: Database, broker: Broker, demand: Demand, now: int) -> None:
    """Fulfils a demand on this door, or on one of its former names."""
    async with db.read() as conn:
        door = await recording.load(conn)
    former = next((mark for mark in door.former if mark.door == demand.door), None)
    if door.name == demand.door and demand.renewal:
        door = await renew(db, demand.mark, now)
        former = door.former[-1]
    if former is not None:
        await marks.announce(broker, former)
    async with db.write() as conn:
        await outbox.resend_door(conn, demand.door, demand.mark.until)


async def renew(db: Database, mark: Mark, now: int) -> Door:
    """Makes a restored database a new door; `mark` is the last valid mark of the old door.

    Events after the last mark that both know belong to the new door, whether or not they were sent
    before: they are sent again under its name, with timestamps after the mark.
    """
    async with db.write() as conn:
        door = await recording.load(conn, locked=True)
        if door.name != mark.door:
            return door
        name = recording.new_name(door.name.partition(".")[0])
        events = await outbox.relabel(conn, door.name, name, min(door.mark_until, mark.until))
        last = await _record_later(conn, name, mark.until)
        renewed = Door(
            name, max(door.stamp, door.mark_until, last), events, mark.until, 0,
            (*door.former, mark._replace(successor=name)),
        )  # fmt: skip
        await recording.save(conn, renewed)
    return renewed


async def _record_later(conn: AsyncConnection, name: str, until: int) -> int:
    """Moves the timestamps of a door's unsent events after a mark; returns the last one."""
    last = until
    for seq, recorded in await outbox.unsent_instants(conn, name):
        last = max(recorded, last + 1)
        if last != recorded:
            await outbox.rerecord(conn, seq, last)
    return last


async def _send_lost_again(
    db: Database, broker: Broker, state: StreamState, spot_checks: bool
) -> None:
    while True:
        async with db.read() as conn:
            foreign = await outbox.of_other_streams(conn, state.created, CHUNK)
        if not foreign:
            break
        async with db.write() as conn:
            await outbox.unsend(conn, foreign)
    for group in (Group(state.created), Group(None)):
        end = await _intact(db, broker, state, group, spot_checks)
        if end is not None:
            async with db.write() as conn:
                await outbox.unsend_after(conn, group, end)


async def _intact(
    db: Database, broker: Broker, state: StreamState, group: Group, spot_checks: bool
) -> int | None:
    """The last sequence up to which the stream has all sent rows; None if it has all of them.

    A stream that was replaced by an older copy of itself has a prefix of the sent rows, whose end
    a binary search finds.
    """
    async with db.read() as conn:
        last = await outbox.last_place(conn, group, state.last_seq)
        beyond = await outbox.is_placed_after(conn, group, state.last_seq)
    if not spot_checks:
        return state.last_seq if beyond else None
    low, high = 0, state.last_seq + 1
    if last is None or await _is_stored(broker, last):
        return state.last_seq if beyond else None
    high = last.stream_seq
    while high - low > 1:
        middle = (low + high) // 2
        async with db.read() as conn:
            place = await outbox.last_place(conn, group, middle)
        if place is None or place.stream_seq <= low or await _is_stored(broker, place):
            low = middle
        else:
            high = place.stream_seq
    return low


async def _is_stored(broker: Broker, place: outbox.Place) -> bool:
    """Whether the stream has the message at the acknowledged sequence."""
    id_ = await streams.id_at(broker, EVENTS, place.stream_seq)
    return id_ == message_id(place.receipt, place.generation)
