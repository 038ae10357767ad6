"""What the pages of a unit share: which state of it they show, its head, and why there is none."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, NamedTuple
from urllib.parse import quote, urlencode

from fastapi import Response
from fastapi.responses import RedirectResponse
from pydantic import AfterValidator, BaseModel, Field

from contracts import moments
from contracts.messages import Message
from contracts.moment_texts import day_text
from services.chassis.http.problems import wrong_parameters
from services.chassis.http.validation import instant_text
from services.chassis.web.parameters import EMPTY
from services.chassis.web.site import Visit
from services.scoring.access.units import find_unit
from services.scoring.errors import UnitNotRated
from services.scoring.fold.registry import Unit
from services.scoring.ratings.labels import label
from services.scoring.ratings.model import Rating
from services.scoring.readmodel.moment import NOW, Moment
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message
from services.scoring.web.pages.year import tone
from services.scoring.year.stages import YearDecision, YearState

UNIT = "/years/{year}/units/{unit}"
"""The route of a unit; those of its other pages begin with it."""
TABS = ("", "/events", "/history", "/compare", "/files")
VERSION_MAX = 999_999
_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)


def _instant(text: str) -> str:
    """An instant with its offset; a field of a form has the time in Vietnam without one."""
    if _LOCAL.fullmatch(text):
        text = f"{text if text.count(':') > 1 else f'{text}:00'}+07:00"
    return instant_text(text)


InstantText = Annotated[str, AfterValidator(_instant), Field(max_length=64)]
"""An instant of a form or an address."""


class UnitQuery(BaseModel):
    """Which state of a unit's year is shown: the present one in its binding view without any."""

    version: Annotated[int | None, EMPTY] = Field(None, ge=1, le=VERSION_MAX)
    as_of: Annotated[InstantText | None, EMPTY] = None
    view: Annotated[Literal["own", "pooled"] | None, EMPTY] = None

    @property
    def moment(self) -> Moment:
        """The state as the queries name it; Problem 422 for two of them."""
        if self.as_of is not None and self.version is not None:
            raise wrong_parameters([("as_of", message("unit-as-of-and-version"))])
        if self.as_of is None and self.version is None:
            return NOW
        return Moment(None if self.as_of is None else moments.instant(self.as_of), self.version)

    @property
    def local_time(self) -> str:
        """The instant as a field of a form has it; empty without one."""
        return local_time(self.as_of)

    @property
    def special(self) -> bool:
        """Whether it is not the present state in the binding view."""
        return bool(self.as_of or self.version or self.view)

    def text(self, **others: str | int | None) -> str:
        """The query of an address that keeps the state, with other parameters; `?` included."""
        values = {"version": self.version, "as_of": self.as_of, "view": self.view, **others}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"?{query}" if query else ""


def local_time(instant: str | None) -> str:
    """An instant as a field of a form has it; empty without one."""
    return "" if instant is None else moments.local_time(moments.instant(instant))[:16]


class StateLink(NamedTuple):
    """Another state of the same page."""

    label: Message
    href: str
    current: bool


class UnitFrame(NamedTuple):
    """A unit's year as every page of it begins.

    `change` is by how many hundredths the total differs from that of the year before, `ranked` how
    many units of the kind have a rank, `numbers` those of the versions that the year has.
    """

    query: UnitQuery
    base: str
    snapshot: Snapshot
    unit: Unit
    rating: Rating
    tone: str
    change: int | None
    ranked: int
    tabs: Sequence[tuple[Message, str, bool]]
    years: Sequence[int]
    versions: Sequence[StateLink]
    views: Sequence[StateLink]
    seals: Sequence[YearDecision]
    instant: int | None
    numbers: Sequence[int]

    def page(self, tab: str = "", **others: str | int | None) -> str:
        """The address of a page of the unit in the same state."""
        return f"{self.base}{tab}{self.query.text(**others)}"


class Missing(NamedTuple):
    """Why a unit has no rating of a year, and the years in which it has one."""

    code: str
    name: str
    reason: Message
    years: Sequence[int]
    successors: Sequence[tuple[str, str]]


