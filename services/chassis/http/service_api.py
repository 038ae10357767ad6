"""The HTTP interface of every service: problem details, bounded bodies, health, composition."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from contracts.messages import templates
from services.chassis.denials import note_denial, route_of
from services.chassis.errors import BrokerAway, DatabaseAway
from services.chassis.health import Health
from services.chassis.http import language
from services.chassis.http.openapi import Api, Liveness, Readiness, operation_id
from services.chassis.http.peer import use_peer_of
from services.chassis.http.problem_answer import answer, away
from services.chassis.http.problems import PROBLEM_TYPE as PROBLEM_TYPE
from services.chassis.http.problems import FieldError as FieldError
from services.chassis.http.problems import Problem as Problem
from services.chassis.http.problems import error_members as error_members
from services.chassis.http.problems import wrong_parameters
from services.chassis.http.routes import HEALTH_PATHS, ROUTE_KEY
from services.chassis.http.validation import field_faults
from services.chassis.messages import message

log = logging.getLogger(__name__)

DRAINED_TIMES = 4
BODY_SECONDS = 60
DIGITS_MAX = 20
NOT_BY_FASTAPI = TelemetryConfig(
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)
"""FastAPI would measure each request a second time, and take longer than one rating does."""
ALIVE = b'{"status": "alive"}'


class BodyProblem(HTTPException):
    """A problem raised while FastAPI reads a body, when it passes no other type of error."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.status, str(problem.detail))
        self.problem = problem


