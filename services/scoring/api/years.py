"""Routes of years: where each stands, and the council's decisions that lead it on."""

from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, Response

from services.chassis.auth.credentials import (
    READS_MACHINERY,
    Credential,
    Verifier,
)
from services.chassis.http.problem_answer import answer
from services.chassis.http.problems import Problem
from services.scoring.access.decision_body import DecisionBody
from services.scoring.access.parameters import Year
from services.scoring.access.units import wait_for_receipts
from services.scoring.api.access import credential_of
from services.scoring.api.answers import json_answer, route_answers
from services.scoring.api.parameters import Waiting
from services.scoring.api.year_answers import (
    YearAnswer,
    YearListAnswer,
    YearStageAnswer,
    stage_problem,
    year_members,
    year_stage_members,
)
from services.scoring.errors import YearUnknown
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.years import Years, YearView
from services.scoring.sealing.commands import StageCommands, StageRefused
from services.scoring.sealing.events import EventRefused

_YEAR = (
    "`late` counts the events of the year that were recorded after the cut of its seal. "
    "`undecided` are the appeals in time without a decision; one with `year_missing` was filed in "
    "the period of replies and names no year. `draft` is shown to operators and auditors. "
    "`possible` are the stages to which a caller of this role may lead the year now. "
    "See docs/year.md."
)
_PROVISIONAL = (
    "The ratings as of now (`cut_off`) are published, and units may reply and appeal until "
    "`reply_until`. The same call again gets the first answer. A refusal has `possible` and "
    "`because`."
)
_REOPENED = (
    "A new version of a sealed year begins, in which late events count; the sealed one stays as "
    "it is under `?version=`. The same call again gets the first answer."
)


def add_year_routes(api: FastAPI, reading: Reading, years: Years, verifier: Verifier) -> None:
    """The years, and one year."""

    async def members(view: YearView, reader: Credential) -> dict[str, Any]:
        """The year without the appeals of other units for a reader of some units."""
        appeals = await years.undecided_for(view, reader)
        draft = view.draft if reader.role in READS_MACHINERY else None
        return year_members(view, appeals, draft, reader.role)

    @api.get(
        "/years", summary="The years and their stages", description=_YEAR,
        **route_answers(YearListAnswer, 401, 422, 503, 504),
    )  # fmt: skip
    async def list_years(request: Request, waiting: Annotated[Waiting, Query()]) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, waiting.wait_for)
        return json_answer({"items": [await members(view, reader) for view in await years.views()]})

    @api.get(
        "/years/{year}", summary="One year and its stage", description=_YEAR,
        **route_answers(YearAnswer, 401, 404, 422, 503, 504),
    )  # fmt: skip
    async def get_year(
        request: Request, year: Year, waiting: Annotated[Waiting, Query()]
    ) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, waiting.wait_for)
        return json_answer(await members(await years.view(year), reader))

    @api.exception_handler(YearUnknown)
    async def on_year(_: Request, error: YearUnknown) -> Response:
        return answer(Problem(404, error.message))


def add_stage_routes(api: FastAPI, commands: StageCommands, verifier: Verifier) -> None:
    """The decisions of the council."""

    def council(request: Request) -> Credential:
        """The caller, before the body is judged."""
        return credential_of(request, verifier)

    Council = Annotated[Credential, Depends(council)]
    problems = (400, 401, 403, 404, 409, 413, 415, 422, 503)

    @api.post(
        "/years/{year}/provisional", summary="Publish a year's ratings for replies",
        description=_PROVISIONAL, **route_answers(YearStageAnswer, *problems),
    )  # fmt: skip
    async def publish_year(caller: Council, year: Year, body: DecisionBody) -> Response:
        decision = await commands.publish(year, body.order(caller.name or caller.role))
        return json_answer(year_stage_members(year, decision))

    @api.post(
        "/years/{year}/reopened", summary="Reopen a sealed year", description=_REOPENED,
        **route_answers(YearStageAnswer, *problems),
    )  # fmt: skip
    async def reopen_year(caller: Council, year: Year, body: DecisionBody) -> Response:
        decision = await commands.reopen(year, body.order(caller.name or caller.role))
        return json_answer(year_stage_members(year, decision))

    @api.exception_handler(StageRefused)
    async def on_stage(_: Request, error: StageRefused) -> Response:
        return answer(stage_problem(error))

    @api.exception_handler(EventRefused)
    async def on_event(_: Request, error: EventRefused) -> Response:
        return answer(Problem(422, error.message))
