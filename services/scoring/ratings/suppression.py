"""What anybody may know of the lines of a rating: levels, and none of a line over few things.

Statistical disclosure control, as for tables: a line whose share is taken over fewer than SMALL
things is suppressed, and so are further lines where the total, which is public, would give it away
(decision 0041). A further line is suppressed by what is public already, never by its own score, so
that the choice tells nothing. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple, assert_never

from services.scoring.ratings.scores import Line, hundredths
from services.scoring.ratings.sheet.numbers import PLACES
from services.scoring.rubrics.kinds import Kind
from services.scoring.rubrics.model import Indicator

SMALL = 5
LEVELS = 4
"""A level is one of so many equal parts of the points of a line; 0 is the lowest."""
WIDTH_PART = 2
"""Of a small line at least this part of its points (a half) stays open, for all that is public."""


class PublicLine(NamedTuple):
    """A line of the basic score, with its points in hundredths; the level is None if suppressed."""

    indicator: Indicator
    points: int
    level: int | None


class _Range(NamedTuple):
    """Between which hundredths a score lies, as far as it is public."""

    least: int
    most: int

    @property
    def width(self) -> int:
        """By how much two scores within it differ at most."""
        return self.most - self.least

    def meets(self, other: _Range) -> bool:
        """Whether a score can lie in both."""
        return self.least <= other.most and other.least <= self.most


_Ranges = Mapping[str, _Range]
"""The ranges of lines by the ids of their indicators."""


def public_lines(lines: Sequence[Line]) -> list[PublicLine]:
    """What is public of the lines of an assessment.

    Bonuses, deductions and decisions have no line at all.
    """
    basic = [line for line in lines if line.indicator.kind.basic]
    public = _public_levels([line for line in basic if line.counts])
    return [
        PublicLine(
            line.indicator, _points(line), level_of(line) if line.indicator.id in public else None
        )
        for line in basic
    ]


def level_of(line: Line) -> int:
    """Which part of its points a line has: 0 to LEVELS - 1."""
    return min(LEVELS - 1, line.score * LEVELS // _points(line)) if _points(line) else 0


def is_small(line: Line) -> bool:
    """Whether its share is taken over fewer than SMALL things, or is not measured."""
    return line.empty is not None or _things(line) < SMALL


def _things(line: Line) -> Fraction | int:
    """Over how many things the share of a line is taken: its denominator."""
    indicator, sums = line.indicator, line.tally
    match indicator.kind:
        case Kind.COVERAGE | Kind.MEAN | Kind.MERIT:
            return sums[0] if sums else 0
        case Kind.QUOTA:
            return indicator.target
        case Kind.SHARE:
            return Fraction(sums[1], PLACES) if sums else 0
        case Kind.BONUS | Kind.DEDUCTION:
            return 0
        case kind:
            assert_never(kind)


def _points(line: Line) -> int:
    return hundredths(line.indicator.points)


def _public_levels(lines: Sequence[Line]) -> set[str]:
    """The ids of the counting lines whose level is public, those with most points first.

    A line is shown if every level that it could have, by what is public before, leaves the small
    ones open. Whoever reads is taken to know the exact sum of all lines: bonuses, deductions and
    decisions are often nothing.
    """
    total, public = sum(line.score for line in lines), set[str]()
    ranges = {line.indicator.id: _Range(0, _points(line)) for line in lines}
    alone = _possible(ranges, total)
    needed = {
        line.indicator.id: min(alone[line.indicator.id].width, _points(line) // WIDTH_PART)
        for line in lines
        if is_small(line)
    }
    for line in sorted(lines, key=lambda line: (-_points(line), line.indicator.id)):
        name, levels = line.indicator.id, [*_level_ranges(_points(line))]
        possible = _possible(ranges, total)[name]
        if name not in needed and all(
            _is_open(_possible(ranges | {name: level}, total), needed)
            for level in levels
            if level.meets(possible)
        ):
            ranges[name] = levels[level_of(line)]
            public.add(name)
    return public


def _is_open(possible: _Ranges, needed: Mapping[str, int]) -> bool:
    """Whether each small line has the width that it needs."""
    return all(possible[name].width >= width for name, width in needed.items())


def _possible(ranges: _Ranges, total: int) -> _Ranges:
    """Between which scores each line lies, by the sum of all and these ranges."""
    least = sum(each.least for each in ranges.values())
    most = sum(each.most for each in ranges.values())
    return {
        name: _Range(
            max(each.least, total - (most - each.most)),
            min(each.most, total - (least - each.least)),
        )
        for name, each in ranges.items()
    }


def _level_ranges(points: int) -> Iterator[_Range]:
    """The scores of each level of a line with so many points, the lowest level first."""
    for level in range(LEVELS):
        most = points if level == LEVELS - 1 else -(-(level + 1) * points // LEVELS) - 1
        yield _Range(-(-level * points // LEVELS), most)
