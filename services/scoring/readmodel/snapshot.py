"""A year as one commit of the fold has it, kept in memory and moved when the fold moves.

Ranks and shares rest on all units of a kind, so they are computed here when the year is read, out
of the tallies of one transaction; they are stored nowhere. What is answered is never older than
the last commit before the question was asked.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Recorded
from services.chassis.database.engine import Database
from services.scoring.errors import RubricsReplaced, UnitNotRated
from services.scoring.fold.cells import Tally
from services.scoring.fold.registry import Registry, Unit
from services.scoring.fold.verdict import standing_of
from services.scoring.queries import books, events
from services.scoring.ratings.assessment import Cases, CeilingPlace, cases_of, with_cases
from services.scoring.ratings.json import kinship, latest_results, rating
from services.scoring.ratings.listing import Entry
from services.scoring.ratings.recount import alone, ranked
from services.scoring.ratings.standings import Standing
from services.scoring.rubrics.model import Rubric, Rubrics
from services.scoring.store import position
from services.scoring.store.position import Position

YEARS_KEPT = 8


@dataclass
class Snapshot:
    """One year at one commit; replaced, never changed, when the fold moves."""

    year: int
    stamp: int
    registry: Registry
    rubrics: Rubrics
    tallies: dict[str, Tally]
    results: dict[str, list[dict[str, Any]]]
    alone: dict[str, Standing]
    standings: dict[str, Standing]
    cases: dict[str, Cases] = field(default_factory=dict)
    _encoded: dict[str, bytes] = field(default_factory=dict)

    def unit(self, asked: str) -> Unit:
        """The rated unit of this key or code; UnitNotRated without."""
        unit = self.registry.find(asked)
        if unit is None or unit.key not in self.standings:
            raise UnitNotRated(asked, self.year)
        return unit

    def rubric(self, unit: Unit) -> Rubric:
        """The rubric that governs a rated unit."""
        return self.standings[unit.key].assessment.rubric

    def standing(self, unit: Unit, view: str | None = None) -> Standing:
        """The unit's standing; a view that does not bind has neither rank nor share."""
        binding = self.standings[unit.key]
        if view is None or view == self.view(unit):
            return binding
        sums = self.tallies.get(unit.key) or Tally()
        cases = self.cases.get(unit.key)
        return alone(unit, self.rubric(unit), self.registry, self.year, sums, view, cases)

    def view(self, unit: Unit) -> str:
        """The view that binds and ranks."""
        pooled = bool(self.registry.pool(unit.key, self.year))
        return "pooled" if self.rubric(unit).pooled and pooled else "own"

    def rating(self, key: str, view: str | None = None) -> dict[str, Any]:
        """The rating of a rated unit, by its key."""
        unit = self.registry.units[key]
        standing = self.standing(unit, view)
        results, kin = self.results.get(key, []), kinship(self.registry, key)
        return rating(unit, self.year, standing, results, kin)

    def entry(self, key: str) -> Entry:
        """The rating of a rated unit as lists are filtered and sorted by."""
        unit, standing = self.registry.units[key], self.standings[key].assessment
        name = unit.name_in(self.year)

        def words() -> list[str]:
            return [name, unit.name, *(held[2] for held in unit.names), key, *unit.codes]

        return Entry(key, name, unit.kind, standing.class_name, standing.total, words)

    def classes(self, kind: str | None) -> list[str]:
        """The classes of the year's rubrics, of one kind or of all; of all years without."""
        rubrics = self.rubrics.items
        of_year = [r for r in rubrics if any(r.governs(k, self.year) for k in r.kinds)]
        of_kind = [r for r in of_year if kind is None or kind in r.kinds]
        return [name for rubric in of_kind or of_year or rubrics for name in rubric.classes]

    def encoded(self, key: str) -> bytes:
        """The rating as JSON, encoded once."""
        known = self._encoded.get(key)
        if known is None:
            known = self._encoded[key] = msgspec.json.encode(self.rating(key))
        return known


