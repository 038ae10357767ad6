"""The overview of a year: where it stands, its classes by kind, and the units to be searched."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import FastAPI, Query, Request, Response
from pydantic import BaseModel, Field

from contracts import moments
from contracts.messages import Message
from services.chassis.auth.credentials import READS_ALL, READS_MACHINERY, Credential
from services.chassis.web.charts import Part, Step, stacked
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Site, Visit
from services.scoring.access.parameters import Kind, Sort, Year
from services.scoring.access.read_lines import name_stage, name_units
from services.scoring.errors import ClassUnknown
from services.scoring.exports.event_labels import short_event_label
from services.scoring.ratings.labels import KINDS, class_label, label
from services.scoring.ratings.listing import CursorWrong
from services.scoring.ratings.model import Rating
from services.scoring.readmodel.activity import UnitActivity, activity, silent
from services.scoring.readmodel.movements import UnitMove, move_of
from services.scoring.readmodel.reader import RatingPage, may_read
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.rubrics.model import Rubric
from services.scoring.web.desk import Desk
from services.scoring.year.stages import NEXT, REOPENED, STAGES, Stage, year_end

TONES = "abcd"
ROWS = 50
LATELY = 6
"""So many units with the latest events, and silent ones, are named."""
MOVES_DAYS = (7, 30)
"""Over so many days the units with the latest events are said to have moved."""
MACHINERY_SECONDS = 1.0


class YearFilters(BaseModel):
    """Which units are listed, and in which order."""

    kind: Annotated[Kind | None, EMPTY] = None
    class_: Annotated[str | None, EMPTY] = Field(None, alias="class", max_length=64)
    q: Annotated[str | None, EMPTY] = Field(None, max_length=200)
    sort: Sort = "total"
    cursor: str | None = Field(None, max_length=2000)

    @property
    def special(self) -> bool:
        """Whether a part of the list is asked for, and not the overview."""
        return self.narrowed or self.cursor is not None

    @property
    def narrowed(self) -> bool:
        """Whether not all units are listed."""
        return bool(self.kind or self.class_ or self.q)


class LatestUnit(NamedTuple):
    """A unit with its last event, and by days how it has moved; None where that is not known."""

    activity: UnitActivity
    moves: Sequence[tuple[int, UnitMove | None]]

    @property
    def known(self) -> list[tuple[int, UnitMove]]:
        """What is known; a unit that was not rated lately was not earlier either."""
        known = [(days, move) for days, move in self.moves if move is not None]
        rated = [(days, move) for days, move in known if move.before is not None]
        return [*rated, *known[len(rated) : len(rated) + 1]]


class Lately(NamedTuple):
    """The units with the latest events, and those that are silent for the longest time."""

    latest: Sequence[LatestUnit]
    silent: Sequence[UnitActivity]
    number: int

    @property
    def moving(self) -> bool:
        """Whether units may have moved; a set that is sealed does not move."""
        return any(row.moves for row in self.latest)

    @property
    def known(self) -> bool:
        """Whether it is known by how much."""
        return any(row.known for row in self.latest)

    @property
    def units(self) -> set[str]:
        """The units that are named."""
        return {each.unit for each in (*(row.activity for row in self.latest), *self.silent)}


class Machinery(NamedTuple):
    """What the fold has not done yet; all None where the stream does not answer."""

    behind: int | None = None
    seconds: float | None = None
    quarantined: int | None = None
    unowned: int | None = None
    halted: bool = False


class ListedUnit(NamedTuple):
    """A row: the rating, and by how many hundredths it differs from that of the year before."""

    rating: Rating
    change: int | None
    tone: str


class KindClasses(NamedTuple):
    """How many units of a kind have which class."""

    kind: str
    label: Message
    number: int
    parts: tuple[Part, ...]


class RoadStep(NamedTuple):
    """A stage on the road of a year: whether it is the present one, and whether it may follow."""

    stage: Stage
    label: Message
    current: bool
    next: bool


def add_year(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The overview of a year, and the way to the newest one."""
    reading, years = desk.reading, desk.years

    @pages.get("/years")
    async def newest_year(request: Request) -> Response:
        return site.visit(request).see_other(f"/years/{await years.newest()}")

    @pages.get("/years/{year}")
    async def year(
        request: Request, year: Year, filters: Annotated[YearFilters, Query()]
    ) -> Response:
        visit = site.visit(request)
        try:
            page = await reading.list(
                year, visit.caller, filters.kind, filters.class_, filters.q, filters.sort, ROWS,
                filters.cursor,
            )  # fmt: skip
        except (CursorWrong, ClassUnknown):  # the list has changed since the link was made
            return visit.see_other(visit.address(cursor=None, **{"class": None}))
        view, before = await years.view(year), await reading.snapshot(year - 1)
        lately = None if filters.special else await _lately(desk, visit.caller, page.snapshot)
        name_stage(page.snapshot.stage)
        units = {rating.unit for rating in page.items}
        name_units(request.scope, units if lately is None else units | lately.units)
        return visit.page(
            "year.html", year=year, filters=filters, page=page, view=view,
            undecided=await years.undecided_for(view, visit.caller),
            reads_all=visit.caller.role in READS_ALL, progress=progress(year, reading.clock()),
            rows=listed_units(page, before), kinds=_kinds(page.snapshot, visit),
            classes=list(dict.fromkeys(page.snapshot.classes(filters.kind))),
            kind_options=[(kind, label("kind", kind)) for kind in KINDS],
            lately=lately, type_label=short_event_label, road=road(page.snapshot.stage),
            machinery=await _machinery(desk) if visit.caller.role in READS_MACHINERY else None,
            years=(await years.known())[-5:],
        )  # fmt: skip


