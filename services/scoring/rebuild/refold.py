"""Recomputes books from the ledger, and writes the difference to the stored ones.

Used where the registry or a rubric changed, and by the rebuild. Books are recomputed (`inputs`) by
this process inside the caller's transaction, or by workers from committed rows; the differences are
always written in the caller's one transaction. The number of events in memory is bounded.
"""

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from operator import attrgetter

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from services.chassis.database.engine import rows_of
from services.scoring.fold.books import Book
from services.scoring.fold.encoding import cell_number
from services.scoring.fold.registry import Registry
from services.scoring.rebuild import inputs
from services.scoring.rebuild.inputs import BookResult
from services.scoring.rebuild.workers import Workers
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import books as book_store
from services.scoring.store import ledger

EVENTS_AT_ONCE = 30_000
"""The number of events, about, that a worker has in memory at a time: some 40 MB."""
BookProgress = Callable[[int, int], None]
"""Called with the number of recomputed books and the number of all books."""


async def refold(
    conn: AsyncConnection, registry: Registry, rubrics: Rubrics, units: Collection[str], stamp: int
) -> None:
    """Recomputes the books of these units in this process."""
    rows = await rows_of(conn)
    for book in await list_books(conn, registry, units):
        async for result in inputs.recompute_books(rows, registry, rubrics, [book]):
            await _write(conn, result, stamp)


async def refold_by(
    team: Workers, conn: AsyncConnection, registry: Registry,
    books: Collection[Book], stamp: int,
    progress: BookProgress = lambda number, total: None,
) -> int:  # fmt: skip
    """Recomputes books by workers, and returns the number of events that they read.

    The caller holds the lock on the position, and has written nothing yet: workers see only
    committed rows.
    """
    events = number = 0

    async def write(result: BookResult) -> None:
        nonlocal events, number
        await _write(conn, result, stamp)
        events, number = events + result.events, number + 1
        progress(number, len(books))

    groups: list[list[Book]] = []
    ordered = sorted(books, key=lambda book: (book.year, family(registry, book), book.unit))
    for _, books_of_year in itertools.groupby(ordered, attrgetter("year")):
        of_year = list(books_of_year)
        each = 1 + await ledger.events_of(conn, of_year) // len(of_year)
        groups += split(of_year, team.count, max(1, EVENTS_AT_ONCE // each))
    await team.compute(groups, write)
    return events


def family(registry: Registry, book: Book) -> str:
    """A sort key that puts units beside those whose facts they inherit, so that one worker reads
    the events of both."""
    heirs = registry.pooling(book.unit, book.year)
    return heirs[-1] if heirs else book.unit


def split(ordered: Sequence[Book], workers: int, most: int) -> Iterator[list[Book]]:
    """Groups of at most `most` neighbours, shrinking so that all workers end at the same time."""
    left = list(ordered)
    while left:
        size = min(most, max(1, len(left) // (2 * workers)))
        yield left[:size]
        left = left[size:]


async def list_books(
    conn: AsyncConnection, registry: Registry, units: Collection[str]
) -> list[Book]:
    """The books that these units have or should have, of every year."""
    return [
        Book(unit, year)
        for unit in sorted(units)
        for year in sorted(await years(conn, registry, unit))
    ]


async def years(conn: AsyncConnection, registry: Registry, unit: str) -> set[int]:
    """The years of which a unit has or should have a book."""
    years = await ledger.years_of(conn, unit, registry.subjects(unit))
    for (_, successor), entry in registry.successions.items():
        if successor == unit:
            years.add(moments.local_year(entry.effective))
    return years


async def _write(conn: AsyncConnection, result: BookResult, stamp: int) -> None:
    """Writes the difference; a book to which no event belongs is deleted."""
    number, difference = result.number, result.difference
    await book_store.delete_facts(conn, difference.stale)
    if difference.tallies is None:
        if number is not None:
            await book_store.delete_book(conn, number)
        return
    if number is None:
        number = (await book_store.ensure_books(conn, [result.book], stamp))[result.book].id
    added = [(cell_number(number, checksum), text) for checksum, text in difference.missing]
    await book_store.add_facts(conn, added)
    await book_store.save_tallies(conn, {number: difference.tallies}, stamp)
