"""The months of a year on the whole road: checkpoints come by themselves, until it is sealed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from contracts import moments
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import now_us
from services.chassis.relay import loop
from services.scoring.operations.audit import audit
from services.scoring.sealing import keeper
from services.scoring.subscribers import mark_watch
from services.scoring.year.verify.files import check
from tests.conftest import NatsServer, eventually
from tests.scoring.road import Road, open_road
from tests.scoring.test_road import due, published
from tests.scoring.test_sealing_road import (
    DECISION,
    YEAR,
    fold_town,
    post,
    rubrics_without_replies,
    seal,
)
from tests.support.tampering import drop_triggers

pytestmark = pytest.mark.anyio


@dataclass
class Calendar:
    """A clock that runs, and that a test moves on."""

    ahead: int

    def __call__(self) -> int:
        return now_us() + self.ahead

    def move(self, instant: str) -> None:
        """Moves it on to an instant, which lies ahead."""
        ahead = moments.instant(instant) - now_us()
        assert ahead > self.ahead
        self.ahead = ahead


async def checkpoints(road: Road, number: int) -> Any:
    """The checkpoints of the year, once there are so many."""

    async def made() -> Any:
        items = (await road.client.get(f"/scoring{YEAR}/checkpoints")).json().get("items", [])
        return (items,) if len(items) >= number else None

    return (await eventually(made))[0]


async def marked(road: Road, calendar: Calendar) -> None:
    """Waits until every door's mark has passed the present moment."""
    now = moments.rfc3339(calendar())

    async def passed() -> bool:
        return (await road.get("/ratings/2025/H44.1", as_of=now)).status_code == 200

    await eventually(passed)


async def test_months_are_signed_by_themselves_until_the_year_is_sealed(
    home: Path, issuer: Issuer, provisioned: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each over what was recorded by the first of the month; a late event is accepted and changes
    nothing, and the audit proves all of it until somebody edits the database.
    """
    for module, name in (
        (loop, "MARK_SECONDS"), (mark_watch, "STEP_SECONDS"), (keeper, "LOOK_SECONDS"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, 0.1)
    home.mkdir(exist_ok=True)
    calendar = Calendar(moments.instant("2026-02-28T23:50:00+07:00") - now_us())
    rubrics = rubrics_without_replies(home / "rubrics")
    road_of = partial(open_road, clock=calendar, scoring_rubrics=rubrics)
    url = f"sqlite:///{home / 'scoring.db'}"
    async with road_of(home, url, replace(issuer, clock=calendar)) as road:
        await fold_town(road)
        await marked(road, calendar)
        assert await checkpoints(road, 0) == []
        calendar.move("2026-03-01T00:01:00+07:00")
        (first,) = await checkpoints(road, 1)
        assert (first["until"], first["size"]) == ("2026-02-28T17:00:00Z", 4)
        await road.send([due("H44.2", "b"), published("H44.2", "b")])
        calendar.move("2026-04-01T00:01:00+07:00")
        _, second = listed = await checkpoints(road, 2)
        assert (second["until"], second["size"]) == ("2026-03-31T17:00:00Z", 6)
        assert second["consistency"] and listed[0] == first
        await seal(road, outside=False)
        await refused_when_sealed(road)
        (late,) = await road.send([due("H44.2", "late")])
        rating = (await road.get("/ratings/2025/H44.2", wait_for=late)).json()
        calendar.move("2026-05-01T00:01:00+07:00")
        await marked(road, calendar)
        assert await checkpoints(road, 2) == listed, "a sealed year gets none"
        assert (await road.get("/ratings/2025/H44.2")).json() == rating
        assert (await road.get(YEAR)).json()["late"] == 1
        keys = [each["key"] for each in (await road.client.get("/scoring/keys")).json()["items"]]
        answer = await road.client.get(f"/scoring{YEAR}/checkpoints")
        check(answer.content, keys, lambda *_: None)
        settings = road.scoring.settings
        await eventually(partial(agrees, settings))
        async with road.scoring.db.write() as conn:
            await drop_triggers(conn)
            await conn.exec_driver_sql("UPDATE checkpoints SET until = until - 1 WHERE size = 4")
        lines = await audit(settings, ["intake", "scoring"])
        assert any("of a checkpoint is not what was made" in line for line in lines), lines


async def agrees(settings: Any) -> bool:
    """Whether the audit finds nothing; the events of scoring itself may be on their way."""
    return not await audit(settings, ["intake", "scoring"])


async def refused_when_sealed(road: Road) -> None:
    """No checkpoint, no second seal and no publication; another content of an event is a conflict
    at the door all the same."""
    for path, role, body in (
        ("/checkpoints", "operator", {}),
        ("/sealed", "operator", {**DECISION, "decision": "8/QĐ"}),
        ("/provisional", "council", {**DECISION, "decision": "9/QĐ"}),
    ):
        answer = await post(road, f"{YEAR}{path}", body, role)
        assert answer.status_code == 409, answer.text
        assert answer.json()["possible"] == ["reopened"]
        assert answer.json()["because"][0]["kind"] == "year"
    other = {**due("H44.2", "b"), "data": {"item": "b", "due": "2025-09-01"}}
    headers = {**road.headers("emitter"), "content-type": "application/cloudevents+json"}
    answer = await road.client.post("/intake/events", json=other, headers=headers)
    assert answer.status_code == 409, answer.text
