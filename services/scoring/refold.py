"""Books folded anew from the ledger: after the registry, a rubric or a doubt changed them.

The ledger is read and the difference is written here, in the caller's one transaction; between
the two a book is computed (`anew`), by this process or by workers. At most a few books are in
memory at a time.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from services.scoring import anew, store
from services.scoring.anew import Computed, Task
from services.scoring.fold import Book
from services.scoring.registry import Registry
from services.scoring.rubric import Rubrics
from services.scoring.workers import Compute, Workers

AHEAD = 2
"""Books that are read while others are computed, beside one for each worker."""
Progress = Callable[[int, int], None]
"""Called with books done and books in all."""


class Reading(NamedTuple):
    """A book as the database has it: the number of its row, None without, and what to compute."""

    number: int | None
    task: Task


async def refold(
    conn: AsyncConnection, registry: Registry, rubrics: Rubrics, units: Collection[str], stamp: int
) -> int:
    """Folds the books of these units anew by this process; answers events read."""

    async def here(task: Task) -> Computed:
        return anew.computed(task, registry, rubrics)

    return await _refold(conn, registry, await books(conn, registry, units), stamp, here, 0)


async def refold_by(
    team: Workers, conn: AsyncConnection, registry: Registry, rubrics: Rubrics,
    wanted: Collection[Book], stamp: int, progress: Progress = lambda done, of: None,
) -> int:  # fmt: skip
    """Folds books anew by workers; answers events read."""
    team.know(registry, rubrics)
    ahead = team.count + AHEAD
    return await _refold(conn, registry, wanted, stamp, team.compute, ahead, progress)


async def _refold(
    conn: AsyncConnection, registry: Registry, wanted: Collection[Book], stamp: int,
    compute: Compute, ahead: int, progress: Progress = lambda done, of: None,
) -> int:  # fmt: skip
    events = done = 0
    under_way: deque[tuple[Reading, asyncio.Task[Computed]]] = deque()

    async def finish() -> None:
        nonlocal done
        reading, computing = under_way.popleft()
        await _write(conn, reading, await computing, stamp)
        done += 1
        progress(done, len(wanted))

    try:
        for book in wanted:
            reading = await read(conn, registry, book)
            events += len(reading.task.events)
            under_way.append((reading, asyncio.ensure_future(compute(reading.task))))
            if len(under_way) > ahead:
                await finish()
        while under_way:
            await finish()
    finally:
        for _, computing in under_way:
            computing.cancel()
    return events


async def books(conn: AsyncConnection, registry: Registry, units: Collection[str]) -> list[Book]:
    """The books that these units have or should have, of every year."""
    return [
        Book(unit, year)
        for unit in sorted(units)
        for year in sorted(await years(conn, registry, unit))
    ]


async def years(conn: AsyncConnection, registry: Registry, unit: str) -> set[int]:
    """The years of which a unit has or should have a book."""
    found = await store.years_of(conn, unit, registry.subjects(unit))
    for (_, successor), entry in registry.successions.items():
        if successor == unit:
            found.add(moments.local_year(entry.effective))
    return found


async def read(conn: AsyncConnection, registry: Registry, book: Book) -> Reading:
    """A book's events and its stored facts."""
    number = await store.book_number(conn, book)
    stored = [] if number is None else await store.facts_of(conn, number)
    return Reading(number, Task(book, await _events(conn, registry, book), stored))


async def _events(conn: AsyncConnection, registry: Registry, book: Book) -> list[anew.LedgerRow]:
    if book.unit not in registry.units:
        return []
    subjects = registry.subjects(book.unit)
    for predecessor in registry.pool(book.unit, book.year):
        subjects |= registry.subjects(predecessor)
    return await store.counting(conn, subjects, book.year)


async def _write(conn: AsyncConnection, reading: Reading, made: Computed, stamp: int) -> None:
    """Writes what differs; a book without any event of its unit goes."""
    number = reading.number
    await store.delete_facts(conn, made.gone)
    if made.tallies is None:
        if number is not None:
            await store.delete_book(conn, number)
        return
    if number is None:
        book = reading.task.book
        number = (await store.books(conn, [book], stamp))[book].id
    added = [(store.cell_number(number, checksum), said) for checksum, said in made.added]
    await store.add_facts(conn, added)
    await store.save_tallies(conn, {number: made.tallies}, stamp)
