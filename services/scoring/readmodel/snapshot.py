"""A year as of one commit of the fold, in memory, and updated after the next commit.

Ranks and shares depend on all units of a kind, so they are computed when the year is read, from
the tallies of one transaction; they are stored nowhere. An answer is never older than the last
commit before the request.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from services.chassis.database.engine import Database
from services.scoring.errors import RubricsReplaced, UnitNotRated
from services.scoring.fold.cells import Cell, Posting, Tally
from services.scoring.fold.registry import Registry, Unit
from services.scoring.queries import books, events
from services.scoring.ratings.assessment import cases_of, with_cases
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.listing import Entry
from services.scoring.ratings.model import Cases, CeilingPlace, Rating, Result
from services.scoring.ratings.rating import rating_of
from services.scoring.ratings.results import REPORTED, latest_results
from services.scoring.ratings.standings import Standing, rank_units, unit_standing
from services.scoring.ratings.views import Views, views_of
from services.scoring.rubrics.model import Rubric, Rubrics
from services.scoring.store import position, stages
from services.scoring.store.position import Position
from services.scoring.year.stages import OPEN, Stage, YearState

YEARS_MAX = 8
FEW_UNITS = 50
"""The number of units that are assessed at once without a thread."""
NO_STATE = YearState(year=0)

OwnCells = Callable[
    [Collection[str], Collection[str]],
    Awaitable[Mapping[str, Mapping[Cell, Sequence[Posting]]]],
]
"""From units and indicators to the postings of these indicators in the units' own views."""


@dataclass
class Snapshot:
    """One year at one commit; another one replaces it when a unit of the year changes.

    A commit that changes no unit of the year moves the `stamp` on, and `read_at`, the monotonic
    time at which the reading of it began, and nothing else. `unranked` are the standings before
    shares and ranks. A snapshot of the past has only what was recorded up to `until`, and answers
    for the instant `as_of`; both are None for the last commit.
    """

    year: int
    stamp: int
    registry: Registry
    rubrics: Rubrics
    tallies: dict[str, Tally]
    results: dict[str, list[Result]]
    unranked: dict[str, Standing]
    standings: dict[str, Standing]
    cases: dict[str, Cases] = field(default_factory=dict)
    until: int | None = None
    as_of: int | None = None
    stage: Stage = OPEN
    version: int = 1
    state: YearState = NO_STATE
    read_at: float = 0.0
    _bodies: dict[str, bytes] = field(default_factory=dict)

    def unit(self, code: str) -> Unit:
        """The rated unit of this key or code; UnitNotRated without."""
        unit = self.registry.find(code)
        if unit is None or unit.key not in self.standings:
            raise UnitNotRated(code, self.year)
        return unit

    def rubric(self, unit: Unit) -> Rubric:
        """The rubric that governs a rated unit."""
        return self.standings[unit.key].assessment.rubric

    def standing(self, unit: Unit, view: str | None = None) -> Standing:
        """The unit's standing; a view that does not bind has neither rank nor share."""
        if view is None or view == self.views(unit).binding:
            return self.standings[unit.key]
        sums = self.tallies.get(unit.key) or Tally()
        cases = self.cases.get(unit.key)
        return unit_standing(unit, self.rubric(unit), self.registry, self.year, sums, view, cases)

    def views(self, unit: Unit) -> Views:
        """Which view of a rated unit binds."""
        return views_of(self.rubric(unit), self.registry, unit.key, self.year)

    def rating(self, key: str, view: str | None = None) -> Rating:
        """The rating of a rated unit, by its key."""
        standing = self.standing(self.registry.units[key], view)
        results = self.results.get(key, ())
        rating = rating_of(self.registry, self.year, standing, results, self.stage, self.version)
        return rating if self.as_of is None else structs.replace(rating, as_of=self.as_of)

    def entry(self, key: str) -> Entry:
        """What lists filter and sort a rated unit by."""
        unit, standing = self.registry.units[key], self.standings[key].assessment
        name = unit.name_in(self.year)

        def words() -> list[str]:
            return [name, *unit.search_texts()]

        return Entry(key, name, unit.kind, standing.class_name, standing.total, words)

    def classes(self, kind: str | None) -> list[str]:
        """The classes of the year's rubrics, for one kind or all; of all rubrics if none fits."""
        rubrics, of_year = self.rubrics.items, self.rubrics.of_year(self.year)
        of_kind = [r for r in of_year if kind is None or kind in r.kinds]
        return [name for rubric in of_kind or of_year or rubrics for name in rubric.classes]

    def rating_json(self, key: str) -> bytes:
        """The rating as JSON, encoded once."""
        body = self._bodies.get(key)
        if body is None:
            body = self._bodies[key] = msgspec.json.encode(rating_members(self.rating(key)))
        return body


