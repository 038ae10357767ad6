"""A year under other rubrics beside the year as it is: who rises, who falls, and by what. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from services.scoring.fold.registry import Registry, Unit
from services.scoring.ratings.contributions import NOTHING, contributions
from services.scoring.ratings.scores import Line
from services.scoring.ratings.standings import Standing
from services.scoring.rubrics.model import Indicator, Rubric

Move = Literal["rises", "falls", "stays", "enters"]


class PointsChange(NamedTuple):
    """Points in hundredths, now and then."""

    now: int
    then: int

    @property
    def difference(self) -> int:
        """By how much they rise; negative where they fall."""
        return self.then - self.now


class IndicatorChange(NamedTuple):
    """What an indicator of one of the two rubrics brings, now and then."""

    indicator: Indicator
    points: PointsChange


class PartChange(NamedTuple):
    """What a part of the total that is not an indicator's brings, now and then."""

    part: str
    points: PointsChange


class UnitChange(NamedTuple):
    """A unit now and then; `now` is None where no rubric rates it today.

    `indicators` and `parts` have whatever differs, the greatest difference first: together they are
    the difference of the totals.
    """

    unit: Unit
    name: str
    now: Standing | None
    then: Standing
    move: Move
    indicators: tuple[IndicatorChange, ...]
    parts: tuple[PartChange, ...]


class IndicatorSum(NamedTuple):
    """What an indicator brings all units that it changes, now and then, and how many those are."""

    indicator: Indicator
    units: int
    points: PointsChange


class WhatIf(NamedTuple):
    """The answer: the rubrics that were tried, each unit, and the indicators that do it.

    `events` is the number of events that had to be read.
    """

    year: int
    rubrics: tuple[Rubric, ...]
    units: tuple[UnitChange, ...]
    indicators: tuple[IndicatorSum, ...]
    events: int

    def moving(self, move: Move) -> list[str]:
        """The keys of the units that move in this way."""
        return [change.unit.key for change in self.units if change.move == move]


def unit_changes(
    registry: Registry, year: int, now: Mapping[str, Standing], then: Mapping[str, Standing]
) -> tuple[UnitChange, ...]:
    """Each unit that is rated under the other rubrics, by kind, the best first."""
    changes = [
        _unit_change(registry.units[key], year, now.get(key), standing)
        for key, standing in then.items()
    ]
    return tuple(sorted(changes, key=_order))


def _order(change: UnitChange) -> tuple[object, ...]:
    rank = change.then.rank
    total = change.then.assessment.total
    return change.unit.kind, rank is None, rank or 0, -total, change.unit.key


def _unit_change(unit: Unit, year: int, now: Standing | None, then: Standing) -> UnitChange:
    before = NOTHING if now is None else contributions(now.assessment)
    after = contributions(then.assessment)
    indicators = {line.indicator.id: line.indicator for line in _lines(now)}
    indicators |= {line.indicator.id: line.indicator for line in _lines(then)}
    changes = (
        IndicatorChange(indicators[id_], points)
        for id_, points in _changes(before.indicators, after.indicators)
    )
    parts = (
        PartChange(part, points)
        for part, points in _changes(before.parts, after.parts)
    )  # fmt: skip
    return UnitChange(
        unit, unit.name_in(year), now, then, _move(now, then), _greatest_first(changes),
        tuple(parts),
    )  # fmt: skip


def _lines(standing: Standing | None) -> Iterable[Line]:
    return () if standing is None else standing.assessment.lines


def _changes(now: Mapping[str, int], then: Mapping[str, int]) -> Iterator[tuple[str, PointsChange]]:
    for name in dict.fromkeys((*now, *then)):
        points = PointsChange(now.get(name, 0), then.get(name, 0))
        if points.difference:
            yield name, points


def _greatest_first(changes: Iterable[IndicatorChange]) -> tuple[IndicatorChange, ...]:
    return tuple(sorted(changes, key=lambda c: (-abs(c.points.difference), c.indicator.id)))


def _move(now: Standing | None, then: Standing) -> Move:
    """By class; within one class by rank, and where that stays too, by total."""
    if now is None:
        return "enters"
    for before, after in zip(_place(now), _place(then), strict=True):
        if before != after:
            return "rises" if after < before else "falls"
    return "stays"


def _place(standing: Standing) -> tuple[int, int, int]:
    """Lower is better: the class, the rank (if any), the total."""
    assessment = standing.assessment
    return assessment.class_index, standing.rank or 0, -assessment.total


def indicator_sums(changes: Sequence[UnitChange]) -> tuple[IndicatorSum, ...]:
    """The indicators that change some total, the greatest sum of differences first."""
    sums: dict[str, IndicatorSum] = {}
    for change in changes:
        for indicator, points in change.indicators:
            before = sums.get(indicator.id, IndicatorSum(indicator, 0, PointsChange(0, 0)))
            whole = PointsChange(before.points.now + points.now, before.points.then + points.then)
            sums[indicator.id] = IndicatorSum(indicator, before.units + 1, whole)
    return tuple(sorted(sums.values(), key=lambda s: (-abs(s.points.difference), s.indicator.id)))
