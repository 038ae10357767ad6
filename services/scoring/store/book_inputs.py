"""Reads the inputs of books through the database driver, for a worker or for the fold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from contracts.envelope import Recorded, restore
from services.chassis.driver_rows import Row, Rows
from services.scoring.fold.books import Book, LedgerPart
from services.scoring.fold.encoding import CELL_MASK, cell_number
from services.scoring.fold.recompute import StoredFact
from services.scoring.fold.verdict import RetractionTarget

PARTS = f"{int(LedgerPart.PRACTICE)}, {int(LedgerPart.DECISION)}"


class LedgerPast(NamedTuple):
    """The past as of an instant: what was recorded up to it, without what the targets of the
    retractions name that were recorded up to it too."""

    until: int
    targets: frozenset[RetractionTarget]

    def retracts(self, row: Row) -> bool:
        """Whether it retracts a row of raw, identity, time, subject and the mark as retracted."""
        return bool(row[4]) and RetractionTarget(bytes(row[1]), row[3]) in self.targets


def recorded_by(until: int) -> str:
    """The condition of rows that a door had recorded by an instant.

    The sign keeps SQLite from the index of the year by recording: it would read the whole city for
    the events of one unit.
    """
    return f"+recorded <= {int(until)}"


async def look(rows: Rows) -> int:
    """Reads as of the last commit from now on; the stamp of that commit."""
    await rows.look()
    return int((await rows.all("SELECT stamp FROM position"))[0][0])


async def numbers(rows: Rows, books: Sequence[Book]) -> dict[str, int]:
    """The ids of the rows of these books of one year, by unit."""
    select = f"SELECT id, unit FROM books WHERE year = {int(books[0].year)} AND unit"
    pairs = await rows.among(select, [book.unit for book in books], "text")
    return {unit: number for number, unit in pairs}


async def facts(rows: Rows, number: int) -> Sequence[StoredFact]:
    """The stored facts of a book."""
    first = cell_number(number, 0)
    return await rows.all(
        f"SELECT id, cell & {CELL_MASK}, said FROM facts "
        f"WHERE cell BETWEEN {first} AND {first + CELL_MASK}"
    )


async def events(
    rows: Rows,
    subjects: Collection[str],
    year: int,
    types: Collection[str] | None = None,
    past: LedgerPast | None = None,
) -> dict[str, list[Recorded]]:
    """The events of a year that may post facts and are not retracted, by subject.

    With `types` only those of these event types, which are names of our catalog; with `past` those
    as of its instant. Receipt and time of acceptance are empty: they decide which events there are,
    and post nothing.
    """
    selected = await rows.among(_select(year, types, past), subjects, "text")
    return restored(selected, year, past)


def select_past(year: int, past: LedgerPast) -> str:
    """Selects the events of a year as of an instant; the end is for its subjects."""
    return _select(year, None, past)


def _select(year: int, types: Collection[str] | None, past: LedgerPast | None) -> str:
    of_types = "" if types is None else f"AND kind IN ({type_list(types)}) "
    standing = "NOT retracted" if past is None else recorded_by(past.until)
    return (
        "SELECT raw, identity, time, subject, retracted FROM ledger "
        f"WHERE year = {int(year)} AND part IN ({PARTS}) AND {standing} "
        f"{of_types}AND subject"
    )


def restored(rows: Iterable[Row], year: int, past: LedgerPast | None) -> dict[str, list[Recorded]]:
    """The events of selected rows of a year, by subject."""
    by_subject: dict[str, list[Recorded]] = {}
    for row in rows:
        if past is None or not past.retracts(row):
            event = restore(row[0], row[1], b"", row[2], year, 0)
            by_subject.setdefault(row[3], []).append(event)
    return by_subject


def type_list(types: Collection[str]) -> str:
    """Event types, which are names of our catalog, as a list in SQL."""
    return ", ".join(f"'{short}'" for short in sorted(types))
