"""Line by line what differs between two states of a unit's year, and the events behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from contracts import moments
from contracts.envelope import Recorded
from contracts.messages import Message
from services.scoring.fold.cells import ADJUSTMENT
from services.scoring.messages import message
from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.history import cause_members, moved_lines, place_of
from services.scoring.ratings.model import Rating
from services.scoring.ratings.scores import points_text
from services.scoring.rubrics.model import Indicator

EVENTS_MAX = 100
Members = dict[str, Any]


class YearSide(NamedTuple):
    """One of the two states; rating and assessment are None while the unit is not rated."""

    as_of: int | None
    stage: str
    version: int
    rubrics: str
    rating: Rating | None
    assessment: Assessment | None


class LineDifference(NamedTuple):
    """A line whose score differs, in hundredths; `indicator` is None for the adjustments.

    `causes` are the events between the two states that moved it, newest first.
    """

    indicator: Indicator | None
    before: int | None
    points: int | None
    causes: Sequence[Recorded]


def line_differences(
    before: Assessment | None, after: Assessment | None, causes: Mapping[str, Iterable[Recorded]]
) -> list[LineDifference]:
    """The lines that differ; `causes` are events by the id of the indicator that they moved."""
    indicators = {
        line.indicator.id: line.indicator
        for assessment in (before, after)
        for line in ([] if assessment is None else assessment.lines)
    }
    differences = [
        LineDifference(
            indicators[line.indicator], line.before, line.points,
            _newest_first(causes.get(line.indicator, ())),
        )
        for line in moved_lines(before, after)
    ]  # fmt: skip
    earlier, later = _adjustment(before), _adjustment(after)
    if earlier != later:
        causes_of = _newest_first(causes.get(ADJUSTMENT, ()))
        differences.append(LineDifference(None, earlier, later, causes_of))
    return differences


def _adjustment(assessment: Assessment | None) -> int:
    return 0 if assessment is None else assessment.adjustment


def _newest_first(causes: Iterable[Recorded]) -> list[Recorded]:
    return sorted(causes, key=place_of, reverse=True)


def differences_members(
    unit: str, year: int, before: YearSide, after: YearSide, lines: Iterable[LineDifference]
) -> Members:
    """The differences as the interface has them."""
    return {
        "unit": unit,
        "year": year,
        "from": _side_members(before),
        "to": _side_members(after),
        "rubrics_differ": before.rubrics != after.rubrics,
        "items": [_line_members(line) for line in lines],
    }


def _side_members(side: YearSide) -> Members:
    rating = side.rating
    return {
        "as_of": None if side.as_of is None else moments.rfc3339(side.as_of),
        "stage": side.stage,
        "version": side.version,
        "rubrics": side.rubrics,
        "rated": rating is not None,
        "class": None if rating is None else rating.class_name,
        "rank": None if rating is None else rating.rank,
    } | {
        name: None if rating is None else points_text(getattr(rating, name))
        for name in ("basic", "bonus", "deduction", "adjustment", "total")
    }


def _line_members(line: LineDifference) -> Members:
    text = _sentence(line)
    return {
        "indicator": None if line.indicator is None else line.indicator.id,
        "clause": None if line.indicator is None else line.indicator.clause,
        "before": None if line.before is None else points_text(line.before),
        "points": None if line.points is None else points_text(line.points),
        "events": [
            {"at": moments.rfc3339(cause.recorded), **cause_members(cause)}
            for cause in line.causes[:EVENTS_MAX]
        ],
        "events_total": len(line.causes),
        "text_vi": text.vi,
        "text_en": text.en,
    }


def _sentence(line: LineDifference) -> Message:
    name = message("change-adjustment") if line.indicator is None else line.indicator.vi
    if line.before is None or line.points is None:
        code = "change-counted" if line.before is None else "change-left-out"
        points = line.points if line.before is None else line.before
        return message(code, name=name, points=points_text(points or 0))
    return message(
        "change-line", name=name, before=points_text(line.before), points=points_text(line.points)
    )
