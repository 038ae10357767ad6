"""The replication of a model of another unit, from its entry in the register, and its retraction.

The clerk of the unit that takes a model up may not read the achievement itself, nor its journal.
"""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from services.awards.pages.achievement_steps import REGISTER, REPLICATE, achievement_title
from services.awards.pages.messages import message
from services.awards.pages.register import (
    entry_address,
    find_entry,
    may_take_up,
    own_replications,
)
from services.chassis.web import formats
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.impossible import impossible_page, typed_fields
from services.records.pages.kinds import name_document_faults
from services.records.pages.retractions import send_retraction

UNPROCESSABLE = 422


def add_replications(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The form of a replication, and the page that takes it back."""

    @pages.get("/register/{year}/{id}/replicate")
    async def replication(request: Request, year: int, id: str) -> Response:
        visit = site.visit(request)
        by = visit.units[0] if len(visit.units) == 1 else None
        return await _replication_page(visit, api, year, id, visit.form(by=by))

    @pages.post("/register/{year}/{id}/replicate")
    async def replicate(request: Request, year: int, id: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        body = REPLICATE.command(form, REPLICATE.fields)
        answer = await api.send(visit, form, f"/achievements/{id}/replicate", body)
        if form.faulty:
            name_document_faults(form)
            return await _replication_page(visit, api, year, id, form, answer.status)
        return visit.see_other(entry_address(year, id), "step-taken")

    _add_retraction(pages, site, api)


async def _replication_page(
    visit: Visit, api: RecordApi, year: int, id_: str, form: Form, status: int = 200
) -> Response:
    honours = await find_entry(visit, api, year, id_)
    possible = may_take_up(visit, honours, await own_replications(visit, api, id_))
    if not possible and status != UNPROCESSABLE:
        typed = typed_fields(form, REPLICATE.fields)
        return await impossible_page(
            visit, api, REGISTER, honours[0], REGISTER.command(REPLICATE.name),
            [message("replicate-none")], typed, address=entry_address(year, id_),
        )  # fmt: skip
    return visit.page(
        "record_step.html", status, form=form, kind=REGISTER, step=REPLICATE, record=honours[0],
        fields=REPLICATE.fields, address=entry_address(year, id_),
    )  # fmt: skip


def _add_retraction(pages: FastAPI, site: Site, api: RecordApi) -> None:
    where = "/register/{year}/{id}/retract/{version}"

    @pages.get(where)
    async def retraction(request: Request, year: int, id: str, version: int) -> Response:
        visit = site.visit(request)
        return await _retraction_page(visit, api, year, id, version, visit.form())

    @pages.post(where)
    async def retract(request: Request, year: int, id: str, version: int) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        status = await send_retraction(visit, api, form, f"/achievements/{id}", version)
        if status >= 400:
            return await _retraction_page(visit, api, year, id, version, form, status)
        return visit.see_other(entry_address(year, id), "step-retracted")


async def _retraction_page(
    visit: Visit, api: RecordApi, year: int, id_: str, version: int, form: Form, status: int = 200
) -> Response:
    honour, address = (await find_entry(visit, api, year, id_))[0], entry_address(year, id_)
    own = await own_replications(visit, api, id_)
    if status != UNPROCESSABLE and version not in {each["version"] for each in own}:
        return await impossible_page(
            visit, api, REGISTER, honour, message("replication-retract"),
            [message("replication-none")], [*form.body("reason").items()], address=address,
        )  # fmt: skip
    about = [
        (name, value)
        for each in own if each["version"] == version
        for name, value in (
            (message("field-by"), each["by"]), (message("field-at"), formats.moment(each["at"])),
        )
    ]  # fmt: skip
    return visit.page(
        "record_retraction.html", status, kind=REGISTER, form=form, record=honour, line=None,
        about=about, version=version, address=address, back=(achievement_title(honour), address),
    )  # fmt: skip
