"""An event by a form: filled in, shown as it will be recorded, sent, and answered by its receipt.

It is checked and accepted by the handler of the door, under the permissions of the session. Whom it
is about is in the mark with which the desk began the form (`form_marks`): without one the desk is
asked first, and says what is impossible. The time of the event stands in the confirmation: a form
that is sent twice is the same event, and gets the same receipt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response

from contracts import moments
from contracts.catalog import CANONICAL, EventType
from contracts.door import Emitted, Refusal, read_item
from contracts.event_forms import EVENTS, MARK, FormCode, FormMark
from contracts.faults import Fault
from contracts.quantities import MINUS
from services.chassis.auth.credentials import Credential, require
from services.chassis.http.problems import Problem
from services.chassis.web.forms import Form
from services.chassis.web.site import Site, Visit
from services.intake import domain
from services.intake.event_rate import EventRate
from services.intake.handlers import Intake
from services.intake.messages import message as intake_message
from services.intake.pages.form_marks import (
    ONCE,
    YEAR,
    SentBefore,
    SentForms,
    desk_begin,
    event_id,
    mark_of_receipt,
    open_mark,
    receipt_query,
    seal_mark,
)
from services.intake.pages.messages import message as sentence
from services.intake.receipt_lookup import ReceiptLookup

DESK_SOURCE = "urn:danchu:desk"
SUFFIX = "desk"
PREFILLED_MAX = 200
UNPROCESSABLE, CONFLICT = 422, 409
RECEIPT = re.compile("[0-9a-f]{32}", re.ASCII)


class EventForm(NamedTuple):
    """A form: its code, the fields of its data, and where the desk shows the event.

    `about` is the field that the desk has chosen; the others are typed.
    """

    code: FormCode
    about: str
    typed: tuple[str, ...]
    place: str
    optional: str = ""

    @property
    def short(self) -> str:
        """The short name of the event."""
        return EVENTS[self.code]

    @property
    def kind(self) -> EventType:
        """The type of the event."""
        return CANONICAL[self.short]


FORMS: Mapping[str, EventForm] = {
    form.code: form
    for form in (
        EventForm("answer", "appeal", ("outcome", "decision"), "appeals"),
        EventForm("adjustment", "indicator", ("points", "decision", "reason"), "decisions"),
        EventForm("exemption", "indicator", ("decision",), "decisions"),
        EventForm("exemption-end", "indicator", (), "decisions"),
        EventForm("appeal", "", ("appeal", "reason"), "appeals"),
        EventForm("self-score", "indicator", ("points", "note"), "self-scores", optional="note"),
    )
}
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


@dataclass(frozen=True)
class BegunForm:
    """A form of a person: whom it is about, and what was sent about it since it was begun."""

    visit: Visit
    code: FormCode
    door: PageDoor
    mark: FormMark
    sent: SentBefore | None = None

    @property
    def schema(self) -> EventForm:
        """What the form sends."""
        return FORMS[self.code]

    async def looked_up(self) -> BegunForm:
        """The form with what has been sent about it by now."""
        source, short = source_of(self.visit.caller.sources), self.schema.short
        forms = SentForms(self.door.intake.db)
        mark, sent = await forms.after(self.mark, short, source)
        if sent is None and mark.last:
            sent = await forms.sent(mark, short)
        return replace(self, mark=mark, sent=sent)

    @property
    def closed(self) -> bool:
        """Whether nothing is left to do."""
        return self.code in ONCE and bool(self.mark.last)

    def event(self, form: Form) -> dict[str, Any]:
        """The event that the form makes now."""
        return event_of(form, self.schema, self.mark, self.visit.caller)

    def page(self, form: Form, status: int = 200) -> Response:
        """The form; one that nothing is left of says so instead."""
        form.version = seal_mark(self.visit, self.mark)
        closed = self.closed
        return self.visit.page(
            "event_taken.html" if closed else "event_form.html", CONFLICT if closed else status,
            code=self.code, schema=self.schema, mark=self.mark, form=form, sent=self.sent,
            outcomes=[(each, sentence(f"outcome-{each}")) for each in OUTCOMES],
            typed=[*form.body(*self.schema.typed).items()],
            back=f"/desk/{self.mark.year}",
        )  # fmt: skip

    def conflict(self, form: Form) -> Response:
        """The form again, after somebody else was faster."""
        if not self.closed:
            form.general.append(sentence("event-moved"))
        return self.page(form, CONFLICT)


def add_events(pages: FastAPI, site: Site, door: PageDoor, receipts: ReceiptLookup) -> None:
    """The forms of events, what they will do, and the page of a receipt."""

    @pages.get("/events/{form}")
    async def event_form(request: Request, form: FormCode) -> Response:
        visit, query = _sender(site, request, form), request.query_params
        mark = open_mark(visit, query.get(MARK, ""), form)
        if mark is None:
            return visit.see_other(desk_begin(form, query))
        names = FORMS[form].typed
        values = {name: query[name][:PREFILLED_MAX] for name in names if name in query}
        blank = visit.form(**values)
        if form == "appeal":
            blank.values.setdefault("appeal", [f"KN-{blank.id[-8:]}"])
        return (await BegunForm(visit, form, door, mark).looked_up()).page(blank)

    @pages.post("/events/{form}")
    async def check_event(request: Request, form: FormCode) -> Response:
        sent, begun = await _sent(site, request, form, door)
        now = await begun.looked_up()
        if now.mark.sent != begun.mark.sent:
            return now.conflict(sent)
        if sent.checked("edit"):
            return now.page(sent)
        sent.values["time"] = [moments.rfc3339(door.intake.clock())]
        event = begun.event(sent)
        note_faults(sent, door.check(event, begun.visit.caller))
        if sent.faulty or now.closed:
            return now.page(sent, UNPROCESSABLE)
        return begun.visit.page(
            "event_confirm.html", code=form, schema=begun.schema, mark=begun.mark, form=sent,
            data=event["data"],
        )  # fmt: skip

    _add_sending(pages, site, door)
    _add_receipt(pages, site, receipts)


def _add_sending(pages: FastAPI, site: Site, door: PageDoor) -> None:
    @pages.post("/events/{form}/confirmed")
    async def send_event(request: Request, form: FormCode) -> Response:
        sent, begun = await _sent(site, request, form, door)
        event, visit = begun.event(sent), begun.visit
        receipt = await door.send(event, visit.caller)
        if receipt.status == "conflict":
            return (await begun.looked_up()).conflict(sent)
        if receipt.receipt is None:
            note_faults(sent, receipt.faults)
            return begun.page(sent, UNPROCESSABLE)
        place = f"/intake/pages/receipts/{receipt.receipt}"
        return visit.see_other(f"{place}?{receipt_query(visit, begun.mark)}")


async def _sent(
    site: Site, request: Request, code: FormCode, door: PageDoor
) -> tuple[Form, BegunForm]:
    """A form that was sent, with its mark; Problem 409 where that is too old."""
    visit = _sender(site, request, code)
    form = await visit.sent_form()
    mark = open_mark(visit, form.version, code)
    if mark is None:
        raise Problem(CONFLICT, sentence("event-outdated"))
    return form, BegunForm(visit, code, door, mark)


def _add_receipt(pages: FastAPI, site: Site, receipts: ReceiptLookup) -> None:
    @pages.get("/receipts/{receipt}")
    async def show_receipt(request: Request, receipt: str) -> Response:
        visit = site.visit(request)
        if not RECEIPT.fullmatch(receipt):
            raise Problem(404, intake_message("receipt-unknown"))
        query = request.query_params
        back = desk_address(query.get("form", ""), query.get("year", ""), receipt)
        state = await receipts.show(receipt, visit.caller)
        form = next((code for code, each in FORMS.items() if each.kind.type == state["type"]), None)
        return visit.page(
            "receipt.html", receipt=receipt, state=state, back=back, code=form,
            mark=mark_of_receipt(visit, query, state["subject"]),
        )  # fmt: skip


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


def event_of(
    form: Form, schema: EventForm, mark: FormMark, sender: Credential
) -> dict[str, Any]:  # fmt: skip
    """The event that the form makes; what is not filled in is left out, and the door names it."""
    data: dict[str, Any] = form.body(*schema.typed)
    if schema.about and mark.about:
        data[schema.about] = mark.about
    if "points" in data:
        data["points"] = data["points"].replace(",", ".").replace(MINUS, "-").removeprefix("+")
    return {
        "specversion": "1.0", "id": event_id(mark), "source": source_of(sender.sources),
        "type": schema.kind.type, "subject": mark.subject, "time": form.text("time"),
        "data": {**data, "year": mark.year},
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
    for fault in faults:
        name = fault.field.removeprefix("data.")
        if name in ("", "id", "type", "source", "time", "subject", "year"):
            form.general.append(fault.message)
        else:
            form.refuse(name, fault.message)
