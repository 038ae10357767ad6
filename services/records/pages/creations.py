"""The page by which a record is opened: the form of its first step, beside what that step does."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.corrections import REPEATED, begun_again
from services.records.pages.kinds import RecordKind, StepForm, name_document_faults

FIRST = "1"


def add_creation(
    pages: FastAPI, site: Site, api: RecordApi, kind: RecordKind, step: StepForm
) -> None:
    """The form of a new record and its command; whoever has one unit finds it filled in."""

    @pages.get(f"/{kind.collection}/new")
    async def new(request: Request) -> Response:
        visit = site.visit(request)
        unit = visit.units[0] if len(visit.units) == 1 else None
        begun = {"unit": unit, **step.begun({}, request.query_params)}
        if record := request.query_params.get(REPEATED):
            begun |= await begun_again(visit, api, kind, step, record, FIRST)
        return _creation_page(visit, kind, step, visit.form(**begun))

    @pages.post(f"/{kind.collection}")
    async def create(request: Request) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        body = step.command(form, step.fields_for(visit, {}))
        answer = await api.send(visit, form, f"/{kind.collection}", body)
        if form.faulty:
            name_document_faults(form)
            return _creation_page(visit, kind, step, form, answer.status)
        return visit.see_other(kind.address(answer.body["id"]), "record-opened")


def _creation_page(
    visit: Visit, kind: RecordKind, step: StepForm, form: Form, status: int = 200
) -> Response:
    return visit.page(
        "record_new.html", status, form=form, kind=kind, step=step,
        fields=step.fields_for(visit, {}),
    )  # fmt: skip