def progress(year: int, now: int) -> Literal["ahead", "running", "over"]:
    """Whether a year has begun, and ended: before that its points say little beside last year's."""
    if now < moments.year_start(year):
        return "ahead"
    return "over" if now >= year_end(year) else "running"


def _kinds(snapshot: Snapshot, visit: Visit) -> list[KindClasses]:
    """The classes by kind, for who reads all units."""
    if visit.caller.role not in READS_ALL:
        return []
    return kind_classes(snapshot, f"/years/{snapshot.year}?")


async def _lately(desk: Desk, reader: Credential, snapshot: Snapshot) -> Lately:
    """Of the units that the reader may see."""
    current = await desk.reading.snapshots.of(snapshot.year)
    units = [key for key in snapshot.standings if may_read(current, key, reader)]
    rows = await activity(desk.reading, snapshot, units)
    quiet = silent(rows)
    ordered = sorted(rows, key=lambda row: row.time or 0, reverse=True)
    latest = [row for row in ordered[:LATELY] if row.time]
    return Lately(await _latest_units(desk, snapshot, latest), quiet[:LATELY], len(quiet))


async def _latest_units(
    desk: Desk, snapshot: Snapshot, latest: Sequence[UnitActivity]
) -> list[LatestUnit]:
    """How these units have moved lately; a set of the past, such as a sealed one, does not move."""
    if snapshot.until is not None or not latest:
        return [LatestUnit(row, ()) for row in latest]
    earlier = [(days, await desk.reading.movements.since(snapshot, days)) for days in MOVES_DAYS]
    return [
        LatestUnit(row, [
            (days, None if places is None else move_of(places, row.unit, snapshot))
            for days, places in earlier
        ])
        for row in latest
    ]  # fmt: skip


async def _machinery(desk: Desk) -> Machinery:
    """The figures of the fold, if the stream tells them soon."""
    figures = await desk.lag_within(MACHINERY_SECONDS)
    if figures is None:
        return Machinery()
    return Machinery(
        figures["events"], figures["seconds"], figures["quarantined"], figures["unowned"],
        figures["halted"] is not None,
    )  # fmt: skip


def listed_units(page: RatingPage, before: Snapshot) -> list[ListedUnit]:
    """The rows of a page, beside the totals of the year before."""
    earlier = {
        rating.unit: standing.assessment.total
        for rating in page.items
        if (standing := before.standings.get(rating.unit)) is not None
    }
    return [
        ListedUnit(
            rating,
            rating.total - earlier[rating.unit] if rating.unit in earlier else None,
            tone(page.snapshot.classes(rating.kind), rating.class_name),
        )
        for rating in page.items
    ]


def tone(classes: Iterable[str], name: str) -> str:
    """The colour of a class by its place among those of its rubric, the best first."""
    place = list(classes).index(name)
    return TONES[min(place, len(TONES) - 1)]


def kind_classes(snapshot: Snapshot, address: str) -> list[KindClasses]:
    """The classes of each kind that has units, the best class first.

    `address` is where units are listed; it ends where further parameters begin.
    """
    counts: dict[str, dict[str, int]] = {}
    rubrics = {}
    for standing in snapshot.standings.values():
        assessment = standing.assessment
        of_kind = counts.setdefault(standing.kind, dict.fromkeys(assessment.rubric.classes, 0))
        of_kind[assessment.class_name] += 1
        rubrics[standing.kind] = assessment.rubric
    return [
        KindClasses(
            kind, label("kind", kind), sum(counts[kind].values()),
            stacked([
                class_step(rubrics[kind], kind, name, number, address)
                for name, number in counts[kind].items()
            ]),
        )
        for kind in KINDS
        if kind in counts
    ]  # fmt: skip


def class_step(rubric: Rubric, kind: str, name: str, number: int, address: str) -> Step:
    """The units of a class, with the way to them: `address` is where parameters may follow."""
    query = urlencode({"kind": kind, "class": name})
    shade = tone(rubric.classes, name)
    return Step(class_label(rubric, name), number, f"{address}{query}", tone=shade)


def road(stage: Stage) -> list[RoadStep]:
    """The stages of a year in their order; the reopened one only where it was reopened."""
    return [
        RoadStep(each, label("stage", each), each == stage, each in NEXT[stage] and each != stage)
        for each in STAGES
        if each != REOPENED or stage == REOPENED
    ]
