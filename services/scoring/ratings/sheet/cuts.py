"""Where points are cut, a sheet says so: without that its figures do not seem to add up. Pure.

A cap cuts what an indicator sums, a limit the adjustments, and 0 and the maximum the total
(SCORING.md sections 4, 5 and 7).
"""

from __future__ import annotations

from fractions import Fraction

from contracts.messages import Message
from services.scoring.messages import message
from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.labels import in_both
from services.scoring.ratings.scores import Line, hundredths, spelled
from services.scoring.ratings.sheet.numbers import figure, points
from services.scoring.rubrics.model import Kind

Cut = dict[str, str]


def line_cut(line: Line) -> Cut | None:
    """What the cap of an indicator that sums points takes away; None where it takes nothing."""
    indicator = line.indicator
    if not indicator.kind.counts_points or not line.tally:
        return None
    earned = Fraction(line.tally[1], indicator.denominator)
    most = indicator.points if indicator.kind is Kind.MERIT else indicator.cap
    if earned <= most:
        return None
    sums = {"sum": figure(points(earned)), "at": figure(points(most))}
    match indicator.kind:
        case Kind.MERIT:
            text = message("cut-merit", **sums)
        case Kind.BONUS:
            text = message("cut-bonus", **sums)
        case _:
            text = message("cut-deduction", **sums)
    return _cut(points(earned), points(most), text)


def adjustment_cut(assessed: Assessment) -> Cut | None:
    """What the limit takes from the decided adjustments; None where it takes nothing."""
    if assessed.decided == assessed.adjustment:
        return None
    sum_, at = spelled(assessed.decided), spelled(assessed.adjustment)
    return _cut(sum_, at, message("cut-adjustment", sum=figure(sum_), at=figure(at)))


def total_cut(assessed: Assessment) -> Cut | None:
    """What 0 or the maximum takes from the sum; None where the sum is the total."""
    summed = assessed.basic + assessed.bonus - assessed.deduction + assessed.adjustment
    if summed == assessed.total:
        return None
    sum_, at = spelled(summed), spelled(assessed.total)
    if summed > hundredths(assessed.rubric.maximum):
        return _cut(sum_, at, message("cut-maximum", sum=figure(sum_), at=figure(at)))
    return _cut(sum_, at, message("cut-zero", sum=figure(sum_), at=figure(at)))


def _cut(sum_: str, at: str, text: Message) -> Cut:
    return {"sum": sum_, "at": at, **in_both(text)}
