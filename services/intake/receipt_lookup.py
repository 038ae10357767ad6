"""The state of an accepted event, from the intake's own outbox and from scoring.

Scoring is queried over NATS with a timeout of two seconds. Without its answer the state is
`unknown`, or `waiting` for an event that is not in the stream yet.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from contracts.messages import Message
from contracts.questions import RECEIPT_QUESTION, ReceiptFate, ReceiptQuestion
from services.chassis.auth.credentials import READS_MACHINERY, Credential
from services.chassis.broker.connection import Broker
from services.chassis.database.engine import Database
from services.chassis.errors import BrokerAway
from services.chassis.http.problems import Problem
from services.intake import queries
from services.intake.messages import message

ANSWER_SECONDS = 2.0
Ask = Callable[[str], Awaitable[ReceiptFate | None]]


@dataclass(frozen=True)
class ReceiptLookup:
    """Looks up the receipts that this intake issued."""

    db: Database
    ask: Ask

    async def show(self, receipt: str, reader: Credential) -> dict[str, Any]:
        """The event of a receipt and its state.

        Problem 404 for a receipt that the intake did not issue, and for an event that the reader
        may not see: its existence is not revealed.
        """
        event_row = await queries.accepted(self.db, bytes.fromhex(receipt))
        event: dict[str, Any] = {} if event_row is None else json.loads(event_row.body)
        if event_row is None or not _may_see(reader, event):
            raise Problem(404, message("receipt-unknown"))
        fate = await self.ask(receipt)
        attributes = {name: event[name] for name in ("id", "source", "subject", "type")}
        return {
            "receipt": receipt, **attributes, "status": "accepted",
            "recordedtime": event["recordedtime"], "sent": event_row.sent,
            **_members(fate, event_row.sent),
        }  # fmt: skip


def _may_see(reader: Credential, event: dict[str, Any]) -> bool:
    if reader.role in READS_MACHINERY:
        return True
    return reader.speaks_for(event["subject"]) and reader.may_use_source(event["source"])


def _members(fate: ReceiptFate | None, sent: bool) -> dict[str, Any]:
    if fate is not None:
        return msgspec.structs.asdict(fate)
    if sent:
        return _state("unknown", "scoring does not answer", message("receipt-unanswered"))
    return _state("waiting", "not in the stream yet", message("receipt-waiting"))


def _state(state: str, reason: str, sentence: Message) -> dict[str, Any]:
    return {
        "state": state, "reason": reason, "reason_vi": sentence.vi, "reason_en": sentence.en,
    }  # fmt: skip


async def ask_scoring(broker: Broker, receipt: str) -> ReceiptFate | None:
    """The state that scoring reports for a receipt; None if it does not answer in time."""
    question = msgspec.json.encode(ReceiptQuestion(receipt))
    try:
        reply = await broker.request(RECEIPT_QUESTION, question, seconds=ANSWER_SECONDS)
        return msgspec.json.decode(reply.data, type=ReceiptFate)
    except (BrokerAway, msgspec.MsgspecError):
        return None
