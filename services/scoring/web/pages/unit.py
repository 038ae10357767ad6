"""The sheet of a unit: the waterfall from 0 to the total, each line, and what would lift it."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import FastAPI, Query, Request, Response

from contracts import moments
from contracts.messages import Message
from services.chassis.web.site import Site
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.exports.columns import result_label
from services.scoring.ratings.class_reasons import sentence
from services.scoring.ratings.labels import label
from services.scoring.ratings.model import CeilingReason, GateReason, Miss, Reason, ShareReason
from services.scoring.ratings.scores import hundredths
from services.scoring.ratings.sheet.numbers import percent_of
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.web import sheet_rows
from services.scoring.web.desk import Desk
from services.scoring.web.sheet_lines import LineSections
from services.scoring.web.unit_frame import UNIT, UnitFrame, UnitQuery, open_frame


class MissRow(NamedTuple):
    """What falls short of a gate, by how much."""

    name: str
    clause: str
    href: str | None
    value: Message
    at_least: Message
    missed_by: Message


class ReasonRow(NamedTuple):
    """Why the class is not that of the points."""

    reason: Reason
    title: Message
    text: Message
    misses: tuple[MissRow, ...]
    href: str | None


class Kin(NamedTuple):
    """A unit before or after this one; the address is None where it has no rating of the year."""

    key: str
    name: str
    href: str | None


def add_unit(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The page of the sheet."""
    sections = LineSections(site)

    @pages.get(UNIT)
    async def unit(
        request: Request, year: Year, unit: UnitCode, query: Annotated[UnitQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        frame = await open_frame(desk, visit, year, unit, query)
        if isinstance(frame, Response):
            return frame
        sheet = await desk.reading.sheet(year, frame.unit.key, query.view, query.moment)
        frame = frame._replace(rating=sheet.rating)
        rubric = frame.snapshot.rubric(frame.unit)
        now = frame.snapshot.until or desk.reading.clock()
        return visit.page(
            "unit.html", year=year, frame=frame, sheet=sheet, rating=sheet.rating, rubric=rubric,
            lines=sections.of(sheet, rubric, _events(frame)),
            lifts=sheet_rows.lifts(sheet), due=sheet_rows.due_soon(sheet, moments.local_day(now)),
            reasons=[reason_row(each) for each in sheet.rating.reasons],
            decisions=sheet_rows.decision_rows(
                rubric, (*sheet.adjustments, *sheet.exemptions, *sheet.declarations)
            ),
            appeals=sheet_rows.decision_rows(rubric, sheet.appeals),
            limit=hundredths(sheet.adjustment_limit),
            results=[result_label(each) for each in sheet.rating.results],
            predecessors=_kin(frame.snapshot, sheet.rating.predecessors),
            successors=_kin(frame.snapshot, sheet.rating.successors),
            parent=_kin(frame.snapshot, [frame.unit.parent] if frame.unit.parent else []),
            names=sorted(frame.unit.names), codes=sorted(frame.unit.codes),
        )  # fmt: skip


def _events(frame: UnitFrame) -> str:
    """The address of the events of a line, to which its id is added."""
    query = frame.query.text()
    return f"{frame.base}/events{query}{'&' if query else '?'}indicator="


def reason_row(reason: Reason) -> ReasonRow:
    """Why a class is lowered, with what falls short and the line behind it."""
    match reason:
        case GateReason():
            return ReasonRow(
                reason, label("reason", "gate"), sentence(reason),
                tuple(_miss(each) for each in reason.misses), None,
            )  # fmt: skip
        case CeilingReason():
            href = f"#line-{reason.indicator.id}"
            return ReasonRow(reason, label("reason", "ceiling"), sentence(reason), (), href)
        case ShareReason():
            return ReasonRow(reason, label("reason", "share"), sentence(reason), (), None)


def _miss(miss: Miss) -> MissRow:
    return MissRow(
        miss.subject.vi, miss.subject.clause,
        f"#line-{miss.indicator}" if miss.indicator else f"#group-{miss.group}",
        percent_of(miss.value), percent_of(miss.at_least), percent_of(miss.at_least - miss.value),
    )  # fmt: skip


def _kin(snapshot: Snapshot, keys: tuple[str, ...] | list[str]) -> list[Kin]:
    """Units with their names of the year, and the way to their sheets."""
    units = snapshot.registry.units
    return [
        Kin(
            key, units[key].name_in(snapshot.year) if key in units else key,
            f"/years/{snapshot.year}/units/{key}" if key in snapshot.standings else None,
        )
        for key in keys
    ]  # fmt: skip
