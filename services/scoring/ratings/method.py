"""The difference of a unit's totals of two years, parted into work and method. Pure.

Source: YEAR.md section 4. With T(y, r) the total of year y under the rubric r:
work = T(year, rubric of the other) - T(other, rubric of the other), and
method = T(year, own rubric) - T(year, rubric of the other). They add up to the difference.
"""

from __future__ import annotations

from typing import NamedTuple

from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.contributions import PARTS, contributions
from services.scoring.rubrics.model import Indicator


class Effect(NamedTuple):
    """Hundredths of a difference that come from the unit's work, and from the method of rating."""

    work: int
    method: int


class IndicatorEffect(NamedTuple):
    """The effect of an indicator of one of the two rubrics.

    `points` are what it brings in the year, `other` what it brings in the other year, each under
    that year's own rubric, and `reckoned` what the year brings under the other's; None where the
    rubric does not have it.
    """

    indicator: Indicator
    points: int | None
    reckoned: int | None
    other: int | None

    @property
    def effect(self) -> Effect:
        """What a rubric does not have brings nothing under it."""
        reckoned = self.reckoned or 0
        return Effect(reckoned - (self.other or 0), (self.points or 0) - reckoned)


class Comparison(NamedTuple):
    """A unit's year beside another year: totals in hundredths, and the difference by its parts.

    The sums of work and of method over `indicators` and `parts` are those of `effect`; `own` and
    `other` are the assessments of which all this follows.
    """

    unit: str
    name: str
    year: int
    other_year: int
    rubric: str
    other_rubric: str
    total: int
    other_total: int
    reckoned_total: int
    indicators: tuple[IndicatorEffect, ...]
    parts: tuple[tuple[str, Effect], ...]
    own: Assessment
    other: Assessment

    @property
    def effect(self) -> Effect:
        """Work and method, of which the difference of the totals is the sum."""
        return Effect(
            self.reckoned_total - self.other_total, self.total - self.reckoned_total
        )  # fmt: skip


def compare(
    unit: str, name: str, years: tuple[int, int], own: Assessment, reckoned: Assessment,
    other: Assessment,
) -> Comparison:  # fmt: skip
    """The comparison of a year (`own`) with another; `reckoned` is the year under its rubric."""
    points, counted, others = (contributions(each) for each in (own, reckoned, other))
    indicators = {line.indicator.id: line.indicator for line in (*other.lines, *own.lines)}
    order = dict.fromkeys((*points.indicators, *others.indicators))
    effects = tuple(
        IndicatorEffect(
            indicators[id_], points.indicators.get(id_), counted.indicators.get(id_),
            others.indicators.get(id_),
        )
        for id_ in order
    )  # fmt: skip
    parts = tuple(
        (part, Effect(counted.parts[part] - others.parts[part],
                      points.parts[part] - counted.parts[part]))
        for part in PARTS
    )  # fmt: skip
    return Comparison(
        unit, name, *years, own.rubric.id, other.rubric.id, own.total, other.total, reckoned.total,
        effects, parts, own, other,
    )  # fmt: skip
