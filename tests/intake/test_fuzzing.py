"""schemathesis at the OpenAPI of the door, with tokens and without."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Response

from services.chassis.auth.credentials import Issuer
from services.chassis.health import Health
from services.chassis.http.service_api import compose, service_api
from tests.conftest import free_port
from tests.support.builders.events import opened
from tests.support.fuzzing import fuzz


def token(issuer: Issuer, role: str) -> dict[str, str]:
    """The header of a token of the role; none for nobody."""
    return {"authorization": f"Bearer {issuer.mint(role)}"} if role else {}


@asynccontextmanager
async def intake_of(home: Path, issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    """A door without NATS."""
    url = f"sqlite:///{home / 'intake.db'}"
    async with opened(home, url, issuer, nats_port=free_port()) as door:
        yield door.client


@pytest.mark.parametrize("role", ["emitter", "operator", ""])
def test_no_request_breaks_the_door(home: Path, issuer: Issuer, role: str) -> None:
    """No server error, and every answer as documented; without a token it is 401 at best.

    With one too: the document declares bearer tokens, so some are made up.
    """
    seen = fuzz(intake_of(home, issuer), "intake", token(issuer, role), 20)
    assert set(seen) <= {200, 202, 400, 401, 403, 404, 409, 413, 415, 422, 503}
    assert 401 in seen if role == "" else not {200, 202, 403, 404, 422}.isdisjoint(seen)


@asynccontextmanager
async def broken(answer: Callable[[int], Response]) -> AsyncIterator[httpx.AsyncClient]:
    """A service with one operation, which answers so."""
    api = service_api("broken", "", Health())

    @api.get("/one")
    async def get_one(number: int) -> Response:
        return answer(number)

    app = compose({"broken": (api, Health())})
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
        yield client


@pytest.mark.parametrize(
    "answer",
    [
        lambda number: Response("{}", 200 + number // number, media_type="application/json"),
        lambda number: Response("{}", 418, media_type="application/json"),
        lambda number: Response("<p>", 200, media_type="text/html"),
    ],
    ids=["an exception for 0", "an undocumented status", "an undocumented content type"],
)
def test_a_broken_service_is_found_out(answer: Any) -> None:
    """The test itself can fail: each kind of fault is seen."""
    with pytest.raises((AssertionError, BaseExceptionGroup)):
        fuzz(broken(answer), "broken", {})
