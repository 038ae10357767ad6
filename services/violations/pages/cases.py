"""The list of cases, those overdue first, and the counts by unit."""

from __future__ import annotations

from typing import Annotated, Any, get_args

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site
from services.records.pages.api_client import RecordApi
from services.records.pages.deadlines import is_overdue, this_year, today
from services.records.pages.kinds import options
from services.violations import labels
from services.violations.lists import Stage
from services.violations.pages.case_steps import CASES, case_title

ROWS = 50
TONES = {
    "reported": "warn", "assigned": "warn", "verified": "warn", "concluded": "warn",
    "appealed": "warn", "handled": "good", "upheld": "good",
}  # fmt: skip


class CaseFilters(BaseModel):
    """Which cases are listed; the interface checks the values."""

    unit: Annotated[str | None, EMPTY] = Field(None, max_length=64)
    stage: Annotated[str | None, EMPTY] = Field(None, max_length=20)
    overdue: Annotated[str | None, EMPTY] = Field(None, max_length=5)
    cursor: str | None = Field(None, max_length=300)

    @property
    def narrowed(self) -> bool:
        """Whether not all cases are listed."""
        return bool(self.unit or self.stage or self.overdue)


class CountFilters(BaseModel):
    """The year whose conclusions are counted."""

    year: Annotated[str | None, EMPTY] = Field(None, max_length=4)
    cursor: str | None = Field(None, max_length=300)


def add_cases(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The list, and the counts."""

    @pages.get("/cases")
    async def cases(request: Request, filters: Annotated[CaseFilters, Query()]) -> Response:
        visit = site.visit(request)
        answer = (await api.get(visit, "/cases", limit=ROWS, **filters.model_dump())).body
        overdue: dict[str, Any] = {"items": [], "next": None}
        if not filters.narrowed and not filters.cursor:
            overdue = (await api.get(visit, "/cases", limit=ROWS, overdue="true")).body
        first = {case["id"] for case in overdue["items"]}
        rows = overdue["items"] + [case for case in answer["items"] if case["id"] not in first]
        day = today(site)
        return visit.page(
            "cases.html", filters=filters, next=answer["next"], tones=TONES,
            rows=[(case, case_title(case), is_overdue(case, day)) for case in rows],
            stages=options(labels.stage, get_args(Stage)), kind=CASES, more=overdue["next"],
        )  # fmt: skip

    @pages.get("/cases.csv")
    async def cases_file(request: Request, filters: Annotated[CaseFilters, Query()]) -> Response:
        visit = site.visit(request)
        query = filters.model_dump(exclude={"cursor"})
        return (await api.get(visit, "/cases", format="csv", **query)).download()

    _add_counts(pages, site, api)


def _add_counts(pages: FastAPI, site: Site, api: RecordApi) -> None:
    @pages.get("/counts")
    async def counts(request: Request, filters: Annotated[CountFilters, Query()]) -> Response:
        visit = site.visit(request)
        year = filters.year or this_year(site)
        answer = await api.get(visit, "/counts", limit=ROWS, year=year, cursor=filters.cursor)
        return visit.page(
            "counts.html", year=year, rows=answer.body["items"], next=answer.body["next"],
            kind=CASES,
        )  # fmt: skip

    @pages.get("/counts.csv")
    async def counts_file(request: Request, filters: Annotated[CountFilters, Query()]) -> Response:
        visit = site.visit(request)
        year = filters.year or this_year(site)
        return (await api.get(visit, "/counts", format="csv", year=year)).download()
