"""What a form was begun with: the mark of the desk, the id of its event, and who came first.

The id is made of whom the event is about and of how many came before. So of two persons who decide
the same at once one is recorded, and the other is a conflict at the door, which is told by whom it
was decided, when and how. A form that is sent twice has one id as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec

from contracts import moments
from contracts.envelope import identity
from contracts.event_forms import (
    EVENTS,
    MARK,
    MARK_PURPOSE,
    FormCode,
    FormMark,
    decode_mark,
    encode_mark,
)
from contracts.messages import Message
from services.chassis import read_log
from services.chassis.database.engine import Database
from services.chassis.messages import message
from services.chassis.read_log import Read, Selection
from services.chassis.web.sealed_text import open_text, seal_text
from services.chassis.web.site import Visit
from services.intake import queries, store

ONCE = frozenset(("answer", "exemption", "exemption-end"))
"""What is decided once; anything else may follow."""
SENT_MAX = 100
"""So many events may be sent about one thing before scoring has folded the first."""
MICROSECONDS = 1_000_000
YEAR = re.compile("(19|[2-9][0-9])[0-9]{2}", re.ASCII)


class SentBefore(NamedTuple):
    """An event that was accepted, its instant as a text, and who decided it where that is known."""

    data: Mapping[str, Any]
    recorded: str
    line: Read | None

    @property
    def role(self) -> Message:
        """What the role of the person is called."""
        assert self.line is not None
        return message(f"role-{self.line.role}")


def begin_address(form: FormCode, year: int | str, **values: str) -> str:
    """Where the desk begins a form, and checks what is known of it."""
    parameters = {"form": form, **{name: value for name, value in values.items() if value}}
    return f"/desk/{year}/begin?{urlencode(parameters)}"


def desk_begin(form: FormCode, query: Mapping[str, str]) -> str:
    """Where a form that was opened by its address is begun."""
    year = query.get("year", "")
    if not YEAR.fullmatch(year):
        return "/desk"
    names = ("unit", "appeal", "indicator", "decision")
    return begin_address(form, year, **{name: query.get(name, "") for name in names})


def open_mark(visit: Visit, sealed: str, form: FormCode) -> FormMark | None:
    """The mark of a form, about a unit for which the person speaks; None for anything else."""
    sessions = visit.site.sessions
    plain = open_text(sessions.keys, MARK_PURPOSE, sealed)
    now = sessions.clock() // MICROSECONDS
    mark = None if plain is None else decode_mark(plain, form, now)
    return mark if mark is not None and visit.caller.speaks_for(mark.subject) else None


def seal_mark(visit: Visit, mark: FormMark) -> str:
    """The mark for the address of a form, and for its hidden field."""
    return seal_text(visit.site.sessions.keys, MARK_PURPOSE, encode_mark(mark))


def receipt_query(visit: Visit, mark: FormMark) -> str:
    """What the address of a receipt says of the form that was sent."""
    return urlencode({"form": mark.form, "year": mark.year, MARK: seal_mark(visit, mark)})


def mark_of_receipt(visit: Visit, query: Mapping[str, str], subject: str) -> FormMark | None:
    """The mark in the address of a receipt, which names the unit of the event; None without one."""
    form = next((code for code in EVENTS if code == query.get("form")), None)
    mark = None if form is None else open_mark(visit, query.get(MARK, ""), form)
    return mark if mark is not None and mark.subject == subject else None


def event_id(mark: FormMark) -> str:
    """The id of the event of a form: the same for whoever saw the same before deciding."""
    about = [mark.form, mark.year, mark.unit, mark.about, mark.sent]
    return f"desk-{hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]}"


@dataclass(frozen=True)
class SentForms:
    """Looks up what was sent by forms, in the database of the door."""

    db: Database

    async def after(
        self, mark: FormMark, short: str, source: str
    ) -> tuple[FormMark, SentBefore | None]:
        """The mark as it is now, and the last event that was sent since; None without one."""
        last = None
        for _ in range(SENT_MAX):
            receipt = await self._receipt(identity(source, event_id(mark)))
            if receipt is None:
                break
            mark = msgspec.structs.replace(mark, sent=mark.sent + 1, last=receipt.hex())
            last = await self.sent(mark, short)
        return mark, last

    async def sent(self, mark: FormMark, short: str) -> SentBefore | None:
        """The last event of a mark; None where this door has not accepted it."""
        accepted = await queries.accepted(self.db, bytes.fromhex(mark.last))
        if accepted is None:
            return None
        event = json.loads(accepted.body)
        until = moments.instant(event["recordedtime"]) + 1
        selection = Selection(year=mark.year, what=short, until=until, subjects=(event["subject"],))
        async with self.db.read() as conn:
            lines = await read_log.page(conn, selection, None, 1)
        return SentBefore(event["data"], event["recordedtime"], lines[0][1] if lines else None)

    async def _receipt(self, key: bytes) -> bytes | None:
        async with self.db.read() as conn:
            return (await store.accepted_receipts(conn, (key,))).get(key)
