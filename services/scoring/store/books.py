"""Writes of books and facts, and what the fold reads of them in its transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import bulk_insert, select_among
from services.scoring import tables
from services.scoring.fold.books import Book
from services.scoring.fold.cells import Cell, Posting, Tally
from services.scoring.fold.encoding import (
    _FACT,
    CELL_BITS,
    cell_number,
    checksum,
    decode_tally,
    encode_fact,
    encode_tally,
)


class StoredBook(NamedTuple):
    """A book as it is stored."""

    id: int
    tally: Tally


class Fact(NamedTuple):
    """A stored posting with the key of its row."""

    id: int
    posting: Posting


async def ensure_books(
    conn: AsyncConnection, wanted: Collection[Book], stamp: int
) -> dict[Book, StoredBook]:
    """The books asked for; those that were not there are begun."""
    found = await _stored_books(conn, wanted)
    missing = [book for book in sorted(wanted) if book not in found]
    if missing:
        rows = [(book.unit, book.year, "{}", stamp) for book in missing]
        await bulk_insert(conn, tables.books, rows, ("unit", "year", "tallies", "stamp"))
        found |= await _stored_books(conn, missing)
    return found


async def _stored_books(conn: AsyncConnection, wanted: Collection[Book]) -> dict[Book, StoredBook]:
    units_of: dict[int, list[str]] = {}
    for book in wanted:
        units_of.setdefault(book.year, []).append(book.unit)
    found = {}
    for year, units in units_of.items():
        select = f"SELECT id, unit, tallies FROM books WHERE year = {int(year)} AND unit"
        for id_, unit, tallies in await select_among(conn, select, units, "text"):
            found[Book(unit, year)] = StoredBook(id_, decode_tally(tallies))
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
        (cell_number(book, checksum(cell)), encode_fact(cell, posting))
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
    await save_tallies(conn, {id_: encode_tally(tally) for id_, tally in held.items()}, stamp)


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


async def delete_book(conn: AsyncConnection, number: int) -> None:
    """Takes away the row of a book that has no facts any more."""
    await conn.execute(text("DELETE FROM books WHERE id = :id"), {"id": number})
