"""What units reply in a year: their appeals with the answers, and their own scores."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Request, Response
from pydantic import Field

from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site, Visit
from services.scoring.access.parameters import Year
from services.scoring.access.read_lines import name_stage, name_units
from services.scoring.ratings.appeals import STATES, UNDECIDED, Appeal
from services.scoring.ratings.labels import label
from services.scoring.readmodel.appeals import AppealKey, appeal_page
from services.scoring.readmodel.decisions import self_scored_units
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.web.desk import Desk
from services.scoring.web.pages.desk import (
    DeskQuery,
    answer_form,
    wait_briefly,
)

ROWS, UNITS = 50, 30
SEPARATOR = "/"
TONES = {"undecided": "warn", "upheld": "good", "rejected": "quiet"}


class AppealFilters(DeskQuery):
    """Which appeals are listed."""

    state: Annotated[Literal["undecided", "upheld", "rejected"] | None, EMPTY] = None
    cursor: str | None = Field(None, max_length=300)


class ReplyPaging(DeskQuery):
    """Where a list begins."""

    cursor: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class AppealRow(NamedTuple):
    """An appeal with the name of its unit, and the forms by which the council goes on."""

    appeal: Appeal
    name: str
    tone: str
    answer: str | None
    adjust: str | None
    exempt: str | None


def add_desk_replies(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The appeals of a year, and the self-scores."""
    _add_appeals(pages, site, desk)

    @pages.get("/desk/{year}/self-scores")
    async def self_scores(
        request: Request, year: Year, query: Annotated[ReplyPaging, Query()]
    ) -> Response:
        visit = site.visit(request)
        folded = await wait_briefly(desk.reading, query.wait_for)
        await desk.years.view(year)
        snapshot, units = await self_scored_units(desk.reading, year, visit.caller)
        rows = units[query.cursor : query.cursor + UNITS]
        name_stage(snapshot.stage)
        name_units(request.scope, (each.unit for each in rows))
        last = query.cursor + UNITS
        return visit.page(
            "desk_self_scores.html", year=year, folded=folded, units=rows, number=len(units),
            next=last if last < len(units) else None,
            begin=begin_form(visit, "self-score", year),
        )  # fmt: skip


def _add_appeals(pages: FastAPI, site: Site, desk: Desk) -> None:
    @pages.get("/desk/{year}/appeals")
    async def appeals(
        request: Request, year: Year, filters: Annotated[AppealFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        folded = await wait_briefly(desk.reading, filters.wait_for)
        view = await desk.years.view(year)
        after = _place(filters.cursor)
        page = await appeal_page(desk.reading, year, visit.caller, filters.state, after, ROWS)
        snapshot = await desk.reading.snapshot(year)
        name_stage(snapshot.stage)
        name_units(request.scope, (appeal.unit for appeal in page.items))
        undecided = await desk.years.undecided_for(view, visit.caller)
        return visit.page(
            "desk_appeals.html", year=year, folded=folded, view=view, filters=filters,
            rows=[appeal_row(visit, snapshot, each) for each in page.items],
            next=page.next and SEPARATOR.join(page.next),
            states=[(state, label("appeal", state)) for state in STATES],
            labels={state: label("appeal", state) for state in STATES},
            year_missing=[
                (each, answer_form(year, each.unit, each.appeal))
                for each in undecided if each.year_missing
            ],
            may_answer=visit.caller.role == "council", begin=begin_form(visit, "appeal", year),
        )  # fmt: skip


def appeal_row(visit: Visit, snapshot: Snapshot, appeal: Appeal) -> AppealRow:
    """A row; only the council is offered what follows, and nothing of a sealed year."""
    unit, state = snapshot.registry.units[appeal.unit], appeal.state
    name, year = unit.name_in(snapshot.year), snapshot.year
    tone = TONES[state.state]
    if visit.caller.role != "council" or snapshot.state.seal is not None:
        return AppealRow(appeal, name, tone, None, None, None)
    if state.state == UNDECIDED:
        answer = answer_form(year, appeal.unit, appeal.appeal)
        return AppealRow(appeal, name, tone, answer, None, None)
    about = {"unit": appeal.unit, "decision": state.decision}
    adjust, exempt = (begin_address(code, year, **about) for code in ("adjustment", "exemption"))
    return AppealRow(appeal, name, tone, None, adjust, exempt)


def begin_form(visit: Visit, code: str, year: int) -> str | None:
    """Where a unit begins to reply; None for whoever does not."""
    return begin_address(code, year) if visit.caller.role == "emitter" else None


def begin_address(code: str, year: int, **about: str | None) -> str:
    """Where a form of the door begins, with what is known already."""
    parameters = {"form": code, **{name: value for name, value in about.items() if value}}
    return f"/desk/{year}/decisions?{urlencode(parameters)}#{code}"


def _place(cursor: str | None) -> AppealKey | None:
    unit, separator, appeal = (cursor or "").partition(SEPARATOR)
    return AppealKey(unit, appeal) if separator else None
