"""Books folded anew from the ledger: after the registry, a rubric or a doubt changed them.

The difference to what is stored is written here, in the caller's one transaction; what a book must
hold is read and computed (`ledger`) by this process inside the transaction, or by workers from
what is committed. At most a few books are in memory at a time.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from services.chassis.database import rows_of
from services.scoring import ledger, store
from services.scoring.anew import cell_number
from services.scoring.fold import Book
from services.scoring.ledger import Made
from services.scoring.registry import Registry
from services.scoring.rubric import Rubrics
from services.scoring.workers import Workers

AHEAD = 2
"""Books that wait for a worker, beside one for each of them."""
Progress = Callable[[int, int], None]
"""Called with books done and books in all."""


async def refold(
    conn: AsyncConnection, registry: Registry, rubrics: Rubrics, units: Collection[str], stamp: int
) -> None:
    """Folds the books of these units anew by this process."""
    rows = await rows_of(conn)
    for book in await books(conn, registry, units):
        await _write(conn, book, await ledger.made(rows, registry, rubrics, book), stamp)


async def refold_by(
    team: Workers, conn: AsyncConnection, wanted: Collection[Book], stamp: int,
    progress: Progress = lambda done, of: None,
) -> int:  # fmt: skip
    """Folds books anew by workers; answers events read.

    The caller holds the position's lock, and has written nothing yet.
    """
    events = done = 0
    under_way: deque[tuple[Book, asyncio.Task[Made]]] = deque()

    async def finish() -> None:
        nonlocal events, done
        book, computing = under_way.popleft()
        made = await computing
        await _write(conn, book, made, stamp)
        events, done = events + made.events, done + 1
        progress(done, len(wanted))

    try:
        for book in wanted:
            under_way.append((book, asyncio.ensure_future(team.compute(book))))
            if len(under_way) > team.count + AHEAD:
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


async def _write(conn: AsyncConnection, book: Book, made: Made, stamp: int) -> None:
    """Writes what differs; a book without any event of its unit goes."""
    number, computed = made.number, made.computed
    await store.delete_facts(conn, computed.gone)
    if computed.tallies is None:
        if number is not None:
            await store.delete_book(conn, number)
        return
    if number is None:
        number = (await store.books(conn, [book], stamp))[book].id
    added = [(cell_number(number, checksum), said) for checksum, said in computed.added]
    await store.add_facts(conn, added)
    await store.save_tallies(conn, {number: computed.tallies}, stamp)
