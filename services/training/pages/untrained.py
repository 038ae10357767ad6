"""Who is not yet trained in a topic: the units with how many, the persons of one, the time left."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.deadlines import days_until, this_year, today
from services.training.domain.names import by_name
from services.training.pages.course import OPEN
from services.training.pages.course_steps import COURSES, FIRST_TOPIC, TOPICS
from services.training.pages.courses import TONES
from services.training.pages.rosters import roster_address

LIST = "/training/pages/untrained"
ROWS, PERSONS_MAX, COURSES_MAX = 50, 1000, 1000
NO_DUE = "9999"


class UntrainedFilters(BaseModel):
    """Whose training is looked at: a year, a topic, and a unit; the interface checks them."""

    unit: Annotated[str | None, EMPTY] = Field(None, max_length=64)
    year: Annotated[str | None, EMPTY] = Field(None, max_length=4)
    topic: Annotated[str, EMPTY] = Field(FIRST_TOPIC, max_length=20)
    cursor: str | None = Field(None, max_length=300)

    def year_and_topic(self, site: Site) -> dict[str, str]:
        """What the training counts for: this year without another one."""
        return {"year": self.year or this_year(site), "topic": self.topic or FIRST_TOPIC}


class CourseAhead(NamedTuple):
    """A course that is still to be held, and how many days are left until its last day."""

    course: Mapping[str, Any]
    days: int | None


def untrained_address(unit: str, year: str | int, topic: str) -> str:
    """Where those of a unit stand who are not yet trained."""
    return f"{LIST}/{quote(unit)}?{urlencode({'year': year, 'topic': topic})}"


def courses_ahead(courses: Iterable[Mapping[str, Any]], topic: str, day: str) -> list[CourseAhead]:
    """The courses of a topic, those with the nearest last day first, as of a day."""
    of_topic = [course for course in courses if course["topic"] == topic]
    return [
        CourseAhead(course, days_until(course["due"], day) if course["due"] else None)
        for course in sorted(of_topic, key=lambda each: (each["due"] or NO_DUE, each["id"]))
    ]


def add_untrained(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The units with who is not yet trained, the persons of one, and both as files."""

    @pages.get("/untrained")
    async def untrained(
        request: Request, filters: Annotated[UntrainedFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        chosen = filters.year_and_topic(site)
        query = {"limit": ROWS, "unit": filters.unit, "cursor": filters.cursor}
        answer = (await api.get(visit, "/coverage", **query, **chosen)).body
        return visit.page(
            "untrained.html", filters=filters, topics=TOPICS, rows=answer["items"],
            next=answer["next"], address=untrained_address,
            days=days_until(f"{chosen['year']}-12-31", today(site)), year=chosen["year"],
            topic=chosen["topic"],
            file=f"/training/pages/coverage/file?{urlencode(chosen)}",
        )  # fmt: skip

    @pages.get("/coverage/file")
    async def coverage_file(
        request: Request, filters: Annotated[UntrainedFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        query = {**filters.year_and_topic(site), "unit": filters.unit, "format": "csv"}
        return (await api.get(visit, "/coverage", **query)).download()

    _add_unit(pages, site, api)


def _add_unit(pages: FastAPI, site: Site, api: RecordApi) -> None:
    @pages.get("/untrained/{unit}")
    async def untrained_unit(
        request: Request, unit: str, filters: Annotated[UntrainedFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        chosen = {**filters.year_and_topic(site), "unit": unit}
        answer = (
            await api.get(visit, "/missing", limit=PERSONS_MAX, cursor=filters.cursor, **chosen)
        ).body
        counts = (await api.get(visit, "/coverage", **chosen)).body["items"]
        day = today(site)
        return visit.page(
            "untrained_unit.html", filters=filters, topics=TOPICS, rows=by_name(answer["items"]),
            next=answer["next"], counts=counts[0] if counts else None, tones=TONES,
            days=days_until(f"{chosen['year']}-12-31", day), here=f"{LIST}/{quote(unit)}",
            courses=courses_ahead(await _open_courses(visit, api, chosen), filters.topic, day),
            course_address=COURSES.address, roster=roster_address(unit), unit=unit,
            year=chosen["year"], topic=chosen["topic"],
            file=f"{LIST}/{quote(unit)}/file?{urlencode(filters.year_and_topic(site))}",
        )  # fmt: skip

    @pages.get("/untrained/{unit}/file")
    async def untrained_file(
        request: Request, unit: str, filters: Annotated[UntrainedFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        query = {**filters.year_and_topic(site), "unit": unit, "format": "csv"}
        return (await api.get(visit, "/missing", **query)).download()


async def _open_courses(
    visit: Visit, api: RecordApi, chosen: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    """The courses of a unit's plan of the year that are still to be held."""
    query = {"unit": chosen["unit"], "year": chosen["year"], "limit": COURSES_MAX}
    courses: list[Mapping[str, Any]] = []
    for stage in OPEN:
        courses += (await api.get(visit, "/courses", stage=stage, **query)).body["items"]
    return courses
