"""Reads what is known of years beside their decisions: which there are, and late events."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.fold.books import LedgerPart


async def years(conn: AsyncConnection) -> list[int]:
    """The years with a book, or on which anything was decided."""
    rows = await conn.execute(
        text("SELECT year FROM books UNION SELECT year FROM year_decisions ORDER BY year")
    )
    return [row[0] for row in rows]


async def count_late(conn: AsyncConnection, year: int, cut: int) -> int:
    """The number of events of a year that were recorded after the cut of its seal."""
    select = text(
        f"SELECT count(*) FROM ledger WHERE year = :year AND recorded > :cut "
        f"AND part <> {int(LedgerPart.STAGE)}"
    )
    return int((await conn.execute(select, {"year": year, "cut": cut})).scalar_one())
