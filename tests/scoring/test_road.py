"""From an event at the door to the rating over HTTP, on a real nats-server and both databases."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from services.chassis.auth.credentials import Issuer
from tests.conftest import NatsServer, eventually
from tests.scoring.road import Road, open_road
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio


def registered(unit: str, name: str = "Phường mẫu", kind: str = "commune") -> dict[str, Any]:
    """A registration of a unit."""
    return event(f"reg-{unit}", "unit.registered", subject=unit, data={"name": name, "kind": kind})


def due(unit: str, item: str) -> dict[str, Any]:
    """An item that has to be made public."""
    data = {"item": item, "due": "2025-08-01"}
    return event(f"due-{unit}-{item}", "disclosure.due", subject=unit, data=data)


def published(unit: str, item: str, time: str = "2025-08-01T23:59:59+07:00") -> dict[str, Any]:
    """An item that was made public."""
    data = {"item": item, "channel": "portal"}
    return event(f"pub-{unit}-{item}", "disclosure.published", subject=unit, time=time, data=data)


@pytest.fixture
async def road(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Road]:
    """The road on either database."""
    async with open_road(home, database_url, issuer) as made:
        yield made


async def test_an_event_at_the_door_is_in_the_rating_that_waits_for_its_receipt(
    road: Road,
) -> None:
    """Accepted, relayed, folded and answered: points, class and rank of the unit."""
    receipts = await road.send(
        [registered("H44.1"), due("H44.1", "budget"), published("H44.1", "budget")]
    )
    answer = await road.get("/ratings/2025/H44.1", wait_for=",".join(receipts))
    assert answer.status_code == 200, answer.text
    rating = answer.json()
    assert (rating["unit"], rating["name"], rating["rank"]) == ("H44.1", "Phường mẫu", 1)
    assert [score for score in rating["scores"].values() if score != "0.00"] == ["12.00"]
    page = (await road.get("/ratings", year=2025)).json()
    assert page == {"items": [rating], "next": None}


async def test_a_late_registration_makes_earlier_events_count(road: Road) -> None:
    """An event of nobody's is kept; when its unit is registered, it counts."""
    first = await road.send([due("H44.2", "plan"), published("H44.2", "plan")])
    missing = await road.get("/ratings/2025/H44.2", wait_for=",".join(first))
    assert missing.status_code == 404
    receipts = await road.send([registered("H44.2")])
    rating = (await road.get("/ratings/2025/H44.2", wait_for=receipts[0])).json()
    assert "12.00" in rating["scores"].values()


async def test_events_are_listed_with_whether_they_count_and_why_not(road: Road) -> None:
    """Counted, retracted, and read by no rule, in pages that hold each event once."""
    wrong = published("H44.1", "wrong")
    retraction = event(
        "r1", "event.retracted", subject="H44.1",
        data={"source": wrong["source"], "id": wrong["id"], "reason": "nhầm"},
    )  # fmt: skip
    sent = [registered("H44.1"), due("H44.1", "a"), published("H44.1", "a"), wrong, retraction]
    receipts = await road.send(sent)
    found: dict[str, Any] = {}
    cursor: dict[str, str] = {}
    while True:
        asked: dict[str, Any] = {"wait_for": ",".join(receipts), "limit": 2, **cursor}
        page = (await road.get("/ratings/2025/H44.1/events", **asked)).json()
        assert not {item["id"] for item in page["items"]} & found.keys()
        found |= {item["id"]: item for item in page["items"]}
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert {item["id"]: item["receipt"] for item in found.values()} == {
        one["id"]: receipt for one, receipt in zip(sent, receipts, strict=True)
    }
    retracted, counted = found["pub-H44.1-wrong"], found["pub-H44.1-a"]
    assert retracted["reason"] == "retracted"
    assert retracted["reason_vi"] == "Sự kiện đã được rút lại."
    assert retracted["reason_en"] == "The event was retracted."
    assert counted["counted"] is True
    assert {counted[name] for name in ("reason", "reason_vi", "reason_en")} == {None}
    assert found["r1"]["recordedtime"]


async def test_the_lag_returns_to_nothing_and_counts_what_was_folded(road: Road) -> None:
    """Operators see events, seconds, folded and quarantined; others are refused."""
    await road.send([registered("H44.1"), due("H44.1", "a")])

    async def folded() -> Any:
        lag = (await road.get("/lag", "operator")).json()
        return lag if lag["folded"] == 2 and lag["events"] == 0 else None

    lag = await eventually(folded)
    assert lag == {
        "events": 0, "seconds": 0.0, "folded": 2, "quarantined": 0, "unowned": 0, "halted": None,
    }  # fmt: skip
    assert (await road.get("/lag", "hr")).status_code == 403


