"""Numbers and days as Vietnam writes them and as English does; places of charts."""

from __future__ import annotations

import itertools
from datetime import date
from fractions import Fraction

import pytest

from contracts.messages import Language
from services.chassis.http.language import use_page_language
from services.chassis.web import charts, formats
from services.chassis.web.charts import Step


@pytest.fixture(autouse=True)
def vietnamese() -> None:
    """Vietnamese, unless a test says otherwise."""
    use_page_language("vi")


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("vi", ["87,25", "−0,50", "+1,25", "0,00", "12.345", "87,5 %", "16/12/2024",
                "17/12/2024 00:30"]),
        ("en", ["87.25", "−0.50", "+1.25", "0.00", "12,345", "87.5%", "16 Dec 2024",
                "17 Dec 2024, 00:30"]),
    ],
)  # fmt: skip
def test_each_language_writes_numbers_and_days_its_own_way(
    language: Language, texts: list[str]
) -> None:
    """Points from hundredths or their text, exactly; instants in Vietnamese time."""
    use_page_language(language)
    assert texts == [
        formats.points(8725), formats.points("-0.5"), formats.signed(125), formats.signed(0),
        formats.count(12345), formats.percent(Fraction(7, 8), 1), formats.day("2024-12-16"),
        formats.moment("2024-12-16T17:30:00Z"),
    ]  # fmt: skip
    assert formats.day(date(2024, 12, 16)) == texts[6] and formats.points("87.25") == texts[0]


def test_nearly_all_is_not_shown_as_all() -> None:
    """Nor is nearly nothing shown as nothing; both languages write the bound."""
    assert formats.percent(Fraction(1999, 2000), 1) == ">99,9 %"
    assert formats.percent(1 / 500) == "<1 %" and formats.percent(Fraction(1)) == "100 %"
    use_page_language("en")
    assert formats.percent(Fraction(1999, 2000), 1) == ">99.9%"


def test_what_is_missing_is_a_dash() -> None:
    """Never the word None."""
    for each in (formats.points, formats.signed, formats.count, formats.percent, formats.day,
                 formats.moment):  # fmt: skip
        assert each(None) == "–"
    assert formats.machine_time(None) == ""
    assert formats.term({"stage": "x", "stage_vi": "đã đóng"}, "stage") == "đã đóng"
    assert formats.term({"stage": None}, "stage") == "–"


def test_a_waterfall_leads_from_zero_to_the_total() -> None:
    """Each bar begins where the last one ended, also below zero; the total stands on zero."""
    steps = [Step("a", 60), Step("b", 40), Step("c", -20), Step("total", 80, tone="total")]
    drawn = charts.waterfall(steps, 100)
    places = [(bar.start, bar.length, bar.tone) for bar in drawn.bars]
    assert places == [(0, 60, "gain"), (60, 40, "gain"), (80, 20, "loss"), (0, 80, "total")]
    assert (drawn.zero, drawn.total) == (0, 80)
    below = charts.waterfall([Step("a", -100), Step("b", 50)], 100)
    assert below.zero == 50 and [bar.start for bar in below.bars] == [0, 0]
    assert charts.waterfall([], 0).bars == ()


def test_parts_fill_the_whole_and_points_stay_inside() -> None:
    """Also without any value."""
    parts = charts.stacked([Step("A", 1), Step("B", 3)])
    assert [(part.start, part.length, part.share) for part in parts] == [
        (0, 25, 0.25), (25, 75, 0.75)
    ]  # fmt: skip
    assert [part.length for part in charts.stacked([Step("A", 0)])] == [0]
    line = charts.line([("2024", 7000), ("2025", 9000), ("2026", 8000)])
    assert [point.x for point in line.points] == [4, 50, 96]
    assert [point.y for point in line.points] == [124, 16, 70]
    course = charts.course([("1", 80), ("2", 100), ("3", 90)], [("A", 90), ("B", 70)])
    assert [(point.x, point.y) for point in course.points] == [(0, 124), (50, 16), (100, 70)]
    assert [(level.label, level.y) for level in course.levels] == [("A", 70)]
    assert [bar.length for bar in charts.bars([Step("a", 5), Step("b", 10)])] == [50, 100]


def test_a_bridge_leads_from_one_total_to_another() -> None:
    """Totals begin at the left edge, which is below the least sum; each step at the sum so far."""
    steps = [
        Step("before", 8000, tone="total"), Step("a", -300), Step("b", 500),
        Step("between", 8200, tone="total"), Step("c", 100), Step("after", 8300, tone="total"),
    ]  # fmt: skip
    drawn = charts.bridge(steps)
    assert (drawn.low, drawn.total) == (7700 - 200, 8300)
    assert [bar.sum for bar in drawn.bars] == [8000, 7700, 8200, 8200, 8300, 8300]
    assert [bar.tone for bar in drawn.bars] == ["total", "loss", "gain", "total", "gain", "total"]
    assert drawn.bars[0].start == 0 and drawn.bars[-1].length == 100
    for before, bar in itertools.pairwise(drawn.bars):
        if bar.tone != "total":
            edge = round((before.sum - drawn.low) * 100 / drawn.span, 2)
            assert edge in (bar.start, round(bar.start + bar.length, 2))
    assert charts.bridge([Step("a", 0, tone="total"), Step("b", 0, tone="total")]).low == 0
