"""Reads and writes the tables `doors` and `repeats`.

All writes happen under the lock on the position, so that no batch is folded between the count of
events and the verdict on a mark.
"""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.marks import NAME, Mark
from services.scoring.store.door_state import DoorLabel, DoorState, apply_arrivals, apply_mark

DOORS_MAX = 1000
EVER = 2**62
"""After every instant."""
BELOW_MARK = "below-mark"
"""The reason for which the quarantine has what came at or below a mark that holds."""


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
        if door.heard is None and name not in announced:
            state = apply_arrivals(door, await _count_arrivals(conn, door, EVER), now)
        else:
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


async def is_repeat(conn: AsyncConnection, door: str, recorded: int) -> bool:
    """Whether an event came under a label that neither ledger nor quarantine has it under."""
    select = text(
        "SELECT 1 FROM repeats JOIN doors ON doors.id = repeats.door "
        "WHERE doors.name = :door AND repeats.recorded = :recorded"
    )
    return (await conn.execute(select, {"door": door, "recorded": recorded})).first() is not None


async def count_all(conn: AsyncConnection, door: DoorState) -> tuple[int, int]:
    """How many events of a door have arrived up to its mark that held, by counting them all.

    The least and the greatest number: what is in quarantine because it was below a mark may have
    been counted for it, or have come later.
    """
    values = {"door": door.id, "after": -1, "until": door.held_until}
    most = int((await conn.execute(text(ARRIVALS), values)).scalar_one())
    late = text(
        "SELECT count(*) FROM quarantine WHERE door = :door AND recorded > :after "
        f"AND recorded <= :until AND reason = '{BELOW_MARK}'"
    )
    return most - int((await conn.execute(late, values)).scalar_one()), most
