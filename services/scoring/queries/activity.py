"""Reads what each unit did last in a year: one look into an index for each subject."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.scoring.fold.books import LedgerPart


class LastEvent(NamedTuple):
    """The time and the type of an event."""

    time: int
    type: str


async def last_events(
    conn: AsyncConnection, year: int, subjects: Collection[str], until: int | None
) -> dict[str, LastEvent]:
    """The latest event of each subject by its time, which is practice and not retracted.

    Of several at once the one whose type is last in order. With `until` only what a door had
    recorded by then. Subjects without one are left out.
    """
    # its sign keeps SQLite from the index of the year, which is of all units
    recorded = "" if until is None else f"AND +recorded <= {int(until)} "
    of_subject = (
        "FROM ledger WHERE ledger.subject = s.value AND year = :year "
        f"AND part = {int(LedgerPart.PRACTICE)} AND NOT retracted {recorded}"
    )
    values: dict[str, Any] = {"year": year}
    ordered = sorted(subjects)
    if not ordered:
        return {}
    if conn.dialect.name == "sqlite":
        names = ", ".join(f"(:s{i})" for i in range(len(ordered)))
        source = f"(SELECT column1 AS value FROM (VALUES {names})) AS s"
        values |= {f"s{i}": subject for i, subject in enumerate(ordered)}
    else:
        source = "unnest(CAST(:subjects AS text[])) AS s(value)"
        values["subjects"] = ordered
        # where its statistics are old PostgreSQL expects few rows, and would read and sort all
        await conn.execute(text("SET LOCAL enable_bitmapscan = off"))
    rows = await conn.execute(
        text(
            f"WITH latest AS MATERIALIZED (SELECT s.value AS value, "
            f"(SELECT time {of_subject} ORDER BY time DESC LIMIT 1) AS time FROM {source}) "
            f"SELECT s.value, s.time, (SELECT max(kind) {of_subject} AND time = s.time) "
            "FROM latest AS s WHERE s.time IS NOT NULL"
        ),
        values,
    )
    return {row[0]: LastEvent(row[1], row[2]) for row in rows}
