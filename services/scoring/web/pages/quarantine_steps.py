"""What an operator does about a message of the quarantine: replay, repair, or drop it.

Each step says what it will do before it does it, and nothing that was typed is lost. What somebody
else has dealt with meanwhile says so: the version of a form is the mark of the entry that it
showed. The work itself is that of the command line (`operations.quarantine`); a repaired event goes
to the door.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from fastapi import FastAPI, Request, Response

from contracts.door import Emitted
from contracts.messages import Message
from contracts.repairs import VOUCHER_PURPOSE
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.scoring.access.seal_body import DropBody
from services.scoring.errors import EntryMoved, FoldHalted, ReplacedAlready
from services.scoring.handlers.folder import Folder
from services.scoring.operations.quarantine import QuarantineWork, entry_mark
from services.scoring.operations.repairs import (
    DoorAway,
    RepairRefused,
    send_repair,
    sentence_of,
)
from services.scoring.web.desk import Desk
from services.scoring.web.form_bodies import body_of
from services.scoring.web.messages import message
from services.scoring.web.pages.quarantine import EntryId, detail_of, is_possible
from services.scoring.web.quarantined import (
    event_faults,
    event_in,
    field_changes,
    head_of,
    parsed,
    text_of,
)

StepCode = Literal["repair", "drop"]
STEP = "/quarantine/{entry}"
UNPROCESSABLE, CONFLICT = 422, 409
EVENT, REASON = "event", "reason"


@dataclass(frozen=True)
class EntrySteps:
    """The forms and confirmations of the steps, of a process with these parts."""

    site: Site
    desk: Desk

    def work(self, visit: Visit) -> QuarantineWork:
        """The work in the name of the person."""
        by = visit.caller.name or visit.caller.role
        return QuarantineWork(self.desk.reading.db, self.desk.reading.clock, by)

    async def form(self, visit: Visit, code: StepCode, id_: str, form: Form) -> Response:
        """The form of a step; what somebody else did, where nothing is left to do."""
        entry = await self.work(visit).entry(id_)
        if not self._is_left(code, entry, form):
            return self.settled(visit, code, id_, entry, form)
        if code == "repair" and EVENT not in form.values:
            form.values[EVENT] = [text_of(bytes(entry["raw"]))]
        return visit.page(
            "quarantine_step.html", UNPROCESSABLE if form.faulty else 200, code=code, id=id_,
            form=form, entry=entry, detail=detail_of(entry),
        )  # fmt: skip

    def _is_left(self, code: str, entry: Mapping[str, Any], form: Form) -> bool:
        """Whether a step is possible on the entry as the form knows it; a blank one begins so."""
        form.version = form.version or entry_mark(entry)
        return form.version == entry_mark(entry) and is_possible(entry, code)

    def settled(
        self, visit: Visit, code: str, id_: str, entry: Mapping[str, Any], form: Form
    ) -> Response:  # fmt: skip
        """Who has dealt with an entry, when and how; and what was typed in vain."""
        replaced = entry["replaced_by"]
        return visit.page(
            "quarantine_taken.html", CONFLICT, code=code, id=id_, entry=entry,
            receipt=None if replaced is None else bytes(replaced).hex(),
            reason=form.text(REASON), event=form.text(EVENT),
        )  # fmt: skip

    async def conflict(self, visit: Visit, code: str, id_: str, form: Form) -> Response:
        """As `settled`, of the entry as it is now."""
        return self.settled(visit, code, id_, await self.work(visit).entry(id_), form)

    async def confirmation(
        self, visit: Visit, code: str, id_: str, form: Form, status: int = 200
    ) -> Response:
        """What a step will do, and the button that does it; as `form` where nothing is left."""
        entry = await self.work(visit).entry(id_)
        if not self._is_left(code, entry, form):
            return self.settled(visit, code, id_, entry, form)
        repaired = form.text(EVENT).encode()
        changes = field_changes(parsed(bytes(entry["raw"])), parsed(repaired)) if repaired else []
        return visit.page(
            "quarantine_confirm.html", status, code=code, id=id_, form=form, entry=entry,
            detail=detail_of(entry), changes=changes, effects=self.effects(code, entry, repaired),
            fields=[name for name in (EVENT, REASON) if form.text(name)],
        )  # fmt: skip

    def effects(self, code: str, entry: Mapping[str, Any], repaired: bytes) -> Sequence[Message]:
        """What a step will do, one sentence each."""
        if code == "drop":
            return [message(f"quarantine-drop-{each}") for each in ("never", "kept", "name")]
        if code == "replay":
            head = head_of(bytes(entry["raw"]), entry["subject"])
            unit = message("quarantine-replay-unit", unit=head.unit or "?")
            return [message("quarantine-replay-again"), unit, message("quarantine-replay-else")]
        event = event_in(repaired, self.desk.reading.clock())
        counts = [
            message("quarantine-repair-counts", unit=event.event.subject, year=event.year)
        ] if isinstance(event, Emitted) else []  # fmt: skip
        return [
            message("quarantine-repair-door"), *counts, message("quarantine-repair-linked"),
            message("quarantine-repair-name"),
        ]  # fmt: skip

    async def send(self, visit: Visit, event: bytes) -> str:
        """Sends a repaired event to the door in the name of the person; answers its receipt."""
        assert visit.session is not None
        vouchers = self.site.sessions.vouchers(VOUCHER_PURPOSE, event)
        return await send_repair(self.desk.lag.broker, event, vouchers.vouch(visit.session))


def add_quarantine_steps(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The pages of each step."""
    steps = EntrySteps(site, desk)
    _add_replay(pages, site, steps)
    _add_drop(pages, site, steps)
    _add_repair(pages, site, steps)


