"""The rows of a comparison: its two sides, each line with its reasons, and the chart. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from contracts.envelope import Recorded
from contracts.messages import Message
from services.chassis.web.charts import Step, Waterfall, bridge
from services.scoring.exports.event_labels import event_label
from services.scoring.ratings.class_reasons import sentence
from services.scoring.ratings.contributions import ADJUSTMENT
from services.scoring.ratings.differences import LineDifference
from services.scoring.ratings.labels import class_label, label
from services.scoring.ratings.method import Effect
from services.scoring.ratings.scores import Line, hundredths
from services.scoring.ratings.sheet.states import line_state
from services.scoring.ratings.side_by_side import LinePair, SideBySide
from services.scoring.ratings.standings import Standing
from services.scoring.web.messages import message
from services.scoring.web.pages.year import tone

TYPES_MAX = 3
"""So many types of events are named as the causes of a line."""


class ComparedSide(NamedTuple):
    """One side: what it is called, its address, and how the unit stands there."""

    title: str | Message
    href: str
    standing: Standing

    @property
    def total(self) -> int:
        """The total in hundredths."""
        return self.standing.assessment.total

    @property
    def class_name(self) -> str:
        """The class."""
        return self.standing.assessment.class_name

    @property
    def class_label(self) -> Message:
        """The class in words."""
        return class_label(self.standing.assessment.rubric, self.class_name)

    @property
    def tone(self) -> str:
        """The colour of the class."""
        return tone(self.standing.assessment.rubric.classes, self.class_name)

    @property
    def reasons(self) -> list[Message]:
        """Why the class is not that of the points."""
        return [sentence(reason) for reason in self.standing.assessment.reasons]


class CauseCount(NamedTuple):
    """A type of event, and how many of it moved a line."""

    title: Message
    number: int


class CompareRow(NamedTuple):
    """A line, or another part of the totals: its points on both sides, and why they differ.

    A side without points does not count the line. `limits` are the most that each rubric gives,
    where they differ; `effect` parts the difference of two years into work and method.
    """

    id: str
    name: str | Message
    clause: str
    points: int | None
    other_points: int | None
    difference: int
    text: Message | None
    other_text: Message | None
    limits: tuple[int, int] | None
    effect: Effect | None
    causes: Sequence[CauseCount]

    @property
    def differs(self) -> bool:
        """Whether there is anything to explain."""
        parted = self.effect is not None and self.effect != NO_EFFECT
        changed = parted or bool(self.difference or self.limits or self.causes)
        return changed or self.text != self.other_text


def compare_rows(
    compared: SideBySide, effects: Mapping[str, Effect], differences: Iterable[LineDifference] = ()
) -> list[CompareRow]:
    """Every line in the order of the rubric, then the other parts that are not 0 on both sides."""
    causes = {
        each.indicator.id if each.indicator else ADJUSTMENT: each.causes for each in differences
    }
    rows = [_line(pair, effects, causes.get(pair.indicator.id, ())) for pair in compared.lines]
    return rows + [
        CompareRow(
            each.part, label("part", each.part), "", each.points, each.other_points,
            each.difference, None, None, None, effects.get(each.part),
            cause_counts(causes.get(each.part, ())),
        )
        for each in compared.parts
        if each.points or each.other_points or effects.get(each.part, NO_EFFECT) != NO_EFFECT
    ]  # fmt: skip


NO_EFFECT = Effect(0, 0)


def _line(pair: LinePair, effects: Mapping[str, Effect], causes: Sequence[Recorded]) -> CompareRow:
    indicator = pair.indicator
    return CompareRow(
        indicator.id, indicator.vi, indicator.clause, _counted(pair.line, pair.points),
        _counted(pair.other, pair.other_points), pair.difference, _text(pair.line),
        _text(pair.other), _limits(pair), effects.get(indicator.id), cause_counts(causes),
    )  # fmt: skip


def _counted(line: Line | None, points: int) -> int | None:
    return None if line is None or not line.counts else points


def _text(line: Line | None) -> Message:
    return message("compare-not-in-rubric") if line is None else line_state(line)


def _limits(pair: LinePair) -> tuple[int, int] | None:
    if pair.line is None or pair.other is None:
        return None
    own, other = (hundredths(each.indicator.points_max) for each in (pair.line, pair.other))
    return None if own == other else (own, other)


def cause_counts(causes: Sequence[Recorded]) -> list[CauseCount]:
    """The most frequent types of these events."""
    counts = Counter(event.kind.type for event in causes)
    return [CauseCount(event_label(type_), n) for type_, n in counts.most_common(TYPES_MAX)]


def compare_chart(
    own: ComparedSide, other: ComparedSide, rows: Sequence[CompareRow], reckoned: Step | None = None
) -> Waterfall:
    """From the total of the other side to that of this one.

    With `reckoned`, the total of the year under the rubric of the other year, first the steps of
    work lead there, then those of method.
    """
    first, last = (Step(each.title, each.total, tone="total") for each in (other, own))
    if reckoned is None:
        return bridge([first, *_steps((row, row.difference) for row in rows), last])
    parted = [(row, row.effect or NO_EFFECT) for row in rows]
    work = _steps((row, effect.work) for row, effect in parted)
    method = _steps((row, effect.method) for row, effect in parted)
    return bridge([first, *work, reckoned, *method, last])


def _steps(values: Iterable[tuple[CompareRow, int]]) -> list[Step]:
    return [Step(row.name, value, f"#line-{row.id}", row.clause) for row, value in values if value]