async def open_frame(
    desk: Desk, visit: Visit, year: int, code: str, query: UnitQuery
) -> UnitFrame | Response:
    """The unit of a page; a way to its key for another code of it, or a page that says why not.

    The way to the key has a status that leaves no line in the log of reads.
    """
    try:
        snapshot, unit = await find_unit(desk.reading, visit.caller, year, code, query.moment)
    except UnitNotRated:
        missing = await _missing(desk, year, code)
        return visit.page("unit_missing.html", 404, year=year, missing=missing)
    tab = visit.request.scope["route"].path.removeprefix(UNIT)
    base = f"/years/{year}/units/{quote(unit.key)}"
    if unit.key != code:
        text = visit.request.url.query
        return RedirectResponse(f"{base}{tab}{f'?{text}' if text else ''}")
    live, before = await desk.reading.snapshot(year), await desk.reading.snapshot(year - 1)
    rating, earlier = snapshot.rating(unit.key, query.view), before.standings.get(unit.key)
    known = await desk.years.known()
    ranks = (each for each in snapshot.standings.values() if each.kind == unit.kind)
    return UnitFrame(
        query, base, snapshot, unit, rating,
        tone(snapshot.rubric(unit).classes, rating.class_name),
        None if earlier is None else rating.total - earlier.assessment.total,
        sum(each.rank is not None for each in ranks),
        [(message(f"unit-tab{each.replace('/', '-') or '-sheet'}"),
          f"{base}{each}{query.text()}", each == tab) for each in TABS],
        _rated_years(snapshot, unit, known),
        _versions(live.state, f"{base}{tab}", query),
        _views(snapshot, unit, f"{base}{tab}", query),
        live.state.seals, snapshot.as_of, _numbers(live.state),
    )  # fmt: skip


def _rated_years(snapshot: Snapshot, unit: Unit, years: Sequence[int]) -> list[int]:
    """The years in which the unit exists and a rubric governs its kind; at most five."""
    governing = snapshot.rubrics.governing
    rated = [y for y in years if unit.exists_in(y) and governing(unit.kind, y) is not None]
    return rated[-5:]


def _numbers(state: YearState) -> list[int]:
    """The present version and the sealed ones before it."""
    return sorted({seal.version for seal in state.seals} | {state.version})


def _versions(state: YearState, path: str, query: UnitQuery) -> list[StateLink]:
    """The versions of the year; none where there is one only."""
    numbers = _numbers(state)
    if len(numbers) == 1:
        return []
    return [
        StateLink(
            message("unit-version", version=number),
            f"{path}{_only(query, None if number == state.version else number)}",
            query.as_of is None and number == (query.version or state.version),
        )
        for number in numbers
    ]


def _only(query: UnitQuery, version: int | None) -> str:
    return UnitQuery(version=version, view=query.view).text()


def _views(snapshot: Snapshot, unit: Unit, path: str, query: UnitQuery) -> list[StateLink]:
    """The view that binds and the other one; none where there is one only."""
    views = snapshot.views(unit)
    if not views.pooled:
        return []
    return [
        StateLink(
            label("view", each),
            f"{path}{query.text(view=None if each == views.binding else each)}",
            each == views.answering(query.view),
        )
        for each in ("pooled", "own")
    ]


async def _missing(desk: Desk, year: int, code: str) -> Missing:
    """Why there is no rating, by the registry of today."""
    current = await desk.reading.snapshots.of(year)
    unit = current.registry.find(code)
    if unit is None:
        return Missing(code, code, message("unit-missing-unknown", code=code), [], [])
    heirs = current.registry.successors(unit.key)
    return Missing(
        unit.key, unit.name_in(year), _why_missing(current, unit),
        _rated_years(current, unit, await desk.years.known()),
        [(key, current.registry.units[key].name) for key in heirs if key in current.standings],
    )  # fmt: skip


def _why_missing(current: Snapshot, unit: Unit) -> Message:
    year = current.year
    if unit.ends is not None and unit.ends <= moments.year_start(year):
        return message("unit-missing-ended", day=_day(unit.ends), year=year)
    if unit.begins is not None and unit.begins >= moments.year_start(year + 1):
        return message("unit-missing-begins", day=_day(unit.begins), year=year)
    if unit.key in current.standings:
        return message("unit-missing-then")
    return message("unit-missing-rubric", kind=label("kind", unit.kind), year=year)


def _day(instant: int) -> Message:
    """The day of an instant as each language writes it."""
    return day_text(date.fromordinal(moments.local_day(instant)))
