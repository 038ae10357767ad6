"""When each unit last did something in a year: the silent ones first."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from services.chassis.web.site import Site
from services.scoring.access.parameters import Year
from services.scoring.access.read_lines import name_stage, name_units
from services.scoring.exports.event_labels import short_event_label
from services.scoring.ratings.labels import KINDS, label
from services.scoring.readmodel.activity import SILENT_DAYS, activity, silent
from services.scoring.readmodel.reader import may_read
from services.scoring.web.desk import Desk

ROWS = 100


class ActivityPaging(BaseModel):
    """Where the list begins."""

    cursor: Annotated[int, Field(ge=0, le=1_000_000)] = 0


def add_year_activity(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The page of all units that the person may see."""
    reading = desk.reading

    @pages.get("/years/{year}/activity")
    async def year_activity(
        request: Request, year: Year, query: Annotated[ActivityPaging, Query()]
    ) -> Response:
        visit = site.visit(request)
        await desk.years.view(year)
        current, snapshot = await reading.snapshots.of(year), await reading.snapshot(year)
        units = [key for key in snapshot.standings if may_read(current, key, visit.caller)]
        rows = await activity(reading, snapshot, units)
        name_stage(snapshot.stage)
        last = query.cursor + ROWS
        listed = rows[query.cursor : last]
        name_units(request.scope, (row.unit for row in listed))
        return visit.page(
            "year_activity.html", year=year, rows=listed, units=len(rows),
            next=last if last < len(rows) else None, silent=silent(rows), days=SILENT_DAYS,
            kinds={kind: label("kind", kind) for kind in KINDS}, type_label=short_event_label,
        )  # fmt: skip
