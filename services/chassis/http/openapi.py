"""OpenAPI of every service: the bearer scheme, problem details, and stable operation ids.

A route declares its answers by `answers(…)`: the model of its body, and the statuses of the problem
details that it may answer instead. So a client can be generated from the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Generic, Literal, TypeVar

from fastapi import FastAPI, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from services.chassis.http.problems import PROBLEM_TYPE

T = TypeVar("T")

BEARER = "bearer"
SECURED: dict[str, Any] = {"security": [{BEARER: []}]}
REASONS = {
    400: "No well-formed JSON, or a wrong header",
    401: "No valid token",
    403: "The token's role or units do not allow it",
    404: "There is no such record",
    409: "Not possible in the present state",
    412: "Changed meanwhile: another version than If-Match says",
    413: "Too large",
    415: "Another content type or encoding",
    422: "Something is wrong, said by field",
    428: "If-Match is missing: say which version was read",
    429: "Too many requests",
    503: "Not available now; nothing was done",
    504: "Not folded in time",
}


class FieldProblem(BaseModel):
    """One thing that is wrong, by its field; the message in the preferred language, and in each."""

    field: str
    line: int | None = Field(None, description="of the text in the field")
    message: str
    message_vi: str | None = None
    message_en: str | None = None


class ProblemDetails(BaseModel):
    """Problem details (RFC 9457): what went wrong, in Vietnamese and English."""

    model_config = ConfigDict(extra="allow", title="Problem")
    type: str
    title: str
    status: int
    code: str | None = Field(None, description="by which programs know the problem")
    detail: str = Field(description="in the language of Accept-Language, or in both")
    detail_vi: str | None = None
    detail_en: str | None = None
    errors: list[FieldProblem] | None = None


class Liveness(BaseModel):
    """Whether the loops of a process turn, and those that do not."""

    status: Literal["alive", "stands still"]
    loops: list[str] | None = None


class Readiness(BaseModel):
    """Whether a service can serve, and the state of each part that it rests on."""

    model_config = ConfigDict(extra="allow")
    status: Literal["ready", "degraded", "not ready"]
    checks: dict[str, Any]
    warnings: list[str]


class Waiting(BaseModel):
    """What is committed and not yet in the stream."""

    model_config = ConfigDict(extra="allow")
    waiting: int
    oldest_seconds: float


class Page(BaseModel, Generic[T]):
    """A page of a list; `next` is the cursor of the page after it, null on the last one."""

    items: list[T]
    next: str | None


class Items(BaseModel, Generic[T]):
    """A list that is answered whole."""

    items: list[T]


PROBLEM_CONTENT: dict[str, Any] = {
    "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
}


class Api(FastAPI):
    """An application whose OpenAPI document declares the bearer scheme and problem details once."""

    declared: Mapping[str, Any] = {}

    def declare(self, name: str, schema: dict[str, Any]) -> None:
        """Adds a schema that has no model, as `#/components/schemas/<name>`."""
        self.declared = {**self.declared, name: schema}

    def openapi(self) -> dict[str, Any]:
        """The document, cached until a route is added."""
        document = super().openapi()
        components = document.setdefault("components", {})
        schemes = components.setdefault("securitySchemes", {})
        if BEARER not in schemes:
            schemes[BEARER] = {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "A token that says role, units, sources and event types.",
            }  # fmt: skip
            components.setdefault("schemas", {}).update(
                {**_schemas(ProblemDetails), **self.declared}
            )
        return document


def _schemas(model: type[BaseModel]) -> dict[str, Any]:
    """The schemas of a model and of the models that it uses, as components."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    inner: dict[str, Any] = schema.pop("$defs", {})
    return {schema["title"]: schema, **inner}


def operation_id(route: APIRoute) -> str:
    """The name of the route's function, which is unique in its service and stable."""
    return re.sub(r"\W+", "_", route.name).strip("_")


def problems(*statuses: int, reasons: Mapping[int, str] | None = None) -> dict[int | str, Any]:
    """The problem details among the responses of a route, each with its reason."""
    descriptions = {**REASONS, **(reasons or {})}
    return {
        status: {"description": descriptions[status], **PROBLEM_CONTENT}
        for status in sorted(statuses)
    }


def answers(
    model: Any, *statuses: int, status: int = 200, description: str = "Done",
    files: Iterable[str] = (), headers: Mapping[str, Any] | None = None,
    reasons: Mapping[int, str] | None = None, **extra: Any,
) -> dict[str, Any]:  # fmt: skip
    """The responses of a route with a bearer token, as arguments of its decorator.

    `model` is the type of its JSON body (a pydantic model, or None for any object); `statuses` are
    those of problem details; `files` are content types other than JSON; `extra` are further
    members of the operation.
    """
    own: dict[str, Any] = {"description": description}
    binary = {"schema": {"type": "string", "format": "binary"}}
    own["content"] = dict.fromkeys(files, binary)
    if model is None:
        own["content"] = {"application/json": {"schema": {"type": "object"}}, **own["content"]}
    else:
        own["model"] = model
    if headers:
        own["headers"] = dict(headers)
    return {
        "status_code": status, "response_class": Response,
        "responses": {status: own, **problems(*statuses, reasons=reasons)},
        "openapi_extra": {**SECURED, **extra},
    }  # fmt: skip
