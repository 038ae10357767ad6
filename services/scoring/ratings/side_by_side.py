"""Two assessments side by side: what each line brings, and the difference of the totals. Pure.

They may be of two units, two states or two years of one unit. All is in hundredths; the differences
of the lines and of the other parts add up to that of the totals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.contributions import PARTS, contributions
from services.scoring.ratings.method import Comparison, Effect
from services.scoring.ratings.scores import Line
from services.scoring.ratings.standings import Standing
from services.scoring.rubrics.model import Indicator


class LinePair(NamedTuple):
    """An indicator of one of the two rubrics: its lines, None where a rubric does not have it.

    `points` and `other_points` are what it brings to the totals, 0 where it is left out.
    """

    indicator: Indicator
    line: Line | None
    other: Line | None
    points: int
    other_points: int

    @property
    def difference(self) -> int:
        """By how much it brings more than in the other assessment."""
        return self.points - self.other_points


class PartPair(NamedTuple):
    """A part of the totals that is not an indicator's."""

    part: str
    points: int
    other_points: int

    @property
    def difference(self) -> int:
        """By how much it brings more than in the other assessment."""
        return self.points - self.other_points


class SideBySide(NamedTuple):
    """Every line of both, in the order of the rubric, and the other parts of the totals."""

    own: Assessment
    other: Assessment
    lines: tuple[LinePair, ...]
    parts: tuple[PartPair, ...]

    @property
    def difference(self) -> int:
        """The difference of the totals."""
        return self.own.total - self.other.total


def side_by_side(own: Assessment, other: Assessment) -> SideBySide:
    """The comparison of an assessment with another one."""
    points, others = contributions(own), contributions(other)
    lines, other_lines = _by_indicator(own.lines), _by_indicator(other.lines)
    indicators = {id_: line.indicator for id_, line in (other_lines | lines).items()}
    pairs = tuple(
        LinePair(
            indicators[id_], lines.get(id_), other_lines.get(id_),
            points.indicators.get(id_, 0), others.indicators.get(id_, 0),
        )
        for id_ in dict.fromkeys((*lines, *other_lines))
    )  # fmt: skip
    parts = tuple(PartPair(part, points.parts[part], others.parts[part]) for part in PARTS)
    return SideBySide(own, other, pairs, parts)


def _by_indicator(lines: Iterable[Line]) -> dict[str, Line]:
    return {line.indicator.id: line for line in lines}


def effects(comparison: Comparison) -> Mapping[str, Effect]:
    """Work and method of two years by the id of an indicator, and by the name of a part."""
    by_indicator = {each.indicator.id: each.effect for each in comparison.indicators}
    return by_indicator | dict(comparison.parts)


class RankNeighbours(NamedTuple):
    """The units of a kind that are best, next above and next below a unit; None without one."""

    first: str | None
    above: str | None
    below: str | None


def neighbours(unit: str, standings: Sequence[Standing]) -> RankNeighbours:
    """The neighbours of a unit among the ranked units of its kind."""
    ranked = sorted(
        (each for each in standings if each.rank is not None),
        key=lambda each: (each.rank or 0, each.unit),
    )
    keys = [each.unit for each in ranked]
    if unit not in keys:
        return RankNeighbours(keys[0] if keys else None, None, None)
    place = keys.index(unit)
    return RankNeighbours(
        keys[0] if place > 1 else None,
        keys[place - 1] if place else None,
        keys[place + 1] if place + 1 < len(keys) else None,
    )
