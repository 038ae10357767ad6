"""Lists of the violations over HTTP: cases, and how many conclusions of a year stand."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response

from contracts import moments
from contracts.envelope import UNIT_KEY
from services.chassis.auth.credentials import READS_ALL, Credential
from services.chassis.http.language import labelled
from services.chassis.http.openapi import Page
from services.records.command_endpoint import Desk, described, json_answer
from services.records.exported_lists import CSV_TYPE, Form, csv_answer, every_row
from services.records.record import check_unit
from services.records.request_bodies import Listing, UnitKey, Year
from services.records.routes import page, units_seen
from services.violations import answers, queries
from services.violations.labels import TERMS
from services.violations.messages import message

READS_CASES = ("clerk", "council", "auditor")
READS_COUNTS = ("reader", "clerk", "hr", "council", "auditor")
Stage = Literal[
    "reported", "assigned", "verified", "dismissed", "joined", "concluded", "handled",
    "appealed", "upheld", "overturned", "withdrawn",
]  # fmt: skip
CASES = {
    "id": message("column-id"), "unit": message("column-unit"), "origin": message("column-origin"),
    "by_unit": message("column-by-unit"), "stage": message("column-stage"),
    "due": message("column-due"),
}  # fmt: skip
COUNTS = {
    "unit": message("column-unit"), "year": message("column-year"),
    "concluded": message("column-concluded"), "handled": message("column-handled"),
}  # fmt: skip


class Listed(Listing):
    """Which cases; `overdue` are those whose last day for the next step has passed."""

    unit: UnitKey | None = None
    stage: Stage | None = None
    overdue: bool = False
    format: Form = "json"


class Counted(Listing):
    """Of which year the conclusions are counted."""

    places = UNIT_KEY.pattern
    year: Year
    format: Form = "json"


def add_lists(api: FastAPI, desk: Desk) -> None:
    """Adds both lists."""
    _add_cases(api, desk)
    _add_counts(api, desk)


def _filter(desk: Desk, reader: Credential, asked: Listed) -> queries.Wanted:
    units = units_seen(reader)
    if asked.unit is not None:
        if units is not None:
            check_unit(reader, asked.unit)
        units = frozenset((asked.unit,))
    today = date.fromordinal(moments.local_day(desk.clock())).isoformat()
    return queries.Wanted(
        units, asked.stage, today if asked.overdue else None,
        reader.role not in READS_ALL, asked.cursor, asked.limit + 1,
    )  # fmt: skip


def _add_cases(api: FastAPI, desk: Desk) -> None:
    @api.get(
        "/cases", summary="Cases; the read is remembered",
        **described(401, 403, 422, 503, model=Page[answers.Listed], files=(CSV_TYPE,)),
    )  # fmt: skip
    async def list_cases(request: Request, asked: Annotated[Listed, Query()]) -> Response:
        reader = desk.caller(request, READS_CASES, message("read-cases"))
        chosen = _filter(desk, reader, asked)

        async def rows(after: str, limit: int) -> list[dict[str, Any]]:
            async with desk.db.read() as conn:
                return await queries.cases(conn, chosen._replace(after=after, limit=limit))

        if asked.format == "csv":
            cases = await every_row(rows, "id")
            await desk.note_read(reader, "cases", len(cases))
            return csv_answer("vu-viec", CASES, cases, TERMS)
        shown = page(await rows(chosen.after, chosen.limit), asked.limit)
        await desk.note_read(reader, "cases", len(shown["items"]))
        return json_answer(labelled(shown, TERMS))


def _add_counts(api: FastAPI, desk: Desk) -> None:
    @api.get(
        "/counts", summary="How many conclusions of a year stand, by unit",
        **described(401, 403, 422, 503, model=Page[answers.Count], files=(CSV_TYPE,)),
    )  # fmt: skip
    async def get_counts(request: Request, asked: Annotated[Counted, Query()]) -> Response:
        reader = desk.caller(request, READS_COUNTS, message("read-counts"))

        async def rows(after: str, limit: int) -> list[dict[str, Any]]:
            async with desk.db.read() as conn:
                return await queries.counts(conn, units_seen(reader), asked.year, after, limit)

        if asked.format == "csv":
            return csv_answer("so-lieu-vi-pham", COUNTS, await every_row(rows, "unit"), TERMS)
        return json_answer(page(await rows(asked.cursor, asked.limit + 1), asked.limit, "unit"))
