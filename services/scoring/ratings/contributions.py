"""A total as a sum of contributions: of each indicator, and of what is not an indicator's. Pure.

All are integers in hundredths, so that two totals can be compared part by part and the parts add up
to the hundredth: the scores of the indicators (negative for a deduction, 0 where the indicator is
left out), what comes from spreading the points of left-out indicators over the others, the
adjustments within their limit, and what the total lacks or gains at 0 and at the maximum.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from services.scoring.ratings.assessment import Assessment

REBASING, ADJUSTMENT, BOUNDS = "rebasing", "adjustment", "bounds"
PARTS = (REBASING, ADJUSTMENT, BOUNDS)
"""The parts of a total that are not an indicator's."""


class Contributions(NamedTuple):
    """The contributions to a total by indicator, and by each of PARTS."""

    indicators: Mapping[str, int]
    parts: Mapping[str, int]


NOTHING = Contributions({}, dict.fromkeys(PARTS, 0))


def contributions(assessment: Assessment) -> Contributions:
    """The contributions of which the assessment's total is the sum."""
    lines = assessment.lines
    basic = sum(line.score for line in lines if line.indicator.kind.basic and line.counts)
    whole = assessment.basic + assessment.bonus - assessment.deduction + assessment.adjustment
    return Contributions(
        {line.indicator.id: line.score if line.counts else 0 for line in lines},
        {
            REBASING: assessment.basic - basic,
            ADJUSTMENT: assessment.adjustment,
            BOUNDS: assessment.total - whole,
        },
    )
