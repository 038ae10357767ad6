"""How many requests were answered, by service, method, route template and status."""

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.chassis.http.service_api import ROUTE_KEPT
from services.chassis.telemetry.instruments import meter

_answered = meter("danchu.http").create_counter(
    "danchu.http.requests", "requests", "by service, method, route and status"
)


def measured(app: ASGIApp) -> ASGIApp:
    """The application, each of whose answers is counted; for a process that exports metrics."""

    async def count(scope: Scope, receive: Receive, send: Send) -> None:
        route: dict[str, Any] = {}
        scope[ROUTE_KEPT] = route

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                route["status"] = message["status"]
            await send(message)

        try:
            await app(scope, receive, sent)
        finally:
            _answered.add(1, {name: value for name, value in route.items() if value is not None})

    return count
