"""The rows of the page of a sheet: bars, lines, decisions, and what would bring most points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import NamedTuple

from contracts.messages import Message
from services.chassis.web.charts import Bar, Step, Waterfall, waterfall
from services.scoring.exports.decision_texts import (
    decision_contents,
    decision_number,
    decision_title,
)
from services.scoring.ratings.contributions import PARTS, contributions_of
from services.scoring.ratings.labels import label
from services.scoring.ratings.scores import hundredths
from services.scoring.ratings.sheet.model import (
    CoverageDetails,
    Decision,
    Duty,
    GroupScore,
    QuotaDetails,
    Sheet,
    SheetLine,
)
from services.scoring.rubrics.kinds import Section
from services.scoring.rubrics.model import Rubric
from services.scoring.web.messages import message

SOON_DAYS = 60
SOON_MAX = 12
LIFTS_MAX = 6
FEW = 5
"""So many things of a list are shown at once; longer lists are opened."""


class SheetBar(NamedTuple):
    """A bar of the waterfall; `lost` is how far it could reach further, in percent."""

    bar: Bar
    most: int | None = None
    lost: float = 0.0
    events: str | None = None


class BarGroup(NamedTuple):
    """The bars of a group of indicators, of what is added and taken away, or of the sums."""

    name: Message | str
    clause: str
    score: int | None
    most: int | None
    bars: Sequence[SheetBar]


class SheetBars(NamedTuple):
    """The waterfall from 0 to the total."""

    chart: Waterfall
    groups: Sequence[BarGroup]


class LineGroup(NamedTuple):
    """The lines of a group of the rubric by its id, or of what is added or taken away."""

    id: str | None
    name: Message | str
    clause: str
    score: int
    most: int | None
    lines: Sequence[SheetLine]


class Lift(NamedTuple):
    """Something that brings points: what one more is worth, and how many there are."""

    name: str
    href: str
    worth: int
    text: Message


class DueDuty(NamedTuple):
    """A duty whose day is near."""

    day: date
    key: str
    name: str
    href: str
    duty: Duty


class DecisionRow(NamedTuple):
    """A decision, declaration or appeal: what, when, and who sent it."""

    entry: Decision
    title: Message
    number: str
    contents: Sequence[Message]
    points: int | None


def line_groups(sheet: Sheet) -> list[LineGroup]:
    """The lines by group, then those that are added and taken away; no group without lines."""
    groups = [row for group in sheet.groups if (row := _basic_group(sheet, group)).lines]
    for section, code in ((Section.BONUS, "unit-bonus"), (Section.DEDUCTION, "unit-deduction")):
        lines = [each for each in sheet.lines if each.line.indicator.kind.section is section]
        if lines:
            score = sum(each.line.score for each in lines)
            groups.append(LineGroup(None, message(code), "", score, None, lines))
    return groups


def _basic_group(sheet: Sheet, group: GroupScore) -> LineGroup:
    rule = group.group
    lines = [
        each for each in sheet.lines
        if each.line.indicator.kind.basic and each.line.indicator.group == rule.id
    ]  # fmt: skip
    return LineGroup(
        rule.id, rule.vi, rule.clause, group.score, hundredths(group.points), lines
    )  # fmt: skip


def sheet_bars(sheet: Sheet, groups: Sequence[LineGroup], rubric: Rubric, events: str) -> SheetBars:
    """The bars; `events` is the address of the events of a line, without its id."""
    parts = contributions_of([each.line for each in sheet.lines], sheet.rating).parts
    lines = [line for group in groups for line in group.lines]
    rest = [Step(label("part", part), parts[part]) for part in PARTS if parts[part]]
    total = Step(message("unit-total"), sheet.rating.total, tone="total")
    chart = waterfall([*map(_step, lines), *rest, total], hundredths(rubric.maximum))
    bars = iter(chart.bars)
    drawn = [
        BarGroup(
            group.name, group.clause, group.score, group.most,
            [_bar(line, next(bars), chart.span, events) for line in group.lines],
        )
        for group in groups
    ]  # fmt: skip
    drawn.append(BarGroup("", "", None, None, [SheetBar(bar) for bar in bars]))
    return SheetBars(chart, drawn)


def _step(line: SheetLine) -> Step:
    indicator = line.line.indicator
    return Step(indicator.vi, _score(line), f"#line-{indicator.id}", indicator.clause)


def _score(line: SheetLine) -> int:
    return line.line.score if line.line.counts else 0


def _bar(line: SheetLine, bar: Bar, span: int, events: str) -> SheetBar:
    indicator = line.line.indicator
    most = hundredths(indicator.points_max)
    lost = most - line.line.score if indicator.kind.basic and line.line.counts else 0
    return SheetBar(bar, most, round(lost * 100 / span, 2), f"{events}{indicator.id}")


def lifts(sheet: Sheet) -> list[Lift]:
    """What would bring most points now, the best first, one entry of a line."""
    if not sheet.doing.counts:
        return []
    best = [
        max(each, key=lambda lift: lift.worth) for line in sheet.lines if (each := [*_of(line)])
    ]
    return sorted(best, key=lambda lift: -lift.worth)[:LIFTS_MAX]


def _of(line: SheetLine) -> Iterator[Lift]:
    """What brings points to one line."""
    name, href = line.line.indicator.vi, f"#line-{line.line.indicator.id}"
    details = line.details
    if isinstance(details, CoverageDetails):
        worth = max((duty.worth.least for duty in details.missing), default=0)
        if worth > 0:
            count = sum(duty.worth.least == worth for duty in details.missing)
            yield Lift(name, href, worth, message("unit-lift-duties", number=count))
        if details.next_step is not None and details.next_step.worth > 0:
            needed = details.next_step.needed
            text = message("unit-lift-steps", number=needed)
            yield Lift(name, href, details.next_step.worth, text)
    elif isinstance(details, QuotaDetails) and details.next.possible and details.next.least > 0:
        text = message("unit-lift-quota", number=details.missing_total)
        yield Lift(name, href, details.next.least, text)
    elif line.scale is not None and line.scale.next is not None and line.scale.next.worth > 0:
        yield Lift(name, href, line.scale.next.worth, line.scale.text)
    if line.nil is not None and not line.nil.arose:
        yield Lift(name, href, line.nil.worth, message("unit-lift-nil"))


def due_soon(sheet: Sheet, today: int) -> list[DueDuty]:
    """The missing duties that are due within SOON_DAYS of a day, the nearest first."""
    due = [
        DueDuty(date.fromordinal(duty.due), duty.key, line.line.indicator.vi,
                f"#line-{line.line.indicator.id}", duty)
        for line in sheet.lines if isinstance(line.details, CoverageDetails)
        for duty in line.details.missing
        if duty.due is not None and today <= duty.due <= today + SOON_DAYS
    ]  # fmt: skip
    return sorted(due, key=lambda each: (each.day, each.name, each.key))[:SOON_MAX]


def decision_rows(rubric: Rubric, entries: Sequence[Decision]) -> list[DecisionRow]:
    """Decisions by their time."""
    return [
        DecisionRow(
            entry, decision_title(entry), decision_number(entry),
            [*decision_contents(rubric, entry)], _points(entry),
        )
        for entry in sorted(entries, key=lambda entry: entry.time)
    ]  # fmt: skip


def _points(entry: Decision) -> int | None:
    points = entry.values.get("points")
    return None if points is None else hundredths(Fraction(str(points)))
