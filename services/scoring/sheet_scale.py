"""The scale of an indicator on its sheet: its steps, the one that is reached, and the way to the
next. Pure.

Under a scale one thing more may bring nothing (SCORING.md section 4), so the sheet says how many
do, found by exact arithmetic and not by trying.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from services.scoring.rubric import Indicator, Kind, Step
from services.scoring.scores import Line, basic_score, hundredths, spelled
from services.scoring.sheet_words import PLACES, comma, percent, points, points_of

NOT_APPLIED = ("không xét theo bậc", "the steps do not apply")
NONE_REACHED = ("chưa đạt bậc nào", "no step is reached")
BEYOND = ("làm thêm cũng không đạt được", "doing more does not reach it")


class Ahead(NamedTuple):
    """The next step that gives more points, and how many things bring it.

    `needed` is None where points are lacking instead of things (merit: `lacking`), and where
    nothing that can still be done reaches the step; `score` in hundredths is what it brings then.
    """

    step: Step
    needed: int | None
    score: int
    lacking: Fraction | None = None


def ahead(indicator: Indicator, sums: Sequence[int]) -> Ahead | None:
    """The way to the next step; None without a scale and where the best points are reached."""
    now = basic_score(indicator, sums)
    for step in _rising(indicator):
        if hundredths(step.points) > now:
            break
    else:
        return None
    if indicator.kind is Kind.MERIT:
        earned = Fraction(sums[1] if sums else 0, indicator.denominator)
        lacking = step.at_least * indicator.points - earned
        return Ahead(step, None, hundredths(step.points), lacking)
    moved = _enough(indicator, list(sums), step.at_least)
    if moved is None:
        return Ahead(step, None, hundredths(step.points))
    needed, after = moved
    return Ahead(step, needed, basic_score(indicator, after))


def scale(line: Line) -> dict[str, Any] | None:
    """The scale of a line, JSON-ready, in words too; None where the indicator has none."""
    indicator = line.indicator
    if not indicator.scale:
        return None
    steps = _rising(indicator)
    shown: dict[str, Any] = {"steps": [_shown(step) for step in steps]}
    if line.empty is not None or line.quantity is None:
        vi, en = NOT_APPLIED
        return {**shown, "reached": None, "next": None, "vi": vi, "en": en}
    reached = [step for step in steps if line.quantity >= step.at_least]
    vi, en = _reached_words(reached[-1]) if reached else NONE_REACHED
    following = ahead(indicator, line.tally)
    if following is not None:
        more_vi, more_en = _ahead_words(indicator, following, line.score)
        vi, en = f"{vi}; {more_vi}", f"{en}; {more_en}"
    return {
        **shown,
        "reached": _shown(reached[-1]) if reached else None,
        "next": None if following is None else _next(following, line.score),
        "vi": vi,
        "en": en,
    }


def _rising(indicator: Indicator) -> list[Step]:
    return sorted(indicator.scale, key=lambda step: step.at_least)


def _enough(
    indicator: Indicator, sums: list[int], at_least: Fraction
) -> tuple[int, list[int]] | None:
    """The fewest things that bring the quantity to `at_least`, and the sums with them."""
    if indicator.kind is Kind.COVERAGE:
        obliged, on_time, late = sums or [0, 0, 0]
        needed = (at_least * obliged - on_time - indicator.late_credit * late).__ceil__()
        missing = obliged - on_time - late
        return (needed, [obliged, on_time + needed, late]) if 0 < needed <= missing else None
    if indicator.kind is Kind.QUOTA:
        done = sums[0] if sums else 0
        needed = (at_least * indicator.target - done).__ceil__()
        return needed, [done + needed]
    if indicator.kind is Kind.SHARE:
        above, below = sums or [0, 0]
        needed = ((at_least * below - above) / PLACES).__ceil__()
        return (needed, [above + needed * PLACES, below]) if below else None
    number, total = sums or [0, 0]
    wanted = (indicator.low + at_least * (indicator.high - indicator.low)) * PLACES
    best = (indicator.high * PLACES).__floor__()
    if number < max(1, indicator.minimum) or best <= wanted:
        return None
    needed = ((wanted * number - total) / (best - wanted)).__ceil__()
    return needed, [number + needed, total + needed * best]


def _shown(step: Step) -> dict[str, str]:
    return {"at_least": str(step.at_least), "points": points(step.points)}


def _next(following: Ahead, now: int) -> dict[str, Any]:
    lacking = following.lacking
    return {
        **_shown(following.step),
        "needed": following.needed,
        "needed_points": None if lacking is None else points(lacking),
        "score": spelled(following.score),
        "worth": spelled(following.score - now),
    }


def _reached_words(step: Step) -> tuple[str, str]:
    from_, worth = percent(step.at_least), points_of(step.points)
    return (
        f"đạt bậc từ {comma(from_)} ({comma(worth)} điểm)",
        f"the step from {from_} is reached ({worth} points)",
    )


def _ahead_words(indicator: Indicator, following: Ahead, now: int) -> tuple[str, str]:
    from_ = percent(following.step.at_least)
    vi, en = f"bậc tiếp theo từ {comma(from_)}", f"the next step is from {from_}"
    if following.needed is None and following.lacking is None:
        return f"{vi}: {BEYOND[0]}", f"{en}: {BEYOND[1]}"
    more_vi, more_en = _needed_words(indicator, following)
    score, worth = spelled(following.score), spelled(following.score - now)
    return (
        f"{vi}: {more_vi} thì được {comma(score)} điểm (hơn {comma(worth)})",
        f"{en}: with {more_en} the score is {score} ({worth} more)",
    )


def _needed_words(indicator: Indicator, following: Ahead) -> tuple[str, str]:
    if following.lacking is not None:
        lacking = points(following.lacking)
        return f"thêm {comma(lacking)} điểm thành tích", f"{lacking} more points of merit"
    needed = following.needed
    if indicator.kind is Kind.MEAN:
        best = points_of(indicator.high)
        return f"thêm {needed} lượt {comma(best)} điểm", f"{needed} more marks of {best}"
    if indicator.kind is Kind.COVERAGE:
        vi, en = f"làm thêm {needed} việc còn thiếu", f"{needed} more of the missing done"
        # what is done late brings less than is said here, or nothing
        return (vi, en) if indicator.late_credit == 1 else (f"{vi} đúng hạn", f"{en} on time")
    return f"thêm {needed}", f"{needed} more"
