"""A book computed from the ledger: what is read for it, by the fold's connection or a worker's.

A worker reads what is committed, which is the same as what its parent sees: the parent holds the
position's lock, and writes of a book only after a worker has read it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from services.chassis.rows import Rows
from services.scoring.anew import (
    CELL_MASK,
    Computed,
    LedgerRow,
    StoredFact,
    Task,
    cell_number,
    computed,
)
from services.scoring.fold import Book, Part
from services.scoring.registry import Registry
from services.scoring.rubric import Rubrics

WRONG_PLANS = ("enable_seqscan", "jit")
"""What PostgreSQL must not do for the fold: its statistics are outrun by a bulk load."""
PARTS = f"{int(Part.PRACTICE)}, {int(Part.SAID)}"


class Made(NamedTuple):
    """A book's row, None without, how many events were read for it, and what it must hold."""

    number: int | None
    events: int
    computed: Computed


async def made(rows: Rows, registry: Registry, rubrics: Rubrics, book: Book) -> Made:
    """What a book must hold, from its events, beside what is stored of it."""
    number = await _number(rows, book)
    stored = [] if number is None else await _facts(rows, number)
    events = await _events(rows, registry, book)
    return Made(number, len(events), computed(Task(book, events, stored), registry, rubrics))


async def _number(rows: Rows, book: Book) -> int | None:
    select = f"SELECT id FROM books WHERE year = {int(book.year)} AND unit"
    found = await rows.among(select, [book.unit], "text")
    return int(found[0][0]) if found else None


async def _facts(rows: Rows, number: int) -> Sequence[StoredFact]:
    first = cell_number(number, 0)
    return await rows.all(
        f"SELECT id, cell & {CELL_MASK}, said FROM facts "
        f"WHERE cell BETWEEN {first} AND {first + CELL_MASK}"
    )


async def _events(rows: Rows, registry: Registry, book: Book) -> Sequence[LedgerRow]:
    if book.unit not in registry.units:
        return []
    subjects = registry.subjects(book.unit)
    for predecessor in registry.pool(book.unit, book.year):
        subjects |= registry.subjects(predecessor)
    return await _counting(rows, subjects, book.year)


async def _counting(rows: Rows, subjects: Collection[str], year: int) -> Sequence[LedgerRow]:
    """A year's events under these subjects that may post facts and are not retracted."""
    return await rows.among(
        f"SELECT raw, identity, time FROM ledger WHERE year = {int(year)} AND part IN ({PARTS}) "
        "AND NOT retracted AND subject",
        subjects,
        "text",
    )
