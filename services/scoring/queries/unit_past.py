"""Reads all that may ever have moved one unit's year, also what was retracted since."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded, decode, restore
from services.chassis.database.engine import rows_of, select_among
from services.scoring.fold.books import LedgerPart
from services.scoring.queries.as_of import POSTED, REGISTRY, RETRACTION

SUCCEEDED, RECODED = "unit.succeeded", "unit.recoded"


class Neighbourhood(NamedTuple):
    """The units whose events may be among those of a unit, in any registry there ever was.

    `subjects` are the keys and codes under which such events may stand; `statements` are the
    `unit.*` events that decide which of them do, `every_subject` the subjects of both.
    """

    subjects: frozenset[str]
    statements: list[Recorded]
    every_subject: frozenset[str]


class Extent(NamedTuple):
    """How much there is of what may have moved a unit's year.

    The ledger only grows: as long as this stays, all of it does. `registry` and `last` tell a
    database apart that was restored from a backup.
    """

    registry: int
    rows: int
    last: int
    retractions: int


async def registry_rows(conn: AsyncConnection) -> int:
    """The number of statements in the ledger, retracted ones too; of an index alone."""
    rows = await conn.execute(text(f"SELECT count(*) FROM ledger WHERE {REGISTRY}"))
    return int(rows.scalar() or 0)


async def extent(conn: AsyncConnection, near: Neighbourhood, year: int, registry: int) -> Extent:
    """The extent of a unit's year, beside this number of statements; of indexes alone."""
    select = f"SELECT count(*), max(time) FROM ledger WHERE year = {int(year)} AND subject"
    rows = await select_among(conn, select, near.subjects, "text")
    withdrawn = f"SELECT count(*) FROM ledger WHERE {RETRACTION} AND subject"
    counts = await select_among(conn, withdrawn, near.every_subject, "text")
    last = max((int(row[1] or 0) for row in rows), default=0)
    return Extent(registry, sum(row[0] for row in rows), last, sum(row[0] for row in counts))


async def neighbourhood(conn: AsyncConnection, unit: str) -> Neighbourhood:
    """The unit, all that were ever named its predecessors, and who ever had one of their codes."""
    linking = await conn.execute(
        text(f"SELECT raw FROM ledger WHERE {REGISTRY} AND kind IN ('{SUCCEEDED}', '{RECODED}')")
    )
    links = [decode(bytes(row[0])) for row in linking]
    predecessors: dict[str, set[str]] = {}
    for event in links:
        if event.kind.short == SUCCEEDED:
            predecessors.setdefault(event.event.data.successor, set()).add(event.event.subject)
    members, ahead = {unit}, [unit]
    while ahead:
        fresh = predecessors.get(ahead.pop(), set()) - members
        members |= fresh
        ahead += fresh
    recoded = [event for event in links if event.kind.short == RECODED]
    codes = {event.event.data.code for event in recoded if event.event.subject in members}
    holders = {event.event.subject for event in recoded if event.event.data.code in codes}
    subjects = frozenset(members | codes)
    select = f"SELECT raw FROM ledger WHERE {REGISTRY} AND subject"
    rows = await select_among(conn, select, subjects | holders, "text")
    statements = [decode(bytes(row[0])) for row in rows]
    every = subjects | {event.event.subject for event in statements}
    return Neighbourhood(subjects, statements, every)


async def events(conn: AsyncConnection, subjects: Collection[str], year: int) -> list[Recorded]:
    """The events of a year that may post facts under these subjects, retracted ones too."""
    select = (
        "SELECT raw, identity, time, recorded FROM ledger "
        f"WHERE year = {int(year)} AND {POSTED} AND subject"
    )
    rows = await (await rows_of(conn)).among(select, subjects, "text")
    return [restore(row[0], row[1], b"", row[2], year, row[3]) for row in rows]


async def retractions(conn: AsyncConnection, subjects: Collection[str]) -> list[Recorded]:
    """The retractions under these subjects."""
    select = f"SELECT raw FROM ledger WHERE {RETRACTION} AND subject"
    rows = await select_among(conn, select, subjects, "text")
    return [decode(bytes(row[0])) for row in rows]


async def stage_event(conn: AsyncConnection, year: int, recorded: int) -> Recorded | None:
    """The event of the year's stages that was recorded at an instant."""
    select = (
        f"SELECT raw FROM ledger WHERE part = {int(LedgerPart.STAGE)} AND year = {int(year)} "
        f"AND recorded = {int(recorded)} ORDER BY identity LIMIT 1"
    )
    raw = (await conn.execute(text(select))).scalar()
    return None if raw is None else decode(bytes(raw))
