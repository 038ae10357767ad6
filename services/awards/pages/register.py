"""The register: what is recognised in a year, for everybody who reads awards."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from services.awards import labels
from services.awards.pages.achievement_steps import (
    ACHIEVEMENTS,
    LEVELS,
    REGISTER,
    REPLICATE,
    achievement_title,
    reads_unit,
)
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.deadlines import this_year
from services.records.pages.kinds import options
from services.records.record import record_missing
from services.records.request_bodies import RECORD_ID

ROWS = 50
BEFORE_ITS_HONOURS = "award:a"
"""The end of a cursor that stands before all honours of one achievement."""


class RegisterFilters(BaseModel):
    """The part of the register that is shown; the interface checks the values."""

    year: Annotated[str | None, EMPTY] = Field(None, max_length=4)
    level: Annotated[str | None, EMPTY] = Field(None, max_length=20)
    cursor: str | None = Field(None, max_length=300)


def entry_address(year: int, id_: str) -> str:
    """Where an entry of the register is."""
    return f"{REGISTER.list_address}/{year}/{id_}"


async def find_entry(visit: Visit, api: RecordApi, year: int, id_: str) -> list[dict[str, Any]]:
    """The honours of an achievement in a year, at least one; Problem 404 without any."""
    if not re.fullmatch(RECORD_ID, id_, re.ASCII):
        raise record_missing(id_)
    query = {"year": year, "limit": 2 * len(LEVELS), "cursor": f"{id_}:{BEFORE_ITS_HONOURS}"}
    items = (await api.get(visit, "/register", **query)).body["items"]
    honours = [honour for honour in items if honour["id"] == id_]
    if not honours:
        raise record_missing(id_)
    return honours


async def own_replications(visit: Visit, api: RecordApi, id_: str) -> list[dict[str, Any]]:
    """The replications that a clerk may take back; none for others, who do so by the journal."""
    if not visit.may("POST /register/{year}/{id}/retract/{version}"):
        return []
    answer = await api.get(visit, f"/achievements/{id_}/replications")
    return list(answer.body["items"])


def add_register(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The register, its file, and the page of an entry."""

    @pages.get("/register")
    async def register(request: Request, filters: Annotated[RegisterFilters, Query()]) -> Response:
        visit = site.visit(request)
        query = filters.model_dump() | {"year": filters.year or this_year(site)}
        answer = (await api.get(visit, "/register", limit=ROWS, **query)).body
        return visit.page(
            "register.html", kind=REGISTER, year=query["year"], filters=filters,
            next=answer["next"], levels=options(labels.level, LEVELS),
            rows=[(each, achievement_title(each), _address(visit, each))
                  for each in answer["items"]],
        )  # fmt: skip

    @pages.get("/register.csv")
    async def register_file(
        request: Request, filters: Annotated[RegisterFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        query = {"year": filters.year or this_year(site), "level": filters.level}
        return (await api.get(visit, "/register", format="csv", **query)).download()

    @pages.get("/register/{year}/{id}")
    async def register_entry(request: Request, year: int, id: str) -> Response:
        visit = site.visit(request)
        honours = await find_entry(visit, api, year, id)
        replications = await own_replications(visit, api, id)
        return visit.page(
            "register_entry.html", kind=REGISTER, honours=honours, replications=replications,
            address=entry_address(year, id),
            own=ACHIEVEMENTS.address(id) if reads_unit(visit, honours[0]["unit"]) else None,
            steps=[REPLICATE] if may_take_up(visit, honours, replications) else [],
        )  # fmt: skip


def _address(visit: Visit, honour: dict[str, Any]) -> str:
    """The achievement, for whoever may read it; else its entry."""
    if reads_unit(visit, honour["unit"]):
        return ACHIEVEMENTS.address(honour["id"])
    return entry_address(honour["year"], honour["id"])


def may_take_up(
    visit: Visit, honours: list[dict[str, Any]], replications: list[dict[str, Any]]
) -> bool:
    """Whether a unit of the person can take it up: not the own model, nor the same one twice."""
    if not any(honour["what"] == "model" for honour in honours):
        return False
    done = {honours[0]["unit"], *(each["by"] for each in replications)}
    left = not visit.units or not done.issuperset(visit.units)
    return left and visit.may("POST /register/{year}/{id}/replicate")
