"""The door: one database that records events, with the timestamps of its events and its marks.

Events are stamped under a lock that is held until the commit, so that no event is ever recorded at
or below a published mark (`services.chassis.marks`). A door that was restored from a backup is
renewed by `services.chassis.relay.reconciliation`.
"""

import json
import secrets
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.marks import Mark

STAMP = (
    "UPDATE door SET stamp = {greatest}(stamp + 1, mark_until + 1, {now}) + {number} - 1, "
    "events = events + {number} RETURNING name, stamp, events"
)
STAMP_SQLITE = STAMP.format(greatest="max", now="?1", number="?2")
STAMP_POSTGRES = STAMP.format(greatest="greatest", now="$1::bigint", number="$2::bigint")


def door_table(metadata: MetaData) -> Table:
    """The table of one row that identifies the door, for the `tables.py` of a service."""
    return Table(
        "door", metadata,
        Column("id", Integer, primary_key=True),
        Column("name", Text, nullable=False),
        Column("stamp", BigInteger, nullable=False),
        Column("events", BigInteger, nullable=False),
        Column("mark_until", BigInteger, nullable=False),
        Column("mark_events", BigInteger, nullable=False),
        Column("former", Text, nullable=False),
    )  # fmt: skip


class Stamps(NamedTuple):
    """The timestamps of the events of one transaction: `first`, then one microsecond more each.

    `ordinal` is the number of the first among all events of the door, beginning with 1.
    """

    door: str
    first: int
    ordinal: int


class Door(NamedTuple):
    """The state of a door; instants in microseconds.

    `stamp` is the timestamp of the last event, `events` the number of all events, `mark_until` and
    `mark_events` the last mark, which is saved before it is published. `former` are the last marks
    under the names that the door had before it was restored.
    """

    name: str
    stamp: int
    events: int
    mark_until: int
    mark_events: int
    former: tuple[Mark, ...]

    @property
    def mark(self) -> Mark:
        """The last mark."""
        return Mark(self.name, self.mark_until, self.mark_events)


def new_name(service: str) -> str:
    """A unique name: the service and a random suffix."""
    return f"{service}.{secrets.token_hex(4)}"


async def stamp(conn: AsyncConnection, now: int, number: int) -> Stamps:
    """Reserves timestamps for so many events, and locks the door until the transaction ends."""
    statement = STAMP_SQLITE if conn.dialect.name == "sqlite" else STAMP_POSTGRES
    row: Any = (await conn.exec_driver_sql(statement, (now, number))).one()
    return Stamps(row[0], row[1] - number + 1, row[2] - number + 1)


async def load(conn: AsyncConnection, locked: bool = False) -> Door:
    """Reads the door; `locked` keeps other transactions from stamping until this one ends."""
    suffix = " FOR UPDATE" if locked and conn.dialect.name != "sqlite" else ""
    select = "SELECT name, stamp, events, mark_until, mark_events, former FROM door"
    row = (await conn.execute(text(select + suffix))).one()
    former = tuple(Mark(*mark) for mark in json.loads(row[5]))
    return Door(row[0], row[1], row[2], row[3], row[4], former)


async def save(conn: AsyncConnection, door: Door) -> None:
    """Saves the door, which the caller has locked."""
    values: dict[str, Any] = {**door._asdict(), "former": json.dumps(door.former)}
    columns = ", ".join(f"{name} = :{name}" for name in values)
    await conn.execute(text(f"UPDATE door SET {columns}"), values)


async def advance(conn: AsyncConnection, now: int) -> Mark:
    """Saves the next mark, up to which all events are in the stream.

    It ends before the first event that is still unsent, and never goes back.
    """
    door = await load(conn, locked=True)
    waiting = await conn.execute(
        text(
            "SELECT recorded, ordinal FROM outbox WHERE sent IS NULL AND door = :door "
            "ORDER BY seq LIMIT 1"
        ),
        {"door": door.name},
    )
    first = waiting.first()
    if first is None:
        until, events = max(door.stamp, now), door.events
    else:
        until, events = first[0] - 1, first[1] - 1
    if until <= door.mark_until:
        return door.mark
    await save(conn, door._replace(mark_until=until, mark_events=events))
    return Mark(door.name, until, events)
