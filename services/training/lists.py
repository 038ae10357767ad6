"""Queries of training over HTTP. Names go to the clerk of the unit and to hr, on record."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Path, Query, Request, Response

from contracts import moments
from services.chassis.asked import Day, UnitKey
from services.chassis.auth import READS_ALL, Credential, role_missing
from services.chassis.desk import Desk, described, json_answer
from services.chassis.http import Problem
from services.chassis.records import check_unit, loaded, unit_of
from services.chassis.routes import READERS, Id, page, units_seen
from services.chassis.vault import Vault
from services.training import asking, domain, queries, sheets
from services.training.domain import Session
from services.training.handlers import person_of_others

READS_NAMES = ("clerk", "hr")
LAST_US = 86_400_000_000 - 1
Format = Literal["json", "csv", "xlsx"]
Unit = Annotated[UnitKey, Path()]
SessionName = Annotated[asking.SessionName, Path()]
Form = Annotated[Format, Query(alias="format")]


def add_lists(api: FastAPI, desk: Desk, vault: Vault) -> None:
    """Adds every query."""
    names = _Names(desk, vault)
    _add_rosters(api, desk, names)
    _add_coverage(api, desk, names)
    _add_persons(api, desk, names)
    _add_courses(api, desk)
    _add_attendance(api, desk, names)


def check_course(id_: str) -> None:
    """Problem 404 for what cannot be the id of a course."""
    _check(asking.COURSE_ID, id_)


def _check(ids: str, id_: str) -> None:
    if not re.fullmatch(ids, id_, re.ASCII):
        raise Problem(404, f"There is no record {id_[:80]}.")


class _Names:
    """Shows names where the role allows it, and remembers who read them."""

    def __init__(self, desk: Desk, vault: Vault) -> None:
        self.desk, self.vault = desk, vault

    def allowed(self, reader: Credential, unit: str) -> bool:
        """The clerk of the unit, and hr."""
        return reader.role == "hr" or (reader.role == "clerk" and reader.speaks_for(unit))

    async def of(
        self, reader: Credential, what: str, persons: Iterable[str]
    ) -> dict[str, dict[str, str | None]]:
        """Name and staff number by key; None where they were erased."""
        async with self.desk.db.read() as conn:
            found = await queries.persons(conn, set(persons))
        await self.desk.note_read(reader, what, len(found))
        return {
            key: {"name": self._shown(one.hidden_name), "number": self._shown(one.hidden_number)}
            for key, one in found.items()
        }

    def _shown(self, hidden: bytes | None) -> str | None:
        return None if hidden is None else self.vault.show(hidden)

    async def into(
        self, reader: Credential, unit: str, what: str, items: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The items with the names of their persons, for the right role."""
        if not items or not self.allowed(reader, unit):
            return items
        found = await self.of(reader, what, (one["person"] for one in items))
        return [{**one, **found.get(one["person"], {})} for one in items]


def _reader(desk: Desk, request: Request, unit: str, what: str) -> Credential:
    reader = desk.caller(request, READERS, what)
    if reader.role not in READS_ALL:
        check_unit(reader, unit)
    return reader


def _units(desk: Desk, request: Request, unit: str | None, what: str) -> frozenset[str] | None:
    if unit is not None:
        _reader(desk, request, unit, what)
        return frozenset((unit,))
    return units_seen(desk.caller(request, READERS, what))


def _end_of(day: Day | None, now: int) -> int:
    return now if day is None else moments.day_start(day) + LAST_US


def _spelled(item: dict[str, Any], *names: str) -> dict[str, Any]:
    return {
        name: moments.spelled(value) if name in names and value is not None else value
        for name, value in item.items()
    }


def _add_rosters(api: FastAPI, desk: Desk, names: _Names) -> None:
    @api.get(
        "/rosters/{unit}", summary="Who is on a unit's roster on a day",
        **described(401, 403, 422, 503),
    )  # fmt: skip
    async def get_roster(
        request: Request, unit: Unit, asked: Annotated[asking.OnDay, Query()]
    ) -> Response:
        reader = _reader(desk, request, unit, "Reading rosters")
        at = _end_of(asked.date, desk.clock())
        async with desk.db.read() as conn:
            found = await queries.on_roster(
                conn, unit, at, asked.role, asked.cursor, asked.limit + 1
            )
        shown = page([_spelled(one, "since", "until") for one in found], asked.limit)
        what = f"roster of {unit}"
        shown["items"] = await names.into(reader, unit, what, shown["items"])
        return json_answer(shown)


def _add_coverage(api: FastAPI, desk: Desk, names: _Names) -> None:
    @api.get(
        "/coverage", summary="How many of those charged are trained, by unit and year",
        **described(401, 403, 422, 503),
    )  # fmt: skip
    async def get_coverage(request: Request, asked: Annotated[asking.Covered, Query()]) -> Response:
        units = _units(desk, request, asked.unit, "Reading coverage")
        async with desk.db.read() as conn:
            found = await queries.coverage(
                conn, asked.year, asked.topic, units, asked.cursor, asked.limit + 1
            )
        items = [{**one, "share": share(one["trained"], one["obliged"])} for one in found]
        return json_answer(page(items, asked.limit, "unit"))

    @api.get(
        "/missing", summary="Who of a unit and year is not yet trained",
        **described(401, 403, 422, 503),
    )  # fmt: skip
    async def get_missing(request: Request, asked: Annotated[asking.Missing, Query()]) -> Response:
        reader = _reader(desk, request, asked.unit, "Reading who is missing")
        async with desk.db.read() as conn:
            found = await queries.missing(
                conn, asked.unit, asked.year, asked.topic, asked.cursor, asked.limit + 1
            )
        shown = page(found, asked.limit, "person")
        what = f"missing in {asked.unit} {asked.year}"
        shown["items"] = await names.into(reader, asked.unit, what, shown["items"])
        return json_answer(shown)


