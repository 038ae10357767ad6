"""Where points are cut, a sheet says so: without that its figures do not seem to add up. Pure.

A cap cuts what an indicator sums, a limit the adjustments, and 0 and the maximum the total
(SCORING.md sections 4, 5 and 7).
"""

from __future__ import annotations

from fractions import Fraction

from services.scoring.assess import Assessment
from services.scoring.rubric import Kind
from services.scoring.scores import Line, hundredths, spelled
from services.scoring.sheet_words import comma, points

Cut = dict[str, str]
MOST = {
    Kind.MERIT: ("chỉ tính {} điểm là mức tối đa", "cut to {}, the most that counts"),
    Kind.BONUS: ("chỉ cộng {} điểm là mức tối đa", "cut to {}, the most that is added"),
    Kind.DEDUCTION: ("chỉ trừ {} điểm là mức tối đa", "cut to {}, the most that is deducted"),
}
LIMIT = (
    "chỉ tính {} điểm vì điều chỉnh không vượt quá giới hạn",
    "cut to {}, the limit of adjustments",
)
HIGHEST = ("chỉ tính {} điểm là điểm tối đa", "cut to {}, the maximum")
LOWEST = ("tính là {} điểm vì tổng điểm không thấp hơn 0", "raised to {}: no total is below 0")


def line_cut(line: Line) -> Cut | None:
    """What the cap of an indicator that sums points takes away; None where it takes nothing."""
    indicator = line.indicator
    if indicator.kind not in MOST or not line.tally:
        return None
    earned = Fraction(line.tally[1], indicator.denominator)
    most = indicator.points if indicator.kind is Kind.MERIT else indicator.cap
    return _cut(points(earned), points(most), MOST[indicator.kind]) if earned > most else None


def adjustment_cut(assessed: Assessment) -> Cut | None:
    """What the limit takes from the decided adjustments; None where it takes nothing."""
    if assessed.decided == assessed.adjustment:
        return None
    return _cut(spelled(assessed.decided), spelled(assessed.adjustment), LIMIT)


def total_cut(assessed: Assessment) -> Cut | None:
    """What 0 or the maximum takes from the sum; None where the sum is the total."""
    summed = assessed.basic + assessed.bonus - assessed.deduction + assessed.adjustment
    if summed == assessed.total:
        return None
    words = HIGHEST if summed > hundredths(assessed.rubric.maximum) else LOWEST
    return _cut(spelled(summed), spelled(assessed.total), words)


def _cut(sum_: str, at: str, words: tuple[str, str]) -> Cut:
    vi, en = words
    return {
        "sum": sum_,
        "at": at,
        "vi": f"cộng lại là {comma(sum_)} điểm, {vi.format(comma(at))}",
        "en": f"the sum is {sum_}; {en.format(at)}",
    }
