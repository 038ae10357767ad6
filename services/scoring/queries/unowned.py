"""Reads the events of subjects that no unit holds; the caller decides which subjects these are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from services.chassis.database.engine import select_among
from services.scoring.fold.books import LedgerPart
from services.scoring.fold.registry import NEVER

PARTS = f"{int(LedgerPart.PRACTICE)}, {int(LedgerPart.REGISTRY)}, {int(LedgerPart.DECISION)}"
OPEN = f"part IN ({PARTS}) AND NOT retracted"
# A loose index scan: one lookup for each distinct subject, however many events each has.
SUBJECTS = """
WITH RECURSIVE subjects(subject) AS (
    SELECT min(subject) FROM ledger
    UNION ALL
    SELECT (SELECT min(ledger.subject) FROM ledger WHERE ledger.subject > subjects.subject)
    FROM subjects WHERE subjects.subject IS NOT NULL
)
SELECT subject FROM subjects WHERE subject IS NOT NULL"""
COUNT = f"SELECT count(*) FROM ledger WHERE {OPEN} AND subject"
COUNT_BEFORE = (
    f"SELECT count(*) FROM ledger WHERE {OPEN} AND subject = :subject AND year <= :year "
    "AND time < :until"
)
EVENTS = (
    "SELECT year, time, identity, receipt, raw FROM ledger "
    f"WHERE {OPEN} AND subject = :subject AND time < :until "
    "AND (year, time, identity) > (:year, :time, :identity) "
    "ORDER BY year, time, identity LIMIT :limit"
)


class Unheld(NamedTuple):
    """A subject that no unit holds before an instant, NEVER where none ever does."""

    subject: str
    until: int


class Place(NamedTuple):
    """Where a page begins: behind this event."""

    subject: str
    year: int
    time: int
    identity: bytes


class UnownedRow(NamedTuple):
    """An event of the ledger, with what orders it within its subject."""

    year: int
    time: int
    identity: bytes
    receipt: bytes
    raw: bytes


async def subjects(conn: AsyncConnection) -> list[str]:
    """The different subjects of the ledger, in order."""
    return [row[0] for row in await conn.execute(text(SUBJECTS))]


async def count(conn: AsyncConnection, subjects: Sequence[Unheld]) -> int:
    """How many events these subjects have that are not retracted, before their instants."""
    never = [subject for subject, until in subjects if until == NEVER]
    total = sum(int(row[0]) for row in await select_among(conn, COUNT, never, "text"))
    for unheld in subjects:
        if unheld.until != NEVER:
            values = {"year": moments.local_year(unheld.until) + 1, **unheld._asdict()}
            total += int((await conn.execute(text(COUNT_BEFORE), values)).scalar() or 0)
    return total


async def events(
    conn: AsyncConnection, unheld: Unheld, after: Place | None, chunk: int
) -> AsyncIterator[UnownedRow]:
    """The events of a subject behind a place, read in chunks."""
    subject, until = unheld
    place = after if after and after.subject == subject else Place(subject, 0, 0, b"")
    while True:
        values: dict[str, Any] = {**place._asdict(), "until": until, "limit": chunk}
        rows = (await conn.execute(text(EVENTS), values)).all()
        for year, time, identity, receipt, raw in rows:
            yield UnownedRow(year, time, bytes(identity), bytes(receipt), bytes(raw))
        if len(rows) < chunk:
            return
        place = Place(subject, rows[-1][0], rows[-1][1], bytes(rows[-1][2]))
