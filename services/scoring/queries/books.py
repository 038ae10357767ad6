"""Reads the registry, and the tallies, cells and stamps of books."""

from collections.abc import Collection, Iterable

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import decode
from services.chassis.database.engine import Database, select_among
from services.scoring.fold import encoding
from services.scoring.fold.books import Book
from services.scoring.fold.cells import OWN, Cell, Posting, Tally
from services.scoring.fold.encoding import CELL_BITS, cell_number, checksum
from services.scoring.fold.registry import Registry
from services.scoring.fold.verdict import statement
from services.scoring.store import books, ledger


async def registry(conn: AsyncConnection) -> Registry:
    """The registry that follows from the ledger."""
    return Registry(statement(decode(raw)) for raw in await ledger.statements(conn))


async def tallies(conn: AsyncConnection, year: int, since: int) -> dict[str, Tally]:
    """The tallies of the books of a year that changed after the stamp `since`, by unit."""
    return (await changed_tallies(conn, [year], since)).get(year, {})


async def changed_tallies(
    conn: AsyncConnection, years: Iterable[int], since: int
) -> dict[int, dict[str, Tally]]:
    """By year the tallies of the books that changed after the stamp `since`, by unit."""
    among = ", ".join(str(int(year)) for year in years)
    if not among:
        return {}
    rows = await conn.execute(
        text(f"SELECT year, unit, tallies FROM books WHERE year IN ({among}) AND stamp > :since"),
        {"since": since},
    )
    changed: dict[int, dict[str, Tally]] = {}
    for year, unit, sums in rows:
        changed.setdefault(year, {})[unit] = encoding.decode_tally(sums)
    return changed


async def years(conn: AsyncConnection) -> list[int]:
    """The years that have a book, each found by the index from the one before it."""
    rows = await conn.execute(
        text(
            "WITH RECURSIVE booked (year) AS (SELECT min(year) FROM books UNION ALL "
            "SELECT (SELECT min(books.year) FROM books WHERE books.year > booked.year) "
            "FROM booked WHERE booked.year IS NOT NULL) "
            "SELECT year FROM booked WHERE year IS NOT NULL ORDER BY year"
        )
    )
    return [row[0] for row in rows]


async def last_stamp(db: Database) -> int:
    """The stamp of the last commit of the fold."""
    return int(await db.single_value("SELECT stamp FROM position"))


async def stamp(conn: AsyncConnection, book: Book) -> int:
    """The stamp of the last commit that changed a book; 0 where there is no book."""
    rows = await conn.execute(
        text("SELECT stamp FROM books WHERE unit = :unit AND year = :year"), book._asdict()
    )
    return int(rows.scalar() or 0)


async def tally(conn: AsyncConnection, book: Book) -> str | None:
    """The tallies of a book as stored; None where there is no book."""
    rows = await conn.execute(
        text("SELECT tallies FROM books WHERE unit = :unit AND year = :year"), book._asdict()
    )
    tallies = rows.scalar()
    return None if tallies is None else str(tallies)


async def booked_units(conn: AsyncConnection, year: int | None = None) -> set[str]:
    """The units that have a book of the year, or of any year where none is given."""
    rows = await conn.execute(
        text("SELECT DISTINCT unit FROM books WHERE year = :year OR :any"),
        {"year": year or 0, "any": year is None},
    )
    return {row[0] for row in rows}


async def cells(conn: AsyncConnection, book: Book) -> dict[Cell, list[Posting]]:
    """All postings of a book, by cell."""
    cells: dict[Cell, list[Posting]] = {}
    rows = await conn.execute(
        text(
            "SELECT facts.said FROM books JOIN facts ON facts.cell >= books.id * :span "
            "AND facts.cell < (books.id + 1) * :span WHERE books.unit = :unit AND year = :year"
        ),
        {"span": 1 << CELL_BITS, **book._asdict()},
    )
    for (fact,) in rows:
        cell, posting = encoding.decode_fact(fact)
        cells.setdefault(cell, []).append(posting)
    return cells


async def cells_at(
    conn: AsyncConnection, book: Book, cells: Collection[Cell]
) -> dict[Cell, list[Posting]]:
    """The postings of these cells of a book, found through the index of facts."""
    rows = await conn.execute(
        text("SELECT id FROM books WHERE unit = :unit AND year = :year"), book._asdict()
    )
    number = rows.scalar()
    if number is None:
        return {}
    numbers = {cell_number(int(number), checksum(cell)) for cell in cells}
    facts = await books.facts_at(conn, numbers)
    return {cell: [row.posting for row in fact_rows] for (_, cell), fact_rows in facts.items()}


async def own_cells(
    conn: AsyncConnection, year: int, units: Collection[str], indicators: Collection[str]
) -> dict[str, dict[Cell, list[Posting]]]:
    """The postings of these indicators in the own views of the units, by unit and cell."""
    by_unit: dict[str, dict[Cell, list[Posting]]] = {}
    for indicator in sorted(indicators):
        # The text of a fact begins with view and indicator. An indicator's id consists of letters,
        # digits and . _ : / - and so needs no escaping in SQL.
        head = "[" + msgspec.json.encode([OWN, indicator]).decode()[:-1] + ","
        select = (
            "SELECT books.unit, facts.said FROM books JOIN facts "
            f"ON facts.cell >= books.id * {1 << CELL_BITS} "
            f"AND facts.cell < (books.id + 1) * {1 << CELL_BITS} "
            f"WHERE books.year = {int(year)} AND substr(facts.said, 1, {len(head)}) = '{head}' "
            "AND books.unit"
        )
        for unit, fact in await select_among(conn, select, units, "text"):
            cell, posting = encoding.decode_fact(fact)
            by_unit.setdefault(unit, {}).setdefault(cell, []).append(posting)
    return by_unit
