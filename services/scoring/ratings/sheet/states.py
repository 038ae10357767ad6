"""What a line rests on, in words, from its tally alone. Pure.

The sheet says it of each line; a comparison says it of both sides without reading a fact.
"""

from __future__ import annotations

from fractions import Fraction
from typing import assert_never

from contracts.messages import Message
from services.scoring.messages import message
from services.scoring.ratings.scores import Empty, Line
from services.scoring.ratings.sheet.numbers import PLACES, figure, points_of
from services.scoring.rubrics.kinds import Kind

EMPTY: dict[Empty, str] = {
    "exempt": "line-exempt", "nil": "line-nil", "full": "line-full", "zero": "line-zero",
    "exclude": "line-exclude",
}  # fmt: skip
"""By meaning of empty, the message of a line without facts."""
TOO_FEW: dict[Empty, str] = {
    "full": "line-few-full", "zero": "line-few-zero", "exclude": "line-few-exclude",
}  # fmt: skip
"""The same where there are facts, and too few to take a mean of."""
COVERAGE_TEXTS = {
    (False, False): "state-done", (True, False): "state-done-late",
    (False, True): "state-done-left-out", (True, True): "state-done-late-left-out",
}  # fmt: skip
"""By whether a duty is late, and whether one is left out."""


def line_state(line: Line, left_out: int = 0) -> Message:
    """The state of a line; `left_out` duties are not in its tally."""
    if line.empty is None:
        return _state(line, left_out)
    if line.empty in TOO_FEW and count(line) and line.indicator.kind in COUNTED:
        return message(TOO_FEW[line.empty], state=_state(line, left_out))
    return message(EMPTY[line.empty])


COUNTED = (Kind.QUOTA, Kind.MEAN, Kind.MERIT, Kind.BONUS, Kind.DEDUCTION)
"""The kinds whose tally begins with the number of things that count."""


def count(line: Line) -> int:
    """The first sum of the tally."""
    return line.tally[0] if line.tally else 0


def mean(line: Line) -> Fraction | None:
    """The mean of the marks; None without any."""
    return Fraction(line.tally[1], PLACES * count(line)) if count(line) else None


def earned(line: Line) -> Fraction:
    """The points of the keys before any cap."""
    return Fraction(line.tally[1] if line.tally else 0, line.indicator.denominator)


def parts(line: Line) -> tuple[Fraction, Fraction]:
    """The reported parts and wholes."""
    part, whole = line.tally[:2] or (0, 0)
    return Fraction(part, PLACES), Fraction(whole, PLACES)


def _state(line: Line, left_out: int) -> Message:
    kind = line.indicator.kind
    match kind:
        case Kind.COVERAGE:
            return _coverage(line, left_out)
        case Kind.QUOTA:
            return message("state-quota", n=count(line), target=line.indicator.target)
        case Kind.MEAN:
            return _mean(line)
        case Kind.SHARE:
            part, whole = parts(line)
            return message("state-share", above=part, below=whole)
        case Kind.MERIT | Kind.BONUS | Kind.DEDUCTION:
            most = figure(points_of(line.indicator.points_max))
            points = figure(points_of(earned(line)))
            return message("state-sum", n=count(line), earned=points, most=most)
        case _:
            assert_never(kind)


def _coverage(line: Line, left_out: int) -> Message:
    obliged, on_time, late = line.tally[:3] or (0, 0, 0)
    values = {"done": on_time + late, "obliged": obliged}
    values |= {"late": late} if late else {}
    values |= {"left_out": left_out} if left_out else {}
    return message(COVERAGE_TEXTS[late > 0, left_out > 0], **values)


def _mean(line: Line) -> Message:
    number, average, minimum = count(line), mean(line), line.indicator.minimum
    value = figure("-" if average is None else points_of(average))
    if number < minimum:
        return message("state-mean-few", mean=value, n=number, minimum=minimum)
    return message("state-mean", mean=value, n=number)
