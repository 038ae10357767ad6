"""The journal of a record: who did what when, and the retraction of a step that was a mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response

from contracts.messages import Message
from services.chassis.web import formats
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi, RecordRefused
from services.records.pages.corrections import REPEATED
from services.records.pages.kinds import EVIDENCE, RecordKind
from services.records.pages.messages import message
from services.records.record import RETRACT

MISSING, CONFLICT = 404, 409
DAYS, MOMENTS, DECIMALS = ("due", "until", "received"), ("starts",), ("hours", "hours_min")


class JournalLine(NamedTuple):
    """An entry of a journal; `retracted` where a later one took it back."""

    entry: Mapping[str, Any]
    retracted: bool
    data: Sequence[tuple[str, Any]]


def journal_lines(kind: RecordKind, entries: Sequence[Mapping[str, Any]]) -> list[JournalLine]:
    """The entries, the latest first."""
    retracted = {each["data"].get("version") for each in entries if each["step"] == RETRACT}
    return [
        JournalLine(entry, entry["version"] in retracted, written_data(kind, entry["data"]))
        for entry in reversed(entries)
    ]


async def lines_after(
    visit: Visit, api: RecordApi, kind: RecordKind, id_: str, version: str
) -> list[JournalLine]:
    """What was entered after the version that a form has, for whoever may read the journal."""
    if not visit.may(f"GET {kind.route('journal')}"):
        return []
    entries = (await api.get(visit, f"/{kind.collection}/{id_}/journal")).body["items"]
    number = version.strip('"')
    last = int(number) if number.isdecimal() else len(entries)
    return [line for line in journal_lines(kind, entries) if line.entry["version"] > last]


def written_data(kind: RecordKind, data: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """What a step says, each member in words; texts that are stored elsewhere are only named."""
    return [
        (name, _written(kind, name, value)) for name, value in data.items() if value not in ([], "")
    ]


def _written(kind: RecordKind, name: str, value: Any) -> Sequence[Message | str]:
    if value is None:
        return [formats.MISSING]
    if isinstance(value, bool):
        return [message("yes" if value else "no")]
    if name == EVIDENCE:
        return [str(each["document"]) for each in value]
    if name in kind.sums:
        return [kind.sums[name](value)]
    if name in kind.labels:
        values = value if isinstance(value, list) else [value]
        return [kind.labels[name](each) for each in values]
    if name in MOMENTS:
        return [formats.moment(value)]
    if name in DECIMALS:
        return [formats.decimal(value)]
    return [formats.day(value) if name in DAYS else str(value)]


def add_journal(pages: FastAPI, site: Site, api: RecordApi, kind: RecordKind) -> None:
    """The journal of a kind of record, and the page of a retraction."""

    @pages.get(kind.route("journal"))
    async def journal(request: Request, id: str) -> Response:
        visit = site.visit(request)
        record = (await api.get(visit, f"/{kind.collection}/{id}")).body
        entries = (await api.get(visit, f"/{kind.collection}/{id}/journal")).body["items"]
        lines = journal_lines(kind, entries)
        return visit.page(
            "record_journal.html", kind=kind, record=record, lines=lines,
            retractable={
                line.entry["version"] for line in lines if _is_retractable(visit, kind, line)
            },
            address=kind.address(id),
            repeatable={
                line.entry["version"]: address for line in lines
                if (address := _repetition(visit, kind, record, line))
            },
        )  # fmt: skip

    _add_retraction(pages, site, api, kind)


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


def _is_retractable(visit: Visit, kind: RecordKind, line: JournalLine) -> bool:
    """Whether the person may take this step back, and nobody has done so."""
    if line.retracted or line.entry["step"] == RETRACT:
        return False
    allowed = visit.may(f"POST {kind.route('retract/{version}')}")
    return allowed and kind.may_retract(visit, line.entry)


def _repetition(
    visit: Visit, kind: RecordKind, record: Mapping[str, Any], line: JournalLine
) -> str:
    """Where a step that was taken back can be entered once more; empty where it cannot be."""
    version, name = line.entry["version"], line.entry["step"]
    new = f"GET /{kind.collection}/new"
    if not line.retracted:
        return ""
    if version == 1:
        allowed = new in visit.site.admissions and visit.may(new)
        return f"{kind.list_address}/new?{REPEATED}={record['id']}" if allowed else ""
    possible = name in [step.name for step in kind.next_steps(visit, record)]
    return f"{kind.address(record['id'])}/{name}?{REPEATED}={version}" if possible else ""


def _add_retraction(pages: FastAPI, site: Site, api: RecordApi, kind: RecordKind) -> None:
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
        body = form.body("reason") | {"version": version}
        try:
            answer = await api.send(visit, form, f"/{kind.collection}/{id}/retract", body)
        except RecordRefused as refused:  # 404 where somebody else has retracted it meanwhile
            if refused.status != MISSING:
                raise
            return await _retraction_page(visit, api, kind, id, version, form, MISSING)
        if form.faulty:
            return await _retraction_page(visit, api, kind, id, version, form, answer.status)
        return visit.see_other(kind.address(id), "step-retracted")


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
        return visit.page(
            "record_impossible.html", CONFLICT, kind=kind, record=record, why=why, lines=(),
            title=message("record-retraction"), later=(), steps=kind.next_steps(visit, record),
            typed=[*form.body("reason").items()],
            address=address,
        )  # fmt: skip
    return visit.page(
        "record_retraction.html", status, kind=kind, form=form, record=record, version=version,
        line=line, about=(), address=address,
        back=(message("record-journal"), f"{address}/journal"),
    )  # fmt: skip
