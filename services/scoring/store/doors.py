"""The doors whose events scoring folds: the marks that they announced, and whether they hold.

SQL of the tables `doors` and `repeats`. All writes happen under the lock on the position, so that
no batch is folded between the count of events and the verdict on a mark.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from services.chassis.database.engine import select_among
from services.chassis.marks import NAME, Mark
from services.scoring.messages import message

DOORS_MAX = 1000
ALARM_US, SILENT_US = 30_000_000, 120_000_000


class DoorLabel(NamedTuple):
    """The id of the door that recorded a message, and the moment."""

    door: int
    recorded: int


class Arrival(NamedTuple):
    """An event of the ledger: its receipt, the id of its door, and the moment of recording."""

    receipt: bytes
    door: int | None
    recorded: int


class DoorState(NamedTuple):
    """The row of a door; instants in microseconds.

    `held_…` is the last mark that held, `mark_…` the last that was announced, and `arrived` the
    number of the door's events up to it. Since `differs_since` the announced mark does not hold. A
    door with a `successor` announces no more marks; for a `retired` one nobody waits.
    """

    id: int
    name: str
    held_until: int = 0
    held_events: int = 0
    mark_until: int = 0
    mark_events: int = 0
    arrived: int = 0
    heard: int | None = None
    differs_since: int | None = None
    successor: str | None = None
    retired: int | None = None

    @property
    def mark(self) -> Mark:
        """The last mark that the door announced."""
        return Mark(self.name, self.mark_until, self.mark_events, self.successor)

    @property
    def proven_mark(self) -> Mark:
        """The last mark that held."""
        return Mark(self.name, self.held_until, self.held_events)

    @property
    def is_closed(self) -> bool:
        """Whether the door records no more and all its events arrived, or nobody waits for it."""
        return self.retired is not None or (
            self.successor is not None and self.mark_until <= self.held_until
        )

    @property
    def state(self) -> str:
        """The state of the door, in a word."""
        if self.retired is not None:
            return "retired"
        if self.differs_since is not None:
            return "missing" if self.arrived < self.mark_events else "surplus"
        return "closed" if self.is_closed else "proved"

    def summary(self) -> dict[str, str | int | None]:
        """The door for an operator."""
        return {
            "name": self.name, "state": self.state, "events": self.mark_events,
            "arrived": self.arrived, "until": moments.rfc3339(self.mark_until),
            "heard": None if self.heard is None else moments.rfc3339(self.heard),
            "successor": self.successor,
        }  # fmt: skip

    def alarm(self, now: int) -> str | None:
        """A sentence for the operator where a mark has not held for too long, else None."""
        if self.is_closed or self.differs_since is None or now - self.differs_since < ALARM_US:
            return None
        code = "mark-missing" if self.arrived < self.mark_events else "mark-surplus"
        return message(
            code, door=self.name, events=self.mark_events, until=moments.rfc3339(self.mark_until),
            number=abs(self.mark_events - self.arrived), since=moments.rfc3339(self.held_until),
        )  # fmt: skip


def apply_mark(door: DoorState, mark: Mark, arrived: int, now: int) -> DoorState:
    """The door after its mark was compared with the number of events up to it. Pure."""
    heard = now if mark.until > door.mark_until or door.heard is None else door.heard
    state = door._replace(
        mark_until=mark.until, mark_events=mark.events, successor=mark.successor, arrived=arrived,
        heard=heard,
    )  # fmt: skip
    if mark.successor is not None and mark.until <= door.held_until:
        return state._replace(differs_since=None)
    if arrived == mark.events:
        return state._replace(held_until=mark.until, held_events=mark.events, differs_since=None)
    since = now if door.differs_since is None else door.differs_since
    return state._replace(differs_since=since)


async def load(conn: AsyncConnection) -> list[DoorState]:
    """Every door, ordered by name."""
    columns = ", ".join(DoorState._fields)
    rows = await conn.execute(text(f"SELECT {columns} FROM doors ORDER BY name"))
    return [DoorState(*row) for row in rows]


async def ensure_doors(conn: AsyncConnection, names: Collection[str]) -> dict[str, DoorState]:
    """The doors of these names; missing ones are inserted, up to the limit of doors."""
    doors = {door.name: door for door in await load(conn)}
    missing = sorted({name for name in names if NAME.fullmatch(name)} - doors.keys())
    for name in missing[: DOORS_MAX - len(doors)]:
        insert = text(
            "INSERT INTO doors (name, held_until, held_events, mark_until, mark_events, arrived) "
            "VALUES (:name, 0, 0, 0, 0, 0)"
        )
        await conn.execute(insert, {"name": name})
    if missing:
        doors = {door.name: door for door in await load(conn)}
    return {name: doors[name] for name in names if name in doors}


async def compare(conn: AsyncConnection, marks: Iterable[Mark], now: int) -> list[DoorState]:
    """Compares these marks, and earlier ones, with the events that arrived; returns all doors."""
    announced = {mark.door: mark for mark in marks}
    doors = await ensure_doors(conn, announced)
    doors |= {door.name: door for door in await load(conn)}
    for name, door in doors.items():
        mark = announced.get(name)
        if mark is None or (mark.until < door.mark_until and mark.successor is None):
            mark = door.mark
        if door.is_closed and mark == door.mark:
            continue
        arrived = door.held_events + await _count_arrivals(conn, door, mark.until)
        state = apply_mark(door, mark, arrived, now)
        if state != door:
            await save(conn, state)
        doors[name] = state
    return list(doors.values())


ARRIVALS = """
SELECT (SELECT count(*) FROM ledger
        WHERE door = :door AND recorded > :after AND recorded <= :until)
     + (SELECT count(*) FROM (
            SELECT recorded FROM quarantine
            WHERE door = :door AND recorded > :after AND recorded <= :until
            UNION
            SELECT recorded FROM repeats
            WHERE door = :door AND recorded > :after AND recorded <= :until
        ) AS others
        WHERE NOT EXISTS (
            SELECT 1 FROM ledger
            WHERE ledger.door = :door AND ledger.recorded = others.recorded))"""


async def _count_arrivals(conn: AsyncConnection, door: DoorState, until: int) -> int:
    """The number of a door's events that arrived after the mark that held, up to a moment.

    A door never records two events at the same moment, so that moments identify its events, and
    an event that is in several tables counts once.
    """
    values = {"door": door.id, "after": door.held_until, "until": until}
    return int((await conn.execute(text(ARRIVALS), values)).scalar_one())


async def arrivals(conn: AsyncConnection, identities: Collection[bytes]) -> dict[bytes, Arrival]:
    """The arrivals of these events, by identity, as far as the ledger has them."""
    select = "SELECT identity, receipt, door, recorded FROM ledger WHERE identity"
    rows = await select_among(conn, select, identities, "bytea")
    return {row[0]: Arrival(row[1], row[2], row[3]) for row in rows}


async def save(conn: AsyncConnection, door: DoorState) -> None:
    """Saves the row of a door."""
    columns = ", ".join(f"{name} = :{name}" for name in DoorState._fields[1:])
    await conn.execute(text(f"UPDATE doors SET {columns} WHERE id = :id"), door._asdict())


async def add_repeats(conn: AsyncConnection, labels: Sequence[DoorLabel]) -> None:
    """Saves labels under which events arrived that ledger or quarantine have under another one."""
    if not labels:
        return
    rows = sorted(set(labels))
    if conn.dialect.name == "sqlite":
        insert = "INSERT OR IGNORE INTO repeats (door, recorded) VALUES (?, ?)"
        await conn.exec_driver_sql(insert, [tuple(row) for row in rows])
        return
    insert = (
        "INSERT INTO repeats (door, recorded) SELECT * FROM unnest($1::int[], $2::bigint[]) "
        "ON CONFLICT DO NOTHING"
    )
    columns = ([row.door for row in rows], [row.recorded for row in rows])
    await conn.exec_driver_sql(insert, columns)


def alarm(doors: Iterable[DoorState], now: int) -> str | None:
    """The first alarm of the doors, or None."""
    return next((why for door in doors if (why := door.alarm(now)) is not None), None)
