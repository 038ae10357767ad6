"""The resolution: its text with what measures each clause, and how far the city is.

One target can be opened alone: then every unit that is below it is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Annotated, Literal, NamedTuple

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel

from contracts.messages import Message
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site
from services.scoring.access.parameters import Year
from services.scoring.access.read_lines import name_stage, name_units
from services.scoring.ratings.labels import label
from services.scoring.ratings.report.model import Target, UnitBelow
from services.scoring.readmodel.coverage import (
    Coverages,
    Measure,
    ResolutionCoverage,
)
from services.scoring.rubrics.loader import resolution
from services.scoring.rubrics.resolution import Clause, ClausePlace, Resolution
from services.scoring.web.desk import Desk

FARTHEST = 3
"""So many units below each target are named on the page of all."""


class ResolutionQuery(BaseModel):
    """Which target is opened."""

    target: Annotated[Literal["1", "2", "3", "4", "5", "6"] | None, EMPTY] = None


class MeasureRow(NamedTuple):
    """An indicator beside a clause, with the kinds of units that it rates where not all do."""

    measure: Measure
    kinds: tuple[Message, ...]


class ClauseRow(NamedTuple):
    """A clause or point with what measures it; `silent` where nothing does, nor any point of it.

    `share` is that of the possible points of all its measures; None where none are possible.
    """

    anchor: str
    number: str
    text: str
    measures: tuple[MeasureRow, ...]
    silent: bool
    points: tuple[ClauseRow, ...] = ()

    @property
    def share(self) -> Fraction | None:
        possible = sum(row.measure.possible for row in self.measures)
        reached = sum(row.measure.reached for row in self.measures if row.measure.possible)
        return Fraction(reached, possible) if possible else None


class ArticleRows(NamedTuple):
    """An article: `measured` of its `places`, the clauses and points that stand for themselves."""

    number: str
    title: str
    text: str
    clauses: tuple[ClauseRow, ...]
    measured: int
    places: int


class TargetRow(NamedTuple):
    """A target with the units that are shown of those below it."""

    target: Target
    below: tuple[UnitBelow, ...]


def add_resolution(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The resolution of a year."""
    coverages = Coverages()

    @pages.get("/years/{year}/resolution")
    async def resolution_of_year(
        request: Request, year: Year, query: Annotated[ResolutionQuery, Query()]
    ) -> Response:
        visit = site.visit(request)
        view = await desk.years.view(year)
        snapshot = await desk.reading.snapshot(year)
        covered = coverages.of(snapshot)
        targets = target_rows(covered, query.target)
        name_stage(snapshot.stage)
        name_units(request.scope, {each.unit for row in targets for each in row.below})
        return visit.page(
            "resolution.html", year=year, view=view, targets=targets, opened=query.target,
            text=resolution(), articles=article_rows(resolution(), covered),
            kinds={each.kind: label("kind", each.kind) for row in targets for each in row.below},
            units=len(snapshot.standings), at=snapshot.until or desk.reading.clock(),
        )  # fmt: skip


def target_rows(covered: ResolutionCoverage, opened: str | None) -> list[TargetRow]:
    """Each target with the farthest units, or one of them with all."""
    return [
        TargetRow(target, target.below[: None if opened else FARTHEST])
        for target in covered.targets
        if opened in (None, target.clause.number)
    ]


def article_rows(text: Resolution, covered: ResolutionCoverage) -> list[ArticleRows]:
    """The articles with the coverage of each clause and point."""
    rows = []
    for article in text.articles:
        clauses = tuple(_clause_row(article.number, each, covered) for each in article.clauses)
        alone = [row for clause in clauses for row in clause.points or (clause,)]
        measured = sum(bool(row.measures) for row in alone)
        rows.append(
            ArticleRows(article.number, article.title, article.text, clauses, measured, len(alone))
        )
    return rows


def _clause_row(article: str, clause: Clause, covered: ResolutionCoverage) -> ClauseRow:
    place = ClausePlace(article, clause.number)
    points = []
    for point in clause.points:
        measures = _measure_rows(covered.measures.get(place._replace(point=point.number), ()))
        anchor = f"d{article}-{clause.number}-{point.number}"
        points.append(ClauseRow(anchor, point.number, point.text, measures, not measures))
    measures = _measure_rows(covered.measures.get(place, ()))
    return ClauseRow(
        f"d{article}-{clause.number}", clause.number, clause.text, measures,
        not measures and not points, tuple(points),
    )  # fmt: skip


def _measure_rows(measures: Sequence[Measure]) -> tuple[MeasureRow, ...]:
    return tuple(
        MeasureRow(measure, tuple(label("kind", kind) for kind in measure.kinds))
        for measure in measures
    )
