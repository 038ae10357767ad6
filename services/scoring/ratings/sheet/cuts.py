"""The cuts of a sheet, without which its points would not seem to add up. Pure.

A cap cuts the sum of an indicator, a limit the adjustments, and 0 and the maximum the total
(SCORING.md sections 4, 5 and 7).
"""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from contracts.messages import Message
from services.scoring.messages import message
from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.scores import Line, hundredths
from services.scoring.ratings.sheet.model import Cut
from services.scoring.ratings.sheet.numbers import figure, points
from services.scoring.rubrics.kinds import Kind


def line_cut(line: Line) -> Cut | None:
    """What the cap of an indicator that sums points takes away; None where it takes nothing."""
    indicator = line.indicator
    code = _code(indicator.kind)
    if code is None or not line.tally:
        return None
    earned = Fraction(line.tally[1], indicator.denominator)
    if earned <= indicator.points_max:
        return None
    return _cut(code, earned, indicator.points_max)


def _code(kind: Kind) -> str | None:
    match kind:
        case Kind.MERIT:
            return "cut-merit"
        case Kind.BONUS:
            return "cut-bonus"
        case Kind.DEDUCTION:
            return "cut-deduction"
        case Kind.COVERAGE | Kind.QUOTA | Kind.MEAN | Kind.SHARE:
            return None
        case _:
            assert_never(kind)


def adjustment_cut(assessed: Assessment) -> Cut | None:
    """What the limit takes from the decided adjustments; None where it takes nothing."""
    if assessed.decided == assessed.adjustment:
        return None
    decided, counted = Fraction(assessed.decided, 100), Fraction(assessed.adjustment, 100)
    return _cut("cut-adjustment", decided, counted)


def total_cut(assessed: Assessment) -> Cut | None:
    """What 0 or the maximum takes from the sum; None where the sum is the total."""
    summed = assessed.basic + assessed.bonus - assessed.deduction + assessed.adjustment
    if summed == assessed.total:
        return None
    above = summed > hundredths(assessed.rubric.maximum)
    code = "cut-maximum" if above else "cut-zero"
    return _cut(code, Fraction(summed, 100), Fraction(assessed.total, 100))


def _cut(code: str, summed: Fraction, limit: Fraction) -> Cut:
    text: Message = message(code, sum=figure(points(summed)), at=figure(points(limit)))
    return Cut(summed, limit, text)
