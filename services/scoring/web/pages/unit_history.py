"""What moved the total of a unit: a line over the time, and its causes, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import FastAPI, Query, Request, Response
from pydantic import Field

from contracts.messages import Message
from services.chassis.web.charts import course
from services.chassis.web.formats import moment
from services.chassis.web.site import Site
from services.scoring.access.cursors import cause_cursor, cause_place
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.exports.event_labels import event_label
from services.scoring.ratings.assessment import Assessment
from services.scoring.ratings.history import moved_lines
from services.scoring.ratings.labels import class_label
from services.scoring.ratings.replay import RatingChange
from services.scoring.ratings.scores import hundredths
from services.scoring.rubrics.model import Rubric
from services.scoring.web.desk import Desk
from services.scoring.web.unit_frame import UNIT, UnitQuery, open_frame

ROWS = 50


class HistoryQuery(UnitQuery):
    """A page of the history."""

    cursor: str | None = Field(None, max_length=2000)


class MovedRow(NamedTuple):
    """A line that moved: its score before and after, None where it is left out or not rated."""

    name: str
    before: int | None
    points: int | None


class ChangeRow(NamedTuple):
    """A cause, and what it changed; a class only where it is another one than before."""

    change: RatingChange
    title: Message
    before: int
    after: int
    lines: Sequence[MovedRow]
    new_class: Message | None


def add_unit_history(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The page of the history, which is always that of the present state."""

    @pages.get(f"{UNIT}/history")
    async def unit_history(
        request: Request, year: Year, unit: UnitCode, query: Annotated[HistoryQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        frame = await open_frame(desk, visit, year, unit, query)
        if isinstance(frame, Response):
            return frame
        key = frame.unit.key
        place = cause_place(query.cursor, year, key)
        page = await desk.reading.history(frame.snapshot, frame.unit, place, ROWS)
        rows = [change_row(each) for each in page.items]
        return visit.page(
            "unit_history.html", year=year, frame=frame, rows=rows,
            chart=course(points(rows), levels(frame.snapshot.rubric(frame.unit))),
            next=page.next and cause_cursor(page.next, year, key),
        )  # fmt: skip


def points(rows: Sequence[ChangeRow]) -> list[tuple[str, int]]:
    """The totals of the rows from the oldest on, with that before it."""
    if not rows:
        return []
    first = rows[-1].change.cause.recorded
    totals = [(first, rows[-1].before)]
    totals += [(row.change.cause.recorded, row.after) for row in reversed(rows)]
    return [(moment(at), total) for at, total in totals]


def levels(rubric: Rubric) -> list[tuple[str, int]]:
    """From which total on each class is given."""
    return [(band.name, hundredths(band.at_least)) for band in rubric.bands]


def change_row(change: RatingChange) -> ChangeRow:
    """The row of a cause."""
    before, after = change.before, change.after
    names = {
        line.indicator.id: line.indicator.vi
        for each in (before, after) if each is not None
        for line in each.lines
    }  # fmt: skip
    return ChangeRow(
        change, event_label(change.cause.kind.type), _total(before), _total(after),
        [
            MovedRow(names[line.indicator], line.before, line.points)
            for line in moved_lines(before, after)
        ],
        _new_class(before, after),
    )  # fmt: skip


def _total(assessment: Assessment | None) -> int:
    return 0 if assessment is None else assessment.total


def _new_class(before: Assessment | None, after: Assessment | None) -> Message | None:
    if after is None or (before is not None and before.class_name == after.class_name):
        return None
    return class_label(after.rubric, after.class_name)
