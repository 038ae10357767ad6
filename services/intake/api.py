"""The HTTP door: POST /events, GET /receipts/{receipt}, and GET /outbox for operators."""

import re
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response

from contracts.door import BODY_BYTES_MAX, BodyRefused
from contracts.messages import Message
from services.chassis.auth.credentials import AUDITS, READS_MACHINERY, Verifier, require
from services.chassis.auth.issuer_lookup import add_issuer_lookup
from services.chassis.clock import Clock
from services.chassis.health import Health
from services.chassis.http.openapi import answers
from services.chassis.http.outbox_route import add_outbox_route
from services.chassis.http.problems import Problem
from services.chassis.http.reads_route import add_reads_route
from services.chassis.http.service_api import bounded_body, service_api
from services.chassis.read_log import ReadLog
from services.intake import answers as models
from services.intake.domain import EMITTING_ROLES
from services.intake.event_rate import EventRate
from services.intake.handlers import Intake
from services.intake.messages import message
from services.intake.receipt_encoding import body_problem, encode_receipts
from services.intake.receipt_lookup import ReceiptLookup

RECEIPT = re.compile("[0-9a-f]{32}", re.ASCII)
SEES_RECEIPTS = EMITTING_ROLES | READS_MACHINERY


def build_api(
    intake: Intake, receipts: ReceiptLookup, verifier: Verifier, health: Health, clock: Clock,
    rate: EventRate,
) -> FastAPI:  # fmt: skip
    """The application, to be mounted under /intake."""
    api = service_api("intake", "The door for events of department systems.", health)
    api.declare("Event", models.event_schema())

    @api.post(
        "/events", summary="Send one CloudEvent or a batch",
        **answers(
            models.Receipts, *models.REFUSALS, status=202, reasons=models.REFUSALS,
            description="A receipt for each event, in order; accepted means committed to disk",
            requestBody=models.request_body(),
        ),
    )  # fmt: skip
    async def post_events(request: Request) -> Response:
        sender = verifier.caller(request.scope)
        require(sender, EMITTING_ROLES, message("sending"))
        if not sender.names_sources:
            raise Problem(403, message("sources-open"))
        raw = await bounded_body(request, BODY_BYTES_MAX)
        media = request.headers.get("content-type", "")
        with intake.bodies.place(raw) as place:
            try:
                single, batch = await intake.read(place, raw, media, request.headers)
            except BodyRefused as refused:
                raise body_problem(refused) from refused
            rate.check(sender, len(batch))
            receipts = await intake.accept(batch, sender, headers=request.headers)
            body = await place.encode(encode_receipts, receipts, single)
        return Response(body, 202, media_type="application/json")

    _add_outbox(api, intake, verifier, clock)
    _add_receipts(api, receipts, verifier)
    add_issuer_lookup(api, verifier)
    return api


def _add_outbox(api: FastAPI, intake: Intake, verifier: Verifier, clock: Clock) -> None:
    def authorize(request: Request, purpose: Message) -> None:
        require(verifier.caller(request.scope), READS_MACHINERY, purpose)

    def authorize_auditor(request: Request, purpose: Message) -> None:
        require(verifier.caller(request.scope), AUDITS, purpose)

    add_outbox_route(api, intake.db, clock, authorize)
    add_reads_route(api, ReadLog(intake.db, clock), authorize_auditor)


def _add_receipts(api: FastAPI, receipts: ReceiptLookup, verifier: Verifier) -> None:
    @api.get(
        "/receipts/{receipt}", summary="What became of an event", description=models.FATES,
        **answers(models.ReceiptState, 401, 403, 404, 422, 503, description="Its state"),
    )  # fmt: skip
    async def get_receipt(request: Request, receipt: str) -> Response:
        reader = verifier.caller(request.scope)
        require(reader, SEES_RECEIPTS, message("receipts"))
        if not reader.names_sources:
            raise Problem(403, message("sources-open"))
        if not RECEIPT.fullmatch(receipt):
            sentence = message("receipt-form")
            raise Problem(422, sentence, [{"field": "receipt", "message": sentence}])
        return _json(await receipts.show(receipt, reader))


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
