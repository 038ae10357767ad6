"""Writes books and facts, and reads those that the fold needs in its transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import bulk_insert, select_among
from services.scoring import tables
from services.scoring.fold.books import Book
from services.scoring.fold.cells import Cell, Posting, Tally
from services.scoring.fold.encoding import (
    CELL_BITS,
    cell_number,
    checksum,
    decode_fact,
    decode_tally,
    encode_fact,
    encode_tally,
)


class BookRow(NamedTuple):
    """The row of a book: its id and its tallies."""

    id: int
    tally: Tally


class FactRow(NamedTuple):
    """The row of a fact: its id and its posting."""

    id: int
    posting: Posting


async def ensure_books(
    conn: AsyncConnection, books: Collection[Book], stamp: int
) -> dict[Book, BookRow]:
    """The rows of these books; missing ones are inserted, without tallies."""
    rows = await _book_rows(conn, books)
    missing = [book for book in sorted(books) if book not in rows]
    if missing:
        values = [(book.unit, book.year, "{}", stamp) for book in missing]
        await bulk_insert(conn, tables.books, values, ("unit", "year", "tallies", "stamp"))
        rows |= await _book_rows(conn, missing)
    return rows


async def _book_rows(conn: AsyncConnection, books: Collection[Book]) -> dict[Book, BookRow]:
    units_of: dict[int, list[str]] = {}
    for book in books:
        units_of.setdefault(book.year, []).append(book.unit)
    rows = {}
    for year, units in units_of.items():
        select = f"SELECT id, unit, tallies FROM books WHERE year = {int(year)} AND unit"
        for id_, unit, tallies in await select_among(conn, select, units, "text"):
            rows[Book(unit, year)] = BookRow(id_, decode_tally(tallies))
    return rows


async def facts_at(
    conn: AsyncConnection, numbers: Collection[int]
) -> dict[tuple[int, Cell], list[FactRow]]:
    """The facts under these cell numbers of the index, by id of the book and cell."""
    facts: dict[tuple[int, Cell], list[FactRow]] = {}
    select = "SELECT id, cell, said FROM facts WHERE cell"
    for id_, number, fact in await select_among(conn, select, numbers, "bigint"):
        cell, posting = decode_fact(fact)
        facts.setdefault((number >> CELL_BITS, cell), []).append(FactRow(id_, posting))
    return facts


async def add_facts(conn: AsyncConnection, added: Sequence[tuple[int, str]]) -> None:
    """Inserts facts, each as its cell number and its text."""
    await bulk_insert(conn, tables.facts, added, ("cell", "said"))


async def write_facts(conn: AsyncConnection, added: Iterable[tuple[int, Cell, Posting]]) -> None:
    """Inserts facts, each as the id of its book, its cell and its posting."""
    rows = [
        (cell_number(book, checksum(cell)), encode_fact(cell, posting))
        for book, cell, posting in added
    ]
    await add_facts(conn, rows)


async def delete_facts(conn: AsyncConnection, ids: Sequence[int]) -> None:
    """Deletes facts, by the ids of their rows."""
    if not ids:
        return
    if conn.dialect.name == "sqlite":
        await conn.exec_driver_sql("DELETE FROM facts WHERE id = ?", [(id_,) for id_ in ids])
    else:
        await conn.exec_driver_sql("DELETE FROM facts WHERE id = ANY($1)", (list(ids),))


async def write_tallies(conn: AsyncConnection, tallies: Mapping[int, Tally], stamp: int) -> None:
    """Updates the tallies of books, by the ids of their rows."""
    await save_tallies(conn, {id_: encode_tally(tally) for id_, tally in tallies.items()}, stamp)


async def save_tallies(conn: AsyncConnection, tallies: Mapping[int, str], stamp: int) -> None:
    """Updates the tallies of books, given as texts."""
    if not tallies:
        return
    ids, texts = list(tallies), list(tallies.values())
    if conn.dialect.name == "sqlite":
        update = "UPDATE books SET tallies = ?, stamp = ? WHERE id = ?"
        values = [(text_, stamp, id_) for id_, text_ in tallies.items()]
        await conn.exec_driver_sql(update, values)
        return
    update = (
        "UPDATE books SET tallies = new.tallies, stamp = $1 "
        "FROM unnest($2::bigint[], $3::text[]) AS new(id, tallies) WHERE books.id = new.id"
    )
    await conn.exec_driver_sql(update, (stamp, ids, texts))


async def delete_book(conn: AsyncConnection, number: int) -> None:
    """Deletes the row of a book, which must have no facts any more."""
    await conn.execute(text("DELETE FROM books WHERE id = :id"), {"id": number})
