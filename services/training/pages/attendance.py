"""Who attended a session: boxes for everybody on the roster, a list as a file, and mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_args
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from services.chassis.http.problems import Problem
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import Answer, RecordApi
from services.records.pages.impossible import CONFLICT, impossible_page, stage_reason
from services.records.pages.kinds import Record, options
from services.training.attendance_files.refused_list import ATTENDANCE
from services.training.domain import labels
from services.training.domain.attendance import Test
from services.training.domain.names import by_name
from services.training.pages.attendance_ticks import (
    attended_rows,
    begun_fields,
    name_rows,
    name_unticked,
    persons_of,
    take_over,
)
from services.training.pages.course_steps import (
    COURSES,
    course_title,
    session_ends,
    session_title,
)
from services.training.pages.list_uploads import (
    Import,
    ListUploads,
    add_list_import,
    skipped_query,
    skipped_rows,
)
from services.training.pages.messages import message
from services.training.pages.rosters import FileFilters, whole_roster

PAGES_MAX, PERSONS_SHOWN = 1000, 100
"""The most pages, and how many persons are ticked at once."""
TESTS = options(labels.test, get_args(Test))
ATTENDED = "/courses/{id}/sessions/{session}/attendance"
DAY_LENGTH, UNPROCESSABLE = len("2025-03-01"), 422


class Sitting(NamedTuple):
    """A session of a course, with who is listed in it."""

    course: Record
    version: str
    session: Mapping[str, Any]
    listed: list[dict[str, Any]]
    over: bool

    @property
    def address(self) -> str:
        """Where its attendance is."""
        return attendance_address(self.course["id"], self.session["session"])


def attendance_address(id_: str, session: str) -> str:
    """Where the attendance of a session is."""
    return f"{COURSES.address(id_)}/sessions/{quote(session)}/attendance"


def attendance_path(id_: str, session: str) -> str:
    """Where the interface has it."""
    return f"/courses/{id_}/sessions/{quote(session)}/attendance"


async def load_sitting(visit: Visit, api: RecordApi, id_: str, session: str) -> Sitting:
    """A session with who is listed in it, by name; RecordRefused where there is none."""
    answer = (await api.get(visit, attendance_path(id_, session))).body
    course = await api.get(visit, f"/courses/{id_}")
    sessions = {each["session"]: each for each in course.body["sessions"]}
    about = sessions[answer["session"]]
    over = session_ends(about) <= visit.site.sessions.clock()
    return Sitting(course.body, course.version, about, by_name(answer["items"]), over)


async def enrolled(visit: Visit, api: RecordApi, sitting: Sitting) -> list[dict[str, Any]]:
    """Everybody who is on the roster on the day of the session, or listed in it already."""
    day = sitting.session["starts"][:DAY_LENGTH]
    members = await whole_roster(visit, api, sitting.course["unit"], date=day)
    on_roster = {each["person"]: {**each, "hours": None, "test": None} for each in members}
    return by_name((on_roster | {each["person"]: each for each in sitting.listed}).values())


class PersonPage(BaseModel):
    """Which of the persons are ticked, counted in pages from 1.

    `ticked`: the form begins with a tick for whoever is not entered yet.
    """

    cursor: int = Field(1, ge=1, le=PAGES_MAX)
    ticked: Literal["all"] | None = None

    def of(self, persons: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The persons of this page."""
        return persons[(self.cursor - 1) * PERSONS_SHOWN : self.cursor * PERSONS_SHOWN]

    def after(self, persons: list[dict[str, Any]]) -> int | None:
        """The next page; None behind the last one."""
        return self.cursor + 1 if len(persons) > self.cursor * PERSONS_SHOWN else None


