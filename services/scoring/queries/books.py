"""Reads of the registry and of books: tallies, cells, and the commits that touched them."""

from collections.abc import Collection

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
    """The registry as the ledger has it."""
    return Registry(statement(decode(raw)) for raw in await ledger.statements(conn))


async def tallies(conn: AsyncConnection, year: int, since: int) -> dict[str, Tally]:
    """The tallies of a year's books that were touched after the stamp `since`."""
    found = await conn.execute(
        text("SELECT unit, tallies FROM books WHERE year = :year AND stamp > :since"),
        {"year": year, "since": since},
    )
    return {unit: encoding.decode_tally(sums) for unit, sums in found}


async def last_stamp(db: Database) -> int:
    """The stamp of the last commit of the fold, as of now."""
    return int(await db.glance("SELECT stamp FROM position"))


async def stamp(conn: AsyncConnection, book: Book) -> int:
    """The commit that touched a book last; 0 where there is none."""
    found = await conn.execute(
        text("SELECT stamp FROM books WHERE unit = :unit AND year = :year"), book._asdict()
    )
    return int(found.scalar() or 0)


async def tally(conn: AsyncConnection, book: Book) -> str | None:
    """The tallies of a book as they are stored; None where there is no book."""
    found = await conn.execute(
        text("SELECT tallies FROM books WHERE unit = :unit AND year = :year"), book._asdict()
    )
    held = found.scalar()
    return None if held is None else str(held)


async def booked_units(conn: AsyncConnection, year: int | None = None) -> set[str]:
    """Every unit that has a book, of any year or of one."""
    found = await conn.execute(
        text("SELECT DISTINCT unit FROM books WHERE year = :year OR :any"),
        {"year": year or 0, "any": year is None},
    )
    return {row[0] for row in found}


async def cells(conn: AsyncConnection, book: Book) -> dict[Cell, list[Posting]]:
    """Every fact of a book."""
    found: dict[Cell, list[Posting]] = {}
    rows = await conn.execute(
        text(
            "SELECT facts.said FROM books JOIN facts ON facts.cell >= books.id * :span "
            "AND facts.cell < (books.id + 1) * :span WHERE books.unit = :unit AND year = :year"
        ),
        {"span": 1 << CELL_BITS, **book._asdict()},
    )
    for (said,) in rows:
        cell, posting = encoding.decode_fact(said)
        found.setdefault(cell, []).append(posting)
    return found


async def cells_at(
    conn: AsyncConnection, book: Book, wanted: Collection[Cell]
) -> dict[Cell, list[Posting]]:
    """The facts of these cells of a book, found by the index."""
    found = await conn.execute(
        text("SELECT id FROM books WHERE unit = :unit AND year = :year"), book._asdict()
    )
    number = found.scalar()
    if number is None:
        return {}
    numbers = {cell_number(int(number), checksum(cell)) for cell in wanted}
    held = await books.facts_at(conn, numbers)
    return {cell: [fact.posting for fact in facts] for (_, cell), facts in held.items()}


async def own_cells(
    conn: AsyncConnection, year: int, units: Collection[str], indicators: Collection[str]
) -> dict[str, dict[Cell, list[Posting]]]:
    """The units' own facts of these indicators, by unit."""
    found: dict[str, dict[Cell, list[Posting]]] = {}
    for indicator in sorted(indicators):
        # a fact begins with its cell in full; an id has letters, digits and . _ : / - alone
        head = "[" + msgspec.json.encode([OWN, indicator]).decode()[:-1] + ","
        select = (
            "SELECT books.unit, facts.said FROM books JOIN facts "
            f"ON facts.cell >= books.id * {1 << CELL_BITS} "
            f"AND facts.cell < (books.id + 1) * {1 << CELL_BITS} "
            f"WHERE books.year = {int(year)} AND substr(facts.said, 1, {len(head)}) = '{head}' "
            "AND books.unit"
        )
        for unit, said in await select_among(conn, select, units, "text"):
            cell, posting = encoding.decode_fact(said)
            found.setdefault(unit, {}).setdefault(cell, []).append(posting)
    return found
