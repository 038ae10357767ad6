"""The events of a unit's year hold all that bears on it, wherever it is filed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.chassis.clock import fixed
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.scoring.folding import folding
from tests.scoring.ratings.test_replay import recorded
from tests.scoring.test_road import due, published, registered
from tests.scoring.year_events import year_of_two_versions
from tests.support.builders.cities import NOW, accepted, rubrics
from tests.support.builders.events import SOURCE, event

pytestmark = pytest.mark.anyio
OLD, NEW, THIRD = "H44.1", "H44.2", "H44.3"


def statement(
    id_: str, short: str, subject: str, effective: str, filed: str, **data: Any
) -> dict[str, Any]:
    """A `unit.*` event that was filed at a time of its own."""
    data |= {"effective": effective}
    return event(id_, f"unit.{short}", subject=subject, time=f"{filed}T08:00:00+07:00", data=data)


def taken_back(id_: str, subject: str, filed: str) -> dict[str, Any]:
    """A retraction that was filed at a time of its own."""
    data = {"source": SOURCE, "id": id_, "reason": "nhầm"}
    time = f"{filed}T08:00:00+07:00"
    return event(f"no-{id_}", "event.retracted", subject=subject, time=time, data=data)


FILED_ELSEWHERE = [
    statement("head-2024", "headed", NEW, "2024-03-01", "2024-03-01", head="k1"),
    statement("name-2025", "renamed", NEW, "2025-03-01", "2026-02-01", name="Xã mới"),
    statement("heir", "succeeded", OLD, "2025-07-01", "2026-02-02", successor=NEW),
    statement("heir-later", "succeeded", OLD, "2026-07-01", "2026-02-03", successor=NEW),
    statement("code", "recoded", NEW, "2025-02-01", "2026-02-04", code="X9"),
    statement("code-away", "recoded", THIRD, "2025-05-01", "2026-02-05", code="X9"),
    taken_back("heir-later", OLD, "2026-02-06"),
    taken_back(f"pub-{NEW}-a", NEW, "2026-02-07"),
]
FOREIGN = [
    statement("name-2027", "renamed", NEW, "2027-01-01", "2026-03-01", name="Xã sau"),
    statement("head-2026", "headed", NEW, "2026-01-01", "2026-03-02", head="k2"),
    statement("other-name", "renamed", THIRD, "2025-01-01", "2026-03-03", name="Xã khác"),
    taken_back("other-name", THIRD, "2026-03-04"),
    taken_back("nothing", NEW, "2026-03-05"),
]


async def listed(reading: Reading, snapshot: Snapshot, unit: str, limit: int) -> list[Any]:
    """The items of all pages."""
    items: list[Any] = []
    place = None
    while True:
        page = await reading.events(snapshot, snapshot.unit(unit), place, limit)
        items += page.items
        if (place := page.next) is None:
            return items


async def test_what_bears_on_a_year_is_listed_wherever_it_is_filed(
    tmp_path: Path, database_url: str
) -> None:
    """Heads, names, codes, successions and retractions of other years; not what comes after it."""
    here = [registered(NEW), due(NEW, "a"), published(NEW, "a")]
    others = [registered(OLD), registered(THIRD)]
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        await fold.fold(accepted([*others, *here, *FILED_ELSEWHERE, *FOREIGN]))
        reading = Reading(fold.db, Snapshots(fold.db, fold.folder.rubrics), fixed(NOW))
        snapshot = await reading.snapshot(2025)
        items = await listed(reading, snapshot, NEW, 100)
        # where the pooled view binds, the predecessor's registration is there too
        assert {item["id"] for item in items} - {others[0]["id"]} == {
            each["id"] for each in [*here, *FILED_ELSEWHERE]
        }
        reasons = {item["id"]: item["reason"] for item in items if not item["counted"]}
        assert reasons == {"heir-later": "retracted", f"pub-{NEW}-a": "retracted"}
        assert await listed(reading, snapshot, NEW, 1) == items
        assert await listed(reading, snapshot, NEW, 3) == items
        assert items == sorted(items, key=lambda item: str(item["time"]))


async def test_each_registration_that_moved_a_rating_is_among_its_events(tmp_path: Path) -> None:
    """So is every other cause under the subject of the unit, whatever year it is filed under."""
    events, year = recorded(4)
    ours = rubrics(4, tmp_path)[1]
    seen: set[str] = set()
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", ours) as fold:
        await fold.fold(events)
        reading = Reading(fold.db, Snapshots(fold.db, ours), fixed(NOW))
        snapshot = await reading.snapshot(year)
        for key in snapshot.unranked:
            page = await reading.history(snapshot, snapshot.unit(key), None, 1000)
            ids = {(i["source"], i["id"]) for i in await listed(reading, snapshot, key, 1000)}
            for change in page.items:
                cause = change.cause
                if cause.kind.domain == "unit" or cause.event.subject == key:
                    assert (cause.event.source, cause.event.id) in ids, (key, cause.raw)
                    seen.add(cause.kind.domain)
    assert "unit" in seen


async def test_the_reopening_is_among_the_events_of_a_reopened_year(tmp_path: Path) -> None:
    """It is by it that late events count."""
    url = f"sqlite:///{tmp_path / 'x.db'}"
    async with folding(url, load_directory(SHIPPED)) as fold:
        await fold.fold([*accepted([registered(NEW)]), *year_of_two_versions()[:3]])
        reading = Reading(fold.db, Snapshots(fold.db, fold.folder.rubrics), fixed(NOW))
        snapshot = await reading.snapshot(2025)
        items = await listed(reading, snapshot, NEW, 100)
        shorts = [(item["type"].split(".", 2)[2], item["counted"]) for item in items]
        assert ("year.reopened.v1", True) in shorts


async def test_the_events_of_one_line_are_those_that_bear_on_it(
    tmp_path: Path, database_url: str
) -> None:
    """What posts to the indicator or names it, on pages too; nothing of other lines."""
    nil = event("nil", "declaration.nil", subject=NEW, data={"indicator": "disclosure"})
    other = event("nil-2", "declaration.nil", subject=NEW, data={"indicator": "petitions"})
    here = [registered(NEW), due(NEW, "a"), published(NEW, "a"), nil, other]
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        await fold.fold(accepted([*here, *(due(NEW, f"k{n}") for n in range(3))]))
        reading = Reading(fold.db, Snapshots(fold.db, fold.folder.rubrics), fixed(NOW))
        snapshot = await reading.snapshot(2025)
        unit = snapshot.unit(NEW)
        by_id = snapshot.rubric(unit).by_id
        first = await reading.events(snapshot, unit, None, 4, by_id["disclosure"])
        rest = await reading.events(snapshot, unit, first.next, 4, by_id["disclosure"])
        petitions = await reading.events(snapshot, unit, None, 4, by_id["petitions"])
    ids = {item["id"] for item in (*first.items, *rest.items)}
    expected = {each["id"] for each in (here[1], here[2], nil)}
    assert expected < ids and len(ids) == 6 and rest.next is None
    assert [item["id"] for item in petitions.items] == ["nil-2"]
