"""Writes of scoring, all within the caller's transaction: ledger, facts, books, position."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded, decode
from contracts.messages import Message
from services.chassis.database import bulk_insert, select_among
from services.scoring import tables
from services.scoring.anew import CELL_BITS, cell_number, checksum, spelled, spelled_fact
from services.scoring.cells import Cell, Posting, Tally
from services.scoring.fold import Book, Part, Target, part_of, targeted
from services.scoring.ledger import WRONG_PLANS

LEDGER = (
    "identity", "receipt", "subject", "year", "time", "recorded", "part", "kind", "raw",
    "retracted", "door",
)  # fmt: skip
NAMED = (
    "EXISTS (SELECT 1 FROM retractions "
    "WHERE target = ledger.identity AND retractions.subject = ledger.subject)"
)
"""Whether a retraction names a row of the ledger, under the row's own subject."""
_FACT = msgspec.json.Decoder(tuple[Cell, Posting])
_REASON = msgspec.json.Decoder(tuple[str, str, str])
_SUMS = msgspec.json.Decoder(dict[str, list[int]])


class Position(NamedTuple):
    """How far the fold is; `stream_*` are for progress and for noticing a lost stream alone.

    `halted` says why it stands still. Where it fails, `faulty` is the identity of the event over
    which it does, empty where it does over no single one; None while it does not fail. All up to
    `stream_floor` was folded for certain: there the consumer begins again where it has to.
    """

    stamp: int
    registry_stamp: int
    rubrics: str
    folded: int
    stream_created: int | None
    stream_seq: int
    halted: str | None
    faulty: bytes | None = None
    stream_floor: int = 0


class Held(NamedTuple):
    """A book as it is stored."""

    id: int
    tally: Tally


class Fact(NamedTuple):
    """A stored posting with the key of its row."""

    id: int
    posting: Posting


def tally_in(text_: str) -> Tally:
    """The tallies of a book out of their text."""
    return Tally(_SUMS.decode(text_))


def fact_in(said: str) -> tuple[Cell, Posting]:
    """A fact out of its text."""
    return _FACT.decode(said)


async def lock(conn: AsyncConnection) -> Position:
    """The position, held until the transaction ends: two folders never fold at once."""
    if conn.dialect.name == "sqlite":
        return await position(conn)
    for setting in WRONG_PLANS:
        await conn.execute(text(f"SET LOCAL {setting} = off"))
    return await position(conn, " FOR UPDATE")


async def position(conn: AsyncConnection, suffix: str = "") -> Position:
    """The position as it stands."""
    names = ", ".join(Position._fields)
    row = (await conn.execute(text(f"SELECT {names} FROM position{suffix}"))).one()
    place = Position(*row)
    return place._replace(halted=_reason_in(place.halted))


async def save(conn: AsyncConnection, place: Position) -> None:
    """Moves the position."""
    moved = ", ".join(f"{name} = :{name}" for name in Position._fields)
    values = place._replace(halted=_reason_out(place.halted))._asdict()
    await conn.execute(text(f"UPDATE position SET {moved}"), values)


def _reason_in(stored: str | None) -> str | None:
    """A reason out of its text: a message where it was one."""
    if stored is None or not stored.startswith("["):
        return stored
    return Message(*_REASON.decode(stored))


def _reason_out(reason: str | None) -> str | None:
    if not isinstance(reason, Message):
        return reason
    return msgspec.json.encode((reason.code, reason.vi, reason.en)).decode()


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


async def books(conn: AsyncConnection, wanted: Collection[Book], stamp: int) -> dict[Book, Held]:
    """The books asked for; those that were not there are begun."""
    found = await _books(conn, wanted)
    missing = [book for book in sorted(wanted) if book not in found]
    if missing:
        rows = [(book.unit, book.year, "{}", stamp) for book in missing]
        await bulk_insert(conn, tables.books, rows, ("unit", "year", "tallies", "stamp"))
        found |= await _books(conn, missing)
    return found


async def _books(conn: AsyncConnection, wanted: Collection[Book]) -> dict[Book, Held]:
    units_of: dict[int, list[str]] = {}
    for book in wanted:
        units_of.setdefault(book.year, []).append(book.unit)
    found = {}
    for year, units in units_of.items():
        select = f"SELECT id, unit, tallies FROM books WHERE year = {int(year)} AND unit"
        for id_, unit, tallies in await select_among(conn, select, units, "text"):
            found[Book(unit, year)] = Held(id_, tally_in(tallies))
    return found


async def facts_at(
    conn: AsyncConnection, numbers: Collection[int]
) -> dict[tuple[int, Cell], list[Fact]]:
    """The facts at these places of the index, by book number and cell."""
    found: dict[tuple[int, Cell], list[Fact]] = {}
    select = "SELECT id, cell, said FROM facts WHERE cell"
    for id_, number, said in await select_among(conn, select, numbers, "bigint"):
        cell, posting = _FACT.decode(said)
        found.setdefault((number >> CELL_BITS, cell), []).append(Fact(id_, posting))
    return found


async def add_facts(conn: AsyncConnection, added: Sequence[tuple[int, str]]) -> None:
    """Adds facts: number of the cell, and the fact as text."""
    await bulk_insert(conn, tables.facts, added, ("cell", "said"))


async def write_facts(conn: AsyncConnection, added: Iterable[tuple[int, Cell, Posting]]) -> None:
    """Adds facts: book number, cell, posting."""
    rows = [
        (cell_number(book, checksum(cell)), spelled_fact(cell, posting))
        for book, cell, posting in added
    ]
    await add_facts(conn, rows)


async def delete_facts(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """Takes facts away: their event was retracted, or they were never true."""
    if not ids:
        return
    if conn.dialect.name == "sqlite":
        await conn.exec_driver_sql("DELETE FROM facts WHERE id = ?", [(id_,) for id_ in ids])
    else:
        await conn.exec_driver_sql("DELETE FROM facts WHERE id = ANY($1)", (list(ids),))


async def write_tallies(conn: AsyncConnection, held: Mapping[int, Tally], stamp: int) -> None:
    """Saves the tallies of books that were touched."""
    await save_tallies(conn, {id_: spelled(tally) for id_, tally in held.items()}, stamp)


async def save_tallies(conn: AsyncConnection, held: Mapping[int, str], stamp: int) -> None:
    """Saves tallies as text."""
    if not held:
        return
    ids, sums = list(held), list(held.values())
    if conn.dialect.name == "sqlite":
        update = "UPDATE books SET tallies = ?, stamp = ? WHERE id = ?"
        given = [(sum_, stamp, id_) for id_, sum_ in zip(ids, sums, strict=True)]
        await conn.exec_driver_sql(update, given)
        return
    update = (
        "UPDATE books SET tallies = moved.tallies, stamp = $1 "
        "FROM unnest($2::bigint[], $3::text[]) AS moved(id, tallies) WHERE books.id = moved.id"
    )
    await conn.exec_driver_sql(update, (stamp, ids, sums))


async def events_of(conn: AsyncConnection, books: Collection[Book]) -> int:
    """How many events the ledger has under the keys of these books of one year."""
    year = next(iter(books)).year
    select = f"SELECT count(*) FROM ledger WHERE year = {int(year)} AND subject"
    found = await select_among(conn, select, [book.unit for book in books], "text")
    return sum(row[0] for row in found)


async def delete_book(conn: AsyncConnection, number: int) -> None:
    """Takes away the row of a book that has no facts any more."""
    await conn.execute(text("DELETE FROM books WHERE id = :id"), {"id": number})


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
