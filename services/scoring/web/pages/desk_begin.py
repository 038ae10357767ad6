"""Where a form of the door begins: about which unit and what, and whether it is possible.

The door that takes the event knows neither units nor years, so this is checked here. What was found
out goes along, sealed, in the address of the form.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query, Request, Response

from contracts.event_forms import MARK, MARK_PURPOSE, FormCode, FormMark, encode_mark
from contracts.messages import Message
from services.chassis.web.forms import Form
from services.chassis.web.sealed_text import seal_text
from services.chassis.web.site import Site, Visit
from services.scoring.access.parameters import Year
from services.scoring.fold.registry import Unit
from services.scoring.readmodel.form_marks import FormSubject, begin_form
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message
from services.scoring.web.pages.desk import Obstacle, event_form
from services.scoring.web.pages.desk_decisions import (
    FORMS,
    INDICATOR,
    DecisionPaging,
    begun_form,
    decisions_page,
    find_unit,
)

CONFLICT = 409
ANSWER: FormCode = "answer"
ANSWERERS = ("council",)


def add_desk_begin(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The way from the desk to a form of the door."""

    @pages.get("/desk/{year}/begin")
    async def begin(
        request: Request, year: Year, query: Annotated[DecisionPaging, Query()]
    ) -> Response:
        visit, view = site.visit(request), await desk.years.view(year)
        snapshot, form = await desk.reading.snapshots.of(year), begun_form(visit, query)
        if query.form is None or query.form not in _offered(visit):
            return visit.see_other(f"/desk/{year}/decisions")
        unit = find_unit(visit, snapshot, query.unit)
        if isinstance(unit, Message):
            if query.form == ANSWER:
                return _refusal(visit, year, query.form, unit)
            form.refuse("unit", unit)
        else:
            _check_indicator(snapshot, unit, query, form)
        if form.faulty or isinstance(unit, Message):
            return await decisions_page(visit, desk, year, query, form)
        about = query.appeal if query.form == ANSWER else query.indicator
        about = about if query.form == ANSWER or query.form in INDICATOR else ""
        subject = FormSubject(unit, _code_of(visit, snapshot, unit), about)
        mark = await begin_form(desk.reading, snapshot, view, query.form, subject)
        if isinstance(mark, Message):
            return _refusal(visit, year, query.form, mark)
        return visit.see_other(_form_address(site, mark, query.decision))


def _offered(visit: Visit) -> tuple[FormCode, ...]:
    """The forms that the person may begin."""
    role = visit.caller.role
    return (*FORMS.get(role, ()), *((ANSWER,) if role in ANSWERERS else ()))


def _code_of(visit: Visit, snapshot: Snapshot, unit: Unit) -> str:
    """The code of a unit for which the person speaks; its key where that is one."""
    codes = sorted(filter(visit.caller.speaks_for, snapshot.registry.subjects(unit.key)))
    return unit.key if unit.key in codes or not codes else codes[0]


def _form_address(site: Site, mark: FormMark, decision: str) -> str:
    """The form of the door with its mark."""
    sealed = seal_text(site.sessions.keys, MARK_PURPOSE, encode_mark(mark))
    return event_form(mark.form, **{MARK: sealed, "decision": decision})


def _refusal(visit: Visit, year: int, code: FormCode, why: Message) -> Response:
    """The page of a form that cannot be begun now: why, and no form."""
    return visit.page(
        "desk_refused.html", CONFLICT, year=year, detail=message(f"desk-refused-{code}"),
        obstacles=[Obstacle(why, None, None)], possible=None, typed=(),
    )  # fmt: skip


def _check_indicator(snapshot: Snapshot, unit: Unit, query: DecisionPaging, form: Form) -> None:
    needed = INDICATOR.get(query.form or "")
    if needed is None or (not needed and not query.indicator):
        return
    if query.indicator not in snapshot.rubric(unit).by_id:
        form.refuse("indicator", message("desk-begin-indicator"))
