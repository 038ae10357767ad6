"""Denials are one line each, without personal data, and bounded; a fault is one with its stack."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from services.chassis import denials
from services.chassis.auth.credentials import Issuer, Verifier, require
from services.chassis.auth.public_keys import TokenKeys
from services.chassis.denials import LINES_AT_ONCE, LineBudget
from services.chassis.health import Health
from services.chassis.http.service_api import compose, service_api
from services.chassis.telemetry.instruments import JsonLines

pytestmark = pytest.mark.anyio


class Lines(logging.Handler):
    """What a process writes, line by line."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.written: list[str] = []
        self.setFormatter(JsonLines())

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps a line."""
        self.written.append(self.format(record))

    def of(self, message: str) -> list[dict[str, Any]]:
        """The lines of a message."""
        return [line for line in map(json.loads, self.written) if line["message"] == message]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lines]:
    """The log of this test alone, with a budget of its own."""
    monkeypatch.setattr(denials, "_budget", LineBudget())
    handler, root = Lines(), logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


@pytest.fixture
def api(issuer: Issuer) -> FastAPI:
    """An application for operators, with a fault in one of its routes."""
    application = service_api("doors", "", Health())
    verifier = Verifier(TokenKeys((issuer.key.public_key(),)))

    @application.get("/secrets/{person}")
    async def secrets(request: Request) -> str:
        require(verifier.caller(request.scope), ("operator",), "This")
        return "secret"

    @application.get("/broken")
    async def broken() -> str:
        raise RuntimeError("a bug")

    return application


def client_of(api: FastAPI) -> httpx.AsyncClient:
    """A client that sees what a caller over a network sees."""
    root = compose({"doors": (api, Health())})
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(root), base_url="http://evil.example", follow_redirects=False
    )


async def test_a_denial_is_one_line_that_says_who_what_and_why(
    api: FastAPI, issuer: Issuer, lines: Lines
) -> None:
    """The route and not its values, the token's name and not the token."""
    token = issuer.mint("clerk", name="phòng nội vụ")
    headers = {"authorization": f"Bearer {token}"}
    async with client_of(api) as client:
        for sent in ({}, {"authorization": "Bearer x"}, headers):
            await client.get("/doors/secrets/ba-lan?q=hidden", headers=sent)
    none, forged, clerk = lines.of("denied")
    common = {"service": "doors", "method": "GET", "route": "/secrets/{person}", "omitted": 0}
    assert common.items() <= none.items() and none["status"] == 401
    assert none["reason"] == "chassis.token-missing" and "role" not in none
    assert forged["reason"] == "chassis.token-invalid"
    assert (clerk["status"], clerk["role"], clerk["token"]) == (403, "clerk", "phòng nội vụ")
    assert clerk["reason"] == "chassis.role-missing"
    whole = "".join(lines.written)
    assert "ba-lan" not in whole and "hidden" not in whole and token not in whole


async def test_a_flood_of_denials_does_not_fill_the_disk(api: FastAPI, lines: Lines) -> None:
    """What is left out is counted."""
    async with client_of(api) as client:
        for _ in range(3 * LINES_AT_ONCE):
            await client.get("/doors/secrets/1")
    assert LINES_AT_ONCE <= len(lines.of("denied")) < 2 * LINES_AT_ONCE


def test_the_next_line_says_how_many_were_left_out() -> None:
    """Once time has passed."""
    now = 0.0
    budget = LineBudget(lambda: now)
    assert [budget.take() for _ in range(LINES_AT_ONCE + 3)] == [0] * LINES_AT_ONCE + [None] * 3
    now = 1.0
    assert budget.take() == 3


async def test_a_fault_is_one_line_with_its_stack_and_nothing_comes_back_of_it(
    api: FastAPI, lines: Lines
) -> None:
    """500 for the caller; whoever mends it finds the stack in a field."""
    async with client_of(api) as client:
        answer = await client.get("/doors/broken")
    assert answer.status_code == 500 and "a bug" not in answer.text
    (line,) = [entry for entry in map(json.loads, lines.written) if "exception" in entry]
    assert "RuntimeError" in line["exception"] and line["route"] == "/broken"
    assert len(lines.written) == 1


@pytest.mark.parametrize(
    "path", ["/doors/secrets/1/", "/doors/secrets", "/doors/readyz/", "//doors", "/doors"]
)
async def test_no_answer_repeats_a_foreign_host(api: FastAPI, path: str) -> None:
    """No redirect to whatever stood in Host."""
    async with client_of(api) as client:
        answer = await client.get(path, headers={"x-forwarded-host": "evil.example"})
        document = await client.get("/doors/openapi.json")
    assert answer.status_code in (401, 404) and "location" not in answer.headers
    assert "evil" not in answer.text and "evil" not in document.text
    assert document.json()["servers"] == [{"url": "/doors"}]


async def test_what_a_caller_does_wrong_leaves_no_stack(api: FastAPI, lines: Lines) -> None:
    """Paths, methods and parameters of any kind."""
    async with client_of(api) as client:
        for path in ("/doors/%ff%00", "/doors/secrets/%e2%28", "/" + "x" * 2000, "/doors/../x"):
            await client.get(path)
        await client.request("BREW", "/doors/secrets/1")
    assert not any("Traceback" in line for line in lines.written)
    assert Path(__file__).name not in "".join(lines.written)