@dataclass
class Snapshots:
    """The snapshots of the years that are read; at most YEARS_MAX stay in memory."""

    db: Database
    rubrics: Rubrics
    _years: dict[int, Snapshot] = field(default_factory=dict)
    _registry_stamp: int = -1
    _look_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _load_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _next: asyncio.Task[int] | None = None

    async def of(self, year: int) -> Snapshot:
        """The year as of the last commit; RubricsReplaced where others folded it."""
        asked_at = time.monotonic()
        stamp = await self.stamp()
        snapshot = self._years.pop(year, None)
        if snapshot is not None:
            self._years[year] = snapshot
            if snapshot.stamp == stamp:
                return snapshot
        async with self._load_lock:
            snapshot = self._years.get(year)
            # what was read since the question is no older than it, whatever the look had found
            if snapshot is None or (snapshot.stamp != stamp and snapshot.read_at < asked_at):
                snapshot = await self._refresh(year)
        return snapshot

    def cached(self, year: int, stamp: int) -> Snapshot | None:
        """The snapshot in memory, where it is that of this commit."""
        snapshot = self._years.get(year)
        return snapshot if snapshot is not None and snapshot.stamp == stamp else None

    async def stamp(self) -> int:
        """The last commit as of now or later; concurrent callers share one look.

        A look that has begun may be older than the question, so a question waits for the next.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._look())
        return await asyncio.shield(self._next)

    async def _look(self) -> int:
        async with self._look_lock:
            self._next = None
            return await books.last_stamp(self.db)

    async def _refresh(self, year: int) -> Snapshot:
        read_at = time.monotonic()
        async with self.db.read() as conn:
            place = await position.load(conn)
            require_same_rubrics(place, self.rubrics)
            if place.registry_stamp != self._registry_stamp:
                self._years.clear()
                self._registry_stamp = place.registry_stamp
            state = await stages.load(conn, year)
            before = self._years.get(year)
            if before is None or before.stamp > place.stamp:  # the database was restored
                snapshot = await self._load(conn, year, place.stamp)
            else:
                snapshot = await self._update(conn, before, place.stamp)
            snapshot = staged(snapshot, state)
        snapshot.read_at, self._years[year] = read_at, snapshot
        while len(self._years) > YEARS_MAX:
            del self._years[self._least_used()]
        return snapshot

    def _least_used(self) -> int:
        """The first to go: a year without books, else the least recently used."""
        idle = (year for year, snapshot in self._years.items() if not snapshot.tallies)
        return next(idle, next(iter(self._years)))

    async def _load(self, conn: AsyncConnection, year: int, stamp: int) -> Snapshot:
        """The year read whole."""
        registry = await books.registry(conn)
        sums = await books.tallies(conn, year, -1)
        reports = await events.decisions(conn, year, kind=REPORTED)
        results = latest_results(reports, registry)
        snapshot = Snapshot(year, stamp, registry, self.rubrics, sums, results, {}, {})
        return await with_standings(snapshot, registry.units, _stored_cells(conn, year))

    async def _update(self, conn: AsyncConnection, before: Snapshot, stamp: int) -> Snapshot:
        """The next snapshot: only the units whose books changed are assessed again."""
        changed = await books.tallies(conn, before.year, before.stamp)
        if not changed:
            before.stamp = stamp
            return before
        registry = before.registry
        subjects = {subject for unit in changed for subject in registry.subjects(unit)}
        reports = await events.decisions(conn, before.year, subjects, REPORTED)
        by_unit = latest_results(reports, registry)
        results = before.results | {unit: by_unit.get(unit, []) for unit in changed}
        tallies = before.tallies | changed
        snapshot = replace(
            before, stamp=stamp, tallies=tallies, results=results, standings={}, _bodies={}
        )
        return await with_standings(snapshot, changed, _stored_cells(conn, before.year))


def staged(snapshot: Snapshot, state: YearState) -> Snapshot:
    """The snapshot in the stage and version of the year; the same one where it has them."""
    if snapshot.state == state:
        return snapshot
    return replace(
        snapshot, stage=state.stage, version=state.version, state=state, _bodies={}
    )  # fmt: skip


def require_same_rubrics(place: Position, rubrics: Rubrics) -> None:
    """Raises RubricsReplaced where the books were folded with other rubrics than these."""
    if place.rubrics not in ("", rubrics.digest):
        raise RubricsReplaced()


def _stored_cells(conn: AsyncConnection, year: int) -> OwnCells:
    """Reads the stored facts of the year's books."""
    return partial(books.own_cells, conn, year)


