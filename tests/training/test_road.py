"""What a clerk enters in training is in the unit's rating: by the outbox, NATS and the fold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts import moments
from services.chassis.auth.credentials import Issuer
from services.chassis.http.service_api import compose
from services.chassis.settings import Settings
from services.records import vault
from services.training import app as training
from tests.scoring.road import Road, open_road
from tests.support.builders.acts import UNIT, assigned, attended, planned, scheduled
from tests.support.builders.desks import Desk
from tests.support.servers import NatsServer

pytestmark = pytest.mark.anyio


async def registered(road: Road, unit: str) -> None:
    """The registry knows the unit."""
    event = {
        "specversion": "1.0", "id": unit, "source": "urn:city:registry", "subject": unit,
        "type": "vn.danchu.unit.registered.v1", "time": "2024-01-01T00:00:00Z",
        "data": {"name": "Xã mẫu", "kind": "commune"},
    }  # fmt: skip
    await road.send([event])


async def scores(road: Road, receipts: list[str]) -> Any:
    """The scores of the unit once these events are folded."""
    asked = {"wait_for": ",".join(receipts)}
    answer = await road.get(f"/ratings/2025/{UNIT}", **asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["scores"]


async def test_a_commands_receipts_are_waited_for_and_its_events_move_the_rating(
    provisioned: NatsServer, home: Path, issuer: Issuer, database_url: str
) -> None:
    """Assigned: 0 of 8 points; trained: 8; held: 6 of 6 for the plan; taken back: 0 again."""
    common = None if database_url.startswith("sqlite") else database_url
    settings = Settings(home=home, database_url=common)
    vault.make(settings)
    await training.migrated(settings)
    app = training.build(settings)
    await app.start()
    root = compose({"training": (app.api, app.health)})
    transport = httpx.ASGITransport(root, raise_app_exceptions=False)
    try:
        async with (
            open_road(home, database_url, issuer) as road,
            httpx.AsyncClient(transport=transport, base_url="http://danchu") as client,
        ):
            await registered(road, UNIT)
            await _year(road, Desk("training", app, client, issuer))
    finally:
        await app.stop()


async def _year(road: Road, desk: Desk) -> None:
    await assigned(desk)
    assert (await scores(road, desk.announced))["officers-trained"] == "0.00"
    course = await planned(desk, due="2025-06-30")
    session = await scheduled(desk, course)
    after = await attended(desk, course, session, {"number": "CB-1"})
    await desk.succeed(f"courses/{course}/hold", "clerk", {"at": "2025-05-06T08:00:00+07:00"})
    found = await scores(road, desk.announced)
    assert (found["officers-trained"], found["training-plan"]) == ("8.00", "6.00")
    back = {"version": after["version"], "reason": "nhầm"}
    refused = await desk.post(f"courses/{course}/retract", "clerk", back)
    assert refused.status_code == 409
    for version in (after["version"] + 1, after["version"]):
        back = {"version": version, "reason": "nhầm"}
        await desk.succeed(f"courses/{course}/retract", "clerk", back)
    found = await scores(road, desk.announced)
    assert (found["officers-trained"], found["training-plan"]) == ("0.00", "0.00")
    begun = await road.get(f"/ratings/2026/{UNIT}/events")
    times = [one["time"] for one in begun.json()["items"] if "roster" in one["type"]]
    assert times == [moments.rfc3339(moments.year_start(2026))]
