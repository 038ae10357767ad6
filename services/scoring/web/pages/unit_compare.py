"""A unit's year beside another unit, date, version or year: line by line, and why they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, NamedTuple
from urllib.parse import quote

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from contracts import moments
from contracts.messages import Message
from services.chassis.auth.credentials import READS_ALL
from services.chassis.collation import order_of_name
from services.chassis.http.problems import Problem, wrong_parameters
from services.chassis.web.charts import Step, Waterfall
from services.chassis.web.formats import moment, points
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site, Visit
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.access.read_lines import name_stage, name_units
from services.scoring.access.units import find_unit
from services.scoring.errors import NotKnownYet, UnitNotRated, VersionUnknown
from services.scoring.ratings.differences import LineDifference
from services.scoring.ratings.json_what_if import comparison_sentence
from services.scoring.ratings.listing import Entry, find_entries
from services.scoring.ratings.side_by_side import effects, neighbours, side_by_side
from services.scoring.readmodel.compare import compare_years
from services.scoring.readmodel.moment import Moment
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.web.compare_rows import ComparedSide, CompareRow, compare_chart, compare_rows
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message
from services.scoring.web.unit_frame import (
    UNIT,
    VERSION_MAX,
    InstantText,
    UnitFrame,
    UnitQuery,
    local_time,
    open_frame,
)

FOUND_MAX = 20
FIELDS = ("with_year", "with_version", "with_as_of", "with_unit")
NOT_FOUND, CONFLICT = 404, 409


class CompareQuery(UnitQuery):
    """What the unit's year is compared with: one of these."""

    with_year: Annotated[int | None, EMPTY] = Field(None, ge=1900, le=9999)
    with_version: Annotated[int | None, EMPTY] = Field(None, ge=1, le=VERSION_MAX)
    with_as_of: Annotated[InstantText | None, EMPTY] = None
    with_unit: Annotated[str | None, EMPTY] = Field(None, max_length=200)

    @property
    def chosen(self) -> str | None:
        """The field that is filled in; Problem 422 for several."""
        filled = [name for name in FIELDS if getattr(self, name) is not None]
        if len(filled) > 1:
            raise wrong_parameters([(name, message("compare-one")) for name in filled])
        return filled[0] if filled else None


class Compared(NamedTuple):
    """A comparison as the page shows it; `text` says it in a sentence."""

    own: ComparedSide
    other: ComparedSide
    rows: Sequence[CompareRow]
    chart: Waterfall
    text: Message
    difference: int
    rubrics: tuple[str, str] | None = None
    work: int | None = None
    method: int | None = None


class Refusal(NamedTuple):
    """Why there is nothing to compare with, with the status of the answer."""

    text: Message
    status: int = NOT_FOUND


