"""The HTTP door: POST /events, and GET /outbox for those who run it."""

import re
from typing import Any, Literal

import msgspec
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from contracts.bounds import PLAIN
from contracts.catalog import BY_TYPE
from contracts.door import BATCH, BODY_BYTES_MAX, SINGLE, BodyRefused
from contracts.schema import envelope_schema
from services.chassis.auth import READS_MACHINERY, Verifier, require
from services.chassis.clock import Clock
from services.chassis.health import Health
from services.chassis.http import bounded_body, service_api
from services.chassis.openapi import answers
from services.chassis.problems import PROBLEM_TYPE, Problem
from services.intake import queries
from services.intake.answers import answered, refused_body
from services.intake.domain import EMITTING_ROLES
from services.intake.handlers import Intake
from services.intake.messages import message
from services.intake.receipts import Receipts

RECEIPT = re.compile("[0-9a-f]{32}", re.ASCII)
SEES_RECEIPTS = EMITTING_ROLES | READS_MACHINERY


class ReceiptAnswer(BaseModel):
    """An accepted event, and what became of it."""

    receipt: str
    id: str
    source: str
    subject: str
    type: str
    status: Literal["accepted"]
    recordedtime: str
    sent: bool
    state: Literal["waiting", "counted", "not counted", "quarantined", "unknown"]
    reason: str | None
    reason_vi: str | None
    reason_en: str | None


_FATES = (
    "`sent`: the stream has it. `state`: `waiting` until it is folded, `counted`, `not counted` "
    "with the reason, `quarantined` where the fold could not take it, `unknown` while scoring "
    "does not answer. A receipt of another's event is not found."
)
_EVENT = envelope_schema()["$defs"]["Event"]
_EVENT["properties"]["type"] = {
    "enum": sorted(kind.type for kind in BY_TYPE.values() if kind.roles)
}
_EVENT["properties"]["data"] = {"type": "object"}
_EVENT["required"] = [*_EVENT["required"], "type"]
_EVENT["description"] = "One CloudEvent; the schema of each type is in contracts/schemas."
_BATCH = {"type": "array", "maxItems": 10_000, "items": _EVENT}
_RECEIPT = {
    "type": "object",
    "required": ["id", "source", "status"],
    "properties": {
        "id": {"type": ["string", "null"]},
        "source": {"type": ["string", "null"]},
        "status": {"enum": ["accepted", "duplicate", "conflict", "refused"]},
        "receipt": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    name: {"type": "string"}
                    for name in ("field", "message", "message_vi", "message_en")
                },
            },
        },
    },
}
_RECEIPTS = {
    "type": "object",
    "required": ["receipts"],
    "properties": {"receipts": {"type": "array", "items": _RECEIPT}},
}
_PROBLEM = {"content": {PROBLEM_TYPE: {"schema": {"type": "object"}}}}
_REFUSALS = {
    400: "The body is no well-formed JSON",
    401: "No valid token",
    403: "The token's role sends nothing, or a unit's token takes any source",
    409: "A single event: other content was accepted under its source and id",
    413: "Too large",
    415: "Another content type or encoding",
    422: "A single event that breaks the contract or goes beyond the token",
    503: "The database is away; nothing was accepted",
}
_DESCRIBED: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            SINGLE: {"schema": _EVENT},
            BATCH: {"schema": _BATCH},
            PLAIN: {"schema": {"oneOf": [_EVENT, _BATCH]}},
        },
    },
    "security": [{"bearer": []}],
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "A receipt for each event, in order; accepted means committed to disk",
        "content": {"application/json": {"schema": _RECEIPTS}},
    },
    **{status: {"description": text, **_PROBLEM} for status, text in _REFUSALS.items()},
}


def build_api(
    intake: Intake, receipts: Receipts, verifier: Verifier, health: Health, clock: Clock
) -> FastAPI:
    """The application, to be mounted under /intake."""
    api = service_api("intake", "The door for events of department systems.", health)

    @api.post(
        "/events", status_code=202, responses=_ANSWERS, openapi_extra=_DESCRIBED,
        summary="Send one CloudEvent or a batch", response_class=Response,
    )  # fmt: skip
    async def post_events(request: Request) -> Response:
        sender = verifier.caller(request.scope)
        require(sender, EMITTING_ROLES, message("sending"))
        if not sender.names_sources:
            raise Problem(403, message("sources-open"))
        raw = await bounded_body(request, BODY_BYTES_MAX)
        media = request.headers.get("content-type", "")
        try:
            single, batch = await intake.read(raw, media, request.headers)
        except BodyRefused as refused:
            raise refused_body(refused) from refused
        found = await intake.accept(batch, sender, headers=request.headers)
        return Response(answered(found, single), 202, media_type="application/json")

    @api.get(
        "/outbox", summary="What is committed and not yet in the stream",
        responses={s: {"description": _REFUSALS.get(s, ""), **_PROBLEM} for s in (401, 403, 503)},
        openapi_extra={"security": [{"bearer": []}]},
    )  # fmt: skip
    async def get_outbox(request: Request) -> dict[str, int | float]:
        reader = verifier.caller(request.scope)
        require(reader, READS_MACHINERY, message("outbox"))
        return await queries.waiting(intake.db, clock())

    _add_receipts(api, receipts, verifier)
    return api


def _add_receipts(api: FastAPI, receipts: Receipts, verifier: Verifier) -> None:
    @api.get(
        "/receipts/{receipt}", summary="What became of an event", description=_FATES,
        **answers(ReceiptAnswer, 401, 403, 404, 422, 503, description="The event, and its state"),
    )  # fmt: skip
    async def get_receipt(request: Request, receipt: str) -> Response:
        reader = verifier.caller(request.scope)
        require(reader, SEES_RECEIPTS, message("receipts"))
        if not reader.names_sources:
            raise Problem(403, message("sources-open"))
        if not RECEIPT.fullmatch(receipt):
            wrong = message("receipt-form")
            raise Problem(422, wrong, [{"field": "receipt", "message": wrong}])
        found = await receipts.show(receipt, reader)
        return Response(msgspec.json.encode(found), media_type="application/json")
