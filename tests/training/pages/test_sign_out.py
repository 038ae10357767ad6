"""Signing out reaches this service: a copied cookie opens nothing afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from contracts.navigation import PAGE_SERVICES
from services.chassis.auth.credentials import Issuer
from services.chassis.web.form_tokens import FormTokens
from services.chassis.web.sessions import COOKIE, open_sessions
from services.chassis.web.sign_out import ticket_values
from services.training import app as training
from tests.support.builders.desks import Desk, open_desk

pytestmark = pytest.mark.anyio
LIST, STEP = "/training/pages/courses", "/training/pages/sign-out"
NEXT_STEP = "/awards/pages/sign-out"
ROOT = Path(__file__).parents[3] / "services"


@pytest.fixture
async def desk(home: Path, tmp_path: Path, issuer: Issuer) -> AsyncIterator[Desk]:
    """The running service."""
    url = f"sqlite:///{tmp_path / 'training.db'}"
    async with open_desk("training", training.build, training.migrated, home, url, issuer) as made:
        yield made


async def test_a_copied_cookie_opens_nothing_after_signing_out(desk: Desk) -> None:
    """By a ticket for this very session; another one is refused and ends nothing."""
    sessions = open_sessions(desk.app.parts.settings)
    lan, minh = (sessions.begin(name, "clerk", ["H44.1"]) for name in ("lan", "minh"))
    copied = {each.id: {"cookie": f"{COOKIE}={sessions.seal(each)}"} for each in (lan, minh)}
    tokens = FormTokens(sessions.keys)
    values = ticket_values(tokens, lan.id, lan.expires)
    for wrong in ({"session": minh.id}, {"ends": "1"}, {"ends": "x"}, {"ticket": tokens.make("s")}):
        refused = await desk.client.get(STEP, params={**values, **wrong})
        assert refused.status_code == 403
    assert (await desk.client.get(LIST, headers=copied[lan.id])).status_code == 200
    led = await desk.client.get(STEP, params=values)
    address = urlsplit(led.headers["location"])
    assert (led.status_code, address.path) == (303, NEXT_STEP)
    assert "missed" not in parse_qs(address.query)
    assert (await desk.client.get(LIST, headers=copied[lan.id])).status_code == 303
    assert (await desk.client.get(LIST, headers=copied[minh.id])).status_code == 200


async def test_a_service_that_cannot_revoke_is_told_at_the_end(desk: Desk) -> None:
    """What an earlier step missed is passed on to the next one."""
    sessions = open_sessions(desk.app.parts.settings)
    ended = replace(sessions, clock=lambda: 0).begin("lan", "clerk")
    values = ticket_values(FormTokens(sessions.keys), ended.id, ended.expires)
    led = await desk.client.get(STEP, params={**values, "missed": "1"})
    address = urlsplit(led.headers["location"])
    assert (address.path, parse_qs(address.query)["missed"]) == (NEXT_STEP, ["1"])


def test_every_service_with_pages_is_among_the_steps() -> None:
    """Scoring begins; whoever gets pages is led through, too."""
    sites = {path.parts[-3] for path in ROOT.glob("*/pages/site.py")}
    assert sites - {"records"} == set(PAGE_SERVICES)