def add_unit_compare(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The page of the comparison."""

    @pages.get(f"{UNIT}/compare")
    async def unit_compare(
        request: Request, year: Year, unit: UnitCode, query: Annotated[CompareQuery, Query()]
    ) -> Response:
        visit, chosen = site.visit(request), query.chosen
        if chosen == "with_unit" and visit.caller.role not in READS_ALL:
            raise Problem(403, message("compare-other-units"))
        frame = await open_frame(desk, visit, year, unit, query)
        if isinstance(frame, Response):
            return frame
        if chosen == "with_year" and query.special:
            return RedirectResponse(f"{frame.base}/compare?with_year={query.with_year}")
        matches: list[Entry] = []
        if query.with_unit is not None:
            matches = find_units(frame, query.with_unit)
        comparison = ComparisonPage(desk, visit, frame, query)
        answer = await comparison.of(chosen, matches)
        form = visit.form(
            with_year=query.with_year, with_version=query.with_version,
            with_as_of=local_time(query.with_as_of) or None, with_unit=query.with_unit,
        )  # fmt: skip
        if isinstance(answer, Refusal):
            form.refuse(chosen or "", answer.text)
        return visit.page(
            "unit_compare.html", answer.status if isinstance(answer, Refusal) else 200, year=year,
            frame=frame, form=form, compared=answer if isinstance(answer, Compared) else None,
            matches=matches[:FOUND_MAX] if answer is None else [], number=len(matches),
            **choices(visit, frame),
        )  # fmt: skip


def choices(visit: Visit, frame: UnitFrame) -> Mapping[str, Any]:
    """What may be compared with: other years and versions, and the units beside it in the rank."""
    year, key = frame.snapshot.year, frame.unit.key
    units = []
    if visit.caller.role in READS_ALL:
        of_kind = [s for s in frame.snapshot.standings.values() if s.kind == frame.unit.kind]
        pairs = zip(("first", "above", "below"), neighbours(key, of_kind), strict=True)
        units = [
            (message(f"compare-{place}"), frame.snapshot.registry.units[each].name_in(year),
             frame.page("/compare", with_unit=each))
            for place, each in pairs if each is not None
        ]  # fmt: skip
    version = None if frame.query.as_of else frame.snapshot.version
    return {
        "years": [(each, str(each)) for each in frame.years if each != year],
        "versions": [
            (each, message("unit-version", version=each))
            for each in frame.numbers if each != version
        ],
        "beside": units, "any_unit": visit.caller.role in READS_ALL,
    }  # fmt: skip


def find_units(frame: UnitFrame, sought: str) -> list[Entry]:
    """The other rated units of the kind with this code, else those whose names match."""
    snapshot, own = frame.snapshot, frame.unit
    others = [
        key for key, standing in snapshot.standings.items()
        if standing.kind == own.kind and key != own.key
    ]  # fmt: skip
    exact = snapshot.registry.find(sought.strip())
    if exact is not None:
        return [snapshot.entry(exact.key)] if exact.key in others else []
    matches = find_entries(map(snapshot.entry, others), None, None, sought)
    ordered = sorted(matches, key=lambda match: (match[0], order_of_name(match[1].name)))
    return [entry for _, entry in ordered]


class ComparisonPage(NamedTuple):
    """Makes the comparison that a page asks for."""

    desk: Desk
    visit: Visit
    frame: UnitFrame
    query: CompareQuery

    async def of(self, chosen: str | None, matches: Sequence[Entry]) -> Compared | Refusal | None:
        """The comparison; None where nothing, or one of several units, is to be chosen first."""
        try:
            match chosen:
                case "with_year":
                    return await self._year(self.query.with_year or 0)
                case "with_version":
                    return await self._state(Moment(version=self.query.with_version))
                case "with_as_of":
                    instant = moments.instant(self.query.with_as_of or "")
                    return await self._state(Moment(as_of=instant))
                case "with_unit" if len(matches) == 1:
                    return self._unit(matches[0].unit)
                case "with_unit" if not matches:
                    return Refusal(message("compare-no-unit", kind=self.frame.rating.labels.kind))
                case _:
                    return None
        except NotKnownYet as error:
            return Refusal(error.message, CONFLICT)
        except (UnitNotRated, VersionUnknown) as error:
            return Refusal(error.message)

    async def _year(self, other_year: int) -> Compared:
        """The work of the unit apart from the method of rating."""
        desk, frame, key = self.desk, self.frame, self.frame.unit.key
        other, _ = await find_unit(desk.reading, self.visit.caller, other_year, key)
        name_stage(frame.snapshot.stage, other.stage)
        years = await compare_years(desk.reading.versions, frame.snapshot.year, other_year, key)
        compared, parted = side_by_side(years.own, years.other), effects(years)
        own = ComparedSide(
            message("year-crumb", year=years.year), frame.base,
            replace(frame.snapshot.standing(frame.unit), assessment=years.own),
        )  # fmt: skip
        beside = ComparedSide(
            message("year-crumb", year=other_year), f"/years/{other_year}/units/{quote(key)}",
            replace(other.standings[key], assessment=years.other),
        )  # fmt: skip
        rows = compare_rows(compared, parted)
        reckoned = message("compare-reckoned", year=years.year, other=other_year)
        chart = compare_chart(
            own, beside, rows, Step(reckoned, years.reckoned_total, tone="total")
        )  # fmt: skip
        rubrics = (years.rubric, years.other_rubric)
        return Compared(
            own, beside, rows, chart, comparison_sentence(years), compared.difference,
            rubrics if years.own.rubric.digest != years.other.rubric.digest else None,
            *years.effect,
        )  # fmt: skip

    async def _state(self, state: Moment) -> Compared:
        """Another state of the same year, with the events that were recorded between."""
        desk, frame, query = self.desk, self.frame, self.query
        year, key = frame.snapshot.year, frame.unit.key
        other, _ = await find_unit(desk.reading, self.visit.caller, year, key, state)
        name_stage(frame.snapshot.stage, other.stage)
        differences = await desk.reading.differences(frame.unit, other, frame.snapshot, query.view)
        beside = ComparedSide(
            _title(state, other),
            UnitQuery(version=query.with_version, as_of=query.with_as_of, view=query.view).text(),
            other.standing(other.unit(key), query.view),
        )  # fmt: skip
        own = self._own(_title(query.moment, frame.snapshot))
        return _compared(own, beside._replace(href=f"{frame.base}{beside.href}"), differences)

    def _unit(self, code: str) -> Compared:
        """Another unit of the kind, in the same state of the year."""
        frame, snapshot = self.frame, self.frame.snapshot
        unit = snapshot.unit(code)
        name_units(self.visit.request.scope, [frame.unit.key, unit.key])
        address = f"/years/{snapshot.year}/units/{quote(unit.key)}"
        plain = UnitQuery(version=self.query.version, as_of=self.query.as_of)
        beside = ComparedSide(
            unit.name_in(snapshot.year), f"{address}{plain.text()}", snapshot.standing(unit)
        )
        return _compared(self._own(frame.rating.name), beside)

    def _own(self, title: str | Message) -> ComparedSide:
        frame = self.frame
        return ComparedSide(
            title, frame.page(), frame.snapshot.standing(frame.unit, frame.query.view)
        )


def _title(state: Moment, snapshot: Snapshot) -> Message:
    """What a state of the year is called."""
    if state.as_of is not None:
        return message("compare-at", at=moment(state.as_of))
    if state.version is not None or snapshot.version > 1:
        return message("unit-version", version=snapshot.version)
    return message("compare-now")


def _compared(
    own: ComparedSide, other: ComparedSide, differences: Sequence[LineDifference] = ()
) -> Compared:
    """Two sides of one method of rating."""
    compared = side_by_side(own.standing.assessment, other.standing.assessment)
    rows, difference = compare_rows(compared, {}, differences), compared.difference
    code = "compare-more" if difference > 0 else "compare-less" if difference else "compare-equal"
    text = message(
        code, own=own.title, other=other.title, total=points(own.total),
        other_total=points(other.total), by=points(abs(difference)),
    )  # fmt: skip
    rubrics = (compared.own.rubric, compared.other.rubric)
    differ = rubrics[0].digest != rubrics[1].digest
    return Compared(
        own, other, rows, compare_chart(own, other, rows), text, difference,
        (rubrics[0].id, rubrics[1].id) if differ else None,
    )  # fmt: skip
