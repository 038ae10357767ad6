"""A line that was computed for other sums, or for another rubric, is never taken for this one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from services.scoring.fold.cells import EXEMPT, NIL, OWN, Tally
from services.scoring.ratings import scores
from services.scoring.rubrics.loader import SHIPPED, load_directory

RUBRIC = load_directory(SHIPPED).of_year(2025)[0]
DUTY = next(each for each in RUBRIC.basic if each.kind.has_duties)


def tally(**sums: list[int]) -> Tally:
    """The sums of the duty in its own view, by the part of their name."""
    parts = {"duties": "", "exempt": EXEMPT, "nil": NIL}
    return Tally({f"{OWN}|{DUTY.id}|{parts[name]}": numbers for name, numbers in sums.items()})


def test_each_of_sums_exemption_declaration_and_indicator_decides() -> None:
    """In any order, again and again."""
    half = replace(DUTY, points=DUTY.points / 2)
    for _ in range(2):
        whole = scores.line_of(DUTY, tally(duties=[2, 2, 0]), OWN)
        assert (whole.quantity, whole.score) == (Fraction(1), scores.hundredths(DUTY.points))
        assert scores.line_of(DUTY, tally(duties=[2, 1, 0]), OWN).quantity == Fraction(1, 2)
        assert scores.line_of(DUTY, tally(exempt=[1, 0]), OWN).empty == "exempt"
        assert scores.line_of(DUTY, tally(nil=[1, 0]), OWN).empty == "nil"
        assert scores.line_of(DUTY, tally(), OWN).empty == DUTY.when_empty
        other = scores.line_of(half, tally(duties=[2, 2, 0]), OWN)
        assert (other.indicator, other.score) == (half, scores.hundredths(half.points))


def test_so_many_lines_stay_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then all are forgotten, and computed again to the same."""
    monkeypatch.setattr(scores, "_LINES_MAX", 3)
    monkeypatch.setattr(scores, "_lines", {})
    for number in range(1, 10):
        line = scores.line_of(DUTY, tally(duties=[9, number, 0]), OWN)
        assert line.quantity == Fraction(number, 9)
        assert len(scores._lines) <= 3
