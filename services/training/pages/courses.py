"""The courses of the plan of the units, and the form by which a clerk plans another one."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site
from services.records.pages.api_client import RecordApi
from services.records.pages.creations import add_creation
from services.training.domain import labels
from services.training.pages.course_steps import COURSES, PLAN

ROWS = 50
STAGES = ("planned", "scheduled", "held", "cancelled")
TONES = {"planned": "", "scheduled": "warn", "held": "good", "cancelled": "quiet"}


class CourseFilters(BaseModel):
    """Which courses are listed; the interface checks the values."""

    unit: Annotated[str | None, EMPTY] = Field(None, max_length=64)
    year: Annotated[str | None, EMPTY] = Field(None, max_length=4)
    stage: Annotated[str | None, EMPTY] = Field(None, max_length=20)
    cursor: str | None = Field(None, max_length=300)

    @property
    def narrowed(self) -> bool:
        """Whether not all courses are listed."""
        return bool(self.unit or self.year or self.stage)


def add_courses(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The list of courses, and the form of a new one."""
    add_creation(pages, site, api, COURSES, PLAN)

    @pages.get("/courses")
    async def courses(request: Request, filters: Annotated[CourseFilters, Query()]) -> Response:
        visit = site.visit(request)
        answer = await api.get(visit, "/courses", limit=ROWS, **filters.model_dump())
        return visit.page(
            "courses.html", filters=filters, courses=answer.body["items"],
            next=answer.body["next"], tones=TONES,
            stages=[(stage, labels.stage(stage)) for stage in STAGES],
        )  # fmt: skip
