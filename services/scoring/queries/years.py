"""Reads what is known of years beside their decisions: which there are, and late events."""

from collections.abc import Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.fold.books import LedgerPart


async def count_late(conn: AsyncConnection, cuts: Mapping[int, int]) -> dict[int, int]:
    """By year the number of its events that were recorded after the cut of its seal."""
    if not cuts:
        return {}
    counts = " UNION ALL ".join(
        f"SELECT {int(year)}, count(*) FROM ledger WHERE year = {int(year)} "
        f"AND recorded > {int(cut)} AND part <> {int(LedgerPart.STAGE)}"
        for year, cut in cuts.items()
    )
    return {row[0]: row[1] for row in await conn.execute(text(counts))}


async def late_by_type(
    conn: AsyncConnection, year: int, cut: int
) -> list[tuple[int | None, str, int]]:
    """The late events of a year by door and type, the most first."""
    select = text(
        "SELECT door, kind, count(*) AS number FROM ledger WHERE year = :year AND recorded > :cut "
        f"AND part <> {int(LedgerPart.STAGE)} GROUP BY door, kind ORDER BY number DESC, kind, door"
    )
    rows = await conn.execute(select, {"year": year, "cut": cut})
    return [(row[0], row[1], int(row[2])) for row in rows]
