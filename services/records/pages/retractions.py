"""The retraction of a step that was a mistake: the page that asks, or says why it cannot be."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI, Request, Response

from contracts.messages import Message
from services.chassis.web import formats
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi, RecordRefused
from services.records.pages.impossible import impossible_page
from services.records.pages.journals import JournalLine, journal_lines
from services.records.pages.kinds import RecordKind
from services.records.pages.messages import message
from services.records.record import RETRACT

MISSING = 404


def add_retraction(pages: FastAPI, site: Site, api: RecordApi, kind: RecordKind) -> None:
    """The page of a retraction, and the command."""
    where = kind.route("retract/{version}")

    @pages.get(where)
    async def retraction(request: Request, id: str, version: int) -> Response:
        visit = site.visit(request)
        record = await api.get(visit, f"/{kind.collection}/{id}")
        form = visit.form(record.version)
        return await _retraction_page(visit, api, kind, id, version, form)

    @pages.post(where)
    async def retract(request: Request, id: str, version: int) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        status = await send_retraction(visit, api, form, f"/{kind.collection}/{id}", version)
        if status >= 400:
            return await _retraction_page(visit, api, kind, id, version, form, status)
        return visit.see_other(kind.address(id), "step-retracted")


async def send_retraction(
    visit: Visit, api: RecordApi, form: Form, record: str, version: int
) -> int:
    """Sends what was typed as a retraction of a step of a record; the status of the answer.

    404 where somebody else has taken it back meanwhile: what was typed is shown all the same.
    """
    body = form.body("reason") | {"version": version}
    try:
        return (await api.send(visit, form, f"{record}/retract", body)).status
    except RecordRefused as refused:
        if refused.status != MISSING:
            raise
        return MISSING


async def _retraction_page(
    visit: Visit, api: RecordApi, kind: RecordKind, id_: str, version: int, form: Form,
    status: int = 200,
) -> Response:  # fmt: skip
    address = kind.address(id_)
    record = (await api.get(visit, f"/{kind.collection}/{id_}")).body
    entries = (await api.get(visit, f"/{kind.collection}/{id_}/journal")).body["items"]
    lines = journal_lines(kind, entries)
    line = next((each for each in lines if each.entry["version"] == version), None)
    why = retraction_faults(visit, kind, lines, version)
    if line is None or why:
        title, typed = message("record-retraction"), [*form.body("reason").items()]
        return await impossible_page(visit, api, kind, record, title, why, typed)
    return visit.page(
        "record_retraction.html", status, kind=kind, form=form, record=record, version=version,
        line=line, about=(), address=address,
        back=(message("record-journal"), f"{address}/journal"),
    )  # fmt: skip


def retraction_faults(
    visit: Visit, kind: RecordKind, lines: Sequence[JournalLine], version: int
) -> list[Message]:
    """Why a step cannot be taken back by this person; empty where it can."""
    line = next((each for each in lines if each.entry["version"] == version), None)
    if line is None:
        return [message("record-retraction-unknown", version=version)]
    if line.entry["step"] == RETRACT:
        return [message("record-retraction-itself", version=version)]
    if not line.retracted:
        role = Message("role", line.entry["role_vi"], line.entry["role_en"])
        allowed = kind.may_retract(visit, line.entry)
        return [] if allowed else [message("record-retraction-role", version=version, role=role)]
    by = next(
        each.entry for each in lines
        if each.entry["step"] == RETRACT and each.entry["data"]["version"] == version
    )  # fmt: skip
    return [
        message(
            "record-retracted-by", by=by["by"], version=version,
            at=formats.moment(by["recorded"]), reason=by["data"].get("reason", ""),
        )
    ]  # fmt: skip
