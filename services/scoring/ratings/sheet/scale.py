"""The scale of an indicator on its sheet: its steps, the one that is reached, and the way to the
next. Pure.

Under a scale one thing more may bring nothing (SCORING.md section 4), so the sheet says how many
do, found by exact arithmetic and not by trying. What is overdue can only be done late.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from contracts import moments
from contracts.messages import Message, join_messages
from services.scoring.fold.cells import coverage
from services.scoring.messages import message
from services.scoring.ratings.labels import in_both
from services.scoring.ratings.scores import Line, basic_score, hundredths, spelled
from services.scoring.ratings.sheet.numbers import PLACES, figure, percent, points, points_of
from services.scoring.ratings.sheet.trials import Field
from services.scoring.rubrics.model import Indicator, Kind, ScaleStep


class Open(NamedTuple):
    """How many missing things can still be done on time, and how many only late."""

    timely: int
    overdue: int


class Ahead(NamedTuple):
    """The next step that gives more points, and how many things bring it.

    `needed` is None where points are lacking instead of things (merit: `lacking`), and where
    nothing that can still be done reaches the step; `score` in hundredths is what it brings then,
    and `more` what the things add to the sums of the indicator.
    """

    step: ScaleStep
    needed: int | None
    score: int
    lacking: Fraction | None = None
    more: tuple[int, ...] = ()


def openings(field: Field, indicator: Indicator) -> Open:
    """What of a coverage indicator can still be done; nothing where the unit has ended."""
    if field.ended:
        return Open(0, 0)
    today, found = moments.local_day(field.at), [0, 0]
    for cell, said in field.cells.items():
        if cell.indicator == indicator.id and cell.view == field.view:
            state = coverage(indicator, said, field.until)
            if state.status == "missing":
                found[state.due is not None and state.due < today] += 1
    return Open(*found)


def ahead(indicator: Indicator, sums: Sequence[int], left: Open | None = None) -> Ahead | None:
    """The way to the next step; None without a scale and where the best points are reached.

    `left` is what can still be done of a coverage; without it all that is missing, on time.
    """
    now = basic_score(indicator, sums)
    for step in _rising(indicator):
        if hundredths(step.points) > now:
            break
    else:
        return None
    if indicator.kind is Kind.MERIT:
        earned = Fraction(sums[1] if sums else 0, indicator.denominator)
        lacking = step.at_least * indicator.points - earned
        more = (0, (lacking * indicator.denominator).__ceil__())
        return Ahead(step, None, hundredths(step.points), lacking, more)
    moved = _enough(indicator, list(sums), step.at_least, left)
    if moved is None:
        return Ahead(step, None, hundredths(step.points))
    needed, added = moved
    before = list(sums) or [0] * len(added)
    after = [a + b for a, b in zip(before, added, strict=True)]
    return Ahead(step, needed, basic_score(indicator, after), None, added)


def scale(field: Field, line: Line) -> dict[str, Any] | None:
    """The scale of a line, JSON-ready, in words too; None where the indicator has none."""
    indicator = line.indicator
    if not indicator.scale:
        return None
    steps = _rising(indicator)
    shown: dict[str, Any] = {"steps": [_shown(step) for step in steps]}
    if line.empty is not None or line.quantity is None:
        text = message("scale-unused")
        return {**shown, "reached": None, "next": None, **in_both(text)}
    reached = [step for step in steps if line.quantity >= step.at_least]
    text = _reached(reached[-1]) if reached else message("scale-none")
    following, next_ = ahead_of(field, line), None
    if following is not None:
        moved = field.base.moved(field.view, indicator, following.more).total
        worth = spelled(moved - field.base.total)
        next_ = _next(following, worth)
        text = join_messages([text, _ahead(indicator, following, worth)])
    return {**shown, "reached": _shown(reached[-1]) if reached else None, "next": next_,
            **in_both(text)}  # fmt: skip


def ahead_of(field: Field, line: Line) -> Ahead | None:
    """The way of a line to its next step, by what the unit can still do."""
    left = openings(field, line.indicator) if line.indicator.kind is Kind.COVERAGE else None
    found = ahead(line.indicator, line.tally, left)
    if found is not None and field.ended and found.lacking is None:
        return Ahead(found.step, None, found.score)
    return found


def _rising(indicator: Indicator) -> list[ScaleStep]:
    return sorted(indicator.scale, key=lambda step: step.at_least)


def _enough(
    indicator: Indicator, sums: list[int], at_least: Fraction, left: Open | None
) -> tuple[int, tuple[int, ...]] | None:
    """The fewest things that bring the quantity to `at_least`, and what they add to the sums."""
    if indicator.kind is Kind.COVERAGE:
        return _enough_duties(indicator, sums or [0, 0, 0], at_least, left)
    if indicator.kind is Kind.QUOTA:
        done = sums[0] if sums else 0
        needed = (at_least * indicator.target - done).__ceil__()
        return needed, (needed,)
    if indicator.kind is Kind.SHARE:
        above, below = sums or [0, 0]
        needed = ((at_least * below - above) / PLACES).__ceil__()
        return (needed, (needed * PLACES, 0)) if below else None
    number, total = sums or [0, 0]
    wanted = (indicator.low + at_least * (indicator.high - indicator.low)) * PLACES
    best = (indicator.high * PLACES).__floor__()
    if number < max(1, indicator.minimum) or best <= wanted:
        return None
    needed = ((wanted * number - total) / (best - wanted)).__ceil__()
    return needed, (needed, needed * best)


def _enough_duties(
    indicator: Indicator, sums: list[int], at_least: Fraction, left: Open | None
) -> tuple[int, tuple[int, ...]] | None:
    obliged, on_time, late = sums
    timely, overdue = left or Open(obliged - on_time - late, 0)
    lacking = at_least * obliged - on_time - indicator.late_credit * late
    first = min(timely, max(0, lacking.__ceil__()))
    lacking -= first
    if lacking <= 0:
        return (first, (0, first, 0)) if first else None
    if not indicator.late_credit:
        return None
    then = (lacking / indicator.late_credit).__ceil__()
    return (first + then, (0, first, then)) if then <= overdue else None


def _shown(step: ScaleStep) -> dict[str, str]:
    return {"at_least": str(step.at_least), "points": points(step.points)}


def _next(following: Ahead, worth: str) -> dict[str, Any]:
    lacking = following.lacking
    return {
        **_shown(following.step),
        "needed": following.needed,
        "needed_points": None if lacking is None else points(lacking),
        "score": spelled(following.score),
        "worth": worth,
    }


def _reached(step: ScaleStep) -> Message:
    at_least, worth = figure(percent(step.at_least)), figure(points_of(step.points))
    return message("scale-reached", at_least=at_least, worth=worth)


def _ahead(indicator: Indicator, following: Ahead, worth: str) -> Message:
    at_least = figure(percent(following.step.at_least))
    if following.needed is None and following.lacking is None:
        return message("scale-beyond", at_least=at_least)
    return message(
        "scale-ahead", at_least=at_least, more=_more(indicator, following),
        score=figure(spelled(following.score)), worth=figure(worth),
    )  # fmt: skip


def _more(indicator: Indicator, following: Ahead) -> Message:
    if following.lacking is not None:
        return message("scale-merit", lacking=figure(points(following.lacking)))
    needed = following.needed
    if indicator.kind is Kind.MEAN:
        return message("scale-marks", needed=needed, mark=figure(points_of(indicator.high)))
    if indicator.kind is not Kind.COVERAGE:
        return message("scale-things", needed=needed)
    late = following.more[2]
    if late:
        return message("scale-duties-late", needed=needed, late=late)
    # what is done late brings less than is said here, or nothing
    if indicator.late_credit == 1:
        return message("scale-duties", needed=needed)
    return message("scale-duties-timely", needed=needed)
