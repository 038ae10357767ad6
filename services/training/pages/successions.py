"""The succession of a unit by another one, which gets its roster and its open courses."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.kinds import StepField, StepForm
from services.training.pages.course_steps import COUNCIL, DAY
from services.training.pages.rosters import LIST, roster_address

SUCCEED = StepForm(
    "succeed", (StepField("predecessor", required=True), StepField("unit", required=True), DAY),
    COUNCIL,
)  # fmt: skip


def add_successions(pages: FastAPI, site: Site, api: RecordApi) -> None:
    """The form of a succession."""

    @pages.get("/successions")
    async def succession(request: Request) -> Response:
        visit = site.visit(request)
        return _form_page(visit, visit.form())

    @pages.post("/successions")
    async def succeed(request: Request) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        body = SUCCEED.command(form, SUCCEED.fields)
        answer = await api.send(visit, form, "/successions", body)
        if form.faulty:
            return _form_page(visit, form, answer.status)
        if answer.body["left"]:
            return visit.see_other("/training/pages/successions", "succession-left")
        return visit.see_other(roster_address(answer.body["unit"]), "succession-done")


def _form_page(visit: Visit, form: Form, status: int = 200) -> Response:
    return visit.page("succession.html", status, form=form, step=SUCCEED, list_address=LIST)
