"""The route of a year's appeals."""

from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request, Response
from pydantic import Field

from services.chassis.auth.credentials import Verifier
from services.chassis.http.openapi import Page
from services.scoring.access.cursors import appeal_cursor, appeal_place
from services.scoring.access.parameters import Year
from services.scoring.access.read_lines import name_units
from services.scoring.access.units import wait_for_receipts
from services.scoring.api.access import credential_of
from services.scoring.api.answers import Answer, LabelAnswer, json_answer, route_answers
from services.scoring.api.parameters import Paging
from services.scoring.ratings.sheet.json_decisions import appeal_members
from services.scoring.readmodel.appeals import appeal_page
from services.scoring.readmodel.reader import Reading

State = Literal["undecided", "upheld", "rejected"]
_APPEALS = (
    "By unit and key. `filed` is the time that the unit gave, `recordedtime` when its appeal was "
    "accepted; `in_time` is whether that was up to `reply_until` of the year. `outcome_events` are "
    "the adjustments and exemptions of the unit under the number of the decision. Reasons are kept "
    "for ever: they name no person."
)


class AppealPaging(Paging):
    """A page of a year's appeals."""

    state: State | None = None


class EventIdAnswer(Answer):
    """The identity of an event."""

    source: str
    id: str


class AppealAnswer(Answer):
    """An appeal, and where it stands."""

    unit: str
    appeal: str
    reason: str
    filed: str
    recordedtime: str
    in_time: bool
    state: State
    state_label: LabelAnswer
    decision: str | None = Field(description="the number of the decision")
    decided: str | None
    outcome_events: list[EventIdAnswer]


class AppealPageAnswer(Page[AppealAnswer]):
    """A page of a year's appeals."""


def add_appeal_route(api: FastAPI, reading: Reading, verifier: Verifier) -> None:
    """The appeals of a year."""

    @api.get(
        "/years/{year}/appeals", summary="A year's appeals, and where each stands",
        description=_APPEALS, **route_answers(AppealPageAnswer, 401, 403, 404, 422, 503, 504),
    )  # fmt: skip
    async def list_appeals(
        request: Request, year: Year, paging: Annotated[AppealPaging, Query()]
    ) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, paging.wait_for)
        after = appeal_place(paging.cursor, year, paging.state)
        page = await appeal_page(reading, year, reader, paging.state, after, paging.limit)
        name_units(request.scope, (appeal.unit for appeal in page.items))
        items = [appeal_members(appeal) for appeal in page.items]
        cursor = page.next and appeal_cursor(page.next, year, paging.state)
        return json_answer({"items": items, "next": cursor})
