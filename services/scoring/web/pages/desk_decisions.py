"""The decisions on units in a year, and the choice with which one begins: which unit and indicator.

What is chosen is checked by `desk_begin`, which leads to the form of the door.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from fastapi import FastAPI, Query, Request, Response
from pydantic import Field

from contracts.event_forms import FormCode
from contracts.messages import Message
from services.chassis.web.forms import Form
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site, Visit
from services.scoring.access.parameters import Year
from services.scoring.access.read_lines import name_stage, name_units
from services.scoring.fold.registry import Unit
from services.scoring.ratings.listing import find_entries
from services.scoring.readmodel.decisions import council_decisions
from services.scoring.readmodel.reader import may_read
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message
from services.scoring.web.pages.desk import wait_briefly
from services.scoring.web.pages.desk_replies import ReplyPaging

ROWS, UNPROCESSABLE = 50, 422
UNIT_MAX, INDICATOR_MAX = 200, 128
FORMS: dict[str, tuple[FormCode, ...]] = {
    "council": ("adjustment", "exemption", "exemption-end"),
    "emitter": ("appeal", "self-score"),
}
"""What a role may begin."""
INDICATOR = {"adjustment": False, "exemption": True, "exemption-end": True, "self-score": True}
"""Whether a form of an indicator needs one; the others have none."""


class DecisionPaging(ReplyPaging):
    """Where the list begins, and which form was begun with which unit."""

    form: Annotated[FormCode | None, EMPTY] = None
    unit: str = Field("", max_length=UNIT_MAX)
    indicator: str = Field("", max_length=INDICATOR_MAX)
    appeal: str = Field("", max_length=INDICATOR_MAX)
    decision: str = Field("", max_length=INDICATOR_MAX)


class BegunForm(NamedTuple):
    """A form to begin; `indicator` is None without one, else whether it is needed."""

    code: FormCode
    form: Form
    indicator: bool | None


def add_desk_decisions(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The list of decisions."""

    @pages.get("/desk/{year}/decisions")
    async def decisions(
        request: Request, year: Year, query: Annotated[DecisionPaging, Query()]
    ) -> Response:
        return await decisions_page(site.visit(request), desk, year, query)


async def decisions_page(
    visit: Visit, desk: Desk, year: int, query: DecisionPaging, refused: Form | None = None
) -> Response:
    """The page of decisions, with a form that was refused or with blank ones."""
    folded = await wait_briefly(desk.reading, query.wait_for)
    view = await desk.years.view(year)
    snapshot, decisions = await council_decisions(desk.reading, year, visit.caller)
    rows = decisions[query.cursor : query.cursor + ROWS]
    name_stage(snapshot.stage)
    name_units(visit.request.scope, (each.unit for each in rows))
    last, units = query.cursor + ROWS, unit_options(visit, snapshot)
    return visit.page(
        "desk_decisions.html", 200 if refused is None else UNPROCESSABLE, year=year, folded=folded,
        view=view, decisions=rows, next=last if last < len(decisions) else None,
        forms=begun_forms(visit, snapshot, query, refused),
        units=units, indicators=indicator_options(snapshot, units),
    )  # fmt: skip


def begun_forms(
    visit: Visit, snapshot: Snapshot, query: DecisionPaging, refused: Form | None
) -> list[BegunForm]:
    """The forms that the person may begin in this year; nothing moves a sealed one."""
    if snapshot.state.seal is not None:
        return []
    own = [unit for unit, _ in unit_options(visit, snapshot)]
    only = own[0] if len(own) == 1 else None
    begun = refused or begun_form(visit, query)
    begun.values["unit"] = [begun.text("unit") or only or ""]
    return [
        BegunForm(code, begun if code == query.form else visit.form(unit=only), INDICATOR.get(code))
        for code in FORMS.get(visit.caller.role, ())
    ]


def unit_options(visit: Visit, snapshot: Snapshot) -> list[tuple[str, str]]:
    """The rated units that the person may speak of, by key, with their names."""
    if visit.caller.role not in FORMS:
        return []
    return [
        (key, snapshot.registry.units[key].name_in(snapshot.year))
        for key in sorted(snapshot.standings)
        if may_read(snapshot, key, visit.caller)
    ]


def indicator_options(
    snapshot: Snapshot, units: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """The indicators of the units' rubrics, each once, by every name that it has there."""
    names: dict[str, dict[str, None]] = {}
    kinds = sorted({snapshot.registry.units[key].kind for key, _ in units})
    for kind in kinds:
        rubric = snapshot.rubrics.governing(kind, snapshot.year)
        for indicator in () if rubric is None else rubric.indicators:
            names.setdefault(indicator.id, {})[indicator.vi] = None
    return [(indicator, " / ".join(each)) for indicator, each in names.items()]


def find_unit(visit: Visit, snapshot: Snapshot, text: str) -> Unit | Message:
    """The rated unit of a code or a name, typed in any way; else what is wrong with it."""
    typed = text.strip()
    unit: Unit | Message | None = snapshot.registry.find(typed)
    if not isinstance(unit, Unit) or unit.key not in snapshot.standings:
        unit = _only(snapshot, [key for key, _ in unit_options(visit, snapshot)], typed)
    if isinstance(unit, Unit) and not may_read(snapshot, unit.key, visit.caller):
        return message("desk-begin-unit-none")
    return unit


def _only(snapshot: Snapshot, keys: Sequence[str], typed: str) -> Unit | Message:
    """The one unit whose name fits."""
    entries = [snapshot.entry(key) for key in keys]
    fits = [entry for _, entry in find_entries(entries, None, None, typed)] if typed else []
    exact = [each for each in fits if each.name.casefold() == typed.casefold()] or fits
    if len(exact) == 1:
        return snapshot.registry.units[exact[0].unit]
    return message("desk-begin-unit-several" if exact else "desk-begin-unit-none")


def begun_form(visit: Visit, query: DecisionPaging) -> Form:
    """A form to begin, with what the address says."""
    return visit.form(unit=query.unit, indicator=query.indicator, decision=query.decision)
