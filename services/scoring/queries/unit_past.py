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


class Neighbourhood(NamedTuple):
    """The units whose events may be among those of a unit, in any registry there ever was.

    `subjects` are the keys and codes under which such events may stand; `statements` are the
    `unit.*` events that decide which of them do.
    """

    subjects: frozenset[str]
    statements: list[Recorded]


async def neighbourhood(conn: AsyncConnection, unit: str) -> Neighbourhood:
    """The unit, all that were ever named its predecessors, and who ever had one of their codes."""
    rows = await conn.execute(text(f"SELECT raw FROM ledger WHERE {REGISTRY}"))
    statements = [decode(bytes(row[0])) for row in rows]
    predecessors: dict[str, set[str]] = {}
    for event in statements:
        if event.kind.short == "unit.succeeded":
            predecessors.setdefault(event.event.data.successor, set()).add(event.event.subject)
    members, ahead = {unit}, [unit]
    while ahead:
        fresh = predecessors.get(ahead.pop(), set()) - members
        members |= fresh
        ahead += fresh
    recoded = [event for event in statements if event.kind.short == "unit.recoded"]
    codes = {event.event.data.code for event in recoded if event.event.subject in members}
    holders = {event.event.subject for event in recoded if event.event.data.code in codes}
    subjects = frozenset(members | codes)
    units = subjects | holders
    return Neighbourhood(subjects, [each for each in statements if each.event.subject in units])


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
