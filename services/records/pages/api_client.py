"""Calls of a record's own interface by its pages, in the same process and without a token.

A page can do what a token of the person could do, and nothing else: the same route authorises,
decides, logs and answers. The credential of the session is put into the scope, where no caller
from outside can put anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Scope

from contracts.messages import Message as Sentence
from services.chassis.auth.credentials import PAGE_CALLER
from services.chassis.http.problems import Problem
from services.chassis.identifiers import new_id
from services.chassis.web import formats
from services.chassis.web.forms import Form, fault_lists
from services.chassis.web.site import Visit
from services.records.pages.messages import message

SHOWN_AT_FORM = (400, 403, 409, 412, 413, 422, 503)
"""What a form can be mended for, or sent again; other problems are pages of their own."""
OUTDATED, KEY_TAKEN = 412, "records.key-taken"
JSON = "application/json"


class RecordRefused(Problem):
    """A problem that the interface answered, and has noted already if it denied the call."""


@dataclass(frozen=True)
class Answer:
    """What the interface answered."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        """The JSON of it."""
        return json.loads(self.raw)

    @property
    def version(self) -> str:
        """The `ETag` of a record, which the form of its next step carries."""
        return self.headers.get("etag", "")

    @property
    def refused(self) -> bool:
        """Whether it is a problem."""
        return self.status >= 400

    def download(self) -> Response:
        """The file that it is, such as a list as CSV."""
        name = self.headers["content-disposition"]
        return Response(
            self.raw, self.status, {"Content-Disposition": name}, self.headers["content-type"]
        )

    def problem(self) -> RecordRefused:
        """The problem that it is."""
        body = self.body
        detail = Sentence(
            str(body.get("code", "problem")), str(body.get("detail_vi", body["detail"])),
            str(body.get("detail_en", body["detail"])),
        )  # fmt: skip
        return RecordRefused(self.status, detail, fault_lists(body.get("errors", ())))


@dataclass(frozen=True)
class RecordApi:
    """The interface of a system of record, which is mounted under the name of the service."""

    app: ASGIApp
    service: str

    async def get(self, visit: Visit, path: str, /, **query: Any) -> Answer:
        """What a query answers; RecordRefused for a problem. Empty parameters are left out."""
        filled = {name: value for name, value in query.items() if value not in (None, "")}
        answer = await self._call(visit, "GET", path, urlencode(filled, doseq=True))
        if answer.refused:
            raise answer.problem()
        return answer

    async def send(
        self, visit: Visit, form: Form, path: str, body: Mapping[str, Any], method: str = "POST"
    ) -> Answer:
        """What a command answers; what can be mended is noted in the form, which is shown again.

        The form's id is the `Idempotency-Key`, and its version the `If-Match`: a form that is sent
        twice is one command, and one whose record somebody has changed meanwhile is refused once,
        so that the person looks at what was changed.
        """
        headers = {"content-type": JSON, "idempotency-key": form.id}
        if form.version:
            headers["if-match"] = form.version
        raw = json.dumps(dict(body), ensure_ascii=False).encode()
        return take_faults(visit, form, await self._call(visit, method, path, "", headers, raw))

    async def upload(
        self, visit: Visit, form: Form, path: str, content: bytes, media: str, **query: Any
    ) -> Answer:
        """As `send`, of a file."""
        headers = {"content-type": media, "idempotency-key": form.id}
        if form.version:
            headers["if-match"] = form.version
        filled = urlencode({name: value for name, value in query.items() if value})
        answer = await self._call(visit, "POST", path, filled, headers, content)
        return take_faults(visit, form, answer)

    async def _call(
        self, visit: Visit, method: str, path: str, query: str,
        headers: Mapping[str, str] | None = None, raw: bytes = b"",
    ) -> Answer:  # fmt: skip
        outer = visit.request.scope
        own = {"host": visit.request.headers.get("host", ""), **(headers or {})}
        scope: Scope = {
            "type": "http", "asgi": outer["asgi"], "http_version": "1.1", "method": method,
            "scheme": outer["scheme"], "server": outer.get("server"), "client": outer.get("client"),
            "root_path": f"/{self.service}", "path": f"/{self.service}{path}",
            "raw_path": quote(f"/{self.service}{path}").encode(), "query_string": query.encode(),
            "headers": [(name.encode(), text.encode("latin-1")) for name, text in own.items()],
            PAGE_CALLER: visit.caller,
        }  # fmt: skip
        return await _answer(self.app, scope, raw)


async def _answer(app: ASGIApp, scope: Scope, raw: bytes) -> Answer:
    """Runs one request of the application to its end."""
    status, fields, parts = 500, [], []

    async def receive() -> Message:
        return {"type": "http.request", "body": raw, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, fields
        if message["type"] == "http.response.start":
            status, fields = message["status"], message.get("headers", [])
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await app(scope, receive, send)
    headers = {name.decode("latin-1").lower(): text.decode("latin-1") for name, text in fields}
    return Answer(status, headers, b"".join(parts))


def last_change(answer: Answer) -> list[Sentence]:
    """Which role changed a record last, when, and by what step, where the interface says it."""
    changed = answer.body.get("changed")
    if changed is None:
        return []
    step, role = (
        Sentence(name, changed[f"{name}_vi"], changed[f"{name}_en"]) for name in ("step", "role")
    )
    at = formats.moment(changed["recorded"])
    return [message("record-outdated-by", step=step, role=role, at=at)]


def take_faults(visit: Visit, form: Form, answer: Answer) -> Answer:
    """The answer; what is wrong with the form is noted in it, RecordRefused where it is more.

    A form for an earlier version of the record, or one that was sent with other content before, is
    made anew: what was typed can be sent once the person has read why it was not taken.
    """
    if not answer.refused:
        return answer
    problem = answer.problem()
    if answer.status not in SHOWN_AT_FORM:
        raise problem
    if answer.status == OUTDATED:
        form.version = answer.version
        form.general += [message("record-outdated"), *last_change(answer)]
    elif problem.detail.code == KEY_TAKEN:
        form.id = new_id(visit.site.sessions.clock())
        form.general.append(message("form-sent-before"))
    else:
        form.refuse_all(problem.detail, problem.errors)
    return answer
