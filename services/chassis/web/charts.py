"""The geometry of charts: numbers become places in percent of a width. Pure.

`templates/charts.html` draws them as SVG without scripts and styles of its own, beside the same
numbers as text. Values are whole numbers of any unit, such as points in hundredths.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from contracts.messages import Message

Label = str | Message
LINE_HEIGHT, LINE_MARGIN = 140.0, 16.0
"""Of a line chart, in pixels."""
BRIDGE_MARGIN = 3
"""Below the least sum of a bridge one part in so many of what its steps span is drawn."""


class Step(NamedTuple):
    """A step of a waterfall, or a bar: what it is called, its value, and where it leads.

    `tone` is a class of the style sheet: `gain`, `loss`, `total`, `plain` or that of a class.
    """

    label: Label
    value: int
    href: str | None = None
    note: Label | None = None
    tone: str = ""


class Bar(NamedTuple):
    """A step with its place: from `start` on, `length` wide, both in percent."""

    step: Step
    start: float
    length: float
    tone: str
    sum: int


class Waterfall(NamedTuple):
    """The bars from 0 to the total; `zero` is where 0 lies, in percent of the `span`.

    Of a bridge `low` is the value at the left edge, where its totals begin.
    """

    bars: tuple[Bar, ...]
    zero: float
    total: int
    span: int = 1
    low: int = 0


def waterfall(steps: Sequence[Step], most: int) -> Waterfall:
    """Each step begins where the one before ended; `most` is the value at the right edge.

    A step of tone `total` stands on 0, and shows the sum so far if its value is that.
    """
    sums = list(accumulate(0 if step.tone == "total" else step.value for step in steps))
    low, high = min([0, *sums]), max([most, *sums])
    width = (high - low) or 1

    def place(value: int) -> float:
        return round((value - low) * 100 / width, 2)

    bars = []
    for step, after in zip(steps, sums, strict=True):
        first, last = (0, step.value) if step.tone == "total" else (after - step.value, after)
        tone = step.tone or ("loss" if step.value < 0 else "gain")
        start, end = sorted((place(first), place(last)))
        bars.append(Bar(step, start, round(end - start, 2), tone, after))
    return Waterfall(tuple(bars), place(0), sums[-1] if sums else 0, width)


def bridge(steps: Sequence[Step]) -> Waterfall:
    """From one total to another, and perhaps a third: each step begins where the one before ended.

    The first step is a total. The left edge is below the least sum rather than at 0, so that small
    steps are seen.
    """
    sums: list[int] = []
    for step in steps:
        sums.append(step.value if step.tone == "total" else sums[-1] + step.value)
    margin = max(1, (max(sums) - min(sums)) // BRIDGE_MARGIN)
    low = min(0, *sums) if min(sums) <= margin else min(sums) - margin
    width = max(sums) - low or 1
    places = []
    for step, after in zip(steps, sums, strict=True):
        before = low if step.tone == "total" else after - step.value
        start, end = (round((value - low) * 100 / width, 2) for value in sorted((before, after)))
        tone = step.tone or ("loss" if step.value < 0 else "gain")
        places.append(Bar(step, start, round(end - start, 2), tone, after))
    return Waterfall(tuple(places), 0.0, sums[-1], width, low)


def bars(steps: Sequence[Step], most: int | None = None) -> tuple[Bar, ...]:
    """Bars from 0 on; the longest fills the width, or `most` does. No value is negative."""
    width = most or max((step.value for step in steps), default=0) or 1
    return tuple(
        Bar(step, 0.0, round(min(step.value, width) * 100 / width, 2), step.tone or "plain",
            step.value)
        for step in steps
    )  # fmt: skip


class Part(NamedTuple):
    """A part of a whole with its place, and its share of the whole, in percent."""

    step: Step
    start: float
    length: float
    share: float


def stacked(steps: Sequence[Step]) -> tuple[Part, ...]:
    """The parts side by side; all of them fill the width."""
    whole = sum(step.value for step in steps) or 1
    ends = list(accumulate(step.value for step in steps))
    return tuple(
        Part(step, round((end - step.value) * 100 / whole, 2), round(step.value * 100 / whole, 2),
             step.value / whole)
        for step, end in zip(steps, ends, strict=True)
    )  # fmt: skip


class Point(NamedTuple):
    """A point of a line: `x` in percent of the width, `y` in pixels from the top."""

    label: Label
    value: int
    x: float
    y: float


class Line(NamedTuple):
    """The points in their order, with the values at the lower and the upper edge."""

    points: tuple[Point, ...]
    low: int
    high: int
    height: float


def line(
    values: Sequence[tuple[Label, int]], low: int | None = None, high: int | None = None
) -> Line:
    """Points at equal distances; without `low` and `high` the values fill the height."""
    numbers = [value for _, value in values] or [0]
    bottom = min(numbers) if low is None else low
    top = max(numbers) if high is None else high
    span, gaps = (top - bottom) or 1, max(1, len(values) - 1)
    usable = LINE_HEIGHT - 2 * LINE_MARGIN
    places = tuple(
        Point(
            label, value, round(4 + index * 92 / gaps, 2) if len(values) > 1 else 50.0,
            round(LINE_MARGIN + usable * (top - value) / span, 1),
        )
        for index, (label, value) in enumerate(values)
    )  # fmt: skip
    return Line(places, bottom, top, LINE_HEIGHT)


class Course(NamedTuple):
    """A value that holds from each point to the next, with levels to compare it with.

    `x` and `y` of points are as in a line; a level is a point of which only `y` is used.
    """

    points: tuple[Point, ...]
    levels: tuple[Point, ...]
    height: float


def course(values: Sequence[tuple[Label, int]], levels: Sequence[tuple[Label, int]] = ()) -> Course:
    """The course of values in their order, a step each: many may belong to one instant.

    Only levels among the values are drawn.
    """
    numbers = [value for _, value in values] or [0]
    bottom, top = min(numbers), max(numbers)
    span, length = (top - bottom) or 1, max(1, len(values) - 1)
    usable = LINE_HEIGHT - 2 * LINE_MARGIN

    def height_of(value: int) -> float:
        return round(LINE_MARGIN + usable * (top - value) / span, 1)

    return Course(
        tuple(
            Point(label, value, round(index * 100 / length, 2), height_of(value))
            for index, (label, value) in enumerate(values)
        ),
        tuple(
            Point(label, value, 0.0, height_of(value))
            for label, value in levels if bottom <= value <= top
        ),
        LINE_HEIGHT,
    )  # fmt: skip
