"""Reads of the awards: achievements, the register of honours in force, encrypted names."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

LISTED = ("id", "unit", "origin", "kind", "title", "stage", "version")


async def achievements(
    conn: AsyncConnection, units: Collection[str] | None, stage: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """Achievements after the id `after`, in order; only those of `units`, unless it is None."""
    conditions = ["id > :after"]
    parameters: dict[str, Any] = {"after": after, "limit": limit}
    if stage is not None:
        conditions.append("stage = :stage")
        parameters["stage"] = stage
    if units is not None:
        conditions.append("unit IN :units")
        parameters["units"] = sorted(units) or [""]  # no unit has an empty key
    select = text(
        f"SELECT {', '.join(LISTED)} FROM achievements WHERE {' AND '.join(conditions)} "
        "ORDER BY id LIMIT :limit"
    )
    if units is not None:
        select = select.bindparams(bindparam("units", expanding=True))
    return [dict(zip(LISTED, row, strict=True)) for row in await conn.execute(select, parameters)]


REGISTERED = ("id", "unit", "kind", "title", "what", "level", "decision", "year", "place")


_PLACE = "id || ':' || what || ':' || level"


async def register(
    conn: AsyncConnection, year: int, level: str | None, after: str, limit: int
) -> list[dict[str, Any]]:
    """Honours of a year in force, with their decisions, after the cursor `after`."""
    narrowed = "AND level = :level " if level is not None else ""
    select = text(
        f"SELECT id, unit, kind, title, what, level, decision, year, {_PLACE} AS place "
        f"FROM honours JOIN achievements ON id = record WHERE year = :year {narrowed}"
        f"AND {_PLACE} > :after ORDER BY place LIMIT :limit"
    )
    parameters = {"year": year, "level": level, "after": after, "limit": limit}
    rows = await conn.execute(select, parameters)
    return [dict(zip(REGISTERED, row, strict=True)) for row in rows]


async def honoree(conn: AsyncConnection, record: str) -> bytes | None:
    """The encrypted name of the exemplary person."""
    select = text("SELECT honoree FROM achievements WHERE id = :id")
    hidden = (await conn.execute(select, {"id": record})).scalar()
    return None if hidden is None else bytes(hidden)


async def honorees(conn: AsyncConnection) -> list[bytes]:
    """All stored encrypted names."""
    select = text("SELECT honoree FROM achievements WHERE honoree IS NOT NULL")
    return [bytes(row[0]) for row in await conn.execute(select)]
