"""From the tally of one indicator to its line: quantity, meaning of empty, score. Pure.

Source: SCORING.md section 4. Each score is rounded once, half up, to hundredths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, assert_never

from services.scoring.fold.cells import EXEMPT, NIL, OWN, Tally
from services.scoring.rubrics.kinds import Kind, Section
from services.scoring.rubrics.model import Indicator

Empty = Literal["exempt", "nil", "full", "zero", "exclude"]


def hundredths(number: Fraction) -> int:
    """The number in hundredths, rounded half up."""
    return (number * 200 + 1).__floor__() // 2


def points_text(amount: int) -> str:
    """Hundredths as points in text, with two decimals."""
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
    empty: Empty | None = None

    @property
    def counts(self) -> bool:
        """Whether it is not left out."""
        return self.empty not in ("exempt", "exclude")


_LINES_MAX = 2**15
_lines: dict[tuple[int, tuple[int, ...], bool, bool], Line] = {}
"""The lines that were computed: most units have the sums of another one, or those they had before.
A line keeps its indicator, so the identity in its key stays that of this very object."""


def line_of(indicator: Indicator, tally: Tally, view: str) -> Line:
    """The line of one indicator; declarations and exemptions are the unit's own."""
    basic = indicator.kind.section is Section.BASIC
    exempt = basic and bool(tally.of(OWN, indicator.id, EXEMPT))
    nil = basic and bool(tally.of(OWN, indicator.id, NIL))
    key = (id(indicator), tuple(tally.of(view, indicator.id)), exempt, nil)
    line = _lines.get(key)
    if line is None:
        if len(_lines) >= _LINES_MAX:
            _lines.clear()
        line = _lines[key] = _line(indicator, *key[1:])
    return line


def _line(indicator: Indicator, sums: tuple[int, ...], exempt: bool, nil: bool) -> Line:
    match indicator.kind.section:
        case Section.BASIC:
            return _basic_line(indicator, sums, exempt, nil)
        case Section.BONUS:
            return Line(indicator, sums, None, _capped(indicator, sums))
        case Section.DEDUCTION:
            return Line(indicator, sums, None, -_capped(indicator, sums))
        case section:
            assert_never(section)


def _capped(indicator: Indicator, sums: Sequence[int]) -> int:
    """The points of the keys in hundredths, at most the cap."""
    earned = Fraction(sums[1] if sums else 0, indicator.denominator)
    return hundredths(min(indicator.cap, earned))


def _basic_line(indicator: Indicator, sums: tuple[int, ...], exempt: bool, nil: bool) -> Line:
    if exempt:
        return Line(indicator, sums, None, 0, "exempt")
    quantity = _quantity(indicator, sums)
    if quantity is not None:
        return Line(indicator, sums, quantity, hundredths(_points(indicator, quantity)))
    empty: Empty = "nil" if nil else indicator.when_empty
    match empty:
        case "nil" | "full":
            return Line(indicator, sums, Fraction(1), hundredths(indicator.points), empty)
        case "zero":
            return Line(indicator, sums, Fraction(0), 0, empty)
        case "exempt" | "exclude":
            return Line(indicator, sums, None, 0, empty)
        case _:
            assert_never(empty)


def basic_score(indicator: Indicator, sums: Sequence[int]) -> int:
    """The score in hundredths that these sums give a basic indicator; 0 where it is empty."""
    quantity = _quantity(indicator, sums)
    return 0 if quantity is None else hundredths(_points(indicator, quantity))


def _quantity(indicator: Indicator, sums: Sequence[int]) -> Fraction | None:
    """q of a basic indicator, None where it is empty (SCORING.md section 4)."""
    return _QUANTITIES[indicator.kind](indicator, sums)


def _coverage(indicator: Indicator, sums: Sequence[int]) -> Fraction | None:
    obliged, on_time, late = sums[:3] if sums else (0, 0, 0)
    return (on_time + indicator.late_credit * late) / obliged if obliged else None


def _quota(indicator: Indicator, sums: Sequence[int]) -> Fraction:
    return min(Fraction(1), Fraction(sums[0] if sums else 0) / indicator.target)


def _mean(indicator: Indicator, sums: Sequence[int]) -> Fraction | None:
    if not sums or sums[0] < indicator.minimum:
        return None
    mean = Fraction(sums[1], 10_000 * sums[0])
    spread = (mean - indicator.low) / (indicator.high - indicator.low)
    return max(Fraction(0), min(Fraction(1), spread))


def _share(indicator: Indicator, sums: Sequence[int]) -> Fraction | None:
    return min(Fraction(1), Fraction(sums[0], sums[1])) if sums and sums[1] else None


def _merit(indicator: Indicator, sums: Sequence[int]) -> Fraction:
    earned = Fraction(sums[1] if sums else 0, indicator.denominator)
    return min(Fraction(1), earned / indicator.points)


def _unmeasured(indicator: Indicator, sums: Sequence[int]) -> None:
    """A bonus or deduction sums points and has no quantity."""


_QUANTITIES: dict[Kind, Callable[[Indicator, Sequence[int]], Fraction | None]] = {
    Kind.COVERAGE: _coverage,
    Kind.QUOTA: _quota,
    Kind.MEAN: _mean,
    Kind.SHARE: _share,
    Kind.MERIT: _merit,
    Kind.BONUS: _unmeasured,
    Kind.DEDUCTION: _unmeasured,
}


def _points(indicator: Indicator, quantity: Fraction) -> Fraction:
    if not indicator.scale:
        return indicator.points * quantity
    reached = [step.points for step in indicator.scale if quantity >= step.at_least]
    return max(reached, default=Fraction(0))
