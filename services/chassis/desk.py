"""The desk of a system of record: commands over HTTP, one transaction and one answer each.

What is around a command stands here once: who may, optimistic concurrency (`ETag`, `If-Match`,
RFC 9110 section 13.1.1), `Idempotency-Key` for what is created, and the receipts of what was
announced in the header `X-Danchu-Receipts`.
"""

import itertools
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts import door
from contracts.bounds import PLAIN
from contracts.messages import Message
from services.chassis import journal, outbox
from services.chassis.announce import Announced, NotOfTheContract, source_of
from services.chassis.auth import READS_MACHINERY, Credential, Verifier, require
from services.chassis.clock import Clock
from services.chassis.database import Database
from services.chassis.health import Health
from services.chassis.http import (
    FieldError,
    Problem,
    Raised,
    answer,
    bounded_body,
    service_api,
)
from services.chassis.keys import KeysClosed
from services.chassis.openapi import Waiting, answers
from services.chassis.records import Done, Work, doer, etag
from services.chassis.steps import StepImpossible, StepRefused
from services.chassis.telemetry import joined, tracer

log = logging.getLogger(__name__)

KEY_MAX = 255
BODY_BYTES_MAX = 5 * 2**20
RECEIPTS_HEADER = "X-Danchu-Receipts"
_tracer = tracer("danchu.records")


@dataclass(frozen=True)
class Desk:
    """Takes the commands of one service; `committed` is called after each commit.

    `keyed` is a keyed digest: names in a body cannot be guessed from what is kept of a command.
    """

    service: str
    db: Database
    clock: Clock
    verifier: Verifier
    committed: Callable[[], None]
    keyed: Callable[[str], bytes]

    def caller(self, request: Request, roles: Iterable[str], what: str) -> Credential:
        """Who asks; Problem 401 without a valid token, 403 for another role."""
        found = self.verifier.caller(request.scope)
        require(found, roles, what)
        return found

    async def take(
        self, request: Request, roles: Iterable[str], what: str,
        carry_out: Callable[[Work], Awaitable[Done]], status: int = 200,
    ) -> Response:  # fmt: skip
        """Carries out a command and answers it; what it did is on disk by then.

        Commands on one record (the first name in the path) are carried out one after the other,
        and the clock is looked at when it is a command's turn: what happens just now never lies
        before a step of another command.
        """
        caller = self.caller(request, roles, what)
        key = await self._key(request, caller)
        name = f"{self.service} {what}"
        with joined(_tracer, name, [request.headers]):
            async with self.db.write() as conn:
                kept = await self._earlier(conn, key)
                if kept is not None:
                    return kept
                for record in itertools.islice(request.path_params.values(), 1):
                    await journal.hold(conn, f"commands on {journal.digest(record).hex()}")
                work = Work(
                    conn, self.clock(), caller, source_of(self.service),
                    request.headers.get("if-match"),
                )  # fmt: skip
                done = await carry_out(work)
                given = _answered(done, work.announced, status)
                if key is not None:
                    headers = {k: v for k, v in given.headers.items() if k != "content-length"}
                    await journal.keep_answer(
                        conn, key.of, status, headers, bytes(given.body), work.now
                    )
                await work.record()
            self.committed()
        return given

    async def _key(self, request: Request, caller: Credential) -> "_Key | None":
        key = request.headers.get("idempotency-key")
        if key is None:
            return None
        if not 1 <= len(key) <= KEY_MAX or not key.isprintable():
            field_: FieldError = {
                "field": "Idempotency-Key", "message": f"has 1 to {KEY_MAX} printable characters",
            }  # fmt: skip
            raise Problem(400, "The Idempotency-Key cannot be used.", [field_])
        path, who = request.url.path, doer(caller)
        return _Key(
            journal.digest(*who, ",".join(sorted(caller.units)), request.method, path, key),
            self.keyed(journal.digest(request.url.query, await request.body()).hex()),
        )

    async def _earlier(self, conn: AsyncConnection, key: "_Key | None") -> Response | None:
        """The answer of an earlier command under the same key."""
        if key is None:
            return None
        kept = await journal.claim_answer(conn, key.of, key.request, self.clock())
        if kept is None:
            return None
        if kept.request != key.request:
            detail = "Another command was given under this Idempotency-Key: take a new one."
            raise Problem(422, detail)
        return Response(kept.body, kept.status or 200, kept.headers)

    async def note_read(self, caller: Credential, what: str, rows: int) -> None:
        """Remembers that the caller read person-level rows, and logs it without their content."""
        async with self.db.write() as conn:
            await journal.note_read(conn, doer(caller), what, rows, self.clock())
        told = {"service": self.service, "role": caller.role, "what": what, "rows": rows}
        log.info("person-level rows are read", extra=told)


class _Key(NamedTuple):
    """Digests of an Idempotency-Key with its caller and path, and of the command itself."""

    of: bytes
    request: bytes


