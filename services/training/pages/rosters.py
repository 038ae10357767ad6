"""Rosters: the units with how many of theirs are trained, and who is on the roster of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Annotated, Any, get_args
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from services.chassis.web.forms import Form
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site, Visit
from services.chassis.word_search import closeness, terms
from services.records.pages.api_client import RecordApi
from services.records.pages.deadlines import this_year
from services.records.pages.kinds import StepField, StepForm, options
from services.training.domain import labels
from services.training.domain.names import by_name
from services.training.domain.roster import Role
from services.training.pages.course_steps import CLERK, DAY
from services.training.pages.list_uploads import skipped_rows

LIST = "/training/pages/rosters"
ROWS, ROWS_READ, PAGES_MAX = 50, 1000, 1000
"""How many rows a page shows, how many of a roster are read at once, and the last page."""
ROLES = options(labels.role, get_args(Role))
READS_NAMES = ("clerk", "hr")
ASSIGN = StepForm(
    "assign",
    (
        StepField("number", required=True), StepField("name"),
        StepField("role", "select", True, ROLES), DAY,
    ),
    CLERK,
)  # fmt: skip


class RosterFilters(BaseModel):
    """Which rosters are listed, and the year whose training counts."""

    unit: Annotated[str | None, EMPTY] = Field(None, max_length=64)
    year: Annotated[str | None, EMPTY] = Field(None, max_length=4)
    cursor: str | None = Field(None, max_length=300)


class MemberFilters(BaseModel):
    """Who of a roster is listed, in pages from 1; `added` and `unchanged` say what an import did.

    `q` are words of a name or a staff number.
    """

    q: Annotated[str | None, EMPTY] = Field(None, max_length=200)
    date: Annotated[str | None, EMPTY] = Field(None, max_length=10)
    role: Annotated[str | None, EMPTY] = Field(None, max_length=20)
    cursor: int = Field(1, ge=1, le=PAGES_MAX)
    added: int | None = Field(None, ge=0, le=1000)
    unchanged: int | None = Field(None, ge=0, le=1000)

    @property
    def narrowed(self) -> bool:
        """Whether not everybody is listed who is on the roster now."""
        return bool(self.q or self.date or self.role)

    def matching(self, members: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those whose names or numbers have all words; everybody where names are not shown."""
        sought = terms(self.q or "")
        return [
            each for each in members
            if "name" not in each
            or closeness(sought, (each["name"] or "", each["number"] or "")) is not None
        ]  # fmt: skip


class FileFilters(BaseModel):
    """The format of a file, and the day whose roster it has."""

    format: str = Field("xlsx", max_length=4)
    date: Annotated[str | None, EMPTY] = Field(None, max_length=10)
    role: Annotated[str | None, EMPTY] = Field(None, max_length=20)


def share_of(percentage: str | None) -> Fraction | None:
    """A share of one from a percentage as text."""
    return None if percentage is None else Fraction(percentage) / 100


def roster_address(unit: str) -> str:
    """Where the roster of a unit is."""
    return f"{LIST}/{quote(unit)}"


def add_rosters(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The list of rosters, one roster, its files, and the form of a new member."""

    @pages.get("/rosters")
    async def rosters(request: Request, filters: Annotated[RosterFilters, Query()]) -> Response:
        visit = site.visit(request)
        year = filters.year or this_year(site)
        query = {"limit": ROWS, "unit": filters.unit, "cursor": filters.cursor}
        answer = (await api.get(visit, "/coverage", year=year, **query)).body
        rows = answer["items"]
        if not filters.cursor:
            rows = [*own_units(visit, filters, rows), *rows]
        return visit.page(
            "rosters.html", filters=filters, year=year, rows=rows, next=answer["next"],
            address=roster_address, share=share_of,
        )  # fmt: skip

    @pages.get("/rosters/{unit}")
    async def roster(
        request: Request, unit: str, filters: Annotated[MemberFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        query = filters.model_dump(include={"date", "role"})
        members = filters.matching(await whole_roster(visit, api, unit, **query))
        after = filters.cursor * ROWS
        year = this_year(site)
        counts = (await api.get(visit, "/coverage", year=year, unit=unit)).body["items"]
        return visit.page(
            "roster.html", unit=unit, filters=filters, rows=members[after - ROWS : after],
            next=filters.cursor + 1 if len(members) > after else None, found=len(members),
            year=year, counts=counts[0] if counts else None, roles=ROLES,
            address=roster_address(unit), share=share_of, names=visit.caller.role in READS_NAMES,
            skipped=skipped_rows(visit),
        )  # fmt: skip

    _add_files(pages, site, api)
    _add_assignment(pages, site, api)


async def whole_roster(
    visit: Visit, api: RecordApi, unit: str, **query: str | None
) -> list[dict[str, Any]]:
    """Everybody on the roster of a unit, by name where the role sees names."""
    members: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = {**query, "limit": ROWS_READ, "cursor": cursor}
        answer = (await api.get(visit, f"/rosters/{quote(unit)}", **page)).body
        members += answer["items"]
        cursor = answer["next"]
    return by_name(members)


def own_units(
    visit: Visit, filters: RosterFilters, rows: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The units of a clerk whose rosters are empty, which no list has."""
    listed = {row["unit"] for row in rows}
    own = [unit for unit in visit.units if filters.unit in (None, unit) and unit not in listed]
    return [{"unit": unit, "obliged": 0, "trained": 0, "share": None} for unit in own]


def _add_files(pages: FastAPI, site: Site, api: RecordApi) -> None:
    @pages.get("/rosters/{unit}/file")
    async def roster_file(
        request: Request, unit: str, filters: Annotated[FileFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        answer = await api.get(visit, f"/rosters/{quote(unit)}", **filters.model_dump())
        return answer.download()

    @pages.get("/rosters/{unit}/template")
    async def attendance_template(
        request: Request, unit: str, filters: Annotated[FileFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        query = filters.model_dump(include={"format", "date"})
        answer = await api.get(visit, "/templates/attendance", unit=unit, **query)
        return answer.download()


def _add_assignment(pages: FastAPI, site: Site, api: RecordApi) -> None:
    @pages.get("/rosters/{unit}/new")
    async def new_member(request: Request, unit: str) -> Response:
        visit = site.visit(request)
        return _form_page(visit, unit, visit.form(role=ROLES[0][0]))

    @pages.post("/rosters/{unit}/new")
    async def assign_member(request: Request, unit: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        body = ASSIGN.command(form, ASSIGN.fields) | {"unit": unit}
        answer = await api.send(visit, form, "/memberships", body)
        if form.faulty:
            return _form_page(visit, unit, form, answer.status)
        return visit.see_other(roster_address(unit), "member-assigned")


def _form_page(visit: Visit, unit: str, form: Form, status: int = 200) -> Response:
    return visit.page(
        "roster_new.html", status, form=form, unit=unit, step=ASSIGN, list_address=LIST,
        address=roster_address(unit),
    )  # fmt: skip
