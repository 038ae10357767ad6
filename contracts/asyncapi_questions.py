"""The requests of `contracts.questions` as channels and operations of the AsyncAPI document."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from contracts.questions import (
    NAMES_QUESTION,
    RATING_QUESTION,
    RECEIPT_QUESTION,
    NamesAnswer,
    NamesQuestion,
    RatingQuestion,
    ReceiptFate,
    ReceiptQuestion,
)

_JSON, _PROBLEM = "application/json", "application/problem+json"
_RATING = {
    "type": "object",
    "description": "The body of GET /scoring/ratings/{year}/{unit}, as its OpenAPI has it.",
}
_DETAILS = {
    "type": "object",
    "description": "Problem details (RFC 9457); `errors` name the fields.",
    "properties": {
        "status": {"type": "integer"}, "title": {"type": "string"}, "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
    "required": ["status", "title", "detail"],
}  # fmt: skip


class _Request(NamedTuple):
    name: str
    subject: str
    summary: str
    question: type[msgspec.Struct]
    answer: Any
    problem: bool


_REQUESTS = (
    _Request(
        "rating", RATING_QUESTION, "A reader's request; the reply: a rating, or problem details.",
        RatingQuestion, _RATING, True,
    ),
    _Request(
        "receipt", RECEIPT_QUESTION,
        "The door's request; the reply: what became of an event, or none.",
        ReceiptQuestion, ReceiptFate, False,
    ),
    _Request(
        "unit-names", NAMES_QUESTION,
        "The question of a system of record; the reply: what units are called, or none.",
        NamesQuestion, NamesAnswer, False,
    ),
)  # fmt: skip


def channels() -> dict[str, Any]:
    """Two channels for each request: its subject, and the inbox to which the reply goes."""
    members: dict[str, Any] = {}
    for request in _REQUESTS:
        answers = [f"{request.name}.answer", *(["problem"] if request.problem else [])]
        asked = _channel(request.subject, [f"{request.name}.question"])
        members |= {f"ask-{request.name}": asked, f"answer-{request.name}": _channel(None, answers)}
    return members


def operations() -> dict[str, Any]:
    """The request and its reply."""
    return {
        f"ask-{request.name}": {
            "action": "receive",
            "channel": {"$ref": f"#/channels/ask-{request.name}"},
            "summary": request.summary,
            "reply": {"channel": {"$ref": f"#/channels/answer-{request.name}"}},
        }
        for request in _REQUESTS
    }


def messages() -> dict[str, Any]:
    """Questions and answers as messages."""
    members = {"problem": {"contentType": _PROBLEM, "payload": _DETAILS}}
    for request in _REQUESTS:
        for kind, type_ in (("question", request.question), ("answer", request.answer)):
            payload = type_ if isinstance(type_, dict) else _schema(type_)
            members[f"{request.name}.{kind}"] = {"contentType": _JSON, "payload": payload}
    return members


def _channel(address: str | None, names: list[str]) -> Any:
    refs = {name: {"$ref": f"#/components/messages/{name}"} for name in names}
    return {"address": address, "messages": refs}


def _schema(type_: type[msgspec.Struct]) -> Any:
    """The JSON Schema of a struct, in one piece."""
    (schema,), components = msgspec.json.schema_components([type_])
    return _in_place(schema, components)


def _in_place(schema: Any, components: dict[str, Any]) -> Any:
    """The schema with each part that it refers to in its place."""
    if isinstance(schema, list):
        return [_in_place(each, components) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _in_place(components[schema["$ref"].rpartition("/")[2]], components)
    return {name: _in_place(each, components) for name, each in schema.items()}
