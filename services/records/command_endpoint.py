"""Commands of a system of record over HTTP: each is one transaction with one answer.

This module handles what all commands share: authorisation, optimistic concurrency (`ETag` and
`If-Match`, RFC 9110 section 13.1.1), `Idempotency-Key`, and the receipts of the announced events
in the header `X-Danchu-Receipts`.
"""

import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.messages import Message
from services.chassis.auth.credentials import (
    AUDITS,
    READS_ALL,
    READS_MACHINERY,
    Credential,
    Verifier,
    require,
)
from services.chassis.auth.issuer_lookup import add_issuer_lookup
from services.chassis.clock import Clock
from services.chassis.database.engine import Database
from services.chassis.health import Health
from services.chassis.http.language import labelled
from services.chassis.http.openapi import answers
from services.chassis.http.outbox_route import add_outbox_route
from services.chassis.http.problem_answer import answer
from services.chassis.http.reads_route import add_reads_route
from services.chassis.http.service_api import FieldError, Problem, service_api
from services.chassis.http.strict_body import StrictRoute
from services.chassis.keys import KeysClosed
from services.chassis.read_log import ReadLog
from services.chassis.telemetry.instruments import message_span, tracer
from services.records import journal
from services.records.announcing import AnnouncedEvent, FactRefused, source_of
from services.records.digests import digest
from services.records.messages import message
from services.records.record import actor_of, etag
from services.records.state_machine import StepImpossible, StepRefused, plain_term
from services.records.work import Outcome, Work

log = logging.getLogger(__name__)

KEY_MAX = 255
RECEIPTS_HEADER = "X-Danchu-Receipts"
_tracer = tracer("danchu.records")


@dataclass(frozen=True)
class Desk:
    """Executes the commands of one service; `committed` is called after each commit.

    `keyed` is a keyed digest, so that names in a body cannot be guessed from a stored request.
    `terms` label the values of an answer by the name of their member. `roles_by_step` lists which
    roles may take a step; the steps in `elsewhere` are taken by the clerk of another unit.
    """

    service: str
    db: Database
    clock: Clock
    verifier: Verifier
    committed: Callable[[], None]
    keyed: Callable[[str], bytes]
    terms: Mapping[str, Callable[[str], Message]] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()
    roles_by_step: dict[str, frozenset[str]] = field(default_factory=dict)

    def caller(self, request: Request, roles: Iterable[str], what: str) -> Credential:
        """The caller of a request; Problem 401 without a valid token, 403 for another role."""
        credential = self.verifier.caller(request.scope)
        request.state.caller = credential
        require(credential, roles, what)
        return credential

    def permits(self, caller: Credential, step: str, unit: str = "") -> bool:
        """Whether the caller may take a step on a record of this unit (empty: any unit).

        A step without listed roles is open to every role.
        """
        if caller.role not in self.roles_by_step.get(step, (caller.role,)):
            return False
        if step in self.elsewhere and caller.role not in READS_ALL:
            return bool(caller.units - {unit})
        return not unit or caller.speaks_for(unit)

    def answer_body(self, caller: Credential, body: dict[str, Any]) -> dict[str, Any]:
        """The body for this caller: with labels, and only the steps that the caller may take."""
        if "possible" in body:
            unit = str(body.get("unit", ""))
            possible = [name for name in body["possible"] if self.permits(caller, name, unit)]
            body = {**body, "possible": possible}
        words: dict[str, Any] = labelled(body, self.terms)
        return words

    async def execute(
        self, request: Request, roles: Iterable[str], what: str,
        handler: Callable[[Work], Awaitable[Outcome]], status: int = 200,
    ) -> Response:  # fmt: skip
        """Executes a command and answers it after the commit.

        Commands on one record (the first path parameter) run one after the other, and the clock
        is read under that lock: a step that happens now is never before a step of another command.
        """
        caller = self.caller(request, roles, what)
        key = await self._read_key(request, caller)
        name = f"{self.service} {what.en if isinstance(what, Message) else what}"
        with message_span(_tracer, name, [request.headers]):
            async with self.db.write() as conn:
                earlier = await self._earlier(conn, key)
                if earlier is not None:
                    return earlier
                for record in itertools.islice(request.path_params.values(), 1):
                    await journal.lock(conn, f"commands on {digest(record).hex()}")
                work = Work(
                    conn, self.clock(), caller, source_of(self.service),
                    request.headers.get("if-match"), self.terms.get("possible", plain_term),
                )  # fmt: skip
                outcome = await handler(work)
                outcome = outcome._replace(body=self.answer_body(caller, outcome.body))
                response = _response(outcome, work.announced, status)
                if key is not None:
                    headers = {k: v for k, v in response.headers.items() if k != "content-length"}
                    await journal.save_answer(
                        conn, key.of, status, headers, bytes(response.body), work.now
                    )
                await work.record()
            self.committed()
        return response

    async def _read_key(self, request: Request, caller: Credential) -> "_Key | None":
        key = request.headers.get("idempotency-key")
        if key is None:
            return None
        if not 1 <= len(key) <= KEY_MAX or not key.isprintable():
            form = message("key-form", limit=KEY_MAX)
            fault: FieldError = {"field": "Idempotency-Key", "message": form}
            raise Problem(400, message("key-unusable"), [fault])
        path, who = request.url.path, actor_of(caller)
        return _Key(
            digest(*who, ",".join(sorted(caller.units)), request.method, path, key),
            self.keyed(digest(request.url.query, await request.body()).hex()),
        )

    async def _earlier(self, conn: AsyncConnection, key: "_Key | None") -> Response | None:
        """The stored answer of an earlier command with the same key."""
        if key is None:
            return None
        earlier = await journal.claim_answer(conn, key.of, key.request, self.clock())
        if earlier is None:
            return None
        if earlier.request != key.request:
            raise Problem(422, message("key-taken"))
        return Response(earlier.body, earlier.status or 200, earlier.headers)

    async def log_read(self, caller: Credential, what: str, rows: int) -> None:
        """Records in the database and the log that the caller read personal data."""
        async with self.db.write() as conn:
            await journal.log_read(conn, actor_of(caller), what, rows, self.clock())
        fields = {"service": self.service, "role": caller.role, "what": what, "rows": rows}
        log.info("person-level rows are read", extra=fields)