async def test_the_sheet_says_what_is_missing_and_what_it_is_worth(road: Road) -> None:
    """Two items were due, one was published: the other is named with its points."""
    sent = [registered("H44.1"), due("H44.1", "a"), due("H44.1", "b"), published("H44.1", "a")]
    receipts = await road.send(sent)
    sheet = (await road.get("/ratings/2025/H44.1/sheet", wait_for=receipts[-1])).json()
    line = next(one for one in sheet["indicators"] if one["id"] == "disclosure")
    assert line["state"]["vi"] == "1 trên 2 đã hoàn thành"
    (missing,) = line["missing"]
    assert (missing["key"], missing["due"], missing["overdue"]) == ("b", "2025-08-01", True)
    # half of six points for lateness, of the 97 that count, in points of 100
    assert (missing["worth"], missing["worth_late"]) == ("3.09", "3.09")
    assert sheet["rating"] == (await road.get("/ratings/2025/H44.1")).json()


async def test_openapi_names_every_parameter_of_every_path(road: Road) -> None:
    """What a path or a query takes is described, so that a client can be generated."""
    described = (await road.client.get("/scoring/openapi.json")).json()["paths"]
    named = {
        path: {one["name"] for of in methods.values() for one in of.get("parameters", [])}
        for path, methods in described.items()
    }
    assert named["/ratings/{year}/{unit}"] == {
        "year",
        "unit",
        "view",
        "wait_for",
        "as_of",
        "version",
    }
    for path, names in named.items():
        assert set(re.findall(r"{(\w+)}", path)) <= names


@pytest.mark.parametrize(
    ("path", "asked", "field"),
    [
        ("/ratings/x/H44.1", {}, "year"),
        ("/ratings/2025/H44.1", {"view": "both"}, "view"),
        ("/ratings/2025/H44.1", {"as_of": "2025-01-01"}, "as_of"),
        ("/ratings/2025/H44.1", {"wait_for": "zz"}, "wait_for"),
        ("/ratings/2025/H44.1/events", {"cursor": "zz", "wait_for": ""}, "wait_for"),
        ("/ratings", {}, "year"),
        ("/ratings", {"year": 2025, "limit": 1001}, "limit"),
        ("/ratings", {"year": 2025, "sort": "points"}, "sort"),
        ("/ratings", {"year": 2025, "cursor": "zz"}, "cursor"),
        ("/ratings", {"year": 2025, "kind": "city"}, "kind"),
    ],
)
async def test_a_wrong_parameter_is_named(
    road: Road, path: str, asked: dict[str, Any], field: str
) -> None:
    """422 as problem details, with the field."""
    answer = await road.get(path, **asked)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in [error["field"] for error in answer.json()["errors"]]


async def test_a_reader_sees_its_own_units_alone(road: Road) -> None:
    """A list is filtered, another unit answers 403, also one that does not exist."""
    receipts = await road.send([registered("H44.1"), registered("H44.2", "Khác")])
    await road.get("/ratings", year=2025, wait_for=",".join(receipts))
    own = {"units": ["H44.1"]}
    listed = (await road.get("/ratings", "reader", year=2025, claims=own)).json()["items"]
    assert [item["unit"] for item in listed] == ["H44.1"]
    for unit, status in (("H44.1", 200), ("H44.2", 403), ("H44.9", 403)):
        for part in ("", "/sheet", "/events"):
            answer = await road.get(f"/ratings/2025/{unit}{part}", "reader", claims=own)
            assert answer.status_code == status
    assert (await road.get("/ratings/2025/H44.9", "hr")).status_code == 404
    assert (await road.get("/quarantine", "reader")).status_code == 403
    nobody = await road.client.get("/scoring/ratings/2025/H44.1")
    assert nobody.status_code == 401


async def test_waiting_for_what_never_comes_ends_with_504(road: Road) -> None:
    """Bounded by five seconds; the answer names what is missing."""
    answer = await road.get("/ratings", year=2025, wait_for="0" * 32)
    assert answer.status_code == 504
    assert "If it was accepted, it will be; ask again." in answer.json()["detail"]
    assert answer.json()["missing"] == ["0" * 32]


async def test_pages_follow_the_order_and_hold_each_unit_once(road: Road) -> None:
    """By name, with a cursor, whatever the direction; accents do not hinder a search."""
    names = {"H44.1": "Phường Đền", "H44.2": "Xã Ân", "H44.3": "Xã Bình"}
    receipts = await road.send([registered(unit, name) for unit, name in names.items()])
    for sort, order in (
        ("name", ["H44.1", "H44.2", "H44.3"]),
        ("-unit", ["H44.3", "H44.2", "H44.1"]),
    ):
        seen: list[str] = []
        asked: dict[str, Any] = {"year": 2025, "limit": 1, "sort": sort}
        while True:
            page = (await road.get("/ratings", wait_for=receipts[-1], **asked)).json()
            seen += [item["unit"] for item in page["items"]]
            if page["next"] is None:
                break
            asked["cursor"] = page["next"]
        assert seen == order
    found = (await road.get("/ratings", year=2025, q="xa an")).json()["items"]
    assert [item["unit"] for item in found] == ["H44.2"]
