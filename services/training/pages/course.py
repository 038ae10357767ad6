"""A course: its state and last day, what is possible next, and its sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response

from services.chassis.web.site import Site
from services.records.pages.api_client import RecordApi
from services.records.pages.deadlines import is_overdue, today
from services.training.pages.course_steps import COURSES, OF_SESSION, session_ends
from services.training.pages.courses import TONES

OPEN = ("planned", "scheduled")
DESCRIBED = (
    "year", "title", "topic", "provider", "hours", "clause", "due", "rule", "ended", "completed",
)  # fmt: skip


class SessionRow(NamedTuple):
    """A session, whether it is over, and whether it is over without a list of who attended."""

    session: Mapping[str, Any]
    over: bool
    unlisted: bool


def session_rows(sessions: Iterable[Mapping[str, Any]], now: int) -> list[SessionRow]:
    """The sessions of a course at an instant, in their order."""
    rows = []
    for each in sessions:
        over = session_ends(each) <= now
        rows.append(SessionRow(each, over, over and not each["attended"] + each["absent"]))
    return rows


def described(course: Mapping[str, Any]) -> dict[str, Any]:
    """A course with all its members, which one that was withdrawn has not."""
    return {**dict.fromkeys(DESCRIBED), "places": [], "sessions": [], **course}


def add_course(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The page of a course."""

    @pages.get("/courses/{id}")
    async def course(request: Request, id: str) -> Response:
        visit = site.visit(request)
        record = described((await api.get(visit, f"/courses/{id}")).body)
        steps = COURSES.next_steps(visit, record)
        rows = session_rows(record["sessions"], site.sessions.clock())
        return visit.page(
            "course.html", kind=COURSES, course=record, address=COURSES.address(id), tones=TONES,
            overdue=record["stage"] in OPEN and is_overdue(record, today(site)),
            rows=rows, attends="attend" in record["possible"],
            unlisted=[row.session["number"] for row in rows if row.unlisted],
            steps=[step for step in steps if step.name not in OF_SESSION],
            session_steps=[step.name for step in steps if step.name in OF_SESSION],
        )  # fmt: skip
