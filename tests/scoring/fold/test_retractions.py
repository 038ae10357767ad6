"""A retraction has effect on what its own source said under its own subject, whatever comes first.

On both databases: what A sends under A's subject never takes back what was said of B.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.chassis.auth.credentials import Issuer
from services.scoring.queries import events as event_queries
from tests.conftest import NatsServer
from tests.scoring.folding import folding
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, published, registered
from tests.support.builders.cities import accepted, rubrics
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
PORTAL = "/portal/a"


def taken_back(subject: str, id_: str, by: str = "r") -> dict[str, Any]:
    """A retraction under a subject of an event of the portal."""
    data = {"source": PORTAL, "id": id_, "reason": "nhầm"}
    return event(f"{by}-{subject}", "event.retracted", subject=subject, data=data)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_only_the_own_subject_takes_back_whatever_comes_first(
    order: tuple[int, ...], tmp_path: Path, database_url: str
) -> None:
    """In every order, one batch each: the ledger's marks are those of B's own retraction."""
    events = accepted([published("B", "x"), taken_back("A", "pub-B-x"), taken_back("B", "pub-B-x")])
    target = events[0].identity
    async with folding(database_url, rubrics(1, tmp_path)[1]) as fold:
        arrived: set[int] = set()
        for number in order:
            await fold.fold([events[number]])
            arrived.add(number)
            async with fold.db.read() as conn:
                rows = await conn.execute(text("SELECT identity, retracted FROM ledger"))
                marked = {bytes(row[0]) for row in rows if row[1]}
                assert await event_queries.count_wrong_marks(conn) == 0
            assert marked == ({target} if arrived >= {0, 2} else set())


@pytest.fixture
async def road(
    home: Path, database_url: str, issuer: Issuer, provisioned: NatsServer
) -> AsyncIterator[Road]:
    """The road on either database."""
    async with open_road(home, database_url, issuer) as running:
        yield running


async def test_a_foreign_retraction_that_comes_first_changes_no_rating(road: Road) -> None:
    """The door cannot know its target yet; the fold gives it no effect, and says why."""
    first = await road.send([registered("A1"), registered("B1"), taken_back("A1", "pub-B1-x")])
    then = await road.send([due("B1", "x"), published("B1", "x")])
    wait = ",".join(first + then)
    rating = (await road.get("/ratings/2025/B1", wait_for=wait)).json()
    assert "12.00" in rating["scores"].values()
    events = (await road.get("/ratings/2025/A1/events", wait_for=wait)).json()["items"]
    (items,) = [each for each in events if each["type"] == "vn.danchu.event.retracted.v1"]
    assert items["counted"] is False
    assert items["reason"] == "retracts an event of another subject"
    assert "cùng chủ thể" in items["reason_vi"] and "same subject" in items["reason_en"]
    (own,) = await road.send([taken_back("B1", "pub-B1-x")])
    rating = (await road.get("/ratings/2025/B1", wait_for=own)).json()
    assert "12.00" not in rating["scores"].values()
