"""OpenAPI models of the HTTP door: the request body that it accepts, and its answers."""

from typing import Any, Literal

from pydantic import BaseModel

from contracts.bounds import PLAIN
from contracts.catalog import BY_TYPE
from contracts.door import BATCH, EVENTS_MAX, SINGLE
from contracts.schema import envelope_schema
from services.chassis.http.openapi import FieldProblem

REFUSALS = {
    400: "The body is no well-formed JSON",
    401: "No valid token",
    403: "The token's role sends nothing, or a unit's token takes any source",
    409: "A single event: other content was accepted under its source and id",
    413: "Too large",
    415: "Another content type or encoding",
    422: "A single event that breaks the contract or goes beyond the token",
    429: "Too many requests of this token or address",
    503: "The database is away, or too much comes at once; nothing was accepted",
}
FATES = (
    "`sent`: the stream has it. `state`: `waiting` until it is folded, `counted`, `not counted` "
    "with the reason, `quarantined` where the fold could not take it, `unknown` while scoring "
    "does not answer. A receipt of another's event is not found."
)


class Receipt(BaseModel):
    """The answer to one event; `receipt` where it is stored, `errors` where it is not."""

    id: str | None
    source: str | None
    status: Literal["accepted", "duplicate", "conflict", "refused"]
    receipt: str | None = None
    errors: list[FieldProblem] | None = None


class Receipts(BaseModel):
    """A receipt for each event, in order."""

    receipts: list[Receipt]


class ReceiptState(BaseModel):
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


def event_schema() -> dict[str, Any]:
    """The schema of an event of any type; `data` is described by the schema of each type."""
    event: dict[str, Any] = envelope_schema()["$defs"]["Event"]
    event["properties"]["type"] = {
        "type": "string",
        "enum": sorted(kind.type for kind in BY_TYPE.values() if kind.roles),
    }
    event["properties"]["data"] = {"type": "object"}
    event["required"] = [*event["required"], "type"]
    event["description"] = "One CloudEvent; the schema of each type is in contracts/schemas."
    return event


def request_body() -> dict[str, Any]:
    """The OpenAPI request body: one event or a batch; `Event` is a component.

    Only one content type is declared: from several, one of them an array, client generators make
    code that does not run. The description names the CloudEvents content types.
    """
    event = {"$ref": "#/components/schemas/Event"}
    batch = {"type": "array", "maxItems": EVENTS_MAX, "items": event}
    return {
        "required": True,
        "description": f"One event, or an array of events. Also as {SINGLE}, or {BATCH}.",
        "content": {PLAIN: {"schema": {"oneOf": [event, batch]}}},
    }