class _Key(NamedTuple):
    """Digests of an Idempotency-Key with its caller and path, and of the request itself."""

    of: bytes
    request: bytes


def _response(outcome: Outcome, announced: Sequence[AnnouncedEvent], status: int) -> Response:
    headers = {"ETag": etag(outcome.version)}
    if outcome.location is not None:
        headers["Location"] = outcome.location
    if announced:
        headers[RECEIPTS_HEADER] = ",".join(event.receipt for event in announced)
    return json_answer(outcome.body, status, headers)


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON response with non-ASCII text unescaped."""
    raw = json.dumps(body, ensure_ascii=False).encode()
    return Response(raw, status, headers, "application/json")


def build_desk_api(desk: Desk, description: str, health: Health) -> FastAPI:
    """The application of a system of record, to be mounted under its name.

    Steps that are impossible (409) or refused (422) are answered as problem details.
    """
    api = service_api(desk.service, description, health)
    api.router.route_class = StrictRoute
    api.state.verifier = desk.verifier
    _answer_steps(api, desk)

    def authorize(request: Request, purpose: Message) -> None:
        desk.caller(request, READS_MACHINERY, purpose)

    def authorize_auditor(request: Request, purpose: Message) -> None:
        desk.caller(request, AUDITS, purpose)

    add_outbox_route(api, desk.db, desk.clock, authorize)
    add_reads_route(api, ReadLog(desk.db, desk.clock), authorize_auditor)
    add_issuer_lookup(api, desk.verifier)
    return api


def _answer_steps(api: FastAPI, desk: Desk) -> None:
    @api.exception_handler(KeysClosed)
    async def on_keys(_: Request, error: KeysClosed) -> Response:
        log.error("what is stored opens with no key", extra={"error": error.message})
        return answer(Problem(503, error.message))

    @api.exception_handler(StepImpossible)
    async def on_impossible(request: Request, error: StepImpossible) -> Response:
        caller: Credential = request.state.caller
        refusal = error.restrict_to(lambda step: desk.permits(caller, step))
        words = labelled({"state": refusal.state, "possible": refusal.possible}, desk.terms)
        return answer(Problem(409, refusal.message, extra={**words, **refusal.about}))

    @api.exception_handler(StepRefused)
    async def on_refused(_: Request, error: StepRefused) -> Response:
        faults: list[FieldError] = [{"field": error.field, "message": error.message}]
        return answer(Problem(422, error.message, faults))

    @api.exception_handler(FactRefused)
    async def on_contract(_: Request, error: FactRefused) -> Response:
        faults: list[FieldError] = [
            {
                "field": _BODY_FIELDS.get(fault.field, fault.field).removeprefix("data."),
                "message": fault.message,
            }
            for fault in error.faults
        ]
        return answer(Problem(422, error.message, faults))


_BODY_FIELDS = {"time": "at", "subject": "unit"}
_REASONS = {
    409: "Not possible in the present state of the record; `possible` lists what is",
    412: "The record is at another version than If-Match says",
    503: "The database is unavailable; nothing was changed",
}
_REQUEST_HEADERS: list[dict[str, Any]] = [
    {"name": "Idempotency-Key", "in": "header", "required": False,
     "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX}},
    {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}},
]  # fmt: skip
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
_RESPONSE_HEADERS: dict[str, Any] = {
    "ETag": {"description": "the version of the record", **_TEXT},
    RECEIPTS_HEADER: {"description": "receipts of the events that it caused, with commas", **_TEXT},
}


def route_answers(
    *problems: int, status: int = 200, command: bool = False, files: Iterable[str] = (),
    model: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """The OpenAPI declaration of a route: its answers, with `model` as its body, and its headers.

    `files` are the content types that it can answer with besides JSON.
    """
    if not command:
        return answers(model, *problems, status=status, files=files, reasons=_REASONS)
    statuses = {400, 415, *problems}
    return answers(
        model, *statuses, status=status, files=files, headers=_RESPONSE_HEADERS, reasons=_REASONS,
        parameters=_REQUEST_HEADERS,
    )  # fmt: skip
