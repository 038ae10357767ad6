"""Sheets, and those of them that were made last: a sheet stays true until its unit moves.

A tally of a snapshot is replaced by another one by each commit that changes the unit's book, be it
by a decision, and all by a change of the registry. So a sheet was made of the same facts while its
tally is the same object. Of what happens to other units a sheet has the rank, the share of the top
class, and what stands between the unit and that class; these are computed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import moments
from contracts.envelope import Recorded
from services.chassis.database.engine import Database
from services.scoring.fold import books
from services.scoring.fold.books import Book
from services.scoring.fold.cells import OWN, POOLED, Cell, Posting, Tally
from services.scoring.fold.registry import Registry, Unit
from services.scoring.queries import books as book_queries
from services.scoring.queries import events as event_queries
from services.scoring.ratings.sheet.model import Sheet
from services.scoring.ratings.sheet.sheet import SheetContext, moved_among_others, sheet_of
from services.scoring.ratings.sheet.trials import UnitYear
from services.scoring.ratings.standings import ANY_RIVALS, Rivals, rivals
from services.scoring.readmodel import as_of
from services.scoring.readmodel.computing import compute_by_size
from services.scoring.readmodel.recent import Recent
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.unit_events import belongs
from services.scoring.rubrics.model import Rubric

SHEETS_MAX = 128
FEW_CELLS = 2_000
"""A sheet of fewer facts takes some ten milliseconds."""
Cells = Mapping[Cell, Sequence[Posting]]


class SheetPlace(NamedTuple):
    """Whose sheet, of which year, in which view, and up to which cut; None for the last commit."""

    unit: str
    year: int
    view: str | None
    until: int | None


class BookFacts(NamedTuple):
    """The cells and decisions of a unit's year, and the last commit that changed its book."""

    stamp: int
    cells: Cells
    decisions: Sequence[Recorded]


class SheetEntry(NamedTuple):
    """A sheet with what it was made of; it is true from `begins` until `ends`."""

    sheet: Sheet
    registry: Registry
    rubric: Rubric
    tally: Tally | None
    unit_year: UnitYear
    context: SheetContext
    begins: int
    ends: int

    def fits(self, snapshot: Snapshot, unit: Unit, now: int) -> bool:
        """Whether nothing of the unit itself has changed since."""
        return (
            self.begins <= now < self.ends
            and self.registry is snapshot.registry
            and self.rubric is snapshot.rubric(unit)
            and self.tally is snapshot.tallies.get(unit.key)
            and self.context.reply_until == snapshot.state.reply_until
        )


@dataclass
class Sheets:
    """The sheets of one database; at most SHEETS_MAX stay in memory."""

    db: Database
    _entries: Recent[SheetPlace, SheetEntry] = field(default_factory=lambda: Recent(SHEETS_MAX))

    async def of(self, snapshot: Snapshot, unit: Unit, view: str | None, now: int) -> Sheet | None:
        """The sheet at an instant; None where the unit was changed after the snapshot.

        A sheet of the past is that of its cut.
        """
        now = now if snapshot.until is None else snapshot.until
        place = SheetPlace(unit.key, snapshot.year, view, snapshot.until)
        entry = self._entries.get(place)
        if entry is None or not entry.fits(snapshot, unit, now):
            entry = await self._new(snapshot, unit, view, now)
            return None if entry is None else self._entries.keep(place, entry).sheet
        context = _context(snapshot, unit, view, entry.context.decisions)
        sheet = moved_among_others(
            entry.sheet, snapshot.rating(unit.key, view), entry.unit_year, entry.context, context
        )
        return self._entries.keep(place, entry._replace(sheet=sheet, context=context)).sheet

    def latest(self, unit: str, year: int, view: str | None) -> Sheet | None:
        """The sheet of the last commit that is in memory, true or not."""
        entry = self._entries.get(SheetPlace(unit, year, view, None))
        return None if entry is None else entry.sheet

    async def _new(
        self, snapshot: Snapshot, unit: Unit, view: str | None, now: int
    ) -> SheetEntry | None:
        async with self.db.read(short=snapshot.until is None) as conn:
            facts = await _book_facts(conn, snapshot, unit)
        if facts.stamp > snapshot.stamp:
            return None
        unit_year = _unit_year(snapshot, unit, view, facts.cells, now)
        decisions = [each for each in facts.decisions if belongs(snapshot, each, {unit.key})]
        context = _context(snapshot, unit, view, decisions)
        rating, standing = snapshot.rating(unit.key, view), snapshot.standing(unit, view)
        few = len(facts.cells) < FEW_CELLS
        return SheetEntry(
            await compute_by_size(few, sheet_of, rating, standing, unit_year, context),
            snapshot.registry, snapshot.rubric(unit), snapshot.tallies.get(unit.key), unit_year,
            context, now, _true_until(unit, facts.cells, now),
        )  # fmt: skip


def _true_until(unit: Unit, cells: Cells, now: int) -> int:
    """The next instant at which time alone may change a sheet.

    That is the next day, the unit's own beginning or end, or the time of an event that is yet to
    come.
    """
    times = (posting.order.time for postings in cells.values() for posting in postings)
    ends = [time for time in (*times, unit.begins, unit.ends) if time is not None and time > now]
    return min([*ends, moments.ordinal_start(moments.local_day(now) + 1)])


async def _book_facts(conn: AsyncConnection, snapshot: Snapshot, unit: Unit) -> BookFacts:
    if snapshot.until is not None:
        return BookFacts(
            snapshot.stamp,
            await as_of.cells(conn, snapshot, unit.key, snapshot.until),
            await as_of.decisions(conn, snapshot, unit.key, snapshot.until),
        )
    book, subjects = Book(unit.key, snapshot.year), snapshot.registry.subjects(unit.key)
    return BookFacts(
        await book_queries.stamp(conn, book),
        await book_queries.cells(conn, book),
        await event_queries.decisions(conn, snapshot.year, subjects),
    )


def _unit_year(
    snapshot: Snapshot, unit: Unit, view: str | None, cells: Cells, now: int
) -> UnitYear:
    registry, year = snapshot.registry, snapshot.year
    pool = registry.pool(unit.key, year)
    heirs = [
        heir for heir in registry.pooling(unit.key, year)
        if heir != unit.key and heir in snapshot.standings
        and snapshot.views(registry.units[heir]).pooled_binds
    ]  # fmt: skip
    return UnitYear(
        unit, year, snapshot.rubric(unit), snapshot.views(unit).answering(view), pool, cells,
        books.horizon(unit, year), now, tuple(heirs),
    )  # fmt: skip


def _context(
    snapshot: Snapshot, unit: Unit, view: str | None, decisions: Sequence[Recorded]
) -> SheetContext:
    views = snapshot.views(unit)
    answer = views.answering(view)
    other = OWN if answer == POOLED else POOLED
    return SheetContext(
        decisions,
        snapshot.rating(unit.key, other) if views.pooled else None,
        _rivals(snapshot, unit) if answer == views.binding else None,
        snapshot.state.reply_until,
    )


def _rivals(snapshot: Snapshot, unit: Unit) -> Rivals | None:
    """Those with whom the unit stands before the top class; None for one that is not ranked.

    Which they are matters to the second class alone.
    """
    if unit.ends_inside(snapshot.year):
        return None
    standing = snapshot.standings[unit.key]
    if standing.assessment.rubric.classes.index(standing.assessment.class_name) != 1:
        return ANY_RIVALS
    return rivals(unit.key, (s for s in snapshot.unranked.values() if s.kind == unit.kind))