def _answered(done: Done, announced: Sequence[Announced], status: int) -> Response:
    headers = {"ETag": etag(done.version)}
    if done.location is not None:
        headers["Location"] = done.location
    if announced:
        headers[RECEIPTS_HEADER] = ",".join(event.receipt for event in announced)
    return json_answer(done.body, status, headers)


def json_answer(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer as it stands."""
    raw = json.dumps(body, ensure_ascii=False).encode()
    return Response(raw, status, headers, "application/json")


class _StrictRequest(Request):
    """A request with a bounded body, whose JSON is read as strictly as at the door of events."""

    async def body(self) -> bytes:
        """The body; HTTPException 413 beyond its bound, 415 where it is compressed."""
        if not hasattr(self, "_body"):
            try:
                self._body = await bounded_body(self, BODY_BYTES_MAX)
            except Problem as refused:
                raise Raised(refused) from refused
        return self._body

    async def json(self) -> Any:
        """The body; HTTPException 400 for what is no well-formed JSON."""
        try:
            return door.parse(await self.body())
        except door.BodyRefused as refused:
            raise Raised(Problem(refused.status, _sentence(refused.detail))) from refused


class _StrictRoute(APIRoute):
    """A route that reads its body by `_StrictRequest`; 415 for a command that is no JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given a strict request."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if self.body_field is not None:
                # Before the body: a stranger's slow ones would hold places for a minute each.
                request.app.state.verifier.caller(request.scope)
                _check_json(request.headers.get("content-type", ""))
            return await handle(_StrictRequest(request.scope, request.receive))

        return strict


def _check_json(content_type: str) -> None:
    """Problem 415 for another content type, by the rule of the door of events."""
    try:
        door.media_of(content_type, (PLAIN,))
    except door.BodyRefused as refused:
        raise Problem(refused.status, _sentence(refused.detail)) from refused


def _sentence(detail: str) -> str:
    """What the reading of events says, as a sentence; a message is one already."""
    return detail if isinstance(detail, Message) else f"{detail[:1].upper()}{detail[1:]}."


def desk_api(desk: Desk, description: str, health: Health) -> FastAPI:
    """The application of a system of record, to be mounted under its name.

    Steps that are impossible (409) or refused (422) are answered as problem details.
    """
    api = service_api(desk.service, description, health)
    api.router.route_class = _StrictRoute
    api.state.verifier = desk.verifier
    _answer_steps(api)

    @api.get(
        "/outbox", summary="What is committed and not yet in the stream",
        **described(401, 403, 503, model=Waiting),
    )  # fmt: skip
    async def get_outbox(request: Request) -> Response:
        desk.caller(request, READS_MACHINERY, "The outbox")
        async with desk.db.read() as conn:
            return json_answer((await outbox.waiting(conn, desk.clock())).shown())

    return api


def _answer_steps(api: FastAPI) -> None:
    @api.exception_handler(KeysClosed)
    async def on_keys(_: Request, error: KeysClosed) -> Response:
        log.error("what is stored opens with no key", extra={"error": error.message})
        return answer(Problem(503, error.message))

    @api.exception_handler(StepImpossible)
    async def on_impossible(_: Request, error: StepImpossible) -> Response:
        extra = {"state": error.state, "possible": error.possible, **error.about}
        return answer(Problem(409, str(error), extra=extra))

    @api.exception_handler(StepRefused)
    async def on_refused(_: Request, error: StepRefused) -> Response:
        found: list[FieldError] = [{"field": error.field, "message": str(error)}]
        return answer(Problem(422, str(error), found))

    @api.exception_handler(NotOfTheContract)
    async def on_contract(_: Request, error: NotOfTheContract) -> Response:
        found: list[FieldError] = [
            {
                "field": _ASKED.get(fault.field, fault.field).removeprefix("data."),
                "message": fault.message,
            }
            for fault in error.faults
        ]
        return answer(Problem(422, str(error), found))


_ASKED = {"time": "at", "subject": "unit"}
_REASONS = {
    409: "Not possible in the state that the record has; `possible` says what is",
    412: "The record is at another version than If-Match says",
    503: "The database is away; nothing was done",
}
_TAKEN: list[dict[str, Any]] = [
    {"name": "Idempotency-Key", "in": "header", "required": False,
     "schema": {"type": "string", "minLength": 1, "maxLength": KEY_MAX}},
    {"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}},
]  # fmt: skip
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
_GIVEN: dict[str, Any] = {
    "ETag": {"description": "the version of the record", **_TEXT},
    RECEIPTS_HEADER: {"description": "receipts of the events that it caused, with commas", **_TEXT},
}


def described(
    *problems: int, status: int = 200, command: bool = False, files: Iterable[str] = (),
    model: Any = None,
) -> dict[str, Any]:  # fmt: skip
    """What a route answers, by the model of its own body, and the headers it takes, for OpenAPI.

    `files` are content types that it answers beside JSON.
    """
    if not command:
        return answers(model, *problems, status=status, files=files, reasons=_REASONS)
    statuses = {400, 415, *problems}
    return answers(
        model, *statuses, status=status, files=files, headers=_GIVEN, reasons=_REASONS,
        parameters=_TAKEN,
    )  # fmt: skip
