"""Lists of the violations over HTTP: cases, and counts of the conclusions in force."""

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response

from contracts import moments
from contracts.envelope import UNIT_KEY
from services.chassis.auth.credentials import READS_ALL, Credential
from services.chassis.http.language import labelled
from services.chassis.http.openapi import Page
from services.records.command_endpoint import Desk, json_answer, route_answers
from services.records.exported_lists import CSV_TYPE, Form, csv_answer, read_all_rows
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


class CaseQuery(Listing):
    """The filters of the list of cases; `overdue`: the last day for the next step has passed."""

    unit: UnitKey | None = None
    stage: Stage | None = None
    overdue: bool = False
    format: Form = "json"


class CountQuery(Listing):
    """The filters of the counts of conclusions."""

    places = UNIT_KEY.pattern
    year: Year
    format: Form = "json"


def add_lists(api: FastAPI, desk: Desk) -> None:
    """Adds the routes of both lists."""
    _add_cases(api, desk)
    _add_counts(api, desk)


def _filter(desk: Desk, reader: Credential, query: CaseQuery) -> queries.CaseFilter:
    units = units_seen(reader)
    if query.unit is not None:
        if units is not None:
            check_unit(reader, query.unit)
        units = frozenset((query.unit,))
    today = date.fromordinal(moments.local_day(desk.clock())).isoformat()
    return queries.CaseFilter(
        units, query.stage, today if query.overdue else None,
        reader.role not in READS_ALL, query.cursor, query.limit + 1,
    )  # fmt: skip


def _add_cases(api: FastAPI, desk: Desk) -> None:
    @api.get(
        "/cases", summary="Cases; the read is remembered",
        **route_answers(401, 403, 422, 503, model=Page[answers.ListedCase], files=(CSV_TYPE,)),
    )  # fmt: skip
    async def list_cases(request: Request, query: Annotated[CaseQuery, Query()]) -> Response:
        reader = desk.caller(request, READS_CASES, message("read-cases"))
        criteria = _filter(desk, reader, query)

        async def rows(after: str, limit: int) -> list[dict[str, Any]]:
            async with desk.db.read() as conn:
                return await queries.cases(conn, criteria._replace(after=after, limit=limit))

        if query.format == "csv":
            cases = await read_all_rows(rows, "id")
            await desk.log_read(reader, "cases", len(cases))
            return csv_answer("vu-viec", CASES, cases, TERMS)
        answer = page(await rows(criteria.after, criteria.limit), query.limit)
        await desk.log_read(reader, "cases", len(answer["items"]))
        return json_answer(labelled(answer, TERMS))


def _add_counts(api: FastAPI, desk: Desk) -> None:
    @api.get(
        "/counts", summary="How many conclusions of a year stand, by unit",
        **route_answers(401, 403, 422, 503, model=Page[answers.Count], files=(CSV_TYPE,)),
    )  # fmt: skip
    async def get_counts(request: Request, query: Annotated[CountQuery, Query()]) -> Response:
        reader = desk.caller(request, READS_COUNTS, message("read-counts"))

        async def rows(after: str, limit: int) -> list[dict[str, Any]]:
            async with desk.db.read() as conn:
                return await queries.counts(conn, units_seen(reader), query.year, after, limit)

        if query.format == "csv":
            return csv_answer("so-lieu-vi-pham", COUNTS, await read_all_rows(rows, "unit"), TERMS)
        return json_answer(page(await rows(query.cursor, query.limit + 1), query.limit, "unit"))
