"""What is public of a sealed year: classes by kind, and the total, class and rank of each unit."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from fastapi import FastAPI, Query, Request, Response

from contracts.messages import Message
from services.chassis.http.problems import Problem
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site, Visit
from services.scoring.access.parameters import Sort, Year
from services.scoring.errors import ClassUnknown
from services.scoring.ratings.labels import KINDS, label
from services.scoring.ratings.listing import CursorWrong
from services.scoring.ratings.model import Rating
from services.scoring.ratings.suppression import SMALL
from services.scoring.readmodel.public_seals import PublicSeal, PublicSeals
from services.scoring.readmodel.reader import rating_page
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.web.messages import message
from services.scoring.web.pages.public_years import language_query
from services.scoring.web.pages.year import (
    ROWS,
    KindClasses,
    YearFilters,
    kind_classes,
    tone,
)
from services.scoring.web.public_guard import cacheable

PUBLIC_YEAR = "/public/years/{year}"


class PublicFilters(YearFilters):
    """As those of the overview, by name: what is public is no league table."""

    sort: Sort = "name"
    lang: Annotated[Literal["vi", "en"] | None, EMPTY] = None


class PublicUnit(NamedTuple):
    """All that is public of a unit's rating but its lines.

    `change` is by how many hundredths the total differs from that of the year before, if that is
    public too.
    """

    unit: str
    name: str
    kind: Message
    class_name: str
    class_label: Message
    tone: str
    total: int
    rank: int | None
    part_year: bool
    change: int | None


def add_public_year(pages: FastAPI, site: Site, sealed: PublicSeals) -> None:
    """The results of a year."""

    @pages.get(PUBLIC_YEAR)
    async def public_year(
        request: Request, year: Year, filters: Annotated[PublicFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        this, snapshot, before = await public_set(sealed, year)
        try:
            page = await rating_page(
                snapshot, snapshot.standings, filters.kind, filters.class_, filters.q,
                filters.sort, ROWS, filters.cursor, f"public {year}",
            )  # fmt: skip
        except (CursorWrong, ClassUnknown):  # the year was sealed again since the link was made
            return visit.see_other(visit.address(cursor=None, **{"class": None}))
        answer = visit.page(
            "public_year.html", year=year, sealed=this, filters=filters, page=page,
            rows=[public_unit(rating, snapshot, before) for rating in page.items],
            kinds=_kinds(snapshot, visit), classes=list(dict.fromkeys(snapshot.classes(None))),
            kind_options=[(kind, label("kind", kind)) for kind in KINDS],
            previous=year - 1 if before is not None else None, lang=language_query(visit),
            small=SMALL,
        )  # fmt: skip
        return cacheable(request, answer)


async def public_set(
    sealed: PublicSeals, year: int
) -> tuple[PublicSeal, Snapshot, Snapshot | None]:
    """The set of a sealed year, and that of the year before where it is sealed; Problem 404."""
    every = await sealed.every()
    if year not in every:
        raise Problem(404, message("public-year-unknown", year=year))
    before = every.get(year - 1)
    return (
        every[year],
        await sealed.snapshot(every[year]),
        None if before is None else await sealed.snapshot(before),
    )


def public_unit(rating: Rating, snapshot: Snapshot, before: Snapshot | None) -> PublicUnit:
    """What is public of a rating."""
    earlier = None if before is None else before.standings.get(rating.unit)
    return PublicUnit(
        rating.unit, rating.name, rating.labels.kind, rating.class_name, rating.labels.class_name,
        tone(snapshot.classes(rating.kind), rating.class_name), rating.total, rating.rank,
        rating.part_year, None if earlier is None else rating.total - earlier.assessment.total,
    )  # fmt: skip


def _kinds(snapshot: Snapshot, visit: Visit) -> list[KindClasses]:
    """The classes of each kind with enough units for shares to say something."""
    query = language_query(visit)
    address = f"{visit.path}{query}&" if query else f"{visit.path}?"
    return [each for each in kind_classes(snapshot, address) if each.number >= SMALL]
