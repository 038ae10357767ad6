"""Routes of what-ifs and of the comparison of two years."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from services.chassis.auth.credentials import Verifier
from services.chassis.http.problems import RETRY_SECONDS, FieldError, Problem
from services.chassis.http.validation import Integer
from services.scoring.access.parameters import UnitCode, Year
from services.scoring.access.read_lines import name_stage, name_units, name_year
from services.scoring.access.units import find_unit, wait_for_receipts
from services.scoring.api.access import credential_of
from services.scoring.api.answers import JSON, json_answer, route_answers
from services.scoring.api.parameters import Waiting
from services.scoring.api.what_if_answers import ComparisonAnswer, WhatIfAnswer
from services.scoring.errors import DataMoves, WhatIfsWait
from services.scoring.messages import message
from services.scoring.ratings.json_what_if import comparison_members, what_if_members
from services.scoring.readmodel.compare import compare_years
from services.scoring.readmodel.reader import Reading
from services.scoring.rubrics.errors import ProposalFault, ProposalsRefused
from services.scoring.rubrics.proposals import TEXT_BYTES_MAX, TEXTS_MAX, proposal_name

FAULTS_MAX = 100
_WHAT_IF = (
    "What would become of every unit under other rubrics: total, class and rank `now` and `then`, "
    "who `rises` and who `falls` (by class, then by rank, then by total), and "
    "the indicators and other parts that do it, whose differences add up to that of the total. "
    "The texts replace the rubrics of the kinds that they govern in the year; other kinds stay as "
    "they are. Nothing is stored. A fault is named by text, `line` and reason."
)
_COMPARE = (
    "The difference of the unit's totals of `year` and `with` in two parts that add up to the "
    "hundredth: `work` is the year reckoned under the rubric of the other year, minus the other "
    "year; `method` is the year under its own rubric, minus the year so reckoned. Each is told by "
    "indicator, and by the parts of a total that are no indicator's."
)


class WhatIfBody(BaseModel):
    """The rubrics to try on a year, as the texts of their files."""

    model_config = ConfigDict(extra="forbid", strict=True)
    year: int = Field(ge=1900, le=9999)
    rubrics: list[Annotated[str, Field(max_length=TEXT_BYTES_MAX)]] = Field(
        min_length=1, max_length=TEXTS_MAX, description="rubric files, as YAML"
    )


class Comparing(Waiting):
    """The other year."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)
    other_year: Integer = Field(alias="with", ge=1900, le=9999, description="the other rating year")


def add_what_if_routes(api: FastAPI, reading: Reading, verifier: Verifier) -> None:
    """A year under other rubrics, and a year beside another."""

    def authorize(request: Request) -> None:
        """Refuses a caller that may not, before the body is judged."""
        credential_of(request, verifier)

    @api.post(
        "/whatif", summary="A year under other rubrics", description=_WHAT_IF,
        dependencies=[Depends(authorize)],
        **route_answers(WhatIfAnswer, 400, 401, 403, 413, 415, 422, 503),
    )  # fmt: skip
    async def post_what_if(request: Request, body: WhatIfBody) -> Response:
        texts = [text.encode("utf-8", "surrogatepass") for text in body.rubrics]
        try:
            answer = await reading.what_ifs.answer(body.year, texts)
        except ProposalsRefused as refused:
            raise Problem(422, refused.message, _errors(refused.faults)) from None
        except (WhatIfsWait, DataMoves) as busy:
            raise Problem(503, busy.message, headers={"Retry-After": RETRY_SECONDS}) from None
        name_year(request.scope, body.year)
        name_units(request.scope, [change.unit.key for change in answer.units])
        content = await asyncio.to_thread(lambda: msgspec.json.encode(what_if_members(answer)))
        return Response(content, media_type=JSON)

    @api.get(
        "/ratings/{year}/{unit}/compare", summary="A year beside another: work and method",
        description=_COMPARE, **route_answers(ComparisonAnswer, 401, 403, 404, 422, 503, 504),
    )  # fmt: skip
    async def compare_with(
        request: Request, year: Year, unit: UnitCode, comparing: Annotated[Comparing, Query()]
    ) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, comparing.wait_for)
        snapshot, rated = await find_unit(reading, reader, year, unit)
        other, _ = await find_unit(reading, reader, comparing.other_year, rated.key)
        name_stage(snapshot.stage, other.stage)
        comparison = await compare_years(reading.versions, year, comparing.other_year, rated.key)
        return json_answer(comparison_members(comparison))


def _errors(faults: Sequence[ProposalFault]) -> list[FieldError]:
    return [
        FieldError(
            field=proposal_name(fault.text), line=fault.line,
            message=message("rubric-line", line=fault.line, reason=fault.reason),
        )
        for fault in faults[:FAULTS_MAX]
    ]  # fmt: skip
