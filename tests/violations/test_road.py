"""From a case to the rating, on a real nats-server and both databases, and back again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.chassis.auth import Issuer
from services.chassis.http import compose
from services.chassis.settings import Settings
from services.violations import app as violations
from tests.conftest import NatsServer
from tests.records.desks import Desk
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import registered
from tests.violations.cases import HANDLING, OVERTURN, UNIT, concluded

pytestmark = pytest.mark.anyio


@pytest.fixture
async def road(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Road]:
    """Door, fold and queries on either database."""
    async with open_road(home, database_url, issuer) as made:
        yield made


@pytest.fixture
async def desk(road: Road, home: Path, database_url: str, issuer: Issuer) -> AsyncIterator[Desk]:
    """The violations beside them."""
    common = None if database_url.startswith("sqlite") else database_url
    settings = Settings(home=home, database_url=common)
    await violations.migrated(settings)
    app = violations.build(settings)
    await app.start()
    root = compose({"violations": (app.api, app.health)})
    transport = httpx.ASGITransport(root, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
        yield Desk("violations", app, client, issuer)
    await app.stop()


async def rating(road: Road, receipts: str | list[str]) -> Any:
    """The rating of the year 2025 once these events are in it."""
    named = receipts if isinstance(receipts, str) else ",".join(receipts)
    answer = await road.get(f"/ratings/2025/{UNIT}", wait_for=named)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_sanction_brings_deduction_and_ceiling_and_overturned_takes_both_away(
    road: Road, desk: Desk
) -> None:
    """Concluded and handled by the council, overturned by a court: what it did is undone."""
    before = await rating(road, await road.send([registered(UNIT)]))
    assert (before["deduction"], before["reasons"]) == ("0.00", [])
    id_ = await concluded(desk, role="council")
    await rating(road, desk.announced)
    sanction = {**HANDLING, "severity": "warning", "by_head": True}
    answer = await desk.post(f"cases/{id_}/handle", "council", sanction)
    assert answer.status_code == 200
    after = await rating(road, answer.headers["x-danchu-receipts"])
    assert (after["deduction"], after["scores"]["violations-handled"]) == ("5.00", "4.00")
    ceilings = await _sheet(road)
    assert "Người đứng đầu bị kỷ luật từ cảnh cáo" in ceilings
    overturned = await desk.post(f"cases/{id_}/overturn", "council", {**OVERTURN, "by": "court"})
    again = await rating(road, overturned.headers["x-danchu-receipts"])
    assert {**again, "as_of": None} == {**before, "as_of": None}
    assert "Người đứng đầu" not in await _sheet(road)


async def _sheet(road: Road) -> str:
    return str((await road.get(f"/ratings/2025/{UNIT}/sheet")).text)


async def test_a_mistaken_sanction_that_is_taken_back_leaves_the_rating(
    road: Road, desk: Desk
) -> None:
    """By a retraction, not by an overturn: the conclusion stands and waits for its sanction."""
    receipts = await road.send([registered(UNIT)])
    id_ = await concluded(desk, role="council")
    await desk.done(f"cases/{id_}/handle", "council", HANDLING)
    assert (await rating(road, [*receipts, *desk.announced]))["deduction"] == "5.00"
    back = {"version": 5, "reason": "nhầm người"}
    answer = await desk.post(f"cases/{id_}/retract", "council", back)
    after = await rating(road, answer.headers["x-danchu-receipts"])
    assert (after["deduction"], after["scores"]["violations-handled"]) == ("0.00", "0.00")
