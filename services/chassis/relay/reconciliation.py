"""How a relay is reconciled with its door and its stream, before it sends anything.

A database that was restored from an older backup has announced a mark that it does not remember.
It goes on as a new door, whose count begins anew with what it recorded since: a later loss cannot
hide behind what the ledger has and the door forgot. What a stream has lost is sent again. Whoever
folds the stream may demand the same where a mark does not hold; identities make each message
harmless that comes twice.
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
    """What the fold demands of a door: to send again what it recorded after the mark that held.

    `renewal`: the door is to take a new name, since it told fewer events than it once had.
    """

    mark: Mark
    renewal: bool

    @property
    def door(self) -> str:
        """The door that is meant."""
        return self.mark.door

    def encode(self) -> bytes:
        """The demand as a message."""
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
    """Compares door and outbox with what was announced and what is in the stream."""
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
    """Does what the fold demands of this door, or of one that its database was before."""
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
    """Makes a restored database a new door; `mark` is the last one that stands for the old door.

    What it recorded since the mark that both know belongs to the new door, whether or not it was
    sent before: it is sent again under that name, and recorded later than the mark.
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
    """Moves moments of a door behind a mark where they are not; answers the last moment."""
    last = until
    for seq, recorded in await outbox.moments_of(conn, name):
        last = max(recorded, last + 1)
        if last != recorded:
            await outbox.record_at(conn, seq, last)
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
    """Up to which sequence the stream still has what was sent; None where it has all of it.

    A stream that was replaced by an older copy of itself has a beginning of what was sent, which
    is found by halves.
    """
    async with db.read() as conn:
        last = await outbox.placed(conn, group, state.last_seq)
        beyond = await outbox.is_placed_after(conn, group, state.last_seq)
    if not spot_checks:
        return state.last_seq if beyond else None
    low, high = 0, state.last_seq + 1
    if last is None or await _stands(broker, last):
        return state.last_seq if beyond else None
    high = last.stream_seq
    while high - low > 1:
        middle = (low + high) // 2
        async with db.read() as conn:
            place = await outbox.placed(conn, group, middle)
        if place is None or place.stream_seq <= low or await _stands(broker, place):
            low = middle
        else:
            high = place.stream_seq
    return low


async def _stands(broker: Broker, place: outbox.Place) -> bool:
    """Whether the stream has a message where it acknowledged it."""
    id_ = await streams.id_at(broker, EVENTS, place.stream_seq)
    return id_ == message_id(place.receipt, place.generation)
