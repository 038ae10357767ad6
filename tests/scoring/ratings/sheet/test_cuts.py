"""Where points are cut, the sheet says from what, to what, and why, in both languages."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from services.scoring.fold.cells import Tally
from services.scoring.ratings.assessment import Assessment, assess
from services.scoring.ratings.sheet.cuts import adjustment_cut, line_cut, total_cut
from services.scoring.ratings.sheet.json import cut_members
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.rubrics.model import Indicator, Points, Rubric, Rule

HALF = Rule(("award.granted",), points=Points(Fraction(1, 2)))
BONUS = Indicator("b", "B", "Điều 4", Kind.BONUS, cap=Fraction(5), rules=(HALF,))
DEDUCTION = replace(BONUS, id="d", kind=Kind.DEDUCTION)
MERIT = replace(BONUS, id="m", kind=Kind.MERIT, points=Fraction(5), cap=Fraction(0))
BASE = Indicator("q", "Q", "Điều 4", Kind.QUOTA, points=Fraction(100), target=Fraction(100))


def rated(*, adjusted: int = 0, things: int = 0, **halves: int) -> Assessment:
    """An assessment of so many halves of a point by indicator, and hundredths of adjustment."""
    governing = load_directory(SHIPPED).governing("agency", 2025)
    assert isinstance(governing, Rubric)
    indicators = (BASE, BONUS, DEDUCTION)
    rubric = replace(governing, gates=(), groups=(), indicators=indicators)
    sums = {f"own|{name}|": [1, number] for name, number in halves.items()}
    sums |= {"own|q|": [things], "own|$adjustment|": [1, adjusted]}
    return assess(rubric, Tally(sums), "own")


@pytest.mark.parametrize(
    ("indicator", "vi", "en"),
    [
        (BONUS, "chỉ cộng 5,00 điểm là mức tối đa", "cut to 5.00, the most that is added"),
        (DEDUCTION, "chỉ trừ 5,00 điểm là mức tối đa", "cut to 5.00, the most that is deducted"),
        (MERIT, "chỉ tính 5,00 điểm là mức tối đa", "cut to 5.00, the most that counts"),
    ],
)
def test_a_cap_that_cuts_is_said_on_its_line(indicator: Indicator, vi: str, en: str) -> None:
    """Seven and a half points under a cap of five; five points are not cut."""
    line = replace(rated().lines[1], indicator=indicator, tally=(2, 15))
    assert cut_members(line_cut(line)) == {
        "sum": "7.50", "at": "5.00",
        "vi": f"cộng lại là 7,50 điểm, {vi}", "en": f"the sum is 7.50; {en}",
    }  # fmt: skip
    assert line_cut(replace(line, tally=(2, 10))) is None
    assert line_cut(replace(line, tally=())) is None


@pytest.mark.parametrize(("decided", "at"), [(800, "5.00"), (-501, "-5.00")])
def test_adjustments_beyond_their_limit_are_said(decided: int, at: str) -> None:
    """Up and down: the decisions' sum, and what of it counts."""
    cut = cut_members(adjustment_cut(rated(adjusted=decided)))
    assert cut is not None
    assert Fraction(cut["sum"]) * 100 == decided and cut["at"] == at
    assert cut["vi"].endswith("vì điều chỉnh không vượt quá giới hạn")
    assert cut["en"].endswith(f"cut to {at}, the limit of adjustments")
    for within in (500, -500, 0):
        assert adjustment_cut(rated(adjusted=within)) is None


def test_a_total_above_the_maximum_is_said() -> None:
    """98 points and 5 of bonus are 100."""
    assert cut_members(total_cut(rated(things=98, b=10))) == {
        "sum": "103.00", "at": "100.00",
        "vi": "cộng lại là 103,00 điểm, chỉ tính 100,00 điểm là điểm tối đa",
        "en": "the sum is 103.00; cut to 100.00, the maximum",
    }  # fmt: skip
    assert total_cut(rated(things=95, b=10)) is None


def test_a_total_below_nothing_is_said() -> None:
    """Two points less a deduction of five are 0."""
    assert cut_members(total_cut(rated(things=2, d=10))) == {
        "sum": "-3.00", "at": "0.00",
        "vi": "cộng lại là -3,00 điểm, tính là 0,00 điểm vì tổng điểm không thấp hơn 0",
        "en": "the sum is -3.00; raised to 0.00: no total is below 0",
    }  # fmt: skip
    assert total_cut(rated(things=5, d=10)) is None
