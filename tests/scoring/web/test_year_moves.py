"""What moved lately: the latest units say by how much, and which class and rank they had then."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contracts import moments
from services.chassis.auth.credentials import Issuer
from services.chassis.clock import fixed
from services.chassis.marks import Mark
from services.scoring.readmodel import movements
from services.scoring.readmodel.as_of import AsOf
from services.scoring.readmodel.moment import Moment
from services.scoring.readmodel.movements import days_before
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import doors
from tests.scoring.answering import Answering, answering
from tests.scoring.folding import folding
from tests.scoring.test_road import due, published, registered
from tests.scoring.web.test_unit_compare import recorded_at
from tests.scoring.web.visiting import Visiting
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
NOW = moments.instant("2026-02-04T05:00:00Z")
KEY, PEER, LATE = "H44.1", "H44.2", "H44.3"
RECORDED: dict[str, list[dict[str, Any]]] = {
    "2025-09-01T00:00:00Z": [
        registered(KEY, "Xã Hy Cương"), registered(PEER, "Xã Sông Lô"), due(KEY, "a"),
        due(KEY, "b"), due(PEER, "c"), published(PEER, "c"),
    ],
    "2026-01-20T00:00:00Z": [published(KEY, "a")],
    "2026-02-01T00:00:00Z": [
        registered(LATE, "Phường mới"), due(LATE, "d"),
        event("plus", "adjustment.decided", subject=KEY,
              data={"decision": "7/QĐ", "points": "1.50", "reason": "x"}),
    ],
}  # fmt: skip
MOVE = re.compile(r"<li>(\d+) ngày: <b>([^<]*)</b>([^<]*)</li>")


@pytest.fixture
async def made(
    home: Path, tmp_path: Path, issuer: Issuer, known: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Answering]:
    """Three communes, whose events were recorded on three days, as of the fourth of February.

    The first page waits for the earlier days, however long they take.
    """
    monkeypatch.setattr(movements, "SETTLE_SECONDS", None)
    url = f"sqlite:///{tmp_path / 'scoring.db'}"
    async with folding(url, load_directory(SHIPPED)) as fold:
        for instant, events in RECORDED.items():
            await fold.fold(recorded_at(events, instant))
        async with fold.db.write() as conn:
            mark = moments.instant(known)
            await doors.compare(conn, [Mark("intake.00000001", mark, 0)], mark)
    async with answering(home, url, issuer, [], fixed(NOW)) as made:
        yield made


@pytest.fixture
def known() -> str:
    """Up to when all that was recorded has arrived."""
    return "2026-02-04T00:00:00Z"


def moves_of(page: str, unit: str) -> str:
    """What the page says of a unit with a late event."""
    return page.partition(f'/years/2025/units/{unit}/history">')[2].partition("</ul>")[0]


async def test_what_a_page_began_ends_with_the_service(
    made: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An earlier day that is still computed is cancelled before the database is closed."""

    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(movements, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(AsOf, "snapshot", never)
    page = await Visiting(made.app).ask("GET", "/years/2025", "hr")
    running = [task for task in asyncio.all_tasks() if task.get_name() == "earlier day"]
    assert page.status_code == 200 and running
    await made.app.stop()
    assert all(task.cancelled() for task in running)


async def test_the_latest_units_say_by_how_much_they_moved(made: Answering) -> None:
    """Over both spans the difference to the year as of that day's beginning, class and rank too."""
    page = await Visiting(made.app).ask("GET", "/years/2025", "hr")
    db = made.app.db
    reading = Reading(db, Snapshots(db, load_directory(SHIPPED)), fixed(NOW))
    now = await reading.snapshot(2025)
    assert [days for days, _, _ in MOVE.findall(moves_of(page.text, KEY))] == ["7", "30"]
    for days, moved, more in MOVE.findall(moves_of(page.text, KEY)):
        past = await reading.snapshot(2025, Moment(as_of=days_before(NOW, int(days))))
        before, after = past.standings[KEY], now.standings[KEY]
        hundredths = after.assessment.total - before.assessment.total
        assert hundredths == int(moved.replace(",", "")) > 0, days
        if before.rank != after.rank:
            assert f"hạng {before.rank} → {after.rank}" in more
        classes = (before.assessment.class_name, after.assessment.class_name)
        assert (f"loại {classes[0]} → {classes[1]}" in more) == (classes[0] != classes[1])
    peer = MOVE.findall(moves_of(page.text, PEER))
    assert [moved for _, moved, _ in peer] == ["0,00", "0,00"]
    assert "khi đó chưa được xếp loại" in moves_of(page.text, LATE)


async def test_an_earlier_day_is_computed_once(
    made: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second page of the day takes both days from memory."""
    visiting = Visiting(made.app)
    first = await visiting.ask("GET", "/years/2025", "hr")
    monkeypatch.delattr(AsOf, "snapshot")
    second = await visiting.ask("GET", "/years/2025", "hr")
    assert moves_of(first.text, KEY) == moves_of(second.text, KEY) != ""


@pytest.mark.parametrize("known", ["2026-01-10T00:00:00Z"])
async def test_a_day_of_which_not_all_has_arrived_is_left_out(made: Answering) -> None:
    """Thirty days ago all is known; of the last seven days a door has told nothing yet."""
    page = await Visiting(made.app).ask("GET", "/years/2025", "hr")
    assert [days for days, _, _ in MOVE.findall(moves_of(page.text, KEY))] == ["30"]


def test_days_begin_at_midnight_in_vietnam() -> None:
    """The same day before and after midnight UTC."""
    for now in ("2026-02-03T17:00:00Z", "2026-02-04T16:59:59Z"):
        assert days_before(moments.instant(now), 7) == moments.instant("2026-01-27T17:00:00Z")
