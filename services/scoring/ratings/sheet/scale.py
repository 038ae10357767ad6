"""The scale of an indicator: its steps, the step that is reached, and the way to the next. Pure.

Under a scale one thing more may bring nothing (SCORING.md section 4), so the sheet says how many
do, found by exact arithmetic and not by trials. An overdue duty can only be fulfilled late.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple, assert_never

from contracts import moments
from contracts.messages import Message, join_messages
from services.scoring.fold.cells import coverage
from services.scoring.messages import message
from services.scoring.ratings.scores import Line, basic_score, hundredths, points_text
from services.scoring.ratings.sheet.model import Scale, ScaleAdvance
from services.scoring.ratings.sheet.numbers import PLACES, figure, percent, points, points_of
from services.scoring.ratings.sheet.trials import UnitYear
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.model import Indicator, ScaleStep


class Openings(NamedTuple):
    """How many missing duties can still be fulfilled on time, and how many only late."""

    timely: int
    overdue: int


class Advance(NamedTuple):
    """The next step that gives more points, and how many things reach it.

    `needed` is None where points are lacking instead of things (merit: `lacking`), and where
    nothing that can still be done reaches the step; `score` in hundredths is what the step brings
    then, and `more` what the things add to the sums of the indicator.
    """

    step: ScaleStep
    needed: int | None
    score: int
    lacking: Fraction | None = None
    more: tuple[int, ...] = ()


def openings(unit_year: UnitYear, indicator: Indicator) -> Openings:
    """The duties of an indicator that can still be fulfilled; none of a unit that has ended."""
    if unit_year.ended:
        return Openings(0, 0)
    today, counts = moments.local_day(unit_year.at), [0, 0]
    for _, postings in unit_year.cells_of(indicator):
        state = coverage(indicator, postings, unit_year.until)
        if state.status == "missing":
            counts[state.due is not None and state.due < today] += 1
    return Openings(*counts)


def advance(
    indicator: Indicator, sums: Sequence[int], left: Openings | None = None
) -> Advance | None:
    """The way to the next step; None without a scale and where the best points are reached.

    `left` are the duties that can still be fulfilled; without it all that are missing, on time.
    """
    now = basic_score(indicator, sums)
    for step in _rising(indicator):
        if hundredths(step.points) > now:
            break
    else:
        return None
    if indicator.kind.counts_points:
        earned = Fraction(sums[1] if sums else 0, indicator.denominator)
        lacking = step.at_least * indicator.points - earned
        more = (0, (lacking * indicator.denominator).__ceil__())
        return Advance(step, None, hundredths(step.points), lacking, more)
    things = _enough(indicator, list(sums), step.at_least, left)
    if things is None:
        return Advance(step, None, hundredths(step.points))
    needed, added = things
    before = list(sums) or [0] * len(added)
    after = [a + b for a, b in zip(before, added, strict=True)]
    return Advance(step, needed, basic_score(indicator, after), None, added)


def advance_of(unit_year: UnitYear, line: Line) -> Advance | None:
    """The way of a line to its next step, by what the unit can still do."""
    left = openings(unit_year, line.indicator) if line.indicator.kind.has_duties else None
    following = advance(line.indicator, line.tally, left)
    if following is not None and unit_year.ended and following.lacking is None:
        return Advance(following.step, None, following.score)
    return following


def scale(unit_year: UnitYear, line: Line) -> Scale | None:
    """The scale of a line, in words too; None where the indicator has none."""
    indicator = line.indicator
    if not indicator.scale:
        return None
    steps = tuple(_rising(indicator))
    if line.empty is not None or line.quantity is None:
        return Scale(steps, None, None, message("scale-unused"))
    reached = [step for step in steps if line.quantity >= step.at_least]
    text = _reached_text(reached[-1]) if reached else message("scale-none")
    following, next_step = advance_of(unit_year, line), None
    if following is not None:
        base = unit_year.base
        worth = base.added(unit_year.view, indicator, following.more).total - base.total
        next_step = ScaleAdvance(
            following.step, following.needed, following.lacking, following.score, worth
        )
        text = join_messages([text, _advance_text(indicator, following, worth)])
    return Scale(steps, reached[-1] if reached else None, next_step, text)


def _rising(indicator: Indicator) -> list[ScaleStep]:
    return sorted(indicator.scale, key=lambda step: step.at_least)


def _enough(
    indicator: Indicator, sums: list[int], at_least: Fraction, left: Openings | None
) -> tuple[int, tuple[int, ...]] | None:
    """The fewest things that bring the quantity to `at_least`, and what they add to the sums."""
    match indicator.kind:
        case Kind.COVERAGE:
            return _enough_duties(indicator, sums or [0, 0, 0], at_least, left)
        case Kind.QUOTA:
            count = sums[0] if sums else 0
            needed = (at_least * indicator.target - count).__ceil__()
            return needed, (needed,)
        case Kind.SHARE:
            part, whole = sums or [0, 0]
            needed = ((at_least * whole - part) / PLACES).__ceil__()
            return (needed, (needed * PLACES, 0)) if whole else None
        case Kind.MEAN:
            return _enough_marks(indicator, sums or [0, 0], at_least)
        case Kind.MERIT | Kind.BONUS | Kind.DEDUCTION:
            return None
        case _:
            assert_never(indicator.kind)


def _enough_marks(
    indicator: Indicator, sums: list[int], at_least: Fraction
) -> tuple[int, tuple[int, ...]] | None:
    """How many of the best marks lift the mean."""
    number, total = sums
    mean = (indicator.low + at_least * (indicator.high - indicator.low)) * PLACES
    best = (indicator.high * PLACES).__floor__()
    if number < max(1, indicator.minimum) or best <= mean:
        return None
    needed = ((mean * number - total) / (best - mean)).__ceil__()
    return needed, (needed, needed * best)


def _enough_duties(
    indicator: Indicator, sums: list[int], at_least: Fraction, left: Openings | None
) -> tuple[int, tuple[int, ...]] | None:
    """How many duties suffice, those first that can be fulfilled on time."""
    obliged, on_time, late = sums
    timely, overdue = left or Openings(obliged - on_time - late, 0)
    lacking = at_least * obliged - on_time - indicator.late_credit * late
    first = min(timely, max(0, lacking.__ceil__()))
    lacking -= first
    if lacking <= 0:
        return (first, (0, first, 0)) if first else None
    if not indicator.late_credit:
        return None
    then = (lacking / indicator.late_credit).__ceil__()
    return (first + then, (0, first, then)) if then <= overdue else None


def _reached_text(step: ScaleStep) -> Message:
    at_least, worth = figure(percent(step.at_least)), figure(points_of(step.points))
    return message("scale-reached", at_least=at_least, worth=worth)


def _advance_text(indicator: Indicator, following: Advance, worth: int) -> Message:
    at_least = figure(percent(following.step.at_least))
    if following.needed is None and following.lacking is None:
        return message("scale-beyond", at_least=at_least)
    return message(
        "scale-ahead", at_least=at_least, more=_more_text(indicator, following),
        score=figure(points_text(following.score)), worth=figure(points_text(worth)),
    )  # fmt: skip


def _more_text(indicator: Indicator, following: Advance) -> Message:
    """What reaches the step, as the middle of a sentence."""
    needed = following.needed
    match indicator.kind:
        case Kind.COVERAGE:
            return _more_duties_text(indicator, following)
        case Kind.QUOTA | Kind.SHARE:
            return message("scale-things", needed=needed)
        case Kind.MEAN:
            return message("scale-marks", needed=needed, mark=figure(points_of(indicator.high)))
        case Kind.MERIT | Kind.BONUS | Kind.DEDUCTION:
            lacking = following.lacking or Fraction(0)
            return message("scale-merit", lacking=figure(points(lacking)))
        case _:
            assert_never(indicator.kind)


def _more_duties_text(indicator: Indicator, following: Advance) -> Message:
    needed, late = following.needed, following.more[2]
    if late:
        return message("scale-duties-late", needed=needed, late=late)
    # a duty fulfilled late brings less than the step promises, or nothing
    if indicator.late_credit == 1:
        return message("scale-duties", needed=needed)
    return message("scale-duties-timely", needed=needed)
