"""Writes the ledger and retractions, and reads what the fold needs of them in its transaction."""

from collections.abc import Collection, Container, Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded, decode
from services.chassis.database.engine import bulk_insert, select_among
from services.scoring import tables
from services.scoring.fold.books import Book, LedgerPart, part_of
from services.scoring.fold.verdict import RetractionTarget, event_target
from services.scoring.store.book_inputs import type_list

LEDGER = (
    "identity", "receipt", "subject", "year", "time", "recorded", "part", "kind", "raw",
    "retracted", "door",
)  # fmt: skip
IS_RETRACTED = (
    "EXISTS (SELECT 1 FROM retractions "
    "WHERE target = ledger.identity AND retractions.subject = ledger.subject)"
)
"""A condition on rows of the ledger: a retraction names the row under its own subject."""


class LedgerRow(NamedTuple):
    """The columns of a row of the ledger that follow from its event alone."""

    identity: bytes
    receipt: bytes
    subject: str
    year: int
    time: int
    recorded: int
    part: int
    kind: str
    raw: bytes


class Arrival(NamedTuple):
    """An event of the ledger: its receipt, the id of its door, and the moment of recording."""

    receipt: bytes
    door: int | None
    recorded: int


def row_of(event: Recorded) -> LedgerRow:
    """The row that an event has in the ledger."""
    return LedgerRow(
        event.identity, event.receipt, event.event.subject, event.year, event.time, event.recorded,
        int(part_of(event.kind)), event.kind.short, event.raw,
    )  # fmt: skip


async def receipts(conn: AsyncConnection, identities: Collection[bytes]) -> dict[bytes, bytes]:
    """The receipts of these events, by identity, as far as the ledger has them."""
    select = "SELECT identity, receipt FROM ledger WHERE identity"
    return {row[0]: row[1] for row in await select_among(conn, select, identities, "bytea")}


async def arrivals(conn: AsyncConnection, identities: Collection[bytes]) -> dict[bytes, Arrival]:
    """The arrivals of these events, by identity, as far as the ledger has them."""
    select = "SELECT identity, receipt, door, recorded FROM ledger WHERE identity"
    rows = await select_among(conn, select, identities, "bytea")
    return {row[0]: Arrival(row[1], row[2], row[3]) for row in rows}


async def write_ledger(
    conn: AsyncConnection, new: Iterable[Recorded], retracted: Container[bytes],
    doors: Mapping[bytes, int | None],
) -> None:  # fmt: skip
    """Inserts events into the ledger; the primary key refuses an event that it has already.

    `doors` are the numbers of the doors that recorded the events, by identity.
    """
    rows = [(*row_of(s), s.identity in retracted, doors[s.identity]) for s in new]
    await bulk_insert(conn, tables.ledger, rows, LEDGER)


async def rows_after(conn: AsyncConnection, after: bytes, limit: int) -> list[LedgerRow]:
    """Rows of the ledger after an identity, in the order of identities."""
    rows = await conn.execute(
        text(
            f"SELECT {', '.join(LedgerRow._fields)} FROM ledger WHERE identity > :after "
            "ORDER BY identity LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [
        LedgerRow._make((bytes(row[0]), bytes(row[1]), *row[2:8], _bytes(row[8]))) for row in rows
    ]


def _bytes(value: Any) -> bytes:
    """A column of bytes; none where somebody stored a text in SQLite, which is no event."""
    return b"" if isinstance(value, str) else bytes(value)


async def retracted(conn: AsyncConnection, identities: Collection[bytes]) -> set[RetractionTarget]:
    """The saved targets of retractions among these identities."""
    select = "SELECT target, subject FROM retractions WHERE target"
    rows = await select_among(conn, select, identities, "bytea")
    return {RetractionTarget(bytes(row[0]), row[1]) for row in rows}


async def write_retractions(conn: AsyncConnection, targets: Collection[RetractionTarget]) -> None:
    """Saves the targets of retractions; the events that they name need not have arrived."""
    await bulk_insert(conn, tables.retractions, sorted(targets), ("target", "subject"))


async def find_events(
    conn: AsyncConnection, targets: Collection[RetractionTarget]
) -> list[Recorded]:
    """The events of the ledger that these targets name; a retraction is never one of them."""
    select = f"SELECT raw FROM ledger WHERE part <> {int(LedgerPart.RETRACTION)} AND identity"
    rows = await select_among(conn, select, {target.identity for target in targets}, "bytea")
    events = (decode(row[0]) for row in rows)
    return [event for event in events if event_target(event) in targets]


async def mark_retracted(conn: AsyncConnection, identities: Collection[bytes]) -> None:
    """Marks these events of the ledger as retracted."""
    if not identities:
        return
    update = "UPDATE ledger SET retracted = true WHERE identity"
    if conn.dialect.name == "sqlite":
        await conn.exec_driver_sql(f"{update} = ?", [(identity,) for identity in identities])
    else:
        await conn.exec_driver_sql(f"{update} = ANY($1)", (list(identities),))


async def repair_marks(conn: AsyncConnection) -> None:
    """Marks retracted events that an earlier version of the fold left unmarked."""
    await conn.execute(
        text(
            f"UPDATE ledger SET retracted = true WHERE {IS_RETRACTED} "
            f"AND part <> {int(LedgerPart.RETRACTION)} AND NOT retracted"
        )
    )


async def statements(conn: AsyncConnection) -> list[bytes]:
    """The bodies of every `unit.*` event that is not retracted."""
    select = f"SELECT raw FROM ledger WHERE part = {int(LedgerPart.REGISTRY)} AND NOT retracted"
    return [row[0] for row in await conn.execute(text(select))]


async def events_of(
    conn: AsyncConnection, books: Collection[Book], types: Collection[str] | None = None
) -> int:
    """The number of events of one year that the ledger has under the keys of these books' units;
    with `types` of these event types, which are names of our catalog."""
    year = next(iter(books)).year
    of_types = "" if types is None else f"AND kind IN ({type_list(types)}) "
    select = f"SELECT count(*) FROM ledger WHERE year = {int(year)} {of_types}AND subject"
    rows = await select_among(conn, select, [book.unit for book in books], "text")
    return sum(row[0] for row in rows)


async def years_of(conn: AsyncConnection, unit: str, subjects: Collection[str]) -> set[int]:
    """The years in which a unit has a book, or events under one of its subjects."""
    rows = await conn.execute(text("SELECT year FROM books WHERE unit = :unit"), {"unit": unit})
    years = {row[0] for row in rows}
    for subject in sorted(subjects):
        rows = await conn.execute(text(YEARS), {"subject": subject})
        years |= {row[0] for row in rows}
    return years


YEARS = """
WITH RECURSIVE years(year) AS (
    SELECT min(year) FROM ledger WHERE subject = :subject
    UNION ALL
    SELECT (SELECT min(ledger.year) FROM ledger
            WHERE ledger.subject = :subject AND ledger.year > years.year)
    FROM years WHERE years.year IS NOT NULL
)
SELECT year FROM years WHERE year IS NOT NULL"""
"""A loose index scan: one lookup for each year, however many events the year has."""
