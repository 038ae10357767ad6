"""What is public of the lines of a rating: nothing small, and nothing that gives it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scoring.ratings.scores import Line
from services.scoring.ratings.suppression import LEVELS, SMALL, is_small, level_of, public_lines
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.model import Indicator

FEW, MANY = SMALL - 1, SMALL


def line(number: int, points: int, score: int, things: int) -> Line:
    """A line of so many hundredths of points, over so many duties."""
    indicator = Indicator(f"i{number:02}", "", "", Kind.COVERAGE, points=Fraction(points, 100))
    return Line(indicator, (things, 0, 0), Fraction(score, points), score)


@st.composite
def rated(draw: st.DrawFn) -> list[Line]:
    """The lines of a unit: any points and scores, over few or many things."""
    lines = []
    for number in range(draw(st.integers(1, 10))):
        points = draw(st.integers(1, 40))
        score = draw(st.sampled_from([0, points, draw(st.integers(0, points))]))
        lines.append(line(number, points, score, draw(st.sampled_from([0, 1, FEW, MANY, 80]))))
    return lines


def points(each: Line) -> int:
    """The points of a line in hundredths."""
    return int(each.indicator.points * 100)


def scores_of_level(each: Line, level: int | None) -> list[int]:
    """All scores that a line may have for all that its level says."""
    return [
        score for score in range(points(each) + 1)
        if level in (None, level_of(replace(each, score=score)))
    ]  # fmt: skip


def moved(lines: Sequence[Line], place: int, score: int) -> list[Line]:
    """Another unit with this score at this place: the other lines change the other way, as far as
    their public levels stay."""
    changed, left = list(lines), lines[place].score - score
    changed[place] = replace(lines[place], score=score)
    for number, public in enumerate(public_lines(lines)):
        if number != place:
            each, possible = lines[number], scores_of_level(lines[number], public.level)
            other = max(possible[0], min(possible[-1], each.score + left))
            left -= other - each.score
            changed[number] = replace(each, score=other)
    return changed


@given(rated())
@settings(max_examples=40, deadline=None)
def test_a_small_line_could_have_been_another_one_for_all_that_is_public(
    lines: list[Line],
) -> None:
    """Units whose small line differs by half of its points have the same public page.

    By less only where the total alone leaves less.
    """
    public, total = public_lines(lines), sum(each.score for each in lines)
    for place, each in enumerate(lines):
        if not is_small(each):
            continue
        assert public[place].level is None
        others = sum(map(points, lines)) - points(each)
        alone = min(points(each), total) - max(0, total - others)
        possible = [
            score for score in range(points(each) + 1)
            if sum(other.score for other in moved(lines, place, score)) == total
        ]  # fmt: skip
        for score in (possible[0], possible[-1]):
            assert public_lines(moved(lines, place, score)) == public
        assert possible[-1] - possible[0] >= min(alone, points(each) // 2)


@given(rated())
@settings(max_examples=50, deadline=None)
def test_a_level_is_public_where_nothing_small_depends_on_it(lines: list[Line]) -> None:
    """Without a small line every level is shown."""
    large = [each for each in lines if not is_small(each)]
    assert [each.level for each in public_lines(large)] == [level_of(each) for each in large]


def test_one_small_line_is_not_left_alone_with_the_total() -> None:
    """One small line beside one that is full: the level of the other would give it away."""
    lines = [line(0, 600, 300, 2), line(1, 600, 600, 100)]
    assert [each.level for each in public_lines(lines)] == [None, None]
    others = [line(number, 600, 300, 100) for number in range(2, 9)]
    levels = [each.level for each in public_lines([*lines, *others])]
    assert levels[0] is None and levels.count(None) < len(levels)


def test_the_choice_does_not_depend_on_what_is_suppressed() -> None:
    """Whoever knows the method learns nothing from which lines are suppressed."""
    for score in range(0, 601, 50):
        lines = [line(0, 600, 600 - score, 2), line(1, 600, score, 100)]
        assert [each.level for each in public_lines(lines)] == [None, None]


@pytest.mark.parametrize(
    ("kind", "tally", "fields", "small"),
    [
        (Kind.COVERAGE, (FEW, 1, 0), {}, True), (Kind.COVERAGE, (MANY, 1, 0), {}, False),
        (Kind.QUOTA, (9,), {"target": Fraction(FEW)}, True),
        (Kind.QUOTA, (0,), {"target": Fraction(MANY)}, False),
        (Kind.MEAN, (FEW, 90_000), {}, True), (Kind.MEAN, (MANY, 90_000), {}, False),
        (Kind.SHARE, (10_000, 49_999), {}, True), (Kind.SHARE, (10_000, 50_000), {}, False),
        (Kind.MERIT, (FEW, 9), {}, True), (Kind.MERIT, (MANY, 9), {}, False),
        (Kind.COVERAGE, (), {}, True), (Kind.SHARE, (), {}, True), (Kind.MERIT, (), {}, True),
    ],
)  # fmt: skip
def test_the_denominator_of_each_kind_decides(
    kind: Kind, tally: tuple[int, ...], fields: dict[str, Fraction], small: bool
) -> None:
    """Duties, the target of a quota, marks, the whole of a share, keys with points."""
    indicator = Indicator("i", "", "", kind, points=Fraction(6), **fields)  # type: ignore[arg-type]
    assert is_small(Line(indicator, tally, Fraction(1, 2), 300)) is small
    assert is_small(Line(indicator, (80, 80, 80), None, 0, "exempt"))


def test_levels_are_quarters_of_the_points() -> None:
    """The lowest of each and the highest of each, to the hundredth; a line without points is 0."""
    edges = [0, 174, 175, 349, 350, 524, 525, 700]
    assert [level_of(line(0, 700, score, 80)) for score in edges] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert max(edge // 175 for edge in edges) == LEVELS
    bonus = Line(Indicator("b", "", "", Kind.BONUS, cap=Fraction(5)), (9, 9), None, 300)
    deduction = Line(Indicator("d", "", "", Kind.DEDUCTION, cap=Fraction(5)), (9, 9), None, -300)
    assert public_lines([bonus, deduction]) == []
