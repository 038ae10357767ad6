"""Signs of gaming of a year, as questions: each with its events, and why it may be harmless."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request, Response

from contracts.catalog import CANONICAL
from contracts.messages import Message
from services.chassis.web.site import Site
from services.scoring.access.cursors import event_cursor
from services.scoring.access.parameters import Year
from services.scoring.access.read_lines import name_stage, name_units
from services.scoring.exports.event_labels import event_label
from services.scoring.queries.events import EventKey
from services.scoring.ratings.signs import SignEvent, YearSigns
from services.scoring.readmodel.signs import Signs
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.web.desk import Desk
from services.scoring.web.messages import message
from services.scoring.web.pages.desk import YEARS_SHOWN

UNITS_SHOWN = 8


class UnitLink(NamedTuple):
    """A unit with the page of its events of the year."""

    key: str
    name: str
    href: str


class EventLink(NamedTuple):
    """An event of a sign, and where it stands among those of its unit."""

    label: Message
    event: SignEvent
    href: str


class SignQuestion(NamedTuple):
    """A sign: the question, the units that it is about (`more` are not named), its first events."""

    question: Message
    units: Sequence[UnitLink]
    more: int
    events: Sequence[EventLink]


class SignGroup(NamedTuple):
    """The signs of a kind; `number` of them, of which some are not shown."""

    code: str
    signs: Sequence[SignQuestion]
    number: int


def add_audit_signs(pages: FastAPI, site: Site, desk: Desk) -> None:
    """The signs of a year, and the way to the newest one."""
    reading = desk.reading
    search = Signs(reading.db, reading.snapshots, reading.clock)

    @pages.get("/audit/signs")
    async def newest_signs(request: Request) -> Response:
        return site.visit(request).see_other(f"/audit/signs/{await desk.years.newest()}")

    @pages.get("/audit/signs/{year}")
    async def audit_signs(request: Request, year: Year) -> Response:
        visit = site.visit(request)
        answer, snapshot = await search.of(year), await reading.snapshots.of(year)
        groups = sign_groups(answer.signs, snapshot)
        name_stage(snapshot.stage)
        keys = (unit.key for group in groups for sign in group.signs for unit in sign.units)
        name_units(request.scope, dict.fromkeys(keys))
        years = await desk.years.known()
        return visit.page(
            "audit_signs.html", year=year, answer=answer, groups=groups, years=years[-YEARS_SHOWN:]
        )


def sign_groups(signs: YearSigns, snapshot: Snapshot) -> list[SignGroup]:
    """The signs of each kind, with their units by name."""
    last = [
        _question(
            message("audit-signs-last-asks", late=each.late, all=each.all), [each.unit],
            each.sample, snapshot,
        )
        for each in signs.last_hours
    ]  # fmt: skip
    documents = [
        _question(
            message("audit-signs-document-asks", number=each.number, units=len(each.units),
                    digest=each.digest.hex()[:16]),
            each.units, each.sample, snapshot,
        )
        for each in signs.documents
    ]  # fmt: skip
    mass = [
        _question(
            message("audit-signs-mass-asks", number=each.number, source=each.source),
            [each.unit], each.sample, snapshot,
        )
        for each in signs.mass
    ]  # fmt: skip
    kinds = (("last", last), ("document", documents), ("mass", mass))
    return [
        SignGroup(code, questions, number)
        for (code, questions), number in zip(kinds, signs.numbers, strict=True)
    ]


def _question(
    question: Message, units: Sequence[str], sample: Iterable[SignEvent], snapshot: Snapshot
) -> SignQuestion:
    links = [_unit(key, snapshot) for key in units[:UNITS_SHOWN]]
    return SignQuestion(
        question, links, len(units) - len(links), list(_links(sample, snapshot.year))
    )  # fmt: skip


def _unit(key: str, snapshot: Snapshot) -> UnitLink:
    unit = snapshot.registry.units.get(key)
    name = key if unit is None else unit.name_in(snapshot.year)
    return UnitLink(key, name, _address(snapshot.year, key))


def _links(sample: Iterable[SignEvent], year: int) -> Iterator[EventLink]:
    for event in sample:
        label = event_label(CANONICAL[event.kind].type)
        cursor = event_cursor(EventKey(event.time, b""), year, event.unit)
        query = urlencode({"cursor": cursor})
        yield EventLink(label, event, f"{_address(year, event.unit)}?{query}")


def _address(year: int, unit: str) -> str:
    return f"/years/{year}/units/{quote(unit)}/events"
