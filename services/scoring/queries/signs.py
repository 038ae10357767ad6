"""Reads the events of a year in the order in which doors recorded them, for signs of gaming."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.fold.books import LedgerPart

CHUNK = 5_000
SELECT = (
    "SELECT subject, kind, time, recorded, identity, raw FROM ledger WHERE year = :year "
    "AND (recorded, identity) > (:recorded, :identity) "
    f"AND part = {int(LedgerPart.PRACTICE)} AND NOT retracted "
    "ORDER BY recorded, identity LIMIT :limit"
)


class PracticeRow(NamedTuple):
    """An event of what units do, that is not retracted."""

    subject: str
    kind: str
    time: int
    recorded: int
    identity: bytes
    raw: bytes


async def practice(
    conn: AsyncConnection, year: int, most: int
) -> AsyncIterator[Sequence[PracticeRow]]:
    """The first events of a year, at most so many, in chunks."""
    values: dict[str, Any] = {"year": year, "recorded": -(2**62), "identity": b""}
    while most > 0:
        limit = min(CHUNK, most)
        rows = (await conn.execute(text(SELECT), {**values, "limit": limit})).all()
        if not rows:
            return
        yield [
            PracticeRow(subject, kind, time, recorded, bytes(identity), bytes(raw))
            for subject, kind, time, recorded, identity, raw in rows
        ]
        if len(rows) < limit:
            return
        most -= len(rows)
        values |= {"recorded": rows[-1][3], "identity": bytes(rows[-1][4])}
