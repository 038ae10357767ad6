"""A history is read once: what another unit does reads nothing again, and nothing of the city."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts import envelope
from contracts.envelope import Recorded
from services.chassis.clock import fixed
from services.scoring.queries import unit_past
from services.scoring.ratings.history import CausePlace, change_members
from services.scoring.readmodel import history
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.scoring.folding import Fold, folding
from tests.scoring.test_road import due, published, registered
from tests.support.builders.cities import NOW, accepted
from tests.support.builders.events import SOURCE, event

pytestmark = pytest.mark.anyio
KEY, OTHER, YEAR = "H44.1", "H44.2", 2025
ITEMS = [f"item-{number}" for number in range(6)]
CITY = [
    *[registered(f"H44.{number}") for number in range(1, 40)],
    *[due(unit, item) for unit in (KEY, OTHER) for item in ITEMS],
    *[published(KEY, item) for item in ITEMS],
]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The subjects of all rows that are read for a history."""
    subjects: list[str] = []

    def counted(original: Callable[..., Recorded]) -> Callable[..., Recorded]:
        def decode(*row: Any) -> Recorded:
            event = original(*row)
            subjects.append(event.event.subject)
            return event

        return decode

    for name in ("decode", "restore"):
        monkeypatch.setattr(unit_past, name, counted(getattr(unit_past, name)))
    return subjects


def recorded(events: list[dict[str, Any]]) -> list[Recorded]:
    """The events, recorded one after the other."""
    return [
        envelope.decode(envelope.with_recordedtime(each.raw, NOW - 1_000 * (1 + number)))
        for number, each in enumerate(reversed(accepted(events)))
    ]


async def items(reading: Reading, limit: int = 50) -> list[dict[str, Any]]:
    """All changes of the unit, in pages."""
    changes: list[dict[str, Any]] = []
    place: CausePlace | None = None
    snapshot = await reading.snapshot(YEAR)
    while True:
        page = await reading.history(snapshot, snapshot.unit(KEY), place, limit)
        changes += map(change_members, page.items)
        if (place := page.next) is None:
            return changes


def reading_of(fold: Fold) -> Reading:
    """The queries on the database of a fold."""
    return Reading(fold.db, Snapshots(fold.db, fold.folder.rubrics), fixed(NOW))


async def test_a_history_reads_rows_of_its_own_unit_and_these_once(
    tmp_path: Path, read: list[str]
) -> None:
    """Later pages and visits read none, also after a commit of another unit."""
    async with folding(f"sqlite:///{tmp_path / 'city.db'}", load_directory(SHIPPED)) as fold:
        await fold.fold(recorded(CITY))
        reading = reading_of(fold)
        first = await items(reading, 2)
        assert len(first) > 4 and set(read) == {KEY} and len(read) == 1 + 2 * len(ITEMS)
        assert await items(reading) == first
        await fold.fold(accepted([published(OTHER, ITEMS[0])]))
        assert await items(reading) == first
        assert len(read) == 1 + 2 * len(ITEMS)


LATER = {
    "an event of the year": event(
        "plus", "adjustment.decided", subject=KEY,
        data={"decision": "7/QĐ", "points": "1.50", "reason": "x"},
    ),
    "a retraction": event(
        "back", "event.retracted", subject=KEY,
        data={"source": SOURCE, "id": f"pub-{KEY}-{ITEMS[0]}", "reason": "nhầm"},
    ),
    "a statement of the registry": event(
        "end", "unit.dissolved", subject=KEY, data={"effective": "2025-03-01"}
    ),
}  # fmt: skip


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
async def test_what_moves_the_unit_is_read(later: dict[str, Any], tmp_path: Path) -> None:
    """The history is that of a process that reads it for the first time."""
    async with folding(f"sqlite:///{tmp_path / 'city.db'}", load_directory(SHIPPED)) as fold:
        await fold.fold(recorded(CITY))
        reading = reading_of(fold)
        before = await items(reading)
        await fold.fold(accepted([later]))
        after = await items(reading)
        assert after == await items(reading_of(fold))
        assert after != before


async def test_few_histories_stay_in_memory(
    tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one that was not looked at for longest goes first."""
    monkeypatch.setattr(history, "HISTORIES_MAX", 1)
    async with folding(f"sqlite:///{tmp_path / 'city.db'}", load_directory(SHIPPED)) as fold:
        await fold.fold(recorded(CITY))
        reading = reading_of(fold)
        snapshot = await reading.snapshot(YEAR)
        for number, key in enumerate((KEY, OTHER, OTHER, KEY)):
            await reading.history(snapshot, snapshot.unit(key), None, 50)
            assert read.count(KEY) == (1 + 2 * len(ITEMS)) * (2 if number == 3 else 1)
