"""Counts answered requests by service, method, route template and status."""

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.http.service_api import ROUTE_KEY
from services.chassis.telemetry.instruments import meter

_answered = meter("danchu.http").create_counter(
    "danchu.http.requests", "requests", "by service, method, route and status"
)


def count_requests(app: ASGIApp) -> ASGIApp:
    """Wraps an application to count its answers, in a process that exports metrics."""

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        route: dict[str, Any] = {}
        scope[ROUTE_KEY] = route

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route["status"] = message["status"]
            await send(message)

        try:
            await app(scope, receive, send_counted)
        finally:
            _answered.add(1, {name: value for name, value in route.items() if value is not None})

    return count
