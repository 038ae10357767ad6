"""The door of a database: the moment under which each of its events is recorded, and its marks.

A door is one database that records events. It stamps under a lock that is held to the commit, so
that nothing is ever recorded at or below a mark that it has announced. `services.chassis.marks`
says what a mark is; `services.chassis.relay.reconciliation` what happens to a door that was
restored.
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
    """The one row that says which door a database is, for the `tables.py` of a service."""
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
    """The moments of the events that one transaction records: `first`, and one more for each.

    `ordinal` is the number of the first among all events of the door, beginning with 1.
    """

    door: str
    first: int
    ordinal: int


class Door(NamedTuple):
    """A door as its database has it; instants in microseconds.

    `stamp` is that of the last event, `events` the number of all, `mark_until` and `mark_events`
    the last mark, which is written down before it is announced. `former` are the last marks under
    the names that the door had before it was restored.
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
    """A name that no other door has: the service, and what tells this database from others."""
    return f"{service}.{secrets.token_hex(4)}"


async def stamp(conn: AsyncConnection, now: int, number: int) -> Stamps:
    """The moments for so many events; until the transaction ends no other is stamped."""
    statement = STAMP_SQLITE if conn.dialect.name == "sqlite" else STAMP_POSTGRES
    row: Any = (await conn.exec_driver_sql(statement, (now, number))).one()
    return Stamps(row[0], row[1] - number + 1, row[2] - number + 1)


async def load(conn: AsyncConnection, locked: bool = False) -> Door:
    """The door; `locked` keeps every other transaction from stamping until this one ends."""
    suffix = " FOR UPDATE" if locked and conn.dialect.name != "sqlite" else ""
    select = "SELECT name, stamp, events, mark_until, mark_events, former FROM door"
    row = (await conn.execute(text(select + suffix))).one()
    former = tuple(Mark(*mark) for mark in json.loads(row[5]))
    return Door(row[0], row[1], row[2], row[3], row[4], former)


async def save(conn: AsyncConnection, door: Door) -> None:
    """Writes the door, which the caller has locked."""
    values: dict[str, Any] = {**door._asdict(), "former": json.dumps(door.former)}
    columns = ", ".join(f"{name} = :{name}" for name in values)
    await conn.execute(text(f"UPDATE door SET {columns}"), values)


async def advance(conn: AsyncConnection, now: int) -> Mark:
    """The next mark, written down: everything up to it is recorded, and in the stream.

    It ends before the first event that still waits for the stream, and never goes back.
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
