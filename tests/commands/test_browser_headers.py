"""What browsers are told with every answer of every route, and that nothing is open to others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.chassis.http import server as http_server
from services.chassis.http.service_api import compose
from services.chassis.settings import Settings
from services.commands.front_page import front_page
from services.commands.ports import listen
from services.commands.service_registry import SERVICES, build
from tests.support.servers import free_port
from tests.support.sockets import Answered, Served, head

pytestmark = pytest.mark.anyio
EXPECTED = {
    "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
    "cache-control": "no-store", "cross-origin-resource-policy": "same-origin",
}  # fmt: skip
FOREIGN = {"origin": "https://evil.example", "access_control_request_method": "POST"}
FRONT = [("GET", path) for path in ("/", "/healthz", "/readyz", "/none", "/intake/none")]


def fields_of(answer: Answered) -> dict[str, str]:
    """The header fields of an answer; each stands once."""
    lines = [line.split(": ", 1) for line in answer.head.strip().split("\r\n")[1:]]
    names = [name.lower() for name, _ in lines]
    assert len(set(names)) == len(names), names
    return {name.lower(): value for name, value in lines}


async def test_every_route_answers_with_the_same_guards(home: Path) -> None:
    """Whether it answers, refuses or fails; no field of CORS, also for a preflight; no server."""
    apps = build(SERVICES, "http", home)
    root = compose({name: (app.api, app.health) for name, app in apps.items()}, front_page([]))
    routes = [
        (method.upper(), f"/{name}{re.sub(r'{[^}]+}', '2025', path)}")
        for name, app in apps.items()
        for path, methods in app.api.openapi()["paths"].items()
        for method in methods
    ]
    assert len(routes) > 70 and any(method == "DELETE" for method, _ in routes)
    server, statuses = Served(("127.0.0.1", free_port())), set()
    settings = Settings(port=server.address[1])
    async with http_server.http_server(root, settings, listen(*server.address, "DANCHU_PORT")):
        for method, path in [*FRONT, *routes]:
            for request in (head(method, path, **FOREIGN), head("OPTIONS", path, **FOREIGN)):
                answer = await server.ask(request)
                fields = fields_of(answer)
                statuses.add(answer.status)
                assert EXPECTED.items() <= fields.items(), (method, path, fields)
                policy = fields["content-security-policy"]
                assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
                assert not any(name.startswith("access-control") for name in fields)
                assert "server" not in fields and "strict-transport-security" not in fields
        trace = await server.ask(head("TRACE", "/scoring/ratings"))
        assert trace.status in (404, 405)
    assert {200, 401, 404, 405} <= statuses
    for app in apps.values():
        await app.stop()
