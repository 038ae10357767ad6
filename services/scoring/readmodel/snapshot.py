"""A year as of one commit of the fold, or as of an instant of the past, in memory.

Ranks and shares depend on all units of a kind, so they are computed when the year is read, from
the tallies of one transaction; they are stored nowhere.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
from msgspec import structs

from services.scoring.errors import UnitNotRated
from services.scoring.fold.cells import Cell, Posting, Tally
from services.scoring.fold.registry import Registry, Unit
from services.scoring.ratings.assessment import cases_of, with_cases
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.listing import Entry
from services.scoring.ratings.model import Cases, CeilingPlace, Rating, Result
from services.scoring.ratings.rating import rating_of
from services.scoring.ratings.standings import Standing, rank_units, unit_standing
from services.scoring.ratings.views import Views, views_of
from services.scoring.rubrics.model import Rubric, Rubrics
from services.scoring.year.stages import OPEN, Stage, YearState

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

    A commit that changes no unit of the year moves the `stamp` on, and nothing else. `unranked` are
    the standings before shares and ranks. A snapshot of the past has only what was recorded up to
    `until`, and answers for the instant `as_of`; both are None for the last commit.
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


def staged(snapshot: Snapshot, state: YearState) -> Snapshot:
    """The snapshot in the stage and version of the year; the same one where it has them."""
    if snapshot.state == state:
        return snapshot
    return replace(
        snapshot, stage=state.stage, version=state.version, state=state, _bodies={}
    )  # fmt: skip


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
