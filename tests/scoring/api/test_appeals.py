"""The appeals of a year over HTTP: in time or not, by state, page by page, to whom they concern."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.envelope import Recorded, decode, with_recordedtime
from services.chassis.auth.credentials import Issuer
from services.scoring import app as scoring
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.settings import ScoringSettings
from tests.scoring.folding import Fold, folding
from tests.scoring.ratings.test_appeals import START, made
from tests.scoring.test_road import registered
from tests.scoring.year_events import year_event
from tests.support.builders.cities import accepted
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
HOUR = 3_600_000_000
NAMES = ("unit", "appeal", "in_time", "state", "decision")


class Town:
    """A folded town and its queries."""

    def __init__(self, fold: Fold, client: httpx.AsyncClient, issuer: Issuer) -> None:
        self.fold, self.client, self.issuer = fold, client, issuer

    async def get(self, role: str = "hr", year: int = 2025, **parameters: Any) -> httpx.Response:
        """The appeals as the holder of a token sees them."""
        units = parameters.pop("units", ("*",))
        headers = {"authorization": f"Bearer {self.issuer.mint(role, units)}"}
        return await self.client.get(f"/years/{year}/appeals", params=parameters, headers=headers)

    async def items(self, *names: str, **parameters: Any) -> list[Any]:
        """Of each appeal the members of these names."""
        answer = await self.get(**parameters)
        assert answer.status_code == 200, answer.text
        return [tuple(item[name] for name in names or NAMES) for item in answer.json()["items"]]


@pytest.fixture
async def town(home: Path, database_url: str, issuer: Issuer) -> AsyncIterator[Town]:
    """Two communes, and the queries on their database."""
    sqlite = database_url.startswith("sqlite")
    url = f"sqlite:///{home / 'scoring.db'}" if sqlite else database_url
    async with folding(url, load_directory(SHIPPED)) as fold:
        units = accepted([registered("H44.1"), registered("H44.2", "Khác")])
        await fold.fold([decode(with_recordedtime(each.raw, START - HOUR)) for each in units])
        settings = ScoringSettings(home=home, database_url=None if sqlite else url, nats_port=1)
        app = scoring.build(settings, "http")
        transport = httpx.ASGITransport(app.api, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://danchu") as client:
            yield Town(fold, client, issuer)
        await app.stop()


def told(
    number: int, short: str, unit: str, appeal: str, hour: int, decision: str = "", at: int = -1
) -> Recorded:
    """An event of 2025 that was recorded at an hour, and happened then unless told otherwise."""
    happened = hour if at < 0 else at
    event = made(number, (short, unit, appeal, decision, "upheld", happened, hour))
    return decode(with_recordedtime(event.raw, event.recorded))


async def test_appeals_are_listed_by_state_in_pages_and_to_their_units(town: Town) -> None:
    """With the decision on each, and the adjustments and exemptions under its number."""
    await town.fold.fold([
        year_event("year.provisional", "2026-01-05T01:00:00Z", "p", version=1,
                   cut_off="2026-01-05T01:00:00Z", reply_until="2026-01-05T03:00:00Z"),
        told(1, "appeal.filed", "H44.1", "a", 0), told(2, "appeal.filed", "H44.1", "b", 3),
        told(3, "appeal.filed", "H44.2", "a", 4), told(4, "appeal.decided", "H44.1", "a", 5, "7"),
        told(5, "adjustment.decided", "H44.1", "", 6, "7"),
        told(6, "adjustment.decided", "H44.2", "", 6, "7"),
        told(7, "exemption.approved", "H44.1", "", 7, "7"),
        told(8, "appeal.filed", "GONE", "z", 0), told(9, "appeal.filed", "H44.1", "taken-back", 0),
    ])  # fmt: skip
    back = event(
        "back", "event.retracted", subject="H44.1", time="2026-01-05T09:00:00Z",
        data={"source": "/portal/a", "id": "9", "reason": "nhầm"},
    )  # fmt: skip
    await town.fold.fold(accepted([back]))
    everything = [
        ("H44.1", "a", True, "upheld", "7"), ("H44.1", "b", True, "undecided", None),
        ("H44.2", "a", False, "undecided", None),
    ]  # fmt: skip
    assert await town.items() == everything
    assert await town.items(state="undecided") == everything[1:]
    assert await town.items(state="rejected") == []
    assert await town.items(role="reader", units=("H44.2",)) == everything[2:]
    (first, *_) = (await town.get()).json()["items"]
    assert first["outcome_events"] == [{"source": "/portal/a", "id": i} for i in ("5", "7")]
    assert (first["filed"], first["decided"], first["reason"]) == (
        "2026-01-05T00:00:00Z", "2026-01-05T05:00:00Z", "r1",
    )  # fmt: skip
    page = (await town.get(limit=2)).json()
    assert len(page["items"]) == 2
    rest = (await town.get(limit=2, cursor=page["next"])).json()
    assert [item["unit"] for item in rest["items"]] == ["H44.2"] and rest["next"] is None
    for year, status, parameters in (
        (2025, 422, {"state": "new"}), (2025, 422, {"cursor": "x"}), (2011, 404, {}),
        (2025, 422, {"appeal": "a"}),
    ):  # fmt: skip
        assert (await town.get(year=year, **parameters)).status_code == status


async def test_what_comes_after_the_cut_of_a_seal_changes_no_appeal(town: Town) -> None:
    """A late decision or retraction moves nothing; a late appeal is listed, and not in time."""
    await town.fold.fold([
        year_event("year.provisional", "2026-01-05T01:00:00Z", "p", version=1,
                   cut_off="2026-01-05T01:00:00Z", reply_until="2026-01-05T03:00:00Z"),
        told(1, "appeal.filed", "H44.1", "a", 2), told(2, "appeal.decided", "H44.1", "a", 4, "7"),
        year_event("year.sealed", "2026-01-05T08:00:00Z", "s", version=1,
                   cut="2026-01-05T08:00:00Z", note="x"),
    ])  # fmt: skip
    before = [("H44.1", "a", True, "upheld", "7")]
    assert await town.items() == before
    await town.fold.fold([
        told(3, "appeal.decided", "H44.1", "a", 9, "8"), told(4, "appeal.filed", "H44.1", "b", 9),
        told(5, "appeal.decided", "H44.1", "b", 9, "9"),
        told(6, "adjustment.decided", "H44.1", "", 9, "7", at=3),
    ])  # fmt: skip
    assert await town.items() == [*before, ("H44.1", "b", False, "undecided", None)]
    assert await town.items("outcome_events") == [([],), ([],)]
