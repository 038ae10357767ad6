"""An event by a form: filled in, schema as it will be recorded, sent, and answered by its receipt.

It is checked and accepted by the handler of the door, under the permissions of the session. The id
of the form is the id of the event, and its time stands in the confirmation: a form that is sent
twice is the same event, and gets the same receipt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from fastapi import FastAPI, Request, Response

from contracts import moments
from contracts.catalog import CANONICAL, EventType
from contracts.door import Emitted, Refusal, read_item
from contracts.faults import Fault
from services.chassis.auth.credentials import Credential, require
from services.chassis.http.problems import Problem
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.intake import domain
from services.intake.event_rate import EventRate
from services.intake.handlers import Intake
from services.intake.messages import message as intake_message
from services.intake.pages.messages import message
from services.intake.receipt_lookup import ReceiptLookup

FormCode = Literal["answer", "adjustment", "exemption", "exemption-end", "appeal", "self-score"]
DESK_SOURCE = "urn:danchu:desk"
SUFFIX = "desk"
PREFILLED_MAX = 200
UNPROCESSABLE, CONFLICT = 422, 409
MINUS = "\N{MINUS SIGN}"
RECEIPT = re.compile("[0-9a-f]{32}", re.ASCII)
YEAR = re.compile("(19|[2-9][0-9])[0-9]{2}", re.ASCII)


class EventForm(NamedTuple):
    """A form: the type of its event, the fields of its data, and where the desk shows the event."""

    short: str
    fields: tuple[str, ...]
    place: str
    optional: str = ""

    @property
    def kind(self) -> EventType:
        """The type of the event."""
        return CANONICAL[self.short]


FORMS: Mapping[str, EventForm] = {
    "answer": EventForm("appeal.decided", ("appeal", "outcome", "decision"), "appeals"),
    "adjustment": EventForm(
        "adjustment.decided", ("indicator", "points", "decision", "reason"), "decisions",
        optional="indicator",
    ),
    "exemption": EventForm("exemption.approved", ("indicator", "decision"), "decisions"),
    "exemption-end": EventForm("exemption.revoked", ("indicator",), "decisions"),
    "appeal": EventForm("appeal.filed", ("appeal", "reason"), "appeals"),
    "self-score": EventForm(
        "selfscore.submitted", ("indicator", "points", "note"), "self-scores", optional="note"
    ),
}  # fmt: skip
OUTCOMES = ("upheld", "rejected")


@dataclass(frozen=True)
class PageDoor:
    """The door as pages use it: the same checks, limits and handler as over HTTP."""

    intake: Intake
    rate: EventRate

    def check(self, event: Mapping[str, Any], sender: Credential) -> Sequence[Fault]:
        """What is wrong with an event, before it is sent; nothing is stored."""
        item = domain.authorise(read_item(dict(event), self.intake.clock()), sender, None)
        return item.faults if isinstance(item, Refusal) else ()

    async def send(self, event: Mapping[str, Any], sender: Credential) -> domain.EventReceipt:
        """The answer of the door, after the commit."""
        self.rate.check(sender, 1)
        item: Emitted | Refusal = read_item(dict(event), self.intake.clock())
        (receipt,) = await self.intake.accept([item], sender)
        return receipt


def add_events(pages: FastAPI, site: Site, door: PageDoor, receipts: ReceiptLookup) -> None:
    """The forms of events, what they will do, and the page of a receipt."""

    @pages.get("/events/{form}")
    async def event_form(request: Request, form: FormCode) -> Response:
        visit, query = _sender(site, request, form), request.query_params
        names = ("unit", "year", *FORMS[form].fields)
        values = {name: query[name][:PREFILLED_MAX] for name in names if name in query}
        blank = visit.form(**values)
        if form == "appeal":
            blank.values.setdefault("appeal", [f"KN-{blank.id[-8:]}"])
        return _form_page(visit, form, blank)

    @pages.post("/events/{form}")
    async def check_event(request: Request, form: FormCode) -> Response:
        visit = _sender(site, request, form)
        sent = await visit.sent_form()
        if sent.checked("edit"):
            return _form_page(visit, form, sent)
        sent.values["time"] = [moments.rfc3339(door.intake.clock())]
        event = event_of(sent, FORMS[form], visit.caller)
        note_faults(sent, door.check(event, visit.caller))
        if sent.faulty:
            return _form_page(visit, form, sent, UNPROCESSABLE)
        return visit.page(
            "event_confirm.html", code=form, schema=FORMS[form], form=sent, data=event["data"],
        )  # fmt: skip

    _add_sending(pages, site, door)
    _add_receipt(pages, site, receipts)


def _add_sending(pages: FastAPI, site: Site, door: PageDoor) -> None:
    @pages.post("/events/{form}/confirmed")
    async def send_event(request: Request, form: FormCode) -> Response:
        visit = _sender(site, request, form)
        sent = await visit.sent_form()
        event = event_of(sent, FORMS[form], visit.caller)
        receipt = await door.send(event, visit.caller)
        if receipt.receipt is None:
            note_faults(sent, receipt.faults)
            status = CONFLICT if receipt.status == "conflict" else UNPROCESSABLE
            return _form_page(visit, form, sent, status)
        place = f"/intake/pages/receipts/{receipt.receipt}"
        return visit.see_other(f"{place}?form={form}&year={event['data']['year']}")


def _add_receipt(pages: FastAPI, site: Site, receipts: ReceiptLookup) -> None:
    @pages.get("/receipts/{receipt}")
    async def show_receipt(request: Request, receipt: str) -> Response:
        visit = site.visit(request)
        if not RECEIPT.fullmatch(receipt):
            raise Problem(404, intake_message("receipt-unknown"))
        query = request.query_params
        back = desk_address(query.get("form", ""), query.get("year", ""), receipt)
        state = await receipts.show(receipt, visit.caller)
        return visit.page("receipt.html", receipt=receipt, state=state, back=back)


def desk_address(form: str, year: str, receipt: str) -> str:
    """The page of the desk that shows an event once it is folded."""
    if form not in FORMS or not YEAR.fullmatch(year):
        return "/desk"
    return f"/desk/{year}/{FORMS[form].place}?wait_for={receipt}"


def _sender(site: Site, request: Request, form: FormCode) -> Visit:
    """The visit of a person who may send events of this form; Problem 403."""
    visit = site.visit(request)
    require(visit.caller, FORMS[form].kind.roles, intake_message("sending"))
    if not visit.caller.names_sources:
        raise Problem(403, intake_message("sources-open"))
    return visit


def event_of(form: Form, schema: EventForm, sender: Credential) -> dict[str, Any]:
    """The event that the form makes; what is not filled in is left out, and the door names it."""
    data: dict[str, Any] = form.body(*schema.fields)
    if "points" in data:
        data["points"] = data["points"].replace(",", ".").replace(MINUS, "-").removeprefix("+")
    year = form.text("year")
    return {
        "specversion": "1.0", "id": form.id, "source": source_of(sender.sources),
        "type": schema.kind.type, "subject": form.text("unit"), "time": form.text("time"),
        "data": {**data, "year": int(year) if YEAR.fullmatch(year) else year},
    }  # fmt: skip


def source_of(sources: Sequence[str]) -> str:
    """The source of what a person sends: below the first prefix of those that are limited to some.

    It is apart from the sources of the department's own systems, so that ids cannot meet.
    """
    prefix = next(iter(sources), "*")
    if prefix == "*":
        return DESK_SOURCE
    return f"{prefix}{SUFFIX}" if prefix.endswith(("/", ":", ".", "-")) else f"{prefix}/{SUFFIX}"


def note_faults(form: Form, faults: Iterable[Fault]) -> None:
    """Notes what the door says of each field of the event at the field of the form."""
    names = {"subject": "unit", "data.year": "year"}
    for fault in faults:
        name = names.get(fault.field, fault.field.removeprefix("data."))
        if name in ("", "id", "type", "source", "time"):
            form.general.append(fault.message)
        else:
            form.refuse(name, fault.message)


def _form_page(visit: Visit, code: FormCode, form: Form, status: int = 200) -> Response:
    return visit.page(
        "event_form.html", status, code=code, schema=FORMS[code], form=form,
        outcomes=[(each, message(f"outcome-{each}")) for each in OUTCOMES],
        back=f"/desk/{form.text('year')}" if YEAR.fullmatch(form.text("year")) else "/desk",
    )  # fmt: skip