def share(trained: int, obliged: int) -> str | None:
    """The percentage, rounded half up to hundredths; None of nobody."""
    if not obliged:
        return None
    exact = Decimal(trained) * 100 / obliged
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _add_persons(api: FastAPI, desk: Desk, names: _Names) -> None:
    problems = (401, 403, 404, 422, 503)

    async def held(request: Request, id_: str) -> tuple[Credential, queries.Person]:
        reader = desk.caller(request, READERS, "Reading persons")
        _check(asking.PERSON_ID, id_)
        async with desk.db.read() as conn:
            found = (await queries.persons(conn, [id_])).get(id_)
            near = reader.role in READS_ALL or "*" in reader.units
            near = near or await queries.is_of(conn, id_, reader.units)
        if found is None:
            raise Problem(404, "There is no person with this key.")
        if not near:
            raise person_of_others(reader.units)
        return reader, found

    @api.get(
        "/persons/{id}", summary="One person, with the name for the right role",
        **described(*problems),
    )  # fmt: skip
    async def get_person(request: Request, id: Id) -> Response:
        reader, found = await held(request, id)
        shown: dict[str, Any] = {"person": id, "erased": found.erased}
        if reader.role in READS_NAMES:
            shown |= (await names.of(reader, f"person {id}", [id]))[id]
        return json_answer(shown)

    @api.get("/persons/{id}/completions", summary="What a person completed", **described(*problems))
    async def get_completions(request: Request, id: Id) -> Response:
        await held(request, id)
        async with desk.db.read() as conn:
            found = (await queries.completions(conn, [id])).get(id, [])
        items = [_spelled(one._asdict(), "at") for one in found]
        return json_answer({"items": items, "next": None})


def _add_courses(api: FastAPI, desk: Desk) -> None:
    @api.get("/courses", summary="Courses", **described(401, 403, 422, 503))
    async def list_courses(request: Request, asked: Annotated[asking.Listed, Query()]) -> Response:
        units = _units(desk, request, asked.unit, "Reading courses")
        async with desk.db.read() as conn:
            found = await queries.courses(
                conn, units, asked.year, asked.stage, asked.cursor, asked.limit + 1
            )
        return json_answer(page(found, asked.limit))

    @api.get("/sessions", summary="Sessions ahead", **described(401, 403, 422, 503))
    async def list_sessions(request: Request, asked: Annotated[asking.Ahead, Query()]) -> Response:
        units = _units(desk, request, asked.unit, "Reading sessions")
        since = moments.day_start(asked.date) if asked.date else desk.clock()
        async with desk.db.read() as conn:
            found = await queries.sessions_ahead(conn, units, since, asked.cursor, asked.limit + 1)
        shown = page(found, asked.limit, "place_in_list")
        shown["items"] = [_spelled(one, "starts") for one in shown["items"]]
        return json_answer(shown)


def _add_attendance(api: FastAPI, desk: Desk, names: _Names) -> None:
    @api.get(
        "/courses/{id}/sessions/{session}/attendance",
        summary="Who attended a session; as a file for the right role",
        **described(401, 403, 404, 422, 503, files=sheets.TYPES),
    )  # fmt: skip
    async def get_attendance(
        request: Request, id: Id, session: SessionName, form: Form = "json"
    ) -> Response:
        reader = desk.caller(request, READERS, "Reading attendance")
        unit, held = await _session(desk, reader, id, session)
        items = [{"person": key, **one._asdict()} for key, one in sorted(held.attended.items())]
        if form != "json" and not names.allowed(reader, unit):
            raise role_missing(reader, READS_NAMES, "A list with names")
        items = await names.into(reader, unit, f"attendance of {id} {session}", items)
        if form == "json":
            return json_answer({"items": items, "next": None})
        return _file(form, [sheets.Line(**one) for one in items])

    @api.get(
        "/templates/attendance", summary="An empty attendance list to fill in",
        **described(401, 403, 422, 503, files=sheets.TYPES),
    )  # fmt: skip
    async def get_template(request: Request, form: Form = "xlsx") -> Response:
        desk.caller(request, READERS, "Reading templates")
        return _file(form, [])


async def _session(desk: Desk, reader: Credential, id_: str, session: str) -> tuple[str, Session]:
    check_course(id_)
    async with desk.db.read() as conn:
        record = await loaded(conn, id_, domain.evolve_course)
    unit = unit_of(record)
    if reader.role not in READS_ALL:
        check_unit(reader, unit)
    held = record.state.sessions.get(session) if record.state else None
    if held is None:
        raise Problem(404, "The course has no such session.")
    return unit, held


def _file(form: Format, lines: list[sheets.Line]) -> Response:
    if form == "xlsx":
        raw, kind = sheets.xlsx_of(lines), sheets.XLSX_TYPE
    else:
        form, raw, kind = "csv", sheets.csv_of(lines), sheets.CSV_TYPE
    headers = {"Content-Disposition": f'attachment; filename="diem-danh.{form}"'}
    return Response(raw, 200, headers, kind)
