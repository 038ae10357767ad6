"""The journal of a record: who did what when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response

from contracts.messages import Message
from services.chassis.web import formats
from services.chassis.web.site import Site, Visit
from services.records.pages.api_client import RecordApi
from services.records.pages.corrections import REPEATED
from services.records.pages.kinds import EVIDENCE, RecordKind
from services.records.pages.messages import message
from services.records.record import RETRACT

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
    if not kind.journal_roles or not visit.may(f"GET {kind.route('journal')}"):
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
    """The journal of a kind of record."""

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
