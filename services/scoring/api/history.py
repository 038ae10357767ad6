"""Routes of what moved a rating, and of what differs between two states of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import FastAPI, Query, Request, Response

from services.chassis.auth.credentials import Verifier
from services.scoring.access.cursors import cause_cursor, cause_place
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.access.units import find_key, find_unit, wait_for_receipts
from services.scoring.api.access import credential_of
from services.scoring.api.answers import (
    DifferencesAnswer,
    HistoryAnswer,
    json_answer,
    route_answers,
    year_answer,
)
from services.scoring.api.parameters import Paging, TwoStates
from services.scoring.ratings.history import change_members
from services.scoring.readmodel.reader import Reading

_HISTORY = (
    "Each event that moved the unit's total, or its class before the share of the top class; "
    "newest first. `moved` has the indicators whose scores changed, null where one is left out. "
    "The items of one instant are together the difference of the ratings `as_of` then and before; "
    "all of them are the total. What came after the cut of a sealed version takes effect by the "
    "event that reopens the year."
)
_CHANGES = (
    "Line by line what differs between two states of the unit's year: each is an instant (`from`, "
    "`to`) or a version (`from_version`, `to_version`); the second is the present state where "
    "none is given. `events` are those recorded between the two that moved the line, at most 100 "
    "of `events_total`, newest first; `indicator` is null for the adjustments. Where "
    "`rubrics_differ`, a line may differ without an event."
)


def add_history_routes(api: FastAPI, reading: Reading, verifier: Verifier) -> None:
    """The history of one rating, and its differences."""

    @api.get(
        "/ratings/{year}/{unit}/history", summary="What moved the rating, newest first",
        description=_HISTORY, **route_answers(HistoryAnswer, 401, 403, 404, 422, 503, 504),
    )  # fmt: skip
    async def list_history(
        request: Request, year: Year, unit: UnitCode, paging: Annotated[Paging, Query()]
    ) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, paging.wait_for)
        snapshot, rated = await find_unit(reading, reader, year, unit)
        after = cause_place(paging.cursor, year, rated.key)
        page = await reading.history(snapshot, rated, after, paging.limit)
        items = [change_members(change) for change in page.items]
        cursor = page.next and cause_cursor(page.next, year, rated.key)
        return year_answer({"items": items, "next": cursor}, snapshot)

    @api.get(
        "/ratings/{year}/{unit}/changes", summary="What differs between two states, line by line",
        description=_CHANGES,
        **route_answers(DifferencesAnswer, 401, 403, 404, 409, 422, 503, 504),
    )  # fmt: skip
    async def list_changes(
        request: Request, year: Year, unit: UnitCode, states: Annotated[TwoStates, Query()]
    ) -> Response:
        reader = credential_of(request, verifier)
        first, second = states.moments
        await wait_for_receipts(reading, states.wait_for)
        key = await find_key(reading, reader, year, unit)
        return json_answer(await reading.changes(year, key, first, second))
