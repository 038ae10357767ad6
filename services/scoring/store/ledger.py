"""Writes of the ledger and of retractions, and what the fold reads of them in its transaction."""

from collections.abc import Collection, Container, Iterable, Mapping

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded, decode
from services.chassis.database.engine import bulk_insert, select_among
from services.scoring import tables
from services.scoring.fold.books import Book, Part, part_of
from services.scoring.fold.verdict import Target, targeted

LEDGER = (
    "identity", "receipt", "subject", "year", "time", "recorded", "part", "kind", "raw",
    "retracted", "door",
)  # fmt: skip


NAMED = (
    "EXISTS (SELECT 1 FROM retractions "
    "WHERE target = ledger.identity AND retractions.subject = ledger.subject)"
)
"""Whether a retraction names a row of the ledger, under the row's own subject."""


async def receipts(conn: AsyncConnection, identities: Collection[bytes]) -> dict[bytes, bytes]:
    """The receipts of those identities that the ledger has."""
    select = "SELECT identity, receipt FROM ledger WHERE identity"
    return {row[0]: row[1] for row in await select_among(conn, select, identities, "bytea")}


async def write_ledger(
    conn: AsyncConnection, new: Iterable[Recorded], retracted: Container[bytes],
    doors: Mapping[bytes, int | None],
) -> None:  # fmt: skip
    """Puts events into the ledger, once each: the key refuses a second.

    `doors` are the numbers of the doors that recorded them.
    """
    rows = [
        (s.identity, s.receipt, s.event.subject, s.year, s.time, s.recorded, int(part_of(s.kind)),
         s.kind.short, s.raw, s.identity in retracted, doors[s.identity])
        for s in new
    ]  # fmt: skip
    await bulk_insert(conn, tables.ledger, rows, LEDGER)


async def retracted(conn: AsyncConnection, identities: Collection[bytes]) -> set[Target]:
    """What retractions of the own source name among these identities, under which subject."""
    select = "SELECT target, subject FROM retractions WHERE target"
    rows = await select_among(conn, select, identities, "bytea")
    return {Target(bytes(row[0]), row[1]) for row in rows}


async def write_retractions(conn: AsyncConnection, targets: Collection[Target]) -> None:
    """Remembers what is retracted, also before it has come."""
    await bulk_insert(conn, tables.retractions, sorted(targets), ("target", "subject"))


async def standing(conn: AsyncConnection, targets: Collection[Target]) -> list[Recorded]:
    """The events of the ledger that these targets mean; a retraction is never one."""
    select = f"SELECT raw FROM ledger WHERE part <> {int(Part.RETRACTION)} AND identity"
    rows = await select_among(conn, select, {one.identity for one in targets}, "bytea")
    events = (decode(row[0]) for row in rows)
    return [event for event in events if targeted(event) in targets]


async def mark_retracted(conn: AsyncConnection, identities: Collection[bytes]) -> None:
    """Marks these identities in the ledger."""
    if not identities:
        return
    update = "UPDATE ledger SET retracted = true WHERE identity"
    if conn.dialect.name == "sqlite":
        await conn.exec_driver_sql(f"{update} = ?", [(one,) for one in identities])
    else:
        await conn.exec_driver_sql(f"{update} = ANY($1)", (list(identities),))


async def mend_marks(conn: AsyncConnection) -> None:
    """Marks what is retracted and is not marked, as a fold of an earlier version leaves it."""
    await conn.execute(
        text(
            f"UPDATE ledger SET retracted = true WHERE {NAMED} "
            f"AND part <> {int(Part.RETRACTION)} AND NOT retracted"
        )
    )


async def statements(conn: AsyncConnection) -> list[bytes]:
    """The bodies of every `unit.*` event that is not retracted."""
    found = await conn.execute(text("SELECT raw FROM ledger WHERE part = 1 AND NOT retracted"))
    return [row[0] for row in found]


async def events_of(conn: AsyncConnection, books: Collection[Book]) -> int:
    """How many events the ledger has under the keys of these books of one year."""
    year = next(iter(books)).year
    select = f"SELECT count(*) FROM ledger WHERE year = {int(year)} AND subject"
    found = await select_among(conn, select, [book.unit for book in books], "text")
    return sum(row[0] for row in found)


async def years_of(conn: AsyncConnection, unit: str, subjects: Collection[str]) -> set[int]:
    """The years in which a unit has a book or events under one of its subjects.

    Looks once into the index for each year, however many events a year holds.
    """
    held = await conn.execute(text("SELECT year FROM books WHERE unit = :unit"), {"unit": unit})
    found = {row[0] for row in held}
    for subject in sorted(subjects):
        held = await conn.execute(text(YEARS), {"subject": subject})
        found |= {row[0] for row in held}
    return found


YEARS = """
WITH RECURSIVE years(year) AS (
    SELECT min(year) FROM ledger WHERE subject = :subject
    UNION ALL
    SELECT (SELECT min(ledger.year) FROM ledger
            WHERE ledger.subject = :subject AND ledger.year > years.year)
    FROM years WHERE years.year IS NOT NULL
)
SELECT year FROM years WHERE year IS NOT NULL"""
