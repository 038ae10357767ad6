"""Rosters in and out as files: an uploaded list comes on a roster in one transaction."""

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from contracts import moments
from contracts.messages import Message
from services.chassis.errors import DanchuError
from services.chassis.http.service_api import FieldError
from services.records.record import Done, Work
from services.records.state_machine import Step, StepImpossible, StepRefused
from services.training import queries
from services.training.attendance_files import roster_list
from services.training.attendance_files.list_layout import Layout
from services.training.attendance_files.roster_list import ROLE_TERMS, RosterRow
from services.training.attendance_files.spreadsheet_model import Table
from services.training.attendance_files.uploads import Value, checked, field_errors
from services.training.domain.roster import Role
from services.training.handlers.attendance import ListRefused
from services.training.handlers.persons import PersonReference
from services.training.handlers.rosters import Rosters
from services.training.messages import message

Fault = tuple[str, Message]
MEMBERS_MAX = 500
"""How many rows one import has: each is a command of its own within one transaction."""


class UploadedRoster(NamedTuple):
    """The rows of an uploaded roster, the faults beside them, and what was read."""

    rows: Sequence[RosterRow]
    faults: Sequence[FieldError]
    layout: Layout


def roster_of(table: Table) -> UploadedRoster:
    """The rows of a roster, each with its faults; ListRefused where it is none."""
    uploaded = roster_list.read(table, checked)
    faults = field_errors(uploaded.faults)
    if uploaded.layout is None:
        raise ListRefused(faults)
    if len(uploaded.rows) > MEMBERS_MAX:
        sentence = message("file-rows-max", most=MEMBERS_MAX)
        faults.append({"field": "", "message": sentence})
    return UploadedRoster(uploaded.rows, faults, uploaded.layout)


async def import_roster(work: Work, rosters: Rosters, unit: str, uploaded: UploadedRoster) -> Done:
    """Everybody of the list comes on the roster; who has the role there already stays as it is.

    Nobody is released: who is not in the list is not touched. All rows or none.
    """
    work.may(unit)
    errors = list(uploaded.faults)
    assigned: list[str] = []
    seen: set[tuple[str, str | None]] = set()
    rows = uploaded.rows if len(uploaded.rows) <= MEMBERS_MAX else ()
    for row in rows:
        errors += field_errors(row.faults)
        if not row.faults:
            key = await _key(work, rosters, row)
            whom = {(name, row.role) for name in (key, row.number) if name}
            fault = ("number", message("person-twice")) if whom & seen else None
            fault = fault or await _member(work, rosters, unit, (row, key), assigned)
            seen |= whom
            if fault is not None:
                sentence = uploaded.layout.place(row.row, *fault)
                errors.append({"field": f"row {row.row}.{fault[0]}", "message": sentence})
    if errors:
        raise ListRefused(errors)
    body = {
        "unit": unit, "assigned": assigned, "unchanged": len(rows) - len(assigned),
        "list": uploaded.layout.about(),
    }  # fmt: skip
    return Done(1, body)


async def _key(work: Work, rosters: Rosters, row: RosterRow) -> str | None:
    """The key of the person of a row, where one is known."""
    if row.number is None:
        return row.person
    return await queries.person_of(work.conn, rosters.persons.vault.index(row.number))


async def _member(
    work: Work, rosters: Rosters, unit: str, of: tuple[RosterRow, str | None], assigned: list[str]
) -> Fault | None:
    """Puts the person of a row on the roster where that is new; what is wrong with the row."""
    row, key = of
    if row.person is not None and key != row.person:
        return "number", message("number-of-another")
    if key is not None:
        about = (await queries.persons(work.conn, [key])).get(key)
        if row.name and about is not None and not rosters.persons.has_name(about, row.name):
            return "name", message("name-of-another")
        since = await _since(work, key, unit, row.role)
        if since is not None:
            same = row.since is None or moments.day_ordinal(row.since) == since.toordinal()
            return None if same else ("since", message("member-since", day=f"{since:%d/%m/%Y}"))
    return await _assign(work, rosters, unit, row, assigned)


async def _since(work: Work, key: str, unit: str, role: Role | None) -> datetime.date | None:
    """The day since when a person has a role on a roster; None where the person has not."""
    stints = (await queries.stints(work.conn, [key])).get(key, [])
    held = [s.start for s in stints if (s.unit, s.role) == (unit, role) and s.end is None]
    return _day(min(held)) if held else None


async def _assign(
    work: Work, rosters: Rosters, unit: str, row: RosterRow, assigned: list[str]
) -> Fault | None:
    at = work.now if row.since is None else moments.day_start(row.since)
    step = Step("assign", at, {"unit": unit, "role": row.role})
    who = (
        PersonReference(number=row.number, name=row.name)
        if row.number
        else PersonReference(person=row.person)
    )
    try:
        done = await rosters.assign(work, step, who)
    except StepRefused as refused:
        return {"at": "since", "": "number"}.get(refused.field, refused.field), _sentence(refused)
    except StepImpossible as refused:
        return "number", _sentence(refused)
    assigned.append(str(done.body["id"]))
    return None


def _sentence(refused: DanchuError) -> Message:
    text = refused.message
    return text if isinstance(text, Message) else Message("training.refused", text, text)


def roster_cells(members: Sequence[Mapping[str, Any]]) -> list[list[Value]]:
    """The lines of a roster by its headings."""
    return [
        [
            member["person"], member.get("number"), member.get("name"),
            ROLE_TERMS[member["role"]], _day(member["since"]),
        ]
        for member in members
    ]  # fmt: skip


def _day(us: int) -> datetime.date:
    return datetime.date.fromordinal(moments.local_day(us))
