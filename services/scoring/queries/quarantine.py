"""Reads the quarantine."""

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


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


async def entry(conn: AsyncConnection, id_: bytes) -> dict[str, Any] | None:
    """An entry with its original bytes, or None."""
    row = (await conn.execute(text("SELECT * FROM quarantine WHERE id = :id"), {"id": id_})).first()
    return None if row is None else dict(row._mapping)
