"""One application of several: each service under its name, and the rest with the root."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from services.chassis.health import Health
from services.chassis.http.service_api import compose, service_api

pytestmark = pytest.mark.anyio


def service() -> FastAPI:
    """A service with one route, and one that fails."""
    api = service_api("doors", "doors", Health())

    @api.get("/open")
    async def answer() -> dict[str, bool]:
        return {"open": True}

    @api.get("/broken")
    async def fail() -> None:
        raise RuntimeError("broken")

    return api


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    """Pages at the root; one of them fails."""
    if scope["path"] == "/broken":
        raise RuntimeError("broken")
    await PlainTextResponse(f"page {scope['path']}")(scope, receive, send)


async def get(path: str, root: bool = True, method: str = "GET") -> httpx.Response:
    """An answer of the composed application."""
    application = compose({"doors": (service(), Health())}, root=pages if root else None)
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
        return await client.request(method, path)


@pytest.mark.parametrize("path", ["/", "/units/H44.1", "/doorsteps", "/static/style.css"])
async def test_the_root_serves_every_path_of_no_service(path: str) -> None:
    """So the pages of a service can stand there, at the root and below it."""
    assert (await get(path)).text == f"page {path}"


async def test_services_and_health_come_before_the_root() -> None:
    """Whatever the root would answer there."""
    assert (await get("/doors/open")).json() == {"open": True}
    assert (await get("/doors/closed")).status_code == 404
    assert (await get("/readyz")).json()["status"] == "ready"
    assert (await get("/healthz", method="POST")).status_code == 405


async def test_without_a_root_other_paths_are_problems() -> None:
    """As in a process that serves one service by itself."""
    answer = await get("/", root=False)
    assert answer.status_code == 404 and answer.json()["detail_en"]


async def test_a_fault_is_answered_by_a_service_and_raised_by_a_plain_root() -> None:
    """The server answers the fault of an application that does not answer its own."""
    assert (await get("/doors/broken")).status_code == 500
    with pytest.raises(RuntimeError):
        await get("/broken")
