"""Events that count for nobody are found: in a list, in the lag, and by their receipts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.auth.credentials import Issuer
from services.scoring.fold.registry import NEVER, Registry
from services.scoring.readmodel.unowned import nearest_unit, unheld_subjects
from services.scoring.store import quarantine
from services.scoring.store.quarantine import Rejection
from tests.conftest import NatsServer, eventually
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, published, registered
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
PORTAL = "/portal/a"


@pytest.fixture
async def road(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Road]:
    """The road on either database, with a registered unit."""
    async with open_road(home, database_url, issuer) as made:
        await made.send([registered("H44.12.34")])
        yield made


async def unowned(road: Road, role: str = "operator", **asked: Any) -> list[dict[str, Any]]:
    """Everything that the list has, page by page."""
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await road.get("/unowned", role, **asked, **cursor)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        if answer.json()["next"] is None:
            return items
        cursor = {"cursor": answer.json()["next"]}


async def receipt(road: Road, receipt: str, role: str = "emitter", **claims: Any) -> Any:
    """What the door says of a receipt."""
    headers = road.headers(role, **claims)
    return await road.client.get(f"/intake/receipts/{receipt}", headers=headers)


async def in_state(road: Road, one: str, state: str) -> dict[str, Any]:
    """The answer about a receipt once it has the state."""

    async def answered() -> Any:
        found = (await receipt(road, one)).json()
        return found if found["state"] == state else None

    found: dict[str, Any] = await eventually(answered)
    return found


async def test_a_mistyped_unit_is_listed_with_the_nearest_and_counted_in_the_lag(
    road: Road,
) -> None:
    """Until the unit is registered; what counts, or was taken back, is not in the list."""
    wrong = [due("H44.12.43", "a"), published("H44.12.43", "a"), due("X9", "a")]
    back = {"source": PORTAL, "id": wrong[2]["id"], "reason": "nhầm"}
    gone = event("gone", "event.retracted", subject="X9", data=back)
    sent = await road.send([*wrong, due("H44.12.34", "a"), gone])
    wait = ",".join(sent)
    found = await unowned(road, wait_for=wait, limit=1)
    assert [one["id"] for one in found] == ["due-H44.12.43-a", "pub-H44.12.43-a"] or [
        one["id"] for one in found
    ] == ["pub-H44.12.43-a", "due-H44.12.43-a"]
    assert {one["nearest"] for one in found} == {"H44.12.34"}
    assert {one["receipt"] for one in found} == set(sent[:2])
    assert all(one["counted"] is False and "đăng ký" in one["reason_vi"] for one in found)
    assert all("not registered" in one["reason_en"] for one in found)
    assert (await road.get("/lag", "operator")).json()["unowned"] == 2
    (late,) = await road.send([registered("H44.12.43")])
    assert await unowned(road, wait_for=late) == []
    assert (await road.get("/lag", "operator")).json()["unowned"] == 0


async def test_an_emitter_finds_its_own_and_nobody_elses(road: Road) -> None:
    """By subject and source of its token; hr, council and auditor find all."""
    sent = await road.send([due("H44.1", "a"), {**due("H44.1", "b"), "source": "/other"}])
    wait = ",".join(sent)
    for role in ("operator", "auditor", "hr", "council"):
        assert len(await unowned(road, role, wait_for=wait)) == 2
    own = {"units": ["H44.1"], "sources": [PORTAL]}
    (found,) = await unowned(road, "emitter", claims=own)
    assert found["source"] == PORTAL
    assert await unowned(road, "emitter", claims={**own, "units": ["H44.2"]}) == []
    assert len(await unowned(road, "reader", claims={"units": ["H44.1"], "sources": []})) == 2
    assert (await road.get("/unowned", "hr", cursor="x")).status_code == 422


async def test_a_code_belongs_to_nobody_before_it_was_given(road: Road) -> None:
    """The event of an earlier day is listed, the one of a later day counts."""
    data = {"code": "000.00.34.H44", "effective": "2025-06-01"}
    recoded = event("code", "unit.recoded", subject="H44.12.34", data=data)
    early = {**due("000.00.34.H44", "a"), "time": "2025-05-01T08:00:00+07:00"}
    sent = await road.send([recoded, early, due("000.00.34.H44", "b")])
    found = await unowned(road, wait_for=",".join(sent))
    assert [one["id"] for one in found] == [early["id"]]
    assert (await road.get("/lag", "operator")).json()["unowned"] == 1


async def test_a_receipt_tells_what_became_of_its_event(road: Road) -> None:
    """Counted, or not and why, with everything that names the event."""
    good, nobody = await road.send([due("H44.12.34", "a"), due("H44.9", "a")])
    found = await in_state(road, good, "counted")
    assert {found[name] for name in ("reason", "reason_vi", "reason_en")} == {None}
    assert (found["id"], found["source"]) == ("due-H44.12.34-a", PORTAL)
    assert (found["subject"], found["status"], found["receipt"]) == ("H44.12.34", "accepted", good)
    assert found["recordedtime"].endswith("Z") and found["sent"] is True
    found = await in_state(road, nobody, "not counted")
    assert found["reason"] == "unit not registered"
    assert "chưa được đăng ký" in found["reason_vi"] and "not registered" in found["reason_en"]


async def test_a_receipt_of_what_is_in_quarantine_says_so(road: Road) -> None:
    """With the reason, in both languages."""
    (held,) = await road.send([due("H44.12.34", "a")])
    await in_state(road, held, "counted")
    async with road.scoring.db.write() as conn:
        await quarantine.add(conn, [Rejection("conflict", "x", "y", b"{}", b"\1" * 16)], 1)
    receipts = road.scoring.questions
    assert receipts is not None
    fate = await receipts.receipts.fate(b"\1" * 16)
    assert (fate.state, fate.reason) == ("quarantined", "conflict")
    assert fate.reason_vi is not None and "cách ly" in fate.reason_vi
    assert (await receipts.receipts.fate(b"\2" * 16)).state == "waiting"


async def test_a_receipt_of_another_is_not_found(road: Road) -> None:
    """As one that the door never gave: who may not see an event does not learn of it."""
    (mine,) = await road.send([due("H44.12.34", "a")])
    own: dict[str, Any] = {"units": ["H44.12.34"], "sources": [PORTAL]}
    assert (await receipt(road, mine, **own)).status_code == 200
    answers = [
        await receipt(road, mine, **{**own, "sources": ["/other"]}),
        await receipt(road, mine, **{**own, "units": ["H44.1"]}),
        await receipt(road, "0" * 32),
    ]
    assert [one.status_code for one in answers] == [404, 404, 404]
    assert len({one.text for one in answers}) == 1
    for role, status in (("operator", 200), ("auditor", 200), ("hr", 403), ("reader", 403)):
        assert (await receipt(road, mine, role)).status_code == status
    wrong = await receipt(road, "XYZ")
    assert wrong.status_code == 422 and wrong.json()["errors"][0]["field"] == "receipt"


async def test_a_door_whose_scoring_is_away_says_that_it_does_not_know(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> None:
    """Accepted and sent; what became of it is unknown, in a sentence."""
    async with open_road(home, database_url, issuer) as road:
        (held,) = await road.send([due("H44.12.34", "a")])
        await road.scoring.stop()

        async def sent() -> Any:
            found = (await receipt(road, held)).json()
            return found if found["sent"] else None

        found = await eventually(sent)
        assert (found["state"], found["reason"]) == ("unknown", "scoring does not answer")
        assert "chưa trả lời" in found["reason_vi"] and "does not answer" in found["reason_en"]


def test_what_nobody_holds_is_told_by_the_registry_alone() -> None:
    """No subject of the years, and none of a unit."""
    registry = Registry(())
    assert unheld_subjects(["CITY", "H44.1"], registry) == [("H44.1", NEVER)]
    assert nearest_unit("H44.1", registry) is None
