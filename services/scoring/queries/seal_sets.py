"""Reads what a seal or a checkpoint covers: the events of a year recorded up to an instant."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import rows_of
from services.scoring.fold.books import LedgerPart

_OF_ANY_YEAR = (LedgerPart.REGISTRY, LedgerPart.RETRACTION)
CHECKPOINT_EVENTS = (
    f"SELECT raw FROM ledger WHERE part = {int(LedgerPart.STAGE)} {{of_year}} "
    "AND kind = 'year.checkpointed' ORDER BY year, recorded"
)
_OF_THE_YEAR = f"part IN ({int(LedgerPart.PRACTICE)}, {int(LedgerPart.DECISION)})"


async def bodies(conn: AsyncConnection, year: int, until: int) -> list[bytes]:
    """The events that a seal of the year covers, recorded up to an instant (SEAL.md section 1).

    They are those of the year, and `unit.*` events and retractions of any year.
    """
    select = f"SELECT raw FROM ledger WHERE recorded <= {int(until)} AND "
    conditions = [f"year = {int(year)} AND {_OF_THE_YEAR}"]
    conditions += [f"part = {int(part)}" for part in _OF_ANY_YEAR]
    rows = await rows_of(conn)
    every = [await rows.all(select + condition) for condition in conditions]
    return [bytes(row[0]) for part in every for row in part]


async def first_recorded(conn: AsyncConnection) -> dict[int, int]:
    """By year, when its first event of its own was recorded."""
    first = f"SELECT min(recorded) FROM ledger WHERE year = :year AND {_OF_THE_YEAR}"
    instants: dict[int, int] = {}
    for (year,) in (await conn.execute(text(YEARS))).all():
        instant = (await conn.execute(text(first), {"year": year})).scalar()
        if instant is not None:
            instants[year] = instant
    return instants


YEARS = """
WITH RECURSIVE years(year) AS (
    SELECT min(year) FROM ledger
    UNION ALL
    SELECT (SELECT min(ledger.year) FROM ledger WHERE ledger.year > years.year)
    FROM years WHERE years.year IS NOT NULL
)
SELECT year FROM years WHERE year IS NOT NULL ORDER BY year"""
"""A loose index scan: one lookup for each year."""


async def checkpoint_events(conn: AsyncConnection, year: int | None = None) -> list[bytes]:
    """The events `year.checkpointed` that the stream has brought, of a year or all, in order."""
    of_year = "" if year is None else f"AND year = {int(year)}"
    select = text(CHECKPOINT_EVENTS.format(of_year=of_year))
    return [bytes(row[0]) for row in await conn.execute(select)]
