"""What a unit is told that lacks a place among those that may have the top class."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from services.scoring.ratings.sheet.next_class import ClassTarget, share_gap
from services.scoring.ratings.standings import Rivals
from services.scoring.rubrics.loader import SHIPPED, load_directory

RUBRIC = next(
    each for each in load_directory(SHIPPED).of_year(2025) if each.top_class_share is not None
)


def gap_text(last: tuple[int, int, int]) -> str:
    """What a unit of 95.95 points is told where the last place has this merit."""
    own = cast(Any, SimpleNamespace(total=9595, merit=(9595, 9595, 0)))
    target = ClassTarget(0, Rivals((last,), 5, 5))
    gap = share_gap(RUBRIC, target, own)
    assert gap is not None and gap.places == 1
    return gap.text.vi


def test_a_place_is_passed_by_a_hundredth() -> None:
    """More points than the last place has are enough, whatever the basic score."""
    assert "cần thêm 2,06 điểm để vượt chỗ cuối (98,00 điểm)" in gap_text((9800, 9700, 0))


def test_a_place_with_all_points_is_passed_by_the_basic_score() -> None:
    """Nobody has more than the maximum: it is said what decides between equal totals."""
    text = gap_text((10000, 9888, -50))
    assert "cần thêm 4,05 điểm để bằng tổng" in text and "vượt" not in text
    assert "điểm trừ" not in gap_text((10000, 9888, 0))
    assert "điểm cơ bản phải hơn 98,88 (hoặc bằng 98,88 và điểm trừ ít hơn 0,50)" in text
