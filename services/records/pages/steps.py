"""The pages of steps: each says what the step will do before it does it, and keeps what was typed.

A step is offered only where the record allows it and the role may take it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request, Response

from contracts.messages import Message
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.corrections import REPEATED, begun_again
from services.records.pages.impossible import impossible_page, typed_fields
from services.records.pages.journals import JournalLine, lines_after
from services.records.pages.kinds import Record, RecordKind, StepForm, name_document_faults
from services.records.pages.messages import message

OVERTAKEN = (409, 412)
"""Answers to a form after which the step may have become impossible."""


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
        if (why := _obstacles(visit, kind, step, answer.body)) is not None:
            title = kind.command(step.name)
            return await impossible_page(visit, api, kind, answer.body, title, why)
        begun = dict(step.begun(answer.body, request.query_params))
        if version := request.query_params.get(REPEATED):
            begun |= await begun_again(visit, api, kind, step, id, version)
        form = visit.form(answer.version, **begun)
        return step_page(visit, kind, step, answer.body, form)

    @pages.post(where)
    async def take(request: Request, id: str) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        record = (await api.get(visit, f"/{kind.collection}/{id}")).body
        body, version = step.command(form, step.fields_for(visit, record)), form.version
        if step.changes:
            body = step.changed(form, record, body)
            if form.faulty:
                return step_page(visit, kind, step, record, form, 422)
        answer = await api.send(visit, form, f"/{kind.collection}/{id}/{step.name}", body)
        if not form.faulty:
            return visit.see_other(kind.address(id), "step-taken")
        name_document_faults(form)
        outdated = form.version != version
        later = await lines_after(visit, api, kind, id, version) if outdated else []
        record = (await api.get(visit, f"/{kind.collection}/{id}")).body
        if answer.status in OVERTAKEN and step not in kind.next_steps(visit, record):
            typed = typed_fields(form, step.fields_for(visit, record))
            title = kind.command(step.name)
            return await impossible_page(visit, api, kind, record, title, typed=typed, later=later)
        _name_overwritten(form, body if step.changes else {}, later)
        return step_page(visit, kind, step, record, form, answer.status, later)


def _obstacles(
    visit: Visit, kind: RecordKind, step: StepForm, record: Record
) -> Sequence[Message] | None:
    """Why a step is impossible now, nothing where the stage says it; None where it is possible."""
    if step not in kind.next_steps(visit, record):
        return ()
    why = step.hindrance(record, visit.site.sessions.clock())
    return None if why is None else (why,)


def _name_overwritten(form: Form, body: Mapping[str, Any], later: Sequence[JournalLine]) -> None:
    """Names each field by which the form would undo what somebody else has just corrected."""
    now = {name: values[0] for line in reversed(later) for name, values in line.data}
    for name in sorted(body.keys() & now.keys()):
        form.refuse(name, message("record-now-other", now=now[name]))


def step_page(
    visit: Visit, kind: RecordKind, step: StepForm, record: Record, form: Form, status: int = 200,
    later: Sequence[JournalLine] = (),
) -> Response:  # fmt: skip
    """The form of a step beside what it will do.

    `later` is what others have entered since the form was made.
    """
    return visit.page(
        "record_step.html", status, form=form, kind=kind, step=step, record=record,
        fields=step.fields_for(visit, record), address=kind.address(record["id"]), later=later,
    )  # fmt: skip
