"""A book computed from the ledger: what is read for it, by the fold's connection or a worker's.

A worker reads what is committed, which is the same as what its parent sees: the parent holds the
position's lock, and writes of a book only after a worker has read it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from typing import NamedTuple

from contracts.envelope import Recorded, read_again
from services.chassis.driver_rows import Rows
from services.scoring.fold.books import Book, Part
from services.scoring.fold.encoding import CELL_MASK, cell_number
from services.scoring.fold.recompute import Computed, StoredFact, Task, computed
from services.scoring.fold.registry import Registry
from services.scoring.rubrics.model import Rubrics

PARTS = f"{int(Part.PRACTICE)}, {int(Part.SAID)}"


class Made(NamedTuple):
    """A book, its row, None without, how many events were read, and what it must hold."""

    book: Book
    number: int | None
    events: int
    computed: Computed


async def made(
    rows: Rows, registry: Registry, rubrics: Rubrics, books: Sequence[Book]
) -> AsyncIterator[Made]:
    """What each of these books of one year must hold, beside what is stored of it.

    Their events are read at once: the ledger lies in order of arrival, where one unit's events
    are far apart and those of many are beside each other; and what stands in the pooled view of
    an heir too is read once where both are asked for.
    """
    if not books:
        return
    subjects = {book: _subjects(registry, book) for book in books}
    said = await _said(rows, frozenset().union(*subjects.values()), books[0].year)
    numbers = await _numbers(rows, books)
    for book in books:
        number = numbers.get(book.unit)
        stored = [] if number is None else await _facts(rows, number)
        events = [one for subject in sorted(subjects[book]) for one in said.get(subject, ())]
        task = Task(book, events, stored)
        yield Made(book, number, len(events), computed(task, registry, rubrics))


async def _numbers(rows: Rows, books: Sequence[Book]) -> dict[str, int]:
    select = f"SELECT id, unit FROM books WHERE year = {int(books[0].year)} AND unit"
    found = await rows.among(select, [book.unit for book in books], "text")
    return {unit: number for number, unit in found}


async def _facts(rows: Rows, number: int) -> Sequence[StoredFact]:
    first = cell_number(number, 0)
    return await rows.all(
        f"SELECT id, cell & {CELL_MASK}, said FROM facts "
        f"WHERE cell BETWEEN {first} AND {first + CELL_MASK}"
    )


def _subjects(registry: Registry, book: Book) -> frozenset[str]:
    """Under which subjects events may speak of the book."""
    if book.unit not in registry.units:
        return frozenset()
    units = (book.unit, *registry.pool(book.unit, book.year))
    return frozenset().union(*(registry.subjects(unit) for unit in units))


async def _said(rows: Rows, subjects: Collection[str], year: int) -> dict[str, list[Recorded]]:
    """A year's events that may post facts and are not retracted, by subject.

    Receipts and times of acceptance are left out: they decide about the set of events alone.
    """
    found: dict[str, list[Recorded]] = {}
    select = (
        "SELECT raw, identity, time, subject FROM ledger "
        f"WHERE year = {int(year)} AND part IN ({PARTS}) AND NOT retracted AND subject"
    )
    for row in await rows.among(select, subjects, "text"):
        said = read_again(row[0], row[1], b"", row[2], year, 0)
        found.setdefault(row[3], []).append(said)
    return found