async def bounded_body(request: Request, limit: int) -> bytes:
    """The body, of at most `limit` bytes.

    Problem 413 beyond that, 415 if it is compressed, 408 if it takes too long: otherwise a few
    callers that send nothing could occupy the places of all requests.

    Most clients send the whole body before they read, and would see a broken connection instead of
    413. So a larger body is read and discarded, up to four times the limit.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise Problem(415, message("content-encoding", encoding=encoding[:40]))
    length = request.headers.get("content-length", "")
    too_large = Problem(413, message("body-too-large", limit=limit))
    if length.isdecimal() and len(length) < DIGITS_MAX and int(length) > DRAINED_TIMES * limit:
        raise too_large
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                size += len(part)
                if size <= limit:
                    parts.append(part)
                elif size > DRAINED_TIMES * limit:
                    raise too_large
    except TimeoutError:
        raise Problem(408, message("body-too-slow", seconds=BODY_SECONDS)) from None
    if size > limit:
        raise too_large
    return b"".join(parts)


def service_api(title: str, description: str, health: Health, version: str = "1") -> Api:
    """A FastAPI application with problem details and health; mount it with `compose`."""
    api = Api(
        title=title, description=description, version=version, docs_url=None, redoc_url=None,
        generate_unique_id_function=operation_id, redirect_slashes=False,
        separate_input_output_schemas=False, telemetry=NOT_BY_FASTAPI,
    )  # fmt: skip
    _handle(api)
    add_health(api, {title: health})
    return api


def _handle(api: FastAPI) -> None:
    @api.exception_handler(Problem)
    async def on_problem(request: Request, problem: Problem) -> Response:
        note_denial(request.scope, problem.status, problem.reason)
        return answer(problem)

    @api.exception_handler(DatabaseAway)
    async def on_database_away(_: Request, error: DatabaseAway) -> Response:
        return answer(away(error))

    @api.exception_handler(BrokerAway)
    async def on_broker_away(_: Request, error: BrokerAway) -> Response:
        return answer(away(error))

    @api.exception_handler(HTTPException)
    async def on_http(_: Request, error: HTTPException) -> Response:
        if isinstance(error, BodyProblem):
            return answer(error.problem)
        has_detail = f"http-{error.status_code}" in templates("services.chassis")
        detail = message(f"http-{error.status_code}") if has_detail else message("http-other")
        return answer(Problem(error.status_code, detail, headers=error.headers))

    @api.exception_handler(ClientDisconnect)
    async def on_gone(_: Request, error: ClientDisconnect) -> Response:
        return answer(Problem(400, message("broken-off")))

    @api.exception_handler(RequestValidationError)
    async def on_fields(_: Request, error: RequestValidationError) -> Response:
        faults = error.errors()
        problem = wrong_parameters(field_faults(faults))
        if any(fault["loc"][:1] == ("body",) for fault in faults):
            problem = Problem(422, message("fields-wrong"), problem.errors)
        return answer(problem)

    @api.exception_handler(Exception)
    async def on_bug(request: Request, error: Exception) -> Response:
        log.error("a request failed", extra=route_of(request.scope), exc_info=error)
        return answer(Problem(500, message("fault-logged")))


def add_health(api: FastAPI, healths: Mapping[str, Health]) -> None:
    """Adds /healthz (the loops turn) and /readyz (all of these services are ready)."""

    @api.get(
        "/healthz", summary="Whether the process answers and its loops turn", tags=["health"],
        response_class=Response,
        responses={
            200: {"description": "Alive", "model": Liveness},
            503: {"description": "A loop stands still", "model": Liveness},
        },
    )  # fmt: skip
    async def healthz() -> Response:
        well, body = _liveness(healths)
        return Response(body, 200 if well else 503, media_type="application/json")

    @api.get(
        "/readyz", summary="Whether it can serve", tags=["health"], response_class=Response,
        responses={
            200: {"description": "Ready, or degraded", "model": Readiness},
            503: {"description": "Not ready", "model": Readiness},
        },
    )  # fmt: skip
    async def readyz() -> Response:
        ready, body = await _readiness(healths)
        return Response(body, 200 if ready else 503, media_type="application/json")


def _liveness(healths: Mapping[str, Health]) -> tuple[bool, bytes]:
    """Whether every loop turns, and the loops that do not, as JSON."""
    still = [loop for health in healths.values() for loop in health.beats.still()]
    if not still:
        return True, ALIVE
    return False, json.dumps({"status": "stands still", "loops": still}).encode()


async def _readiness(healths: Mapping[str, Health]) -> tuple[bool, bytes]:
    """Whether all are ready, and the readiness of the only one, or of each by name, as JSON."""
    results = await asyncio.gather(*(health.shared() for health in healths.values()))
    states = dict(zip(healths, (state for _, state in results), strict=True))
    body = states[next(iter(states))] if len(states) == 1 else states
    return all(well for well, _ in results), json.dumps(body, ensure_ascii=False).encode()


def health_only(healths: Mapping[str, Health]) -> FastAPI:
    """An application that serves the health of these services, and nothing else."""
    api = FastAPI(
        title="danchu", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False,
        telemetry=NOT_BY_FASTAPI,
    )  # fmt: skip
    _handle(api)
    add_health(api, healths)
    return api


def compose(services: Mapping[str, tuple[FastAPI, Health]], root: ASGIApp | None = None) -> ASGIApp:
    """One application that serves each service under /<name>, and the health of all.

    `root` serves every other path: a front page, or later the pages of a service. Without it
    those paths are 404.

    A request goes straight to its service: routing through an outer application costs a quarter
    more.
    """
    healths = {name: health for name, (_, health) in services.items()}
    apps = {name: api for name, (api, _) in services.items()}
    probes = _probes(healths)
    health_api = health_only(healths)
    elsewhere = health_api if root is None else root

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path[-1:] == "z" and path in probes and scope.get("method") == "GET":
            await probes[path](send)
            return
        language.use_language_of(scope.get("headers", ()))
        use_peer_of(scope)
        name = path.removeprefix("/").partition("/")[0]
        app, mounted = health_api if path in HEALTH_PATHS else elsewhere, scope
        if name in apps:
            app = apps[name]
            mounted = {**scope, "root_path": f"{scope.get('root_path', '')}/{name}"}
        try:
            await app(mounted, receive, send)
        except Exception:  # FastAPI raises a fault again after `on_bug` has logged and answered it
            if not isinstance(app, FastAPI):
                raise
        finally:
            if ROUTE_KEY in scope and mounted is not scope:
                scope[ROUTE_KEY] = mounted

    return dispatch


def _probes(healths: Mapping[str, Health]) -> dict[str, Callable[[Send], Awaitable[None]]]:
    """The handlers of the health paths, without FastAPI, so that a flood of them costs little."""

    def alive(of: Mapping[str, Health]) -> Callable[[Send], Awaitable[None]]:
        async def answer_alive(send: Send) -> None:
            well, body = _liveness(of)
            await _send_json(send, 200 if well else 503, body)

        return answer_alive

    def ready(of: Mapping[str, Health]) -> Callable[[Send], Awaitable[None]]:
        async def answer_ready(send: Send) -> None:
            well, body = await _readiness(of)
            await _send_json(send, 200 if well else 503, body)

        return answer_ready

    probes = {"/healthz": alive(healths), "/readyz": ready(healths)}
    for name, health in healths.items():
        own = {name: health}
        probes |= {f"/{name}/healthz": alive(own), f"/{name}/readyz": ready(own)}
    return probes


async def _send_json(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
