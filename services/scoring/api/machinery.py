"""Routes of the machinery: the lag, the outbox, the quarantine, and events of no unit."""

from typing import Annotated

from fastapi import FastAPI, Query, Request, Response

from contracts.messages import Message
from services.chassis.auth.credentials import READS_MACHINERY, Verifier, require
from services.chassis.http.outbox_route import add_outbox_route
from services.scoring.access.cursors import unowned_cursor, unowned_place
from services.scoring.access.units import wait_for_receipts
from services.scoring.api.access import credential_of
from services.scoring.api.answers import (
    LagAnswer,
    QuarantineAnswer,
    UnownedEventPageAnswer,
    json_answer,
    route_answers,
)
from services.scoring.api.parameters import Paging, QuarantinePaging
from services.scoring.messages import message
from services.scoring.operations.lag import FoldLag
from services.scoring.queries import quarantine
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.unowned import Unowned
from services.scoring.store.quarantine import readable

_UNOWNED = (
    "Events that were accepted and whose `subject` is neither key nor code of a registered unit, "
    "so that they count for nobody until one is: as accepted, with `receipt`, `reason_vi`, "
    "`reason_en`, and `nearest`, the unit that may have been meant, or null. A token of some units "
    "sees those of its subjects, an emitter's of its sources too."
)


def add_machinery_routes(api: FastAPI, reading: Reading, lag: FoldLag, verifier: Verifier) -> None:
    """What operator and auditor watch."""

    def authorize(request: Request, purpose: Message) -> None:
        require(credential_of(request, verifier), READS_MACHINERY, purpose)

    @api.get(
        "/lag", summary="What is not folded, and a halt", **route_answers(LagAnswer, 401, 403, 503)
    )
    async def get_lag(request: Request) -> Response:
        authorize(request, message("the-lag"))
        return json_answer(await lag.now())

    add_outbox_route(api, reading.db, reading.clock, authorize)

    @api.get(
        "/quarantine", summary="What was not folded",
        **route_answers(QuarantineAnswer, 401, 403, 422, 503),
    )  # fmt: skip
    async def list_quarantine(
        request: Request, paging: Annotated[QuarantinePaging, Query()]
    ) -> Response:
        authorize(request, message("the-quarantine"))
        async with reading.db.read() as conn:
            entries = await quarantine.entries(conn, paging.state, paging.limit)
        return json_answer({"items": [readable(entry) for entry in entries]})


def add_unowned_route(api: FastAPI, reading: Reading, unowned: Unowned, verifier: Verifier) -> None:
    """Events of no unit, for those who sent them too."""

    @api.get(
        "/unowned", summary="Events that belong to no unit, with the nearest",
        description=_UNOWNED, **route_answers(UnownedEventPageAnswer, 401, 422, 503, 504),
    )  # fmt: skip
    async def list_unowned(request: Request, paging: Annotated[Paging, Query()]) -> Response:
        reader = credential_of(request, verifier)
        await wait_for_receipts(reading, paging.wait_for)
        page = await unowned.page(reader, unowned_place(paging.cursor), paging.limit)
        return json_answer({"items": page.items, "next": page.next and unowned_cursor(page.next)})
