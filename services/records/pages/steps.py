"""The pages of steps: each says what the step will do before it does it, and keeps what was typed.

A step is offered only where the record allows it and the role may take it.
"""

from __future__ import annotations

from fastapi import FastAPI, Request, Response

from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.kinds import Record, RecordKind, StepForm, name_document_faults


def add_steps(pages: FastAPI, site: Site, api: RecordApi, kind: RecordKind) -> None:
    """The page and the command of each step of a kind of record."""
    for step in kind.steps:
        _add_step(pages, site, api, kind, step)


def _add_step(pages: FastAPI, site: Site, api: RecordApi, kind: RecordKind, step: StepForm) -> None:
    where = kind.route(step.name)

    @pages.get(where)
    async def ask(request: Request, id: str) -> Response:
        visit = site.visit(request)
        answer = await api.get(visit, f"/{kind.collection}/{id}")
        form = visit.form(answer.version, **step.begun(answer.body, request.query_params))
        return step_page(visit, kind, step, answer.body, form)

    @pages.post(where)
    async def take(request: Request, id: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        record = (await api.get(visit, f"/{kind.collection}/{id}")).body
        body = step.command(form, step.fields_for(visit, record))
        if step.changes:
            body = step.changed(form, record, body)
            if form.faulty:
                return step_page(visit, kind, step, record, form, 422)
        answer = await api.send(visit, form, f"/{kind.collection}/{id}/{step.name}", body)
        if form.faulty:
            name_document_faults(form)
            return step_page(visit, kind, step, record, form, answer.status)
        return visit.see_other(kind.address(id), "step-taken")


def step_page(
    visit: Visit, kind: RecordKind, step: StepForm, record: Record, form: Form, status: int = 200
) -> Response:
    """The form of a step beside what it will do; one that is impossible now says so instead."""
    return visit.page(
        "record_step.html", status, form=form, kind=kind, step=step, record=record,
        fields=step.fields_for(visit, record), address=kind.address(record["id"]),
        possible=step in kind.next_steps(visit, record),
    )  # fmt: skip
