"""A year as of an instant in the past: from what the doors had recorded up to then.

A unit of which nothing was recorded later, and whose registry and rubric are the same, has the
tally that its book has now; only the others are recomputed, by the code of the fold and outside the
event loop. The caller asks only for instants that every door has passed: then an answer never
changes, and stays in memory under the last instant at which something of the year was recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from services.chassis.cancellation import BackgroundTasks
from services.chassis.database.engine import Database
from services.scoring.fold.books import Book, collect_cells, horizon
from services.scoring.fold.cells import OWN, Cell, Posting, Tally
from services.scoring.fold.registry import Registry
from services.scoring.queries import as_of as ledger_queries
from services.scoring.queries import books as book_queries
from services.scoring.queries.as_of import Targets
from services.scoring.ratings.recount import tally
from services.scoring.ratings.results import REPORTED, latest_results
from services.scoring.readmodel.recent import Recent
from services.scoring.readmodel.snapshot import Snapshot, with_standings
from services.scoring.rebuild.inputs import book_subjects
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import ledger, position

SNAPSHOTS_MAX = 12
EVENTS_AT_ONCE = 10_000
"""The number of events, about, that are in memory at a time."""

BEFORE_ALL = -(2**62)

Cells = Mapping[Cell, Sequence[Posting]]


class PastYear(NamedTuple):
    """A year as of an instant, by rubrics: `last` is when something of it was last recorded."""

    year: int
    last: int
    rubrics: str


class BookSums(NamedTuple):
    """The tally of a recomputed book, and its own cells of the indicators with ceilings."""

    tally: Tally
    under_ceilings: Cells


@dataclass
class AsOf:
    """The snapshots of past instants; at most SNAPSHOTS_MAX stay in memory."""

    db: Database
    rubrics: Rubrics
    background: BackgroundTasks = field(default_factory=BackgroundTasks)
    _snapshots: Recent[PastYear, Snapshot] = field(default_factory=lambda: Recent(SNAPSHOTS_MAX))
    _stamp: int = -1
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _unsettled_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _next: dict[tuple[int, int, str], asyncio.Task[Snapshot]] = field(default_factory=dict)

    async def snapshot(
        self, year: int, instant: int, rubrics: Rubrics | None = None, settled: bool = True
    ) -> Snapshot:
        """The year as of an instant, by these rubrics or those of the service; `as_of` is set.

        Not `settled` where some door may still deliver what it recorded by then: such an answer
        is computed each time, once for all who ask before the computation begins.
        """
        chosen = rubrics or self.rubrics
        if not settled:
            snapshot: Snapshot | None = await self._unsettled(year, instant, chosen)
        else:
            snapshot = await self._find(year, instant, chosen)
        if snapshot is None:
            async with self._lock:
                snapshot = await self._find(year, instant, chosen)
                if snapshot is None:
                    snapshot = await self._load(year, instant, chosen, keep=True)
        return replace(snapshot, until=instant, as_of=instant, _bodies={})

    async def _unsettled(self, year: int, instant: int, rubrics: Rubrics) -> Snapshot:
        """The year as it is now or later; concurrent callers share one computation.

        One that has begun may lack what came before the question, so a question waits for the
        next.
        """
        key = (year, instant, rubrics.digest_of(year))
        if key not in self._next:
            work = self._compute_next(key, rubrics)
            self._next[key] = self.background.begin(work, "unsettled year")
        return await asyncio.shield(self._next[key])

    async def _compute_next(self, key: tuple[int, int, str], rubrics: Rubrics) -> Snapshot:
        async with self._unsettled_lock:
            del self._next[key]
            return await self._load(key[0], key[1], rubrics, keep=False)

    async def _find(self, year: int, instant: int, rubrics: Rubrics) -> Snapshot | None:
        """The snapshot in memory; none after the database was restored."""
        async with self.db.read() as conn:
            stamp = (await position.load(conn)).stamp
            place = await _past_year(conn, year, instant, rubrics)
        if stamp < self._stamp:
            self._snapshots.clear()
        self._stamp = stamp
        snapshot = self._snapshots.get(place)
        return None if snapshot is None else self._snapshots.keep(place, snapshot)

    async def _load(self, year: int, instant: int, rubrics: Rubrics, keep: bool) -> Snapshot:
        async with self.db.read() as conn:
            place = await _past_year(conn, year, instant, rubrics)
            snapshot = await _compute(conn, place, rubrics, self.rubrics)
        if keep:
            self._snapshots.keep(place, snapshot)
        return snapshot


async def _past_year(conn: AsyncConnection, year: int, instant: int, rubrics: Rubrics) -> PastYear:
    last = await ledger_queries.last_recorded(conn, year, instant)
    return PastYear(year, BEFORE_ALL if last is None else last, rubrics.digest_of(year))


async def cells(conn: AsyncConnection, snapshot: Snapshot, unit: str, until: int) -> Cells:
    """All postings of a unit's book as of an instant, by cell."""
    registry, book = snapshot.registry, Book(unit, snapshot.year)
    subjects = book_subjects(registry, book)
    targets = await ledger_queries.retraction_targets(conn, until, subjects)
    events = await ledger_queries.events(conn, subjects, book.year, until, targets)
    of_book = _in_order(events, subjects)
    rubrics = snapshot.rubrics
    return await asyncio.to_thread(collect_cells, of_book, book, registry, rubrics) or {}


