"""Measures requests by method, route and status, and continues the trace of a caller who has one.

A request without `traceparent` has no span: one rating, the most frequent request, would take half
as long again. Whoever wants a trace of it sends the header.
"""

import time
from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import SpanKind, StatusCode
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.http.routes import ROUTE_KEY, asks_health
from services.chassis.telemetry.instruments import TRACE_HEADERS, message_span, meter, tracer
from services.chassis.telemetry.request_durations import REQUESTS, RequestKind

METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE")
)  # fmt: skip
OTHER = "_OTHER"
"""The name of every other method, by the semantic conventions."""
FAILED = 500
_TRACEPARENT = TRACE_HEADERS[0].encode()
_tracer = tracer("danchu.http")
refusals = meter("danchu.http").create_counter(
    "danchu.http.refusals", "{request}", "requests refused because a limit was reached, by status"
)


class _Sending:
    """Passes the messages of an answer on, and keeps its status; 0 before it began."""

    __slots__ = ("_send", "status")

    def __init__(self, send: Send) -> None:
        self._send, self.status = send, 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)


def measure_requests(app: ASGIApp) -> ASGIApp:
    """Wraps an application to measure its answers, in a process that exports metrics."""

    async def measure(scope: Scope, receive: Receive, send: Send) -> None:
        scope[ROUTE_KEY] = None
        sending = _Sending(send)
        began = time.perf_counter()
        try:
            for name, _ in scope["headers"]:
                if name == _TRACEPARENT:
                    await _trace(app, scope, receive, sending)
                    break
            else:
                await app(scope, receive, sending)
        finally:
            REQUESTS.record(_kind(scope, sending.status), time.perf_counter() - began)

    return measure


async def _trace(app: ASGIApp, scope: Scope, receive: Receive, sending: _Sending) -> None:
    """Runs a request within a span of its caller's trace."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    with message_span(_tracer, "HTTP", [headers], SpanKind.SERVER) as span:
        try:
            await app(scope, receive, sending)
        finally:
            kind = _kind(scope, sending.status)
            span.update_name(f"{kind.method} {kind.route}".strip())
            span.set_attributes(kind.attributes())
            if sending.status >= FAILED:
                span.set_status(StatusCode.ERROR)


def _kind(scope: Scope, status: int) -> RequestKind:
    method = scope["method"]
    return RequestKind(
        method if method in METHODS else OTHER, scope["scheme"], route_template(scope), status
    )


def route_template(scope: Scope) -> str:
    """The template of the route that answered, with the name of its service; empty without one."""
    mounted: Mapping[str, Any] = scope[ROUTE_KEY] or scope
    route = getattr(mounted.get("route"), "path", None)
    if route is not None:
        return f"{mounted.get('root_path', '')}{route}"
    path: str = scope["path"]
    return path if path[-1:] == "z" and asks_health(path) else ""
