"""A unit's history is found from its own past, its pool's, and the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.chassis.clock import fixed
from services.scoring.ratings.history import CausePlace, change_members
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshots import Snapshots
from tests.scoring.folding import folding
from tests.scoring.ratings.test_replay import recorded, replayed
from tests.support.builders.cities import NOW, rubrics

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("seed", [1, 4])
async def test_the_history_of_each_unit_is_that_of_all_events_of_the_city(
    seed: int, tmp_path: Path, database_url: str
) -> None:
    """In pages, newest first; whatever another unit did changes nothing of it."""
    events, year = recorded(seed)
    ours = rubrics(seed, tmp_path)[1]
    async with folding(database_url, ours) as fold:
        await fold.fold(events)
        reading = Reading(fold.db, Snapshots(fold.db, ours), fixed(NOW))
        snapshot = await reading.snapshot(year)
        for key, standing in snapshot.unranked.items():
            items: list[dict[str, Any]] = []
            place: CausePlace | None = None
            while True:
                page = await reading.history(snapshot, snapshot.registry.units[key], place, 7)
                items += map(change_members, page.items)
                if (place := page.next) is None:
                    break
            expected = replayed(events, key, year, ours).changes()
            assert items == [change_members(change) for change in expected]
            total = sum(_hundredths(item["total"]) - _hundredths(item["before"]) for item in items)
            assert total == standing.assessment.total


def _hundredths(points: str) -> int:
    return int(points.replace(".", ""))
