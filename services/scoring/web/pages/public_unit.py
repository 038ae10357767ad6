"""What is public of a unit in a sealed year: its total, and how far it came with each indicator.

Neither events, cases, reasons and decisions nor self-scores and appeals are handed to the template.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from services.chassis.web.site import Site
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.ratings.suppression import LEVELS, SMALL, PublicLine, public_lines
from services.scoring.readmodel.public_seals import PublicSeals
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.rubrics.model import Rubric
from services.scoring.web.pages.public_year import PUBLIC_YEAR, public_set
from services.scoring.web.pages.public_year import public_unit as what_is_public
from services.scoring.web.pages.public_years import language_query
from services.scoring.web.public_guard import cacheable

PUBLIC_UNIT = f"{PUBLIC_YEAR}/units/{{unit}}"


class PublicGroup(NamedTuple):
    """The lines of a group of indicators."""

    name: str
    clause: str
    lines: Sequence[PublicLine]


def add_public_unit(pages: FastAPI, site: Site, sealed: PublicSeals) -> None:
    """The results of a unit; a former code leads to its key."""

    @pages.get(PUBLIC_UNIT)
    async def public_unit(request: Request, year: Year, unit: UnitCode) -> Response:
        visit = site.visit(request)
        this, snapshot, before = await public_set(sealed, year)
        rated, lang = snapshot.unit(unit), language_query(visit)
        if rated.key != unit:
            return RedirectResponse(f"/public/years/{year}/units/{quote(rated.key)}{lang}")
        assessment = snapshot.standings[rated.key].assessment
        groups = [*_groups(assessment.rubric, public_lines(assessment.lines))]
        page = visit.page(
            "public_unit.html", year=year, sealed=this, groups=groups, levels=LEVELS, small=SMALL,
            row=what_is_public(snapshot.rating(rated.key), snapshot, before),
            bands=assessment.rubric.bands, ranked=_ranked(snapshot, rated.kind), lang=lang,
            suppressed=any(line.level is None for group in groups for line in group.lines),
        )  # fmt: skip
        return cacheable(request, page)


def _groups(rubric: Rubric, lines: Sequence[PublicLine]) -> Iterator[PublicGroup]:
    for group in rubric.groups:
        of_group = [line for line in lines if line.indicator.group == group.id]
        if of_group:
            yield PublicGroup(group.vi, group.clause, of_group)


def _ranked(snapshot: Snapshot, kind: str) -> int:
    """How many units of a kind have a rank."""
    return sum(each.kind == kind and each.rank is not None for each in snapshot.standings.values())
