"""Queries of training over HTTP. Names are for the clerk of the unit and hr; reads are logged."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any

from fastapi import FastAPI, Path, Query, Request, Response

from contracts import moments
from services.chassis.auth.credentials import READS_ALL, Credential
from services.chassis.http.language import labelled
from services.chassis.http.openapi import Page
from services.chassis.http.service_api import Problem
from services.records.command_endpoint import Desk, json_answer, route_answers
from services.records.exported_lists import CSV_TYPE, csv_answer, read_all_rows
from services.records.record import check_unit, etag, load_record
from services.records.request_bodies import Day, UnitKey
from services.records.routes import READERS, Id, page, units_seen
from services.records.vault import Vault
from services.training import fields, queries
from services.training.api import answers, list_columns, request_bodies
from services.training.api.list_filters import (
    CourseQuery,
    CoverageQuery,
    MissingQuery,
    SessionQuery,
)
from services.training.domain.labels import TERMS
from services.training.domain.roster import evolve_person
from services.training.handlers.persons import person_of_others
from services.training.messages import message

READS_NAMES = ("clerk", "hr")
LAST_US = 86_400_000_000 - 1
Unit = Annotated[UnitKey, Path()]
SessionName = Annotated[fields.SessionName, Path()]
Form = Annotated[request_bodies.Format, Query(alias="format")]


def add_lists(api: FastAPI, desk: Desk, names: "Names") -> None:
    """Adds every query."""
    _add_coverage(api, desk)
    _add_missing(api, desk, names)
    _add_persons(api, desk, names)
    _add_courses(api, desk)
    _add_sessions(api, desk)


def check_course(id_: str) -> None:
    """Problem 404 for what cannot be the id of a course."""
    _check(fields.COURSE_ID, id_)


def _check(ids: str, id_: str) -> None:
    if not re.fullmatch(ids, id_, re.ASCII):
        raise Problem(404, message("record-unknown", id=id_[:80]))


class Names:
    """Shows names where the role allows it, and records who read them."""

    def __init__(self, desk: Desk, vault: Vault) -> None:
        self.desk, self.vault = desk, vault

    def allowed(self, reader: Credential, unit: str) -> bool:
        """Whether the reader is the clerk of the unit, or hr."""
        return reader.role == "hr" or (reader.role == "clerk" and reader.speaks_for(unit))

    async def of(
        self, reader: Credential, what: str, persons: Iterable[str]
    ) -> dict[str, dict[str, str | None]]:
        """Name and staff number by key; None where they were erased."""
        async with self.desk.db.read() as conn:
            rows = await queries.persons(conn, set(persons))
        await self.desk.log_read(reader, what, len(rows))
        return {
            key: {"name": self._show(row.hidden_name), "number": self._show(row.hidden_number)}
            for key, row in rows.items()
        }

    def _show(self, hidden: bytes | None) -> str | None:
        return None if hidden is None else self.vault.show(hidden)

    async def into(
        self, reader: Credential, unit: str, what: str, items: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """The items with the names of their persons, for the right role."""
        if not items or not self.allowed(reader, unit):
            return items
        names = await self.of(reader, what, (item["person"] for item in items))
        return [{**item, **names.get(item["person"], {})} for item in items]


def reader_of(desk: Desk, request: Request, unit: str, what: str) -> Credential:
    """The reader of a list of a unit; Problem 403 for the role or the unit."""
    reader = desk.caller(request, READERS, what)
    if reader.role not in READS_ALL:
        check_unit(reader, unit)
    return reader


def _units(desk: Desk, request: Request, unit: str | None, what: str) -> frozenset[str] | None:
    if unit is not None:
        reader_of(desk, request, unit, what)
        return frozenset((unit,))
    return units_seen(desk.caller(request, READERS, what))


def end_of(day: Day | None, now: int) -> int:
    """The last instant of a day, in microseconds; now without one."""
    return now if day is None else moments.day_start(day) + LAST_US


def with_times(item: dict[str, Any], *names: str) -> dict[str, Any]:
    """An item of a list with these instants as local time."""
    return {
        name: moments.local_time(value) if name in names and value is not None else value
        for name, value in item.items()
    }


def _add_coverage(api: FastAPI, desk: Desk) -> None:
    @api.get(
        "/coverage", summary="How many of those charged are trained, by unit and year",
        **route_answers(401, 403, 422, 503, model=Page[answers.Coverage], files=(CSV_TYPE,)),
    )  # fmt: skip
    async def get_coverage(request: Request, choice: Annotated[CoverageQuery, Query()]) -> Response:
        units = _units(desk, request, choice.unit, message("read-coverage"))

        async def rows(after: str, limit: int) -> list[dict[str, Any]]:
            async with desk.db.read() as conn:
                counts = await queries.coverage(
                    conn, choice.year, choice.topic, units, after, limit
                )
            return [{**unit, "share": share(unit["trained"], unit["obliged"])} for unit in counts]

        if choice.format == "csv":
            whole = list_columns.coverage_rows(
                await read_all_rows(rows, "unit"), choice.year, choice.topic
            )
            return csv_answer("ty-le-boi-duong", list_columns.COVERAGE, whole, TERMS)
        items = await rows(choice.cursor, choice.limit + 1)
        return json_answer(page(items, choice.limit, "unit"))


def _add_missing(api: FastAPI, desk: Desk, names: Names) -> None:
    @api.get(
        "/missing", summary="Who of a unit and year is not yet trained",
        **route_answers(401, 403, 422, 503, model=Page[answers.Missing], files=(CSV_TYPE,)),
    )  # fmt: skip
    async def get_missing(request: Request, choice: Annotated[MissingQuery, Query()]) -> Response:
        unit, year, topic = choice.unit, choice.year, choice.topic
        reader = reader_of(desk, request, unit, message("read-missing"))
        what = f"missing in {unit} {year}"

        async def rows(after: str, limit: int) -> list[dict[str, Any]]:
            async with desk.db.read() as conn:
                return await queries.missing(conn, unit, year, topic, after, limit)

        if choice.format == "csv":
            persons = await names.into(reader, unit, what, await read_all_rows(rows, "person"))
            with_names = names.allowed(reader, unit)
            columns = list_columns.MISSING_WITH_NAMES if with_names else list_columns.MISSING
            whole = list_columns.missing_rows(persons, unit, year, topic)
            return csv_answer("chua-boi-duong", columns, whole, TERMS)
        answer = page(await rows(choice.cursor, choice.limit + 1), choice.limit, "person")
        answer["items"] = await names.into(reader, unit, what, answer["items"])
        return json_answer(labelled(answer, TERMS))


def share(trained: int, obliged: int) -> str | None:
    """The percentage, rounded half up to hundredths; None where nobody is obliged."""
    if not obliged:
        return None
    exact = Decimal(trained) * 100 / obliged
    return str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))


def _add_persons(api: FastAPI, desk: Desk, names: Names) -> None:
    problems = (401, 403, 404, 422, 503)

    async def load(request: Request, id_: str) -> tuple[Credential, queries.PersonRow, int]:
        reader = desk.caller(request, READERS, message("read-persons"))
        _check(fields.PERSON_ID, id_)
        async with desk.db.read() as conn:
            person = (await queries.persons(conn, [id_])).get(id_)
            near = reader.role in READS_ALL or "*" in reader.units
            near = near or await queries.was_in(conn, id_, reader.units)
            if person is None:
                raise Problem(404, message("person-none"))
            version = (await load_record(conn, id_, evolve_person)).version
        if not near:
            raise person_of_others(reader.units)
        return reader, person, version

    @api.get(
        "/persons/{id}", summary="One person, with the name for the right role",
        **route_answers(*problems, model=answers.Person),
    )  # fmt: skip
    async def get_person(request: Request, id: Id) -> Response:
        reader, person, version = await load(request, id)
        body: dict[str, Any] = {"person": id, "erased": person.erased}
        if reader.role in READS_NAMES:
            body |= (await names.of(reader, f"person {id}", [id]))[id]
        return json_answer(labelled(body, TERMS), headers={"ETag": etag(version)})

    @api.get(
        "/persons/{id}/completions", summary="What a person completed",
        **route_answers(*problems, model=Page[answers.Completion]),
    )  # fmt: skip
    async def get_completions(request: Request, id: Id) -> Response:
        await load(request, id)
        async with desk.db.read() as conn:
            completions = (await queries.completions(conn, [id])).get(id, [])
        items = [with_times(completion._asdict(), "at") for completion in completions]
        return json_answer(labelled({"items": items, "next": None}, TERMS))


def _add_courses(api: FastAPI, desk: Desk) -> None:
    @api.get(
        "/courses", summary="Courses",
        **route_answers(401, 403, 422, 503, model=Page[answers.ListedCourse], files=(CSV_TYPE,)),
    )  # fmt: skip
    async def list_courses(request: Request, choice: Annotated[CourseQuery, Query()]) -> Response:
        units = _units(desk, request, choice.unit, message("read-courses"))

        async def rows(after: str, limit: int) -> list[dict[str, Any]]:
            async with desk.db.read() as conn:
                return await queries.courses(conn, units, choice.year, choice.stage, after, limit)

        if choice.format == "csv":
            whole = list_columns.course_rows(await read_all_rows(rows, "id"))
            return csv_answer("khoa-hoc", list_columns.COURSES, whole, TERMS)
        answer = page(await rows(choice.cursor, choice.limit + 1), choice.limit)
        return json_answer(labelled(answer, TERMS))


def _add_sessions(api: FastAPI, desk: Desk) -> None:
    @api.get(
        "/sessions", summary="Sessions ahead",
        **route_answers(401, 403, 422, 503, model=Page[answers.ListedSession], files=(CSV_TYPE,)),
    )  # fmt: skip
    async def list_sessions(request: Request, choice: Annotated[SessionQuery, Query()]) -> Response:
        units = _units(desk, request, choice.unit, message("read-sessions"))
        since = moments.day_start(choice.date) if choice.date else desk.clock()

        async def rows(after: str, limit: int) -> list[dict[str, Any]]:
            async with desk.db.read() as conn:
                return await queries.sessions_ahead(conn, units, since, after, limit)

        if choice.format == "csv":
            whole = list_columns.session_rows(await read_all_rows(rows, "place_in_list"))
            return csv_answer("buoi-hoc", list_columns.SESSIONS, whole, TERMS)
        answer = page(await rows(choice.cursor, choice.limit + 1), choice.limit, "place_in_list")
        answer["items"] = [with_times(session, "starts") for session in answer["items"]]
        return json_answer(labelled(answer, TERMS))