@dataclass
class Snapshots:
    """The snapshots of the years that are asked for."""

    db: Database
    rubrics: Rubrics
    _years: dict[int, Snapshot] = field(default_factory=dict)
    _registry_stamp: int = -1
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _next: asyncio.Task[int] | None = None

    async def of(self, year: int) -> Snapshot:
        """The year as of the last commit; RubricsReplaced where others folded it."""
        stamp = await self.stamp()
        known = self._years.pop(year, None)
        if known is not None:
            self._years[year] = known
            if known.stamp == stamp:
                return known
        async with self._reading:
            known = self._years.get(year)
            if known is None or known.stamp != stamp:
                known = await self._read(year)
        return known

    async def stamp(self) -> int:
        """The last commit as of now or later; those who ask at the same time share one look.

        A look that has begun may be older than the question, so a question waits for the next.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._look())
        return await asyncio.shield(self._next)

    async def _look(self) -> int:
        async with self._looking:
            self._next = None
            return await books.last_stamp(self.db)

    async def _read(self, year: int) -> Snapshot:
        async with self.db.read() as conn:
            place = await position.load(conn)
            agree(place, self.rubrics)
            if place.registry_stamp != self._registry_stamp:
                self._years.clear()
                self._registry_stamp = place.registry_stamp
            known = self._years.get(year)
            if known is None or known.stamp > place.stamp:  # the database was restored
                made = await self._whole(conn, year, place.stamp)
            else:
                made = await self._moved(conn, known, place.stamp)
        self._years[year] = made
        while len(self._years) > YEARS_KEPT:
            del self._years[self._least_used()]
        return made

    def _least_used(self) -> int:
        """The year that is missed least: one without facts, else that was asked for longest ago."""
        idle = (year for year, held in self._years.items() if not held.tallies)
        return next(idle, next(iter(self._years)))

    async def _whole(self, conn: AsyncConnection, year: int, stamp: int) -> Snapshot:
        registry = await books.registry(conn)
        sums = await books.tallies(conn, year, -1)
        results = _results(await events.decisions(conn, year, kind="result.reported"), registry)
        made = Snapshot(year, stamp, registry, self.rubrics, sums, results, {}, {})
        made.alone = await _alone(conn, made, registry.units)
        made.standings = ranked(made.alone.values())
        return made

    async def _moved(self, conn: AsyncConnection, known: Snapshot, stamp: int) -> Snapshot:
        """The next snapshot: only the units that were touched are assessed again."""
        touched = await books.tallies(conn, known.year, known.stamp)
        if not touched:
            known.stamp = stamp
            return known
        registry = known.registry
        subjects = {subject for unit in touched for subject in registry.subjects(unit)}
        said = await events.decisions(conn, known.year, subjects, "result.reported")
        found = _results(said, registry)
        results = known.results | {unit: found.get(unit, []) for unit in touched}
        made = Snapshot(
            known.year,
            stamp,
            registry,
            known.rubrics,
            known.tallies | touched,
            results,
            {},
            {},
            known.cases,
        )
        made.alone = known.alone | await _alone(conn, made, touched)
        made.standings = ranked(made.alone.values())
        return made


def agree(place: Position, rubrics: Rubrics) -> None:
    """RubricsReplaced where the books were folded with other rubrics than these."""
    if place.rubrics not in ("", rubrics.digest):
        raise RubricsReplaced()


async def _alone(
    conn: AsyncConnection, snapshot: Snapshot, keys: Iterable[str]
) -> dict[str, Standing]:
    """Units before what depends on others; those under a ceiling with the keys of its cases."""
    found = {}
    for key in keys:
        unit = snapshot.registry.units.get(key)
        if unit is None or not unit.exists_in(snapshot.year):
            continue
        rubric = snapshot.rubrics.governing(unit.kind, snapshot.year)
        if rubric is not None:
            sums = snapshot.tallies.get(key) or Tally()
            found[key] = alone(unit, rubric, snapshot.registry, snapshot.year, sums)
    under = {key: s.assessment.ceilings for key, s in found.items() if s.assessment.ceilings}
    cases = await _cases(conn, snapshot, under)
    snapshot.cases = snapshot.cases | cases
    return found | {
        key: replace(found[key], assessment=with_cases(found[key].assessment, of_unit))
        for key, of_unit in cases.items()
    }


async def _cases(
    conn: AsyncConnection, snapshot: Snapshot, under: Mapping[str, Sequence[CeilingPlace]]
) -> dict[str, Cases]:
    indicators = {place.indicator for places in under.values() for place in places}
    cells = await books.own_cells(conn, snapshot.year, under.keys(), indicators)
    found = {}
    for key, places in under.items():
        rubric = snapshot.rubrics.governing(snapshot.registry.units[key].kind, snapshot.year)
        assert rubric is not None
        found[key] = cases_of(rubric, places, cells.get(key, {}))
    return found


def _results(said: Iterable[Recorded], registry: Registry) -> dict[str, list[dict[str, Any]]]:
    of_unit: dict[str, list[Recorded]] = {}
    for one in said:
        unit = standing_of(one, registry)
        if not isinstance(unit, str):
            of_unit.setdefault(unit.key, []).append(one)
    return {key: latest_results(found) for key, found in of_unit.items()}
