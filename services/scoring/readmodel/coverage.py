"""How far the city is with each clause of the resolution, from one snapshot, in one pass.

An indicator measures the places that its rubric names. A target of Article 3 is fulfilled by a unit
where every indicator of it that counts has its whole quantity; a unit without any is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from services.scoring.ratings.report.model import Target, UnitBelow
from services.scoring.ratings.scores import Line, hundredths
from services.scoring.ratings.standings import Standing
from services.scoring.readmodel.recent import Recent
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.snapshots import YEARS_MAX
from services.scoring.rubrics.loader import resolution
from services.scoring.rubrics.model import Indicator
from services.scoring.rubrics.resolution import (
    TARGETS_ARTICLE,
    ClausePlace,
    places,
)


@dataclass
class Measure:
    """An indicator over all units: how many count, how many have all of it, points in hundredths.

    A bonus or deduction has no quantity: `whole` counts the units that have any points of it, and
    `possible` is 0. `obliged` and `fulfilled` are the duties of all units, late ones included.
    """

    indicator: Indicator
    kinds: dict[str, None] = field(default_factory=dict)
    units: int = 0
    whole: int = 0
    reached: int = 0
    possible: int = 0
    obliged: int = 0
    fulfilled: int = 0
    _points: dict[int, int] = field(default_factory=dict)

    def add(self, kind: str, line: Line) -> None:
        """Counts a unit's line, unless the indicator is left out there."""
        self.kinds.setdefault(kind)
        if not line.counts:
            return
        self.units += 1
        self.reached += line.score
        if not line.indicator.kind.basic:
            self.whole += line.score != 0
            return
        points = self._points.get(id(line.indicator))
        if points is None:
            points = self._points[id(line.indicator)] = hundredths(line.indicator.points)
        self.possible += points
        self.whole += _is_whole(line)
        if line.indicator.kind.has_duties and line.tally:
            self.obliged += line.tally[0]
            self.fulfilled += line.tally[1] + line.tally[2]

    @property
    def share(self) -> Fraction | None:
        """The share of the possible points; None where none are possible."""
        return Fraction(self.reached, self.possible) if self.possible else None


class ResolutionCoverage(NamedTuple):
    """What measures each place of the resolution, and the targets of Article 3."""

    measures: Mapping[ClausePlace, Sequence[Measure]]
    targets: tuple[Target, ...]


@dataclass
class Coverages:
    """The coverage of the years that were read last: each is computed once for its standings."""

    _years: Recent[int, tuple[Mapping[str, Standing], ResolutionCoverage]] = field(
        default_factory=lambda: Recent(YEARS_MAX)
    )

    def of(self, snapshot: Snapshot) -> ResolutionCoverage:
        """The coverage of a snapshot."""
        latest = self._years.get(snapshot.year)
        if latest is None or latest[0] is not snapshot.standings:
            latest = snapshot.standings, coverage(snapshot)
        return self._years.keep(snapshot.year, latest)[1]


def coverage(snapshot: Snapshot) -> ResolutionCoverage:
    """The coverage of a year, its time linear in the lines of all units."""
    measures: dict[tuple[str, str], Measure] = {}
    for standing in snapshot.standings.values():
        for line in standing.assessment.lines:
            key = (line.indicator.id, line.indicator.vi)
            measure = measures.get(key)
            if measure is None:
                measure = measures[key] = Measure(line.indicator)
            measure.add(standing.kind, line)
    for rubric in snapshot.rubrics.of_year(snapshot.year):  # of kinds without units, too
        for indicator in rubric.indicators:
            measures.setdefault((indicator.id, indicator.vi), Measure(indicator))
    by_place: dict[ClausePlace, list[Measure]] = {}
    for measure in measures.values():
        for place in places(measure.indicator.clause):
            by_place.setdefault(place, []).append(measure)
    return ResolutionCoverage(by_place, targets(snapshot))


def targets(snapshot: Snapshot) -> tuple[Target, ...]:
    """How far the city is with each target of Article 3."""
    article = next(a for a in resolution().articles if a.number == TARGETS_ARTICLE)
    units: dict[str, int] = dict.fromkeys((clause.number for clause in article.clauses), 0)
    below: dict[str, list[UnitBelow]] = {number: [] for number in units}
    for key, standing in snapshot.standings.items():
        for number, lines in _target_lines(standing).items():
            units[number] += 1
            missing = tuple(line.indicator for line in lines if not _is_whole(line))
            if missing:
                share = _mean(lines)
                name = snapshot.registry.units[key].name_in(snapshot.year)
                below[number].append(UnitBelow(key, name, standing.kind, share, missing))
    return tuple(
        Target(
            clause, units[clause.number], units[clause.number] - len(below[clause.number]),
            tuple(sorted(below[clause.number], key=lambda each: (float(each.share), each.unit))),
        )
        for clause in article.clauses
    )  # fmt: skip


def _mean(lines: Sequence[Line]) -> Fraction:
    """The mean of the quantities; only those that are no whole numbers are added as fractions."""
    whole, parts = 0, []
    for line in lines:
        if _is_whole(line):
            whole += 1
        elif line.quantity:
            parts.append(line.quantity)
    return sum(parts, Fraction(whole)) / len(lines)


def _is_whole(line: Line) -> bool:
    """Whether a line has its whole quantity; comparing fractions would take half of the time."""
    quantity = line.quantity
    return quantity is not None and quantity.numerator == quantity.denominator


def _target_lines(standing: Standing) -> dict[str, list[Line]]:
    """The lines of a unit that count for a target, by the number of its clause."""
    lines: dict[str, list[Line]] = {}
    for line in standing.assessment.lines:
        if line.counts and line.indicator.kind.basic:
            for number in _target_numbers(line.indicator.clause):
                lines.setdefault(number, []).append(line)
    return lines


@cache
def _target_numbers(clause: str) -> tuple[str, ...]:
    """The targets that the clause of an indicator names."""
    return tuple(place.clause for place in places(clause) if place.article == TARGETS_ARTICLE)
