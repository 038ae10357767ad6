"""Problem details (RFC 9457), without any HTTP library, since commands use them too."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from contracts.messages import Message
from services.chassis.http import language
from services.chassis.http.language import in_language
from services.chassis.messages import message

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = "2"
"""Value of `Retry-After` where a wait helps."""


class FieldError(TypedDict):
    """One invalid field, with a sentence in both languages; `line` of the text in it, if any."""

    field: str
    message: Message
    line: NotRequired[int]


class Problem(Exception):
    """An error answer; `extra` are further members of the problem details.

    `detail` and the message of each error are translated into the language of the request, or into
    both.
    """

    def __init__(
        self,
        status: int,
        detail: Message,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail = status, detail
        self.reason: Message = detail
        """What the log of denials says; the caller may be told less."""
        self.errors, self.headers, self.extra = list(errors), dict(headers or {}), dict(extra or {})

    def body(self) -> dict[str, Any]:
        """The members of the problem details."""
        title = in_language(message(f"title-{self.status}"))
        members: dict[str, Any] = {"type": "about:blank", "title": title, "status": self.status}
        if isinstance(self.detail, Message):
            members["code"] = self.detail.code
        members |= language.members("detail", self.detail)
        if self.errors:
            members["errors"] = [error_members(error) for error in self.errors]
        return {**members, **self.extra}

    def encode(self) -> bytes:
        """The problem details as JSON."""
        return json.dumps(self.body(), ensure_ascii=False).encode()


def wrong_parameters(faults: Iterable[tuple[str, Message]]) -> Problem:
    """Problem 422 for parameters, each by its name with what is wrong."""
    errors = [FieldError(field=field, message=sentence) for field, sentence in faults]
    return Problem(422, message("parameters-wrong"), errors)


def error_members(error: FieldError) -> dict[str, Any]:
    """The JSON members of one error: the field, and the message by language."""
    line = {"line": error["line"]} if "line" in error else {}
    return {"field": error["field"], **line, **language.members("message", error["message"])}