async def with_standings(snapshot: Snapshot, keys: Iterable[str], own_cells: OwnCells) -> Snapshot:
    """The snapshot with these units assessed again; those under a ceiling name its cases."""
    units = list(keys)
    if len(units) < FEW_UNITS:
        standings = _unranked(snapshot, units)
    else:
        standings = await asyncio.to_thread(_unranked, snapshot, units)
    under = {key: s.assessment.ceilings for key, s in standings.items() if s.assessment.ceilings}
    cases = await _cases(snapshot, under, own_cells)
    standings |= {
        key: replace(standings[key], assessment=with_cases(standings[key].assessment, of_unit))
        for key, of_unit in cases.items()
    }
    unranked = snapshot.unranked | standings
    return replace(
        snapshot, unranked=unranked, standings=rank_units(unranked.values()),
        cases=snapshot.cases | cases,
    )  # fmt: skip


def _unranked(snapshot: Snapshot, keys: Iterable[str]) -> dict[str, Standing]:
    """The standings of the rated ones of these units, each alone."""
    pairs = ((key, _alone(snapshot, key)) for key in keys)
    return {key: standing for key, standing in pairs if standing is not None}


def _alone(snapshot: Snapshot, key: str) -> Standing | None:
    """The standing of one unit alone; None where it is not rated in the year."""
    unit = snapshot.registry.units.get(key)
    if unit is None or not unit.exists_in(snapshot.year):
        return None
    rubric = snapshot.rubrics.governing(unit.kind, snapshot.year)
    if rubric is None:
        return None
    sums = snapshot.tallies.get(key) or Tally()
    return unit_standing(unit, rubric, snapshot.registry, snapshot.year, sums)


async def _cases(
    snapshot: Snapshot, under: Mapping[str, Sequence[CeilingPlace]], own_cells: OwnCells
) -> dict[str, Cases]:
    """By unit the keys of the cases behind each ceiling that holds."""
    indicators = {place.indicator for places in under.values() for place in places}
    cells = await own_cells(under.keys(), indicators)
    cases = {}
    for key, places in under.items():
        rubric = snapshot.rubrics.governing(snapshot.registry.units[key].kind, snapshot.year)
        assert rubric is not None
        cases[key] = cases_of(rubric, places, cells.get(key, {}))
    return cases
