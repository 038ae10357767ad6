"""The council's report on a year, part by part; one part can be opened alone with all its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Annotated, Any, Literal, NamedTuple

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from services.chassis.http.language import page_language
from services.chassis.web.charts import Part, stacked
from services.chassis.web.formats import count
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site
from services.scoring.access.parameters import Year
from services.scoring.access.read_lines import name_stage, name_units
from services.scoring.exports.event_labels import short_event_label
from services.scoring.exports.report_page import reason_label, state_label
from services.scoring.ratings.class_reasons import sentence
from services.scoring.ratings.labels import KINDS, class_label, label
from services.scoring.ratings.report.model import ClassCounts, Report
from services.scoring.ratings.sheet.numbers import figure
from services.scoring.web.desk import Desk
from services.scoring.web.pages.year import class_step

FEW, ROWS = 8, 100
"""So many rows of a part are shown beside the other parts, and on a page of an opened one."""
ReportPart = Literal["rose", "fell", "decisions", "appeals", "late", "duties"]


class ReportQuery(BaseModel):
    """Which part is opened, and where its page begins."""

    part: Annotated[ReportPart | None, EMPTY] = None
    cursor: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @property
    def rows(self) -> slice:
        """The rows of each part that are shown: the first ones, or a page of an opened part."""
        return slice(self.cursor, self.cursor + ROWS) if self.part else slice(FEW)


class ReportFileQuery(BaseModel):
    """A language instead of that of the page."""

    lang: Annotated[Literal["vi", "en"] | None, EMPTY] = None


class ClassBars(NamedTuple):
    """The classes of a kind as bars, with those of the year before."""

    counts: ClassCounts
    parts: tuple[Part, ...]


def add_report(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The report of a year."""
    exports = desk.exports
    reports = exports.reports

    @pages.get("/years/{year}/report")
    async def report_of_year(
        request: Request, year: Year, query: Annotated[ReportQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        report = await reports.of(year, visit.caller)
        lists = part_rows(report)
        last = query.rows.stop if query.part else 0
        name_stage(report.stage)
        name_units(request.scope, set(shown_units(report, query)))
        return visit.page(
            "report.html", year=year, report=report, opened=query.part, few=FEW,
            parts={name: rows[query.rows] for name, rows in lists.items()},
            next=last if query.part and last < len(lists[query.part]) else None,
            classes=class_bars(report), at=report.until or desk.reading.clock(),
            kinds={kind: label("kind", kind) for kind in KINDS}, label=label, sentence=sentence,
            type_label=short_event_label, reason_label=reason_label, state_label=state_label,
            class_label=class_label,
            median=median_text, striking=sum(each.striking for each in report.duties),
        )  # fmt: skip

    @pages.get("/years/{year}/report.pdf")
    async def report_pdf(
        request: Request, year: Year, query: Annotated[ReportFileQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        report, snapshot = await reports.of(year, visit.caller), await desk.reading.snapshot(year)
        name_units(request.scope, sorted(snapshot.standings))
        return await exports.report_pdf(snapshot, report, query.lang or page_language())


def part_rows(report: Report) -> dict[ReportPart, Sequence[Any]]:
    """The rows of each part that can be opened."""
    moved = report.movements
    return {
        "rose": moved.rose, "fell": moved.fell, "decisions": report.decisions,
        "appeals": report.appeals, "late": report.late or (), "duties": report.duties,
    }  # fmt: skip


def shown_units(report: Report, query: ReportQuery) -> Iterator[str]:
    """The units that the page names, for the log of reads."""
    for name, rows in part_rows(report).items():
        if query.part in (None, name) and name != "late":
            for row in rows[query.rows]:
                yield row.appeal.unit if name == "appeals" else row.unit


def median_text(value: Fraction | None) -> str:
    """A median, which may lie half way between two numbers."""
    if value is None or value.denominator == 1:
        return count(None if value is None else value.numerator)
    return figure(f"{float(value):.1f}").text(page_language())


def class_bars(report: Report) -> list[ClassBars]:
    """The classes of each kind, each with the way to its units."""
    return [
        ClassBars(
            counts,
            stacked([
                class_step(counts.rubric, counts.kind, each.name, each.number,
                           f"/years/{report.year}?")
                for each in counts.classes if each.name in counts.rubric.classes
            ]),
        )
        for counts in report.classes
    ]  # fmt: skip
