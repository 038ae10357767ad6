"""The import of a roster: everybody in a list comes on a unit's roster in one transaction."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from contracts import moments
from contracts.messages import Message
from services.chassis.errors import DanchuError
from services.chassis.http.problems import FieldError
from services.records.state_machine import Step, StepImpossible, StepRefused
from services.records.work import Outcome, Work
from services.training import queries
from services.training.attendance_files.list_layout import Layout
from services.training.attendance_files.roster_list import RosterRow
from services.training.domain.roster import Role
from services.training.handlers.list_errors import ListRefused, field_errors
from services.training.handlers.persons import PersonReference
from services.training.handlers.rosters import Rosters
from services.training.messages import message

CellFault = tuple[str, Message]
"""A column and what is wrong there."""
MEMBERS_MAX = 500
"""How many rows one import has: each is a command of its own within one transaction."""


class UploadedRoster(NamedTuple):
    """The rows of an uploaded roster, the faults beside them, and where they are in the file."""

    rows: Sequence[RosterRow]
    faults: Sequence[FieldError]
    layout: Layout


async def import_roster(
    work: Work, rosters: Rosters, unit: str, uploaded: UploadedRoster
) -> Outcome:
    """Assigns everybody in the list who has not the role in that roster yet.

    Nobody is released: whoever is not in the list is not touched. All rows or none.
    """
    work.check_unit(unit)
    errors = list(uploaded.faults)
    members = _Members(work, rosters, unit)
    rows = uploaded.rows if len(uploaded.rows) <= MEMBERS_MAX else ()
    for row in rows:
        errors += field_errors(row.faults)
        fault = None if row.faults else await members.add(row)
        if fault is not None:
            sentence = uploaded.layout.place(row.row, *fault)
            errors.append({"field": f"row {row.row}.{fault[0]}", "message": sentence})
    if errors:
        raise ListRefused(errors)
    body = {
        "unit": unit, "assigned": members.assigned,
        "unchanged": len(rows) - len(members.assigned), "list": uploaded.layout.about(),
    }  # fmt: skip
    return Outcome(1, body)


@dataclass
class _Members:
    """The members of a unit's roster while an import adds to them; `assigned` are the new ones."""

    work: Work
    rosters: Rosters
    unit: str
    assigned: list[str] = field(default_factory=list)
    earlier: dict[tuple[str, str | None], int] = field(default_factory=dict)
    """The number of the row by the key or number, and role, of the rows before."""

    async def add(self, row: RosterRow) -> CellFault | None:
        """Puts the person of a row on the roster where that is new; the fault of the row."""
        key = await self._key(row)
        identities = [(identity, row.role) for identity in (key, row.number) if identity]
        before = next((self.earlier[each] for each in identities if each in self.earlier), None)
        for identity in identities:
            self.earlier.setdefault(identity, row.row)
        if before is not None:
            return "number", message("person-twice", row=before)
        return await self._add(row, key)

    async def _key(self, row: RosterRow) -> str | None:
        """The key of the person of a row, where the person is known."""
        if row.number is None:
            return row.person
        index = self.rosters.persons.vault.index(row.number)
        return await queries.person_of(self.work.conn, index)

    async def _add(self, row: RosterRow, key: str | None) -> CellFault | None:
        if row.person is not None and key != row.person:
            return "number", message("number-of-another")
        if key is not None:
            person = (await queries.persons(self.work.conn, [key])).get(key)
            if row.name and person and not self.rosters.persons.has_name(person, row.name):
                return "name", message("name-of-another")
            since = await self._since(key, row.role)
            if since is not None:
                same = row.since is None or moments.day_ordinal(row.since) == since.toordinal()
                day = message("member-since", day=f"{since:%d/%m/%Y}")
                return None if same else ("since", day)
        return await self._assign(row)

    async def _since(self, key: str, role: Role | None) -> datetime.date | None:
        """The day since when a person has a role on the roster; None without the role."""
        stints = (await queries.stints(self.work.conn, [key])).get(key, [])
        starts = [
            s.start for s in stints if (s.unit, s.role) == (self.unit, role) and s.end is None
        ]
        return datetime.date.fromordinal(moments.local_day(min(starts))) if starts else None

    async def _assign(self, row: RosterRow) -> CellFault | None:
        at = self.work.now if row.since is None else moments.day_start(row.since)
        step = Step("assign", at, {"unit": self.unit, "role": row.role})
        reference = PersonReference(person=row.person)
        if row.number:
            reference = PersonReference(number=row.number, name=row.name)
        try:
            answer = await self.rosters.assign(self.work, step, reference)
        except StepRefused as error:
            column = {"at": "since", "": "number"}.get(error.field, error.field)
            return column, _sentence(error)
        except StepImpossible as error:
            return "number", _sentence(error)
        self.assigned.append(str(answer.body["id"]))
        return None


def _sentence(error: DanchuError) -> Message:
    text = error.message
    return text if isinstance(text, Message) else Message("training.refused", text, text)
