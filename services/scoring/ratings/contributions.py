"""A total as a sum of contributions: of each indicator, and of what is not an indicator's. Pure.

All are integers in hundredths, so that two totals can be compared part by part and the parts add up
to the hundredth: the scores of the indicators (negative for a deduction, 0 where the indicator is
left out), what comes from spreading the points of left-out indicators over the others, the
adjustments within their limit, and what the total lacks or gains at 0 and at the maximum.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.scores import Line

REBASING, ADJUSTMENT, BOUNDS = "rebasing", "adjustment", "bounds"
PARTS = (REBASING, ADJUSTMENT, BOUNDS)
"""The parts of a total that are not an indicator's."""


class Contributions(NamedTuple):
    """The contributions to a total by indicator, and by each of PARTS."""

    indicators: Mapping[str, int]
    parts: Mapping[str, int]


NOTHING = Contributions({}, dict.fromkeys(PARTS, 0))


class Sums(Protocol):
    """The sums of an assessment or a rating, in hundredths; the deduction is positive."""

    @property
    def basic(self) -> int:
        """The basic score, re-based."""

    @property
    def bonus(self) -> int:
        """The points that are added."""

    @property
    def deduction(self) -> int:
        """The points that are taken away."""

    @property
    def adjustment(self) -> int:
        """The adjustments within their limit."""

    @property
    def total(self) -> int:
        """The total between 0 and the maximum."""


def contributions(assessment: Assessment) -> Contributions:
    """The contributions of which the assessment's total is the sum."""
    return contributions_of(assessment.lines, assessment)


def contributions_of(lines: Iterable[Line], sums: Sums) -> Contributions:
    """The contributions of lines, and of what is not an indicator's, to the total of their sums."""
    scores = {line.indicator.id: line.score if line.counts else 0 for line in lines}
    whole = sums.basic + sums.bonus - sums.deduction + sums.adjustment
    basic = sum(scores.values()) - sums.bonus + sums.deduction
    return Contributions(
        scores,
        {
            REBASING: sums.basic - basic,
            ADJUSTMENT: sums.adjustment,
            BOUNDS: sums.total - whole,
        },
    )
