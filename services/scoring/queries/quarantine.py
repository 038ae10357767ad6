"""Reads the quarantine."""

import itertools
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import envelope
from services.scoring.year.obstacles import WaitingEntry


async def entries(conn: AsyncConnection, state: str | None, limit: int) -> list[dict[str, Any]]:
    """The entries of the quarantine, newest first, without their bytes."""
    rows = await conn.execute(
        text(
            "SELECT id, reason, detail, subject, receipt, came, state, replaced_by FROM quarantine "
            "WHERE :state = '' OR state = :state ORDER BY came DESC, id LIMIT :limit"
        ),
        {"state": state or "", "limit": limit},
    )
    return [dict(row._mapping) for row in rows]


async def waiting(conn: AsyncConnection, until: int, limit: int) -> list[WaitingEntry]:
    """The entries that wait and were recorded up to an instant, oldest first.

    One whose bytes do not say when it was recorded may have been recorded at any time.
    """
    select = text(
        "SELECT id, reason, recorded, raw FROM quarantine WHERE state = 'waiting' "
        "AND (recorded IS NULL OR recorded <= :until) ORDER BY came, id LIMIT :limit OFFSET :offset"
    )
    entries_until: list[WaitingEntry] = []
    for offset in itertools.count(0, limit):
        values = {"until": until, "limit": limit, "offset": offset}
        rows = (await conn.execute(select, values)).all()
        entries_until += [
            WaitingEntry(bytes(id_).hex(), reason) for id_, reason, recorded, raw in rows
            if (recorded or envelope.recordedtime_of(bytes(raw)) or until) <= until
        ]  # fmt: skip
        if len(rows) < limit or len(entries_until) >= limit:
            break
    return entries_until[:limit]


async def entry(conn: AsyncConnection, id_: bytes) -> dict[str, Any] | None:
    """An entry with its original bytes, or None."""
    row = (await conn.execute(text("SELECT * FROM quarantine WHERE id = :id"), {"id": id_})).first()
    return None if row is None else dict(row._mapping)
