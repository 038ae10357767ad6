"""Wrong questions are refused by parameter, in both languages; heirs may read what ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.chassis.auth.credentials import Issuer
from tests.conftest import NatsServer
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import registered
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio


@pytest.fixture
async def road(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Road]:
    """The road on either database."""
    async with open_road(home, database_url, issuer) as made:
        yield made


@pytest.mark.parametrize(
    ("query", "field", "names"),
    [
        ("/ratings/2025/H44.1?unit=H44.2", "unit", []),
        ("/ratings/2025/H44.1?year=1999", "year", []),
        ("/ratings/2025/H44.1?view=own&view=pooled", "view", []),
        ("/ratings/2025/H44.1/sheet?view=own&view=own", "view", []),
        ("/ratings/2025/H44.1/events?limit=1&limit=2", "limit", []),
        ("/ratings?year=2025&year=2026", "year", []),
        ("/ratings?year=2025&class=E", "class", ["A", "B", "C", "D"]),
        ("/ratings?year=2025&kind=commune&class=a", "class", ["A", "B", "C", "D"]),
        ("/ratings?year=2025&kind=city", "kind", ["commune", "agency", "enterprise"]),
        ("/ratings?year=2025&sort=points", "sort", ["total", "name"]),
        ("/ratings?year=2025&cursor=zz", "cursor", []),
        ("/ratings?year=2025&colour=red", "colour", []),
        ("/ratings?year=x", "year", []),
        ("/ratings/2025/H44.1?view=both", "view", ["own", "pooled"]),
        ("/ratings/2025/H44.1?wait_for=zz", "wait_for", ["32 hexadecimal digits"]),
        ("/ratings?year=2025&wait_for=" + "0" * 33, "wait_for", ["32 hexadecimal digits"]),
    ],
)
async def test_a_wrong_parameter_is_refused_in_both_languages(
    road: Road, query: str, field: str, names: list[str]
) -> None:
    """422 with the field; where a list is closed, what it takes; no words of a library."""
    answer = await road.client.get(f"/scoring{query}", headers=road.headers())
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"] == field
    assert error["message_vi"] and error["message_en"] != error["message_vi"]
    assert "Input should" not in answer.text
    assert all(name in error["message_en"] for name in names)


async def test_what_is_not_there_is_said_in_both_languages(road: Road) -> None:
    """No such unit, another's unit, another's role."""
    for path, role, claims, status in (
        ("/ratings/2025/H44.9", "hr", {}, 404),
        ("/ratings/2025/H44.9", "reader", {"units": ["H44.1"]}, 403),
        ("/lag", "hr", {}, 403),
    ):
        answer = await road.get(path, role, claims=claims)
        assert answer.status_code == status
        assert answer.json()["detail_vi"] != answer.json()["detail_en"]


async def test_a_reader_may_read_the_closing_ratings_of_its_predecessors(road: Road) -> None:
    """Rating, sheet and events of the year in which the predecessor ended; no other year."""
    ended = event(
        "end", "unit.succeeded", subject="H44.1",
        data={"successor": "H44.2", "effective": "2025-07-01"},
    )  # fmt: skip
    sent = [registered("H44.1", "Xã cũ"), registered("H44.2"), registered("H44.3"), ended]
    receipts = await road.send(sent)
    await road.get("/ratings", year=2025, wait_for=",".join(receipts))
    own = {"units": ["H44.2"]}
    for part in ("", "/sheet", "/events"):
        answer = await road.get(f"/ratings/2025/H44.1{part}", "reader", claims=own)
        assert answer.status_code == 200, answer.text
        other = await road.get(f"/ratings/2025/H44.1{part}", "reader", claims={"units": ["H44.3"]})
        assert other.status_code == 403
    rating = (await road.get("/ratings/2025/H44.1", "reader", claims=own)).json()
    assert (rating["until"], rating["successors"]) == ("2025-07-01", ["H44.2"])
    heir = (await road.get("/ratings/2025/H44.2", "reader", claims=own)).json()
    assert (heir["until"], heir["predecessors"]) == (None, ["H44.1"])
    for unit, year in (("H44.1", 2026), ("H44.3", 2025)):
        answer = await road.get(f"/ratings/{year}/{unit}", "reader", claims=own)
        assert answer.status_code == 403
