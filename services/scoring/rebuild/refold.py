"""Books folded anew from the ledger: after the registry, a rubric or a doubt changed them.

The difference to what is stored is written here, in the caller's one transaction; what a book must
hold is read and computed (`ledger`) by this process inside the transaction, or by workers from
what is committed. At most so many events are in memory at a time.
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
from services.scoring.rebuild.inputs import Made
from services.scoring.rebuild.workers import Workers
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import books as book_store
from services.scoring.store import ledger

EVENTS_AT_ONCE = 30_000
"""How many events a worker holds at a time, about: some 40 MB."""
Progress = Callable[[int, int], None]
"""Called with books done and books in all."""


async def refold(
    conn: AsyncConnection, registry: Registry, rubrics: Rubrics, units: Collection[str], stamp: int
) -> None:
    """Folds the books of these units anew by this process."""
    rows = await rows_of(conn)
    for book in await books(conn, registry, units):
        async for made in inputs.made(rows, registry, rubrics, [book]):
            await _write(conn, made, stamp)


async def refold_by(
    team: Workers, conn: AsyncConnection, registry: Registry,
    wanted: Collection[Book], stamp: int,
    progress: Progress = lambda done, of: None,
) -> int:  # fmt: skip
    """Folds books anew by workers; answers events read.

    The caller holds the position's lock, and has written nothing yet.
    """
    events = done = 0

    async def take(made: Made) -> None:
        nonlocal events, done
        await _write(conn, made, stamp)
        events, done = events + made.events, done + 1
        progress(done, len(wanted))

    groups: list[list[Book]] = []
    ordered = sorted(wanted, key=lambda book: (book.year, _family(registry, book), book.unit))
    for _, found in itertools.groupby(ordered, attrgetter("year")):
        of_year = list(found)
        each = 1 + await ledger.events_of(conn, of_year) // len(of_year)
        groups += grouped(of_year, team.count, max(1, EVENTS_AT_ONCE // each))
    await team.compute(groups, take)
    return events


def _family(registry: Registry, book: Book) -> str:
    """A name that a unit shares with those whose facts it inherits, or who inherit its."""
    heirs = registry.pooling(book.unit, book.year)
    return heirs[-1] if heirs else book.unit


def grouped(ordered: Sequence[Book], workers: int, most: int) -> Iterator[list[Book]]:
    """Neighbours together, at most so many; large groups first, so that all workers end at once."""
    left = list(ordered)
    while left:
        size = min(most, max(1, len(left) // (2 * workers)))
        yield left[:size]
        left = left[size:]


async def books(conn: AsyncConnection, registry: Registry, units: Collection[str]) -> list[Book]:
    """The books that these units have or should have, of every year."""
    return [
        Book(unit, year)
        for unit in sorted(units)
        for year in sorted(await years(conn, registry, unit))
    ]


async def years(conn: AsyncConnection, registry: Registry, unit: str) -> set[int]:
    """The years of which a unit has or should have a book."""
    found = await ledger.years_of(conn, unit, registry.subjects(unit))
    for (_, successor), entry in registry.successions.items():
        if successor == unit:
            found.add(moments.local_year(entry.effective))
    return found


async def _write(conn: AsyncConnection, made: Made, stamp: int) -> None:
    """Writes what differs; a book without any event of its unit goes."""
    number, computed = made.number, made.computed
    await book_store.delete_facts(conn, computed.gone)
    if computed.tallies is None:
        if number is not None:
            await book_store.delete_book(conn, number)
        return
    if number is None:
        number = (await book_store.ensure_books(conn, [made.book], stamp))[made.book].id
    added = [(cell_number(number, checksum), said) for checksum, said in computed.added]
    await book_store.add_facts(conn, added)
    await book_store.save_tallies(conn, {number: computed.tallies}, stamp)
