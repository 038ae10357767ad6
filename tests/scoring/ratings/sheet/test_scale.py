"""The scale on a sheet: its steps, the one that is reached, and the way to the next."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import moments
from services.scoring.fold.cells import Cell, Posting, Tally
from services.scoring.fold.registry import Order
from services.scoring.ratings.scores import basic_score
from services.scoring.ratings.sheet import scale as sheet_scale
from services.scoring.ratings.sheet.json import scale_members
from services.scoring.ratings.sheet.scale import Openings, advance, scale
from services.scoring.ratings.sheet.trials import TrialState, UnitYear
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.model import Indicator, ScaleStep
from tests.scoring.ratings.sheet.test_sheet import year_of

STEPS = [("1", "7"), ("19/20", "6"), ("9/10", "5"), ("4/5", "7/2"), ("1/2", "3/2")]
ENOUGH = 500


def indicator(kind: Kind, **fields: Any) -> Indicator:
    """An indicator of 7 points under the scale of the petitions."""
    steps = tuple(ScaleStep(Fraction(q), Fraction(p)) for q, p in STEPS)
    return Indicator("x", "X", "Điều 4", kind, None, Fraction(7), scale=steps, **fields)


def year_with(of: Indicator, *sums: int) -> UnitYear:
    """A unit of 100 points that has these sums; what is missing of a coverage is on time."""
    cells = {}
    if of.kind is Kind.COVERAGE and sums:
        for number in range(sums[0] - sum(sums[1:])):
            order = Order(moments.instant("2025-01-01T00:00:00Z"), "a", str(number))
            cells[Cell("own", "x", "", str(number))] = [Posting("obliged", order, True)]
    unit_year = year_of(of, cells, "2025-06-01T00:00:00Z")
    vars(unit_year)["base"] = TrialState(unit_year, {}, Tally({"own|x|": list(sums)}))
    return unit_year


def scale_of(of: Indicator, *sums: int) -> dict[str, Any]:
    """The scale as the sheet has it."""
    unit_year = year_with(of, *sums)
    scale_ = scale(unit_year, unit_year.base.assessed.lines[0])
    assert scale_ is not None
    return scale_members(scale_)


def test_the_steps_stand_in_rising_order_with_the_one_that_is_reached() -> None:
    """Nine petitions of ten are resolved in time: the step from 90 % gives 5 points."""
    members = scale_of(indicator(Kind.COVERAGE), 10, 9, 0)
    assert [step["at_least"] for step in members["steps"]] == ["1/2", "4/5", "9/10", "19/20", "1"]
    assert members["steps"][1] == {"at_least": "4/5", "points": "3.50"}
    assert members["reached"] == {"at_least": "9/10", "points": "5.00"}


def test_a_clerk_sees_how_many_more_bring_the_next_step() -> None:
    """Of 40 petitions 33 are resolved: one more brings nothing, three more bring 90 %."""
    members = scale_of(indicator(Kind.COVERAGE), 40, 33, 0)
    assert members["next"] == {
        "at_least": "9/10", "points": "5.00", "needed": 3, "needed_points": None,
        "score": "5.00", "worth": "1.50",
    }  # fmt: skip
    assert members["vi"] == (
        "đạt bậc từ 80 % (3,50 điểm); "
        "bậc tiếp theo từ 90 %: làm thêm 3 việc còn thiếu thì được 5,00 điểm (tổng điểm thêm 1,50)"
    )
    assert members["en"] == (
        "the step from 80 % is reached (3.50 points); "
        "the next step is from 90 %: with 3 more of the missing done the score is 5.00 "
        "(1.50 more of the total)"
    )


@pytest.mark.parametrize("credit", ["0", "1/2"])
def test_a_step_is_promised_for_what_is_done_on_time_where_lateness_costs(credit: str) -> None:
    """Whoever is late already reads that three more do it on time, and not any three."""
    members = scale_of(indicator(Kind.COVERAGE, late_credit=Fraction(credit)), 40, 33, 0)
    assert "làm thêm 3 việc còn thiếu đúng hạn thì được 5,00 điểm" in members["vi"]
    assert "with 3 more of the missing done on time the score is 5.00" in members["en"]


def test_one_thing_may_leap_over_a_step() -> None:
    """The last of two petitions brings all points, and the sheet says the score it brings."""
    members = scale_of(indicator(Kind.COVERAGE), 2, 1, 0)
    assert members["next"]["at_least"] == "4/5"
    assert (members["next"]["needed"], members["next"]["score"]) == (1, "7.00")
    assert "thì được 7,00 điểm (tổng điểm thêm 5,50)" in members["vi"]


def test_a_step_that_lateness_has_made_out_of_reach_is_promised_to_nobody() -> None:
    """One of ten is late and counts nothing: all points cannot be had any more."""
    of = indicator(Kind.COVERAGE, late_credit=Fraction(0))
    members = scale_of(of, 20, 18, 1)
    assert (members["next"]["needed"], members["next"]["at_least"]) == (1, "19/20")
    members = scale_of(of, 20, 19, 1)
    assert (members["next"]["needed"], members["next"]["at_least"]) == (None, "1")
    assert members["vi"].endswith("bậc tiếp theo từ 100 %: làm thêm cũng không đạt được")
    assert members["en"].endswith("the next step is from 100 %: doing more does not reach it")


def test_what_is_overdue_brings_the_next_step_only_for_its_part() -> None:
    """Of 10 things 4 are done; 4 are overdue at half credit, 2 can still be done on time."""
    half = indicator(Kind.COVERAGE, late_credit=Fraction(1, 2))
    following = advance(half, [10, 4, 0], Openings(2, 4))
    assert following is not None and (following.needed, following.more) == (1, (0, 1, 0))
    following = advance(half, [10, 6, 0], Openings(0, 4))
    assert following is not None and (following.needed, following.more) == (4, (0, 0, 4))
    nothing = indicator(Kind.COVERAGE, late_credit=Fraction(0))
    following = advance(nothing, [10, 6, 0], Openings(1, 3))
    assert following is not None and following.needed is None


def test_the_last_step_has_no_next_and_no_step_is_named_too() -> None:
    """At 100 % nothing is promised; below 50 % no step is reached."""
    of = indicator(Kind.COVERAGE)
    assert scale_of(of, 3, 3, 0)["next"] is None
    members = scale_of(of, 5, 1, 0)
    assert members["reached"] is None and members["vi"].startswith(
        "chưa đạt bậc nào; bậc tiếp theo"
    )


def test_every_kind_names_what_it_counts() -> None:
    """Things, marks of a mean, units of a share, and points of merit."""
    quota = scale_of(indicator(Kind.QUOTA, target=Fraction(8)), 3)
    assert "thêm 1 thì được 1,50 điểm" in quota["vi"]
    share = scale_of(indicator(Kind.SHARE), 300_000, 1_000_000)
    assert (share["next"]["needed"], share["next"]["worth"]) == (20, "1.50")
    merit = scale_of(indicator(Kind.MERIT), 1, 2)
    assert (merit["next"]["needed"], merit["next"]["needed_points"]) == (None, "1.50")
    assert "with 1.50 more points of merit the score is 1.50" in merit["en"]
    mean = scale_of(indicator(Kind.MEAN, low=Fraction(1), high=Fraction(5)), 2, 40_000)
    assert "thêm 1 lượt 5,00 điểm thì được 1,50 điểm" in mean["vi"]


def test_where_nothing_is_measured_the_steps_are_shown_and_not_applied() -> None:
    """Without petitions no step is reached and none is next; without a scale there is none."""
    members = scale_of(indicator(Kind.COVERAGE))
    assert (len(members["steps"]), members["reached"], members["next"]) == (5, None, None)
    assert (members["vi"], members["en"]) == ("không xét theo bậc", "the steps do not apply")
    plain = year_with(replace(indicator(Kind.COVERAGE), scale=()), 2, 1, 0)
    assert scale(plain, plain.base.assessed.lines[0]) is None


@st.composite
def cases(draw: st.DrawFn) -> tuple[Indicator, list[int], list[int]]:
    """An indicator, its sums, and what one thing more adds to them."""
    kind = draw(st.sampled_from((Kind.COVERAGE, Kind.QUOTA, Kind.MEAN, Kind.SHARE)))
    few = st.integers(0, 40)
    if kind is Kind.COVERAGE:
        on_time, late, missing = draw(few), draw(few), draw(few)
        credit = draw(st.sampled_from((Fraction(0), Fraction(1, 3), Fraction(1))))
        sums = [on_time + late + missing, on_time, late]
        return indicator(kind, late_credit=credit), sums, [0, 1, 0]
    if kind is Kind.QUOTA:
        return indicator(kind, target=Fraction(draw(st.integers(1, 30)), 3)), [draw(few)], [1]
    if kind is Kind.SHARE:
        return indicator(kind), [draw(st.integers(0, 400_000)), 400_000], [10_000, 0]
    marks = draw(st.lists(st.integers(1, 5), min_size=3, max_size=20))
    of = indicator(kind, low=Fraction(1), high=Fraction(5), minimum=3)
    return of, [len(marks), sum(marks) * 10_000], [1, 50_000]


def is_least(case: tuple[Indicator, list[int], list[int]]) -> bool:
    """Whether adding one thing after the other comes to what `advance` finds."""
    of, sums, thing = case
    following, now = advance(of, sums), basic_score(of, sums)
    after, most = list(sums), sums[0] - sum(sums[1:]) if of.kind is Kind.COVERAGE else ENOUGH
    for number in range(1, most + 1):
        after = [a + b for a, b in zip(after, thing, strict=True)]
        if basic_score(of, after) != now:
            least = (number, basic_score(of, after))
            return following is not None and (following.needed, following.score) == least
    return following is None or following.needed is None


@settings(max_examples=150, deadline=None)
@given(cases())
def test_the_number_needed_is_the_least_that_moves_the_score(
    case: tuple[Indicator, list[int], list[int]],
) -> None:
    """Found by arithmetic, and the same when one thing is added after the other."""
    assert is_least(case)


def test_a_fault_planted_in_the_way_to_the_next_step_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One too few is no decoration of a sheet: the comparison above fails."""
    case = (indicator(Kind.COVERAGE), [40, 33, 0], [0, 1, 0])
    assert is_least(case)
    monkeypatch.setattr(sheet_scale, "_enough", lambda *_: (2, (0, 3, 0)))
    assert not is_least(case)
