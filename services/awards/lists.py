"""Lists of the awards over HTTP: achievements, and the register of honours in force."""

from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response

from services.awards import answers, queries
from services.awards.labels import TERMS
from services.awards.messages import message
from services.chassis.http.language import labelled
from services.chassis.http.openapi import Page
from services.records.command_endpoint import Desk, json_answer, route_answers
from services.records.exported_lists import CSV_TYPE, Form, csv_answer, read_all_rows
from services.records.record import check_unit
from services.records.request_bodies import RECORD_ID, Listing, UnitKey, Year
from services.records.routes import READERS, page, units_seen

Stage = Literal["nominated", "appraised", "recognised", "refused", "revoked", "withdrawn"]
Level = Literal["commune", "city", "province", "nation", "ministry", "state"]

ACHIEVEMENTS = {
    "id": message("column-id"), "unit": message("column-unit"), "origin": message("column-origin"),
    "kind": message("column-kind"), "title": message("column-title"),
    "stage": message("column-stage"),
}  # fmt: skip
REGISTER = {
    "id": message("column-id"), "unit": message("column-unit"), "kind": message("column-kind"),
    "title": message("column-title"), "what": message("column-what"),
    "level": message("column-level"), "decision": message("column-decision"),
    "year": message("column-year"),
}  # fmt: skip


class AchievementQuery(Listing):
    """The filters of the list of achievements."""

    unit: UnitKey | None = None
    stage: Stage | None = None
    format: Form = "json"


class RegisterQuery(Listing):
    """The filters of the register."""

    places = f"{RECORD_ID}:(model|award):[a-z]+"
    year: Year
    level: Level | None = None
    format: Form = "json"


def add_lists(api: FastAPI, desk: Desk) -> None:
    """Adds the routes of both lists."""
    _add_achievements(api, desk)
    _add_register(api, desk)


def _add_achievements(api: FastAPI, desk: Desk) -> None:
    @api.get(
        "/achievements", summary="Achievements",
        **route_answers(
            401, 403, 422, 503, model=Page[answers.ListedAchievement], files=(CSV_TYPE,)
        ),
    )  # fmt: skip
    async def list_achievements(
        request: Request, query: Annotated[AchievementQuery, Query()]
    ) -> Response:
        reader = desk.caller(request, READERS, message("read-achievements"))
        units = units_seen(reader)
        if query.unit is not None:
            if units is not None:
                check_unit(reader, query.unit)
            units = frozenset((query.unit,))

        async def rows(after: str, limit: int) -> list[dict[str, Any]]:
            async with desk.db.read() as conn:
                return await queries.achievements(conn, units, query.stage, after, limit)

        if query.format == "csv":
            return csv_answer("thanh-tich", ACHIEVEMENTS, await read_all_rows(rows, "id"), TERMS)
        answer = page(await rows(query.cursor, query.limit + 1), query.limit)
        return json_answer(labelled(answer, TERMS))


def _add_register(api: FastAPI, desk: Desk) -> None:
    @api.get(
        "/register", summary="What is recognised",
        **route_answers(
            401, 403, 422, 503, model=Page[answers.RegisteredHonour], files=(CSV_TYPE,)
        ),
    )  # fmt: skip
    async def get_register(request: Request, query: Annotated[RegisterQuery, Query()]) -> Response:
        desk.caller(request, READERS, message("read-register"))

        async def rows(after: str, limit: int) -> list[dict[str, Any]]:
            async with desk.db.read() as conn:
                return await queries.register(conn, query.year, query.level, after, limit)

        if query.format == "csv":
            return csv_answer("so-khen-thuong", REGISTER, await read_all_rows(rows, "place"), TERMS)
        answer = page(await rows(query.cursor, query.limit + 1), query.limit, "place")
        return json_answer(labelled(answer, TERMS))