async def decisions(
    conn: AsyncConnection, snapshot: Snapshot, unit: str, until: int
) -> list[Recorded]:
    """The decisions, declarations and results under the unit's subjects as of an instant."""
    subjects = snapshot.registry.subjects(unit)
    targets = await ledger_queries.retraction_targets(conn, until, subjects)
    return await ledger_queries.decisions(conn, snapshot.year, until, targets, subjects)


async def _compute(
    conn: AsyncConnection, place: PastYear, rubrics: Rubrics, folded: Rubrics
) -> Snapshot:
    """The year by these rubrics; its books are right as they are where `folded` has the same."""
    year, until = place.year, place.last
    targets = await ledger_queries.retraction_targets(conn, until)
    registry = await ledger_queries.registry(conn, until, targets)
    stale = await _stale_units(conn, place, registry, folded)
    stored = await book_queries.tallies(conn, year, -1)
    sums = await _sums(conn, place, registry, rubrics, targets, stale)
    tallies = {key: tally for key, tally in stored.items() if key not in stale}
    tallies |= {key: of_book.tally for key, of_book in sums.items()}
    decided = await ledger_queries.decisions(conn, year, until, targets)
    reports = (event for event in decided if event.kind.short == REPORTED)
    results = latest_results(reports, registry)

    async def own_cells(units: Collection[str], indicators: Collection[str]) -> Mapping[str, Cells]:
        """Of recomputed books from memory, of the others from their facts."""
        fresh = [unit for unit in units if unit not in stale]
        by_unit: dict[str, Cells] = dict(
            await book_queries.own_cells(conn, year, fresh, indicators)
        )
        return by_unit | {unit: sums[unit].under_ceilings for unit in units if unit in sums}

    snapshot = Snapshot(year, -1, registry, rubrics, tallies, results, {}, {})
    return await with_standings(snapshot, registry.units, own_cells)


async def _stale_units(
    conn: AsyncConnection, place: PastYear, registry: Registry, folded: Rubrics
) -> set[str]:
    """The units whose books may have another tally now than as of the instant."""
    stored = (await position.load(conn)).rubrics
    if stored != folded.digest or folded.digest_of(place.year) != place.rubrics:
        return set(registry.units)
    latest = await book_queries.registry(conn)
    later = await ledger_queries.later_subjects(conn, place.year, place.last)
    stale = set(latest.changed_since(registry))
    for known in (registry, latest):
        for key in known.units:
            if not later.isdisjoint(known.subjects(key)):
                stale.update((key, *known.pooling(key, place.year)))
    return stale


async def _sums(
    conn: AsyncConnection, place: PastYear, registry: Registry, rubrics: Rubrics, targets: Targets,
    stale: Collection[str],
) -> dict[str, BookSums]:  # fmt: skip
    """The stale books of rated units, recomputed in a thread, some at a time."""
    books = [
        Book(key, place.year) for key in sorted(stale)
        if (unit := registry.units.get(key)) is not None and unit.exists_in(place.year)
    ]  # fmt: skip
    sums: dict[str, BookSums] = {}
    if not books:
        return sums
    each = 1 + await ledger.events_of(conn, books) // len(books)
    for group in _groups(books, max(1, EVENTS_AT_ONCE // each)):
        subjects = {book: book_subjects(registry, book) for book in group}
        every = frozenset().union(*subjects.values())
        events = await ledger_queries.events(conn, every, place.year, place.last, targets)
        sums |= await asyncio.to_thread(_sum_group, events, subjects, registry, rubrics)
    return sums


def _sum_group(
    events: Mapping[str, Sequence[Recorded]], subjects: Mapping[Book, Collection[str]],
    registry: Registry, rubrics: Rubrics,
) -> dict[str, BookSums]:  # fmt: skip
    return {
        book.unit: sum_book(_in_order(events, of_book), book, registry, rubrics)
        for book, of_book in subjects.items()
    }


def sum_book(
    events: Sequence[Recorded], book: Book, registry: Registry, rubrics: Rubrics
) -> BookSums:
    """The sums of a book from all events that may belong to it."""
    unit = registry.units[book.unit]
    rubric = rubrics.governing(unit.kind, book.year)
    every = collect_cells(events, book, registry, rubrics)
    if rubric is None or every is None:
        return BookSums(Tally(), {})
    limiting = {indicator.id for indicator in rubric.indicators if indicator.ceilings}
    under = {c: p for c, p in every.items() if c.view == OWN and c.indicator in limiting}
    return BookSums(tally(rubric, every, horizon(unit, book.year)), under)


def _in_order(
    events: Mapping[str, Sequence[Recorded]], subjects: Collection[str]
) -> list[Recorded]:
    return [event for subject in sorted(subjects) for event in events.get(subject, ())]


def _groups(books: Sequence[Book], size: int) -> Iterator[Sequence[Book]]:
    for start in range(0, len(books), size):
        yield books[start : start + size]
