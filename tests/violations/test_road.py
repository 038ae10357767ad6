"""From a case to the rating, on a real nats-server and both databases, and back again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.chassis.auth.credentials import Issuer
from services.chassis.http.service_api import compose
from services.chassis.settings import Settings
from services.records import vault
from services.scoring.rubrics import loader
from services.scoring.rubrics.loader import SHIPPED
from services.violations import app as violations
from tests.conftest import NatsServer
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import registered
from tests.support.builders.cases import CONCLUSION, HANDLING, OVERTURN, UNIT, concluded
from tests.support.builders.desks import Desk
from tests.support.builders.events import event

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
    vault.make(settings)
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


def nothing_but_violations() -> list[dict[str, Any]]:
    """A unit with every point: its violations are declared nil, all else is exempt."""
    rubric = loader.load(SHIPPED / "viet-tri-2025-commune.yaml")
    names = [one.id for one in rubric.basic if one.id != HANDLED]
    return [
        registered(UNIT),
        event("nil", "declaration.nil", subject=UNIT, data={"indicator": HANDLED}),
        *(
            event(f"ex-{name}", "exemption.approved", subject=UNIT,
                  data={"indicator": name, "decision": f"{name}/QĐ"})
            for name in names
        ),
    ]  # fmt: skip


HANDLED, ANEW = "violations-handled", "2025-11-03T08:00:00+07:00"


async def test_a_sanction_brings_deduction_and_ceiling_and_overturned_takes_both_away(
    road: Road, desk: Desk
) -> None:
    """Concluded and handled by the council, overturned by a court: what it did is undone."""
    before = await rating(road, await road.send(nothing_but_violations()))
    assert (before["total"], before["class"]) == ("100.00", "B")  # one unit alone gets no top class
    assert [reason["kind"] for reason in before["reasons"]] == ["share"]
    assert before["empty"][HANDLED] == "nil"
    id_ = await concluded(desk, role="council")
    waiting = await rating(road, desk.announced)
    assert (waiting["total"], waiting["scores"][HANDLED]) == ("0.00", "0.00")
    answer = await desk.post(f"cases/{id_}/handle", "council", HANDLING)
    after = await rating(road, answer.headers["x-danchu-receipts"])
    assert (after["deduction"], after["total"], after["class"]) == ("5.00", "95.00", "D")
    assert {reason["kind"] for reason in after["reasons"]} == {"ceiling"}
    overturned = await desk.post(f"cases/{id_}/overturn", "council", {**OVERTURN, "by": "court"})
    again = await rating(road, overturned.headers["x-danchu-receipts"])
    assert again == before


async def test_a_case_that_is_concluded_anew_waits_for_a_sanction_of_its_own(
    road: Road, desk: Desk
) -> None:
    """The sanction that was overturned in the same year does not fulfil the new obligation."""
    receipts = await road.send([registered(UNIT)])
    id_ = await concluded(desk, role="council")
    await desk.succeed(f"cases/{id_}/handle", "council", HANDLING)
    await desk.succeed(f"cases/{id_}/overturn", "council", {**OVERTURN, "by": "court"})
    anew = {**CONCLUSION, "at": ANEW, "due": "2025-12-31"}
    await desk.succeed(f"cases/{id_}/conclude", "council", anew)
    waiting = await rating(road, [*receipts, *desk.announced])
    assert (waiting["deduction"], waiting["scores"][HANDLED]) == ("0.00", "0.00")
    sanction = {**HANDLING, "at": ANEW}
    answer = await desk.post(f"cases/{id_}/handle", "council", sanction)
    after = await rating(road, answer.headers["x-danchu-receipts"])
    assert (after["deduction"], after["scores"][HANDLED]) == ("5.00", "4.00")


async def test_a_mistaken_sanction_that_is_taken_back_leaves_the_rating(
    road: Road, desk: Desk
) -> None:
    """By a retraction, not by an overturn: the conclusion stands and waits for its sanction."""
    receipts = await road.send([registered(UNIT)])
    id_ = await concluded(desk, role="council")
    await desk.succeed(f"cases/{id_}/handle", "council", HANDLING)
    assert (await rating(road, [*receipts, *desk.announced]))["deduction"] == "5.00"
    back = {"version": 5, "reason": "nhầm người"}
    answer = await desk.post(f"cases/{id_}/retract", "council", back)
    after = await rating(road, answer.headers["x-danchu-receipts"])
    assert (after["deduction"], after["scores"]["violations-handled"]) == ("0.00", "0.00")
