"""The year as of an instant over HTTP: the same question always gets the same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts import moments
from services.chassis import outbox
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import now_us
from services.scoring.operations import rebuild
from services.scoring.store.door_state import DoorState, known_until
from tests.conftest import NatsServer, eventually
from tests.scoring.operations.restoring import hasten
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, published, registered
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
UNIT = "/ratings/2025/H44.1"
PATHS = ("/ratings", UNIT, f"{UNIT}/sheet", f"{UNIT}/events")


async def answers(road: Road, instant: str) -> list[httpx.Response]:
    """The list, the rating, the sheet and the events as of an instant."""
    first = await road.get(PATHS[0], as_of=instant, year=2025)
    return [first, *[await road.get(path, as_of=instant) for path in PATHS[1:]]]


async def known(road: Road, instant: str) -> None:
    """Waits until every door has surely delivered what it recorded up to an instant."""

    async def is_known() -> bool:
        return (await road.get(UNIT, as_of=instant)).status_code == 200

    await eventually(is_known)


def bodies(responses: list[httpx.Response]) -> list[bytes]:
    """The bytes of answers that are all there."""
    assert [response.status_code for response in responses] == [200] * 4
    return [response.content for response in responses]


async def cursors_belong_to_their_question(road: Road, instant: str) -> None:
    """A page of the past does not lead on in the present, nor the other way round."""
    page = (await road.get(f"{UNIT}/events", as_of=instant, limit=1)).json()
    second = await road.get(f"{UNIT}/events", as_of=instant, limit=1, cursor=page["next"])
    assert second.status_code == 200
    refusals = [
        await road.get(f"{UNIT}/events", limit=1, cursor=page["next"]),
        await road.get(f"{UNIT}/events", version=1, limit=1, cursor=page["next"]),
    ]
    for each in refusals:
        (error,) = each.json()["errors"]
        assert (each.status_code, error["field"]) == (422, "cursor")
        assert "same parameters" in error["message_en"]


async def explained(road: Road, instant: str, before: str, total: str) -> None:
    """What moved the rating since an instant is named: by event, and line by line."""
    history = (await road.get(f"{UNIT}/history")).json()
    assert (history["items"][0]["total"], history["next"]) == (total, None)
    causes = {item["cause"]["id"] for item in history["items"] if item["at"] > instant}
    assert causes == {"due-H44.1-b", "r"}
    assert all(item["text_vi"] and item["text_en"] for item in history["items"])
    page = (await road.get(f"{UNIT}/history", limit=1)).json()
    rest = (await road.get(f"{UNIT}/history", cursor=page["next"])).json()
    assert page["items"] + rest["items"] == history["items"]
    changes = (await road.get(f"{UNIT}/changes", from_=instant)).json()
    assert (changes["from"]["total"], changes["to"]["total"]) == (before, total)
    (line,) = changes["items"]
    assert line["indicator"] == "disclosure"
    assert [event["id"] for event in line["events"]] == ["r", "due-H44.1-b"]
    refusals = [
        await road.get(f"{UNIT}/changes"),
        await road.get(f"{UNIT}/changes", from_=instant, from_version=1),
        await road.get(f"{UNIT}/changes", from_=instant, to="yesterday"),
        await road.get(f"{UNIT}/history", cursor="zz"),
    ]
    assert [(each.status_code, each.json()["errors"][0]["field"]) for each in refusals] == [
        (422, "from"), (422, "from"), (422, "to"), (422, "cursor"),
    ]  # fmt: skip


async def test_the_same_question_about_the_past_gets_the_same_bytes_for_ever(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Whatever is sent, retracted, renamed, rebuilt or sent again afterwards."""
    hasten(monkeypatch)
    early = [registered("H44.1"), due("H44.1", "a"), published("H44.1", "a")]
    later: list[dict[str, Any]] = [
        due("H44.1", "b"), registered("H44.2"),
        event("n", "unit.renamed", subject="H44.1", data={"name": "X", "effective": "2025-01-02"}),
        event("r", "event.retracted", subject="H44.1", data={
            "source": early[2]["source"], "id": early[2]["id"], "reason": "nhầm",
        }),
    ]  # fmt: skip
    async with open_road(home, database_url, issuer) as road:
        receipts = await road.send(early)
        now = await road.get(UNIT, wait_for=receipts[-1])
        instant = moments.rfc3339(now_us())
        await known(road, instant)
        refusal = (await road.get(UNIT, as_of="2033-01-01T07:00:00+07:00")).json()
        assert (refusal["status"], refusal["code"]) == (409, "scoring.as-of-not-known")
        assert instant <= refusal["known_until"] <= moments.rfc3339(now_us())
        first = await answers(road, instant)
        assert first[1].json() == {**now.json(), "as_of": instant}
        assert [one.json()["as_of"] for one in first] == [instant] * 4
        assert first[1].headers["x-danchu-rubrics"] == now.headers["x-danchu-rubrics"]
        await cursors_belong_to_their_question(road, instant)
        both = await road.get(UNIT, as_of=instant, version=1)
        assert (both.status_code, both.json()["errors"][0]["field"]) == (422, "as_of")
        assert (await road.get(UNIT, version=2)).status_code == 404
        assert (await road.get(UNIT, version=1)).json() == now.json()
        receipts = await road.send(later)
        changed = await road.get(UNIT, wait_for=receipts[-1])
        assert changed.json()["total"] != now.json()["total"]
        assert bodies(await answers(road, instant)) == bodies(first)
        await explained(road, instant, now.json()["total"], changed.json()["total"])
        await rebuild.rebuild(road.scoring.settings, 2025, lambda *step: None)
        async with road.intake.db.write() as conn:
            assert await outbox.resend(conn, 0) >= len(early)
        afterwards = moments.rfc3339(now_us())
        await known(road, afterwards)
    async with open_road(home, database_url, issuer) as road:
        assert bodies(await answers(road, instant)) == bodies(first)
        latest = await road.get(UNIT, as_of=afterwards)
        assert latest.json() == {**(await road.get(UNIT)).json(), "as_of": afterwards}


DOORS: dict[str, tuple[list[tuple[str, int, dict[str, Any]]], int]] = {
    "nothing is known before the first door": ([], 0),
    "the slowest door decides": ([("a", 50, {}), ("b", 30, {})], 30),
    "a door without a mark that held": ([("a", 50, {}), ("b", 0, {})], 0),
    "a retired door holds nothing up": ([("a", 50, {}), ("b", 0, {"retired": 60})], 50),
    "a closed door is followed by its successor": (
        [("a", 20, {"successor": "b", "mark_until": 20}), ("b", 40, {})], 40,
    ),
    "a successor that nobody has heard of": (
        [("a", 20, {"successor": "b", "mark_until": 20}), ("c", 40, {})], 20,
    ),
    "a closed door with events under way": (
        [("a", 20, {"successor": "b", "mark_until": 30}), ("b", 40, {})], 20,
    ),
    "doors that are all retired": ([("a", 20, {"retired": 70})], 70),
    "a door whose clock is ahead": ([("a", 500, {})], 100),
}  # fmt: skip


@pytest.mark.parametrize("case", DOORS)
def test_what_is_known_is_what_every_door_has_delivered(case: str) -> None:
    """The least of the marks that hold, and never the future."""
    doors, expected = DOORS[case]
    states = [
        DoorState(number, name, held_until=held, **more)
        for number, (name, held, more) in enumerate(doors)
    ]
    assert known_until(states, 100) == expected
