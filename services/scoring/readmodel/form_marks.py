"""With what a form of the door begins, and why it cannot begin at all."""

from __future__ import annotations

from typing import NamedTuple

from contracts.event_forms import EVENTS, FormCode, FormMark
from contracts.messages import Message
from services.scoring.fold.registry import Unit
from services.scoring.messages import message
from services.scoring.queries import events
from services.scoring.ratings.appeals import DECIDED, FILED
from services.scoring.ratings.form_history import EXEMPTIONS, history_of
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.years import YearView

MICROSECONDS = 1_000_000


class FormSubject(NamedTuple):
    """Whom a form is about: a unit under the code for which the person speaks.

    `about` is an appeal or an indicator, empty where there is none.
    """

    unit: Unit
    code: str
    about: str


async def begin_form(
    reading: Reading, snapshot: Snapshot, view: YearView, form: FormCode, subject: FormSubject
) -> FormMark | Message:
    """The mark of a form, or why nothing of it is possible now."""
    unit, about, year = subject.unit, subject.about, snapshot.year
    if snapshot.state.seal is not None:
        return message("form-sealed", year=year)
    kinds = {*EXEMPTIONS, FILED, DECIDED, EVENTS[form]}
    async with reading.db.read() as conn:
        sent = await events.sent(conn, year, kinds, snapshot.registry.subjects(unit.key))
    name = unit.name_in(year)
    history = history_of(form, about, sent)
    if form == "answer" and not _is_filed(view, unit, about):
        filed = {each.event.event.data.appeal for each in sent if each.event.kind.short == FILED}
        if about not in filed:
            return message("form-appeal-unknown", unit=name, appeal=about, year=year)
    if form == "exemption-end" and history.begun is None:
        return message("form-not-exempt", unit=name, indicator=about, year=year)
    indicator = snapshot.rubric(unit).by_id.get(about)
    return FormMark(
        form=form, at=reading.clock() // MICROSECONDS, year=year, unit=unit.key,
        subject=subject.code, name=name, about=about, about_name=indicator.vi if indicator else "",
        sent=history.sent, last=history.answered.receipt.hex() if history.answered else "",
    )  # fmt: skip


def _is_filed(view: YearView, unit: Unit, appeal: str) -> bool:
    """Whether it is undecided in the year, also where it was filed under the next one."""
    return any((each.unit, each.appeal) == (unit.key, appeal) for each in view.undecided)