def _add_replay(pages: FastAPI, site: Site, steps: EntrySteps) -> None:
    @pages.get(f"{STEP}/replay")
    async def confirm_replay(request: Request, entry: EntryId) -> Response:
        visit = site.visit(request)
        return await steps.confirmation(visit, "replay", entry, visit.form())

    @pages.post(f"{STEP}/replay/confirmed")
    async def replay(request: Request, entry: EntryId) -> Response:
        visit = site.visit(request)
        form, reading = await visit.sent_form(), steps.desk.reading
        async with reading.db.patient() as db:
            folder = Folder(db, reading.snapshots.rubrics, reading.clock)
            try:
                if await steps.work(visit).replay(entry, folder, form.version):
                    return visit.see_other(f"/quarantine/{entry}", "quarantine-replayed")
                form.general.append(message("quarantine-replay-failed"))
            except EntryMoved:
                return await steps.conflict(visit, "replay", entry, form)
            except FoldHalted as halted:
                form.general.append(halted.message)
        return await steps.confirmation(visit, "replay", entry, form, CONFLICT)


def _add_drop(pages: FastAPI, site: Site, steps: EntrySteps) -> None:
    @pages.get(f"{STEP}/drop")
    async def drop_form(request: Request, entry: EntryId) -> Response:
        visit = site.visit(request)
        return await steps.form(visit, "drop", entry, visit.form())

    @pages.post(f"{STEP}/drop")
    async def check_drop(request: Request, entry: EntryId) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        if form.checked("edit") or body_of(DropBody, (REASON,), form) is None:
            return await steps.form(visit, "drop", entry, form)
        return await steps.confirmation(visit, "drop", entry, form)

    @pages.post(f"{STEP}/drop/confirmed")
    async def drop(request: Request, entry: EntryId) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        body = body_of(DropBody, (REASON,), form)
        if body is None:
            return await steps.form(visit, "drop", entry, form)
        try:
            await steps.work(visit).drop(entry, body.reason, form.version)
        except EntryMoved:
            return await steps.conflict(visit, "drop", entry, form)
        return visit.see_other(f"/quarantine/{entry}", "quarantine-dropped")


def _add_repair(pages: FastAPI, site: Site, steps: EntrySteps) -> None:
    @pages.get(f"{STEP}/repair")
    async def repair_form(request: Request, entry: EntryId) -> Response:
        visit = site.visit(request)
        return await steps.form(visit, "repair", entry, visit.form())

    @pages.post(f"{STEP}/repair")
    async def check_repair(request: Request, entry: EntryId) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()
        if not form.checked("edit"):
            faults = event_faults(form.text(EVENT).encode(), steps.desk.reading.clock())
            note_faults(form, [(fault.field, fault.message) for fault in faults])
            if not form.faulty:
                return await steps.confirmation(visit, "repair", entry, form)
        return await steps.form(visit, "repair", entry, form)

    @pages.post(f"{STEP}/repair/confirmed")
    async def repair(request: Request, entry: EntryId) -> Response:
        visit = site.visit(request)
        form = await visit.sent_form()

        async def send(event: bytes) -> str:
            return await steps.send(visit, event)

        try:
            event = form.text(EVENT).encode()
            receipt = await steps.work(visit).repair(entry, event, send, form.version)
        except (EntryMoved, ReplacedAlready):
            return await steps.conflict(visit, "repair", entry, form)
        except RepairRefused as refused:
            note_faults(form, [(fault.field, sentence_of(fault)) for fault in refused.faults])
            form.general.append(refused.message)
            return await steps.form(visit, "repair", entry, form)
        except DoorAway as away:
            form.general.append(away.message)
            return await steps.confirmation(visit, "repair", entry, form, CONFLICT)
        place = f"/quarantine/{entry}?wait_for={receipt}"
        return visit.see_other(place, "quarantine-repaired")


def note_faults(form: Form, faults: Sequence[tuple[str, Message]]) -> None:
    """Notes what is wrong with each field of the event, and at the text where they stand."""
    for field, sentence in faults:
        form.refuse(field or EVENT, sentence)
    if faults and EVENT not in form.errors:
        form.refuse(EVENT, message("quarantine-faults", number=len(faults)))