def add_attendance(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The attendance of a session: read, ticked, and as a file."""

    @pages.get(ATTENDED)
    async def attendance(
        request: Request, id: str, session: str, page: Annotated[PersonPage, Query()]
    ) -> Response:
        visit = site.visit(request)
        sitting = await load_sitting(visit, api, id, session)
        if not may_attend(visit, sitting):
            return visit.page("attendance.html", **_frame(visit, sitting))
        persons = await enrolled(visit, api, sitting)
        part, next_page = page.of(persons), page.after(persons)
        hours, all_ticked = sitting.session["hours"], page.ticked is not None
        form = visit.form(sitting.version, **begun_fields(part, hours, all_ticked))
        if form.restored:  # meanwhile somebody may have come on the roster, between the others
            part = persons_of(form, persons)
        return _ticking_page(visit, sitting, part, form, next=next_page)

    _add_ticking(pages, site, api)
    _add_file(pages, site, api)
    _add_import(pages, site, api)
    _add_strike(pages, site, api)


def _add_ticking(pages: FastAPI, site: Site, api: RecordApi) -> None:
    @pages.post(ATTENDED)
    async def attend(
        request: Request, id: str, session: str, page: Annotated[PersonPage, Query()]
    ) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        sitting = await load_sitting(visit, api, id, session)
        everybody = await enrolled(visit, api, sitting)
        persons, next_page = persons_of(form, everybody), page.after(everybody)
        status = await _send_ticks(visit, api, form, sitting, persons)
        if not form.faulty:
            address = f"{sitting.address}?cursor={next_page}" if next_page else COURSES.address(id)
            return visit.see_other(address, "attendance-recorded")
        return _ticking_page(visit, sitting, persons, form, status, next_page)


async def _send_ticks(
    visit: Visit, api: RecordApi, form: Form, sitting: Sitting, persons: list[dict[str, Any]]
) -> int:
    """Sends the rows of the form; the status of the answer, and what is wrong in the form."""
    hours, version = sitting.session["hours"], form.version
    if version == sitting.version:
        name_unticked(form, persons, hours)
    rows, places = attended_rows(form, sitting.listed)
    if not rows and not form.faulty:
        form.general.append(message("attendance-nobody"))
    if form.faulty:
        return UNPROCESSABLE
    body = {"session": sitting.session["session"], "rows": rows}
    answer = await api.send(visit, form, f"/courses/{sitting.course['id']}/attend", body)
    name_rows(form, places)
    if form.version != version:
        take_over(form, persons, hours)
    return answer.status


def may_attend(visit: Visit, sitting: Sitting) -> bool:
    """Whether the person may write down who attended."""
    route = f"POST {ATTENDED}"
    return sitting.over and visit.may(route) and "attend" in sitting.course["possible"]


def _frame(visit: Visit, sitting: Sitting) -> dict[str, Any]:
    return {
        "kind": COURSES, "course": sitting.course, "session": sitting.session,
        "listed": sitting.listed, "title": session_title(sitting.session),
        "address": sitting.address, "skipped": skipped_rows(visit), "over": sitting.over,
        "may_attend": may_attend(visit, sitting),
        "may_strike": visit.may(f"GET {ATTENDED}/strike")
        and "strike" in sitting.course["possible"] and bool(sitting.listed),
    }  # fmt: skip


def _ticking_page(
    visit: Visit, sitting: Sitting, persons: list[dict[str, Any]], form: Form, status: int = 200,
    next: int | None = None,
) -> Response:  # fmt: skip
    test = bool((sitting.course.get("rule") or {}).get("test"))
    return visit.page(
        "attendance_form.html", status, form=form, persons=persons, test=test, tests=TESTS,
        next=next, here=visit.address(),
        untouched=any(each["hours"] is None for each in persons),
        **_frame(visit, sitting),
    )  # fmt: skip


def _add_file(pages: FastAPI, site: Site, api: RecordApi) -> None:
    @pages.get(f"{ATTENDED}/file")
    async def attendance_file(
        request: Request, id: str, session: str, filters: Annotated[FileFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        path = attendance_path(id, session)
        return (await api.get(visit, path, format=filters.format)).download()


def _add_import(pages: FastAPI, site: Site, api: RecordApi) -> None:
    async def target_of(visit: Visit) -> Import:
        id_, session = (visit.request.path_params[name] for name in ("id", "session"))
        sitting = await load_sitting(visit, api, id_, session)
        if not may_attend(visit, sitting):
            over = stage_reason(sitting.course) if sitting.over else message("attendance-not-over")
            raise Problem(CONFLICT, over)
        crumbs = [
            (COURSES.list_title, COURSES.list_address),
            (course_title(sitting.course), COURSES.address(id_)),
            (session_title(sitting.session), sitting.address),
        ]  # fmt: skip
        title = message("attendance-import")
        path = attendance_path(id_, session)
        address = f"{sitting.address}/import"
        return Import(path, title, address, "attendance", crumbs, sitting.version)

    def lead_on(visit: Visit, answer: Answer) -> Response:
        address = attendance_address(*(visit.request.path_params[n] for n in ("id", "session")))
        skipped = skipped_query(answer)
        return visit.see_other(f"{address}?{skipped}" if skipped else address, "list-imported")

    add_list_import(pages, site, ATTENDED, ListUploads(ATTENDANCE, api), target_of, lead_on)


def _add_strike(pages: FastAPI, site: Site, api: RecordApi) -> None:
    @pages.get(f"{ATTENDED}/strike")
    async def ask_strike(request: Request, id: str, session: str) -> Response:
        visit = site.visit(request)
        sitting = await load_sitting(visit, api, id, session)
        if not _frame(visit, sitting)["may_strike"]:
            why = () if sitting.listed else (message("strike-none"),)
            title = COURSES.command("strike")
            return await impossible_page(visit, api, COURSES, sitting.course, title, why)
        form = visit.form(sitting.version)
        return visit.page("attendance_strike.html", form=form, **_frame(visit, sitting))

    @pages.post(f"{ATTENDED}/strike")
    async def strike(request: Request, id: str, session: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        body = {"session": session, "persons": form.every("persons")}
        answer = await api.send(visit, form, f"/courses/{id}/strike", body)
        if not form.faulty:
            return visit.see_other(COURSES.address(id), "persons-struck")
        sitting = await load_sitting(visit, api, id, session)
        return visit.page(
            "attendance_strike.html", answer.status, form=form, **_frame(visit, sitting)
        )
