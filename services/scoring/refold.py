"""Books folded anew from the ledger: after the registry, a rubric or a doubt changed them."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from services.scoring import fold, store
from services.scoring.cells import Cell, Posting, Tally
from services.scoring.fold import Book, Change
from services.scoring.registry import Registry
from services.scoring.rubric import Rubrics


async def refold(
    conn: AsyncConnection,
    registry: Registry,
    rubrics: Rubrics,
    units: Collection[str],
    stamp: int,
    only: int | None = None,
) -> int:
    """Folds the books of these units anew, of every year or of `only`; answers events read."""
    read = 0
    for unit in sorted(units):
        for year in sorted(await years(conn, registry, unit)):
            if only is None or year == only:
                read += await _refold_book(conn, registry, rubrics, Book(unit, year), stamp)
    return read


async def years(conn: AsyncConnection, registry: Registry, unit: str) -> set[int]:
    """The years of which a unit has or should have a book."""
    found = await store.years_of(conn, unit, registry.subjects(unit))
    for (_, successor), entry in registry.successions.items():
        if successor == unit:
            found.add(moments.local_year(entry.effective))
    return found


async def _refold_book(
    conn: AsyncConnection, registry: Registry, rubrics: Rubrics, book: Book, stamp: int
) -> int:
    await store.clear(conn, book)
    made = await computed(conn, registry, rubrics, book)
    if made.change is not None:
        await _write(conn, book, made.change, made.tally, stamp)
    return made.events


class Computed(NamedTuple):
    """A book as the ledger has it: its facts, None without any event, and its tally."""

    events: int
    change: Change | None
    tally: Tally


async def computed(
    conn: AsyncConnection, registry: Registry, rubrics: Rubrics, book: Book
) -> Computed:
    """What a book must hold, from the ledger alone."""
    unit = registry.units.get(book.unit)
    if unit is None:
        return Computed(0, None, Tally())
    subjects = registry.subjects(book.unit)
    for predecessor in registry.pool(book.unit, book.year):
        subjects |= registry.subjects(predecessor)
    said = list(await store.counting(conn, subjects, book.year))
    change = fold.changes(said, (), registry, rubrics, book.unit).get(book)
    tally, rubric = Tally(), rubrics.governing(unit.kind, book.year)
    if rubric is not None and change is not None:
        fold.apply(tally, rubric, fold.horizon(unit, book.year), {}, change)
    return Computed(len(said), change, tally)


async def _write(
    conn: AsyncConnection, book: Book, change: Change, tally: Tally, stamp: int
) -> None:
    id_ = (await store.books(conn, [book], stamp))[book].id
    added: list[tuple[int, Cell, Posting]] = [
        (id_, cell, posting) for cell, posted in change.added.items() for posting in posted
    ]
    await store.write_facts(conn, added)
    await store.write_tallies(conn, {id_: tally}, stamp)
