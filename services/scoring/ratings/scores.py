"""From the tally of one indicator to its line: quantity, meaning of empty, score. Pure.

Source: SCORING.md section 4. Each score is rounded once, half up, to hundredths.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.scoring.fold.cells import EXEMPT, NIL, OWN, Tally
from services.scoring.rubrics.model import Indicator, Kind


def hundredths(number: Fraction) -> int:
    """The number in hundredths, rounded half up."""
    return (number * 200 + 1).__floor__() // 2


def spelled(amount: int) -> str:
    """Hundredths as the interface spells points: two decimals."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"


@dataclass(frozen=True, slots=True)
class Line:
    """One indicator of a unit: q (None where empty or not basic), score in hundredths.

    `empty` is exempt, nil, full, zero, exclude, or None where the indicator is not empty;
    `counts` is whether the indicator takes part in the basic score.
    """

    indicator: Indicator
    tally: tuple[int, ...]
    quantity: Fraction | None
    score: int
    empty: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it is not left out."""
        return self.empty not in ("exempt", "exclude")


def line_of(indicator: Indicator, tally: Tally, view: str) -> Line:
    """The line of one indicator; declarations and exemptions are the unit's own."""
    sums = tuple(tally.of(view, indicator.id))
    if not indicator.kind.basic:
        raw = Fraction(sums[1] if sums else 0, indicator.denominator)
        points = hundredths(min(indicator.cap, raw))
        return Line(indicator, sums, None, points if indicator.kind is Kind.BONUS else -points)
    if tally.of(OWN, indicator.id, EXEMPT):
        return Line(indicator, sums, None, 0, "exempt")
    quantity = _quantity(indicator, sums)
    if quantity is not None:
        return Line(indicator, sums, quantity, hundredths(_points(indicator, quantity)))
    empty = "nil" if tally.of(OWN, indicator.id, NIL) else indicator.when_empty
    if empty in ("nil", "full"):
        return Line(indicator, sums, Fraction(1), hundredths(indicator.points), empty)
    return Line(indicator, sums, Fraction(0) if empty == "zero" else None, 0, empty)


def basic_score(indicator: Indicator, sums: Sequence[int]) -> int:
    """The score in hundredths that these sums give a basic indicator; 0 where it is empty."""
    quantity = _quantity(indicator, sums)
    return 0 if quantity is None else hundredths(_points(indicator, quantity))


def _quantity(indicator: Indicator, sums: Sequence[int]) -> Fraction | None:
    """q of a basic indicator, None where it is empty (SCORING.md section 4)."""
    if indicator.kind is Kind.QUOTA:
        return min(Fraction(1), Fraction(sums[0] if sums else 0) / indicator.target)
    if indicator.kind is Kind.MERIT:
        earned = Fraction(sums[1] if sums else 0, indicator.denominator)
        return min(Fraction(1), earned / indicator.points)
    if not sums:
        return None
    if indicator.kind is Kind.COVERAGE:
        obliged, on_time, late = sums[:3]
        return (on_time + indicator.late_credit * late) / obliged if obliged else None
    if indicator.kind is Kind.MEAN:
        if sums[0] < indicator.minimum:
            return None
        mean = Fraction(sums[1], 10_000 * sums[0])
        spread = (mean - indicator.low) / (indicator.high - indicator.low)
        return max(Fraction(0), min(Fraction(1), spread))
    return min(Fraction(1), Fraction(sums[0], sums[1])) if sums[1] else None


def _points(indicator: Indicator, quantity: Fraction) -> Fraction:
    if not indicator.scale:
        return indicator.points * quantity
    reached = [step.points for step in indicator.scale if quantity >= step.at_least]
    return max(reached, default=Fraction(0))
