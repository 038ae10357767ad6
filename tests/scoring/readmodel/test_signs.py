"""Signs of gaming from the ledger: which events are read, of which units, and for how long."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.chassis.clock import fixed
from services.scoring.ratings.signs import WINDOW_LEAST
from services.scoring.readmodel import signs
from services.scoring.readmodel.signs import FRESH_US, Signs
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.scoring.folding import Fold, folding
from tests.scoring.test_road import published, registered
from tests.support.builders.cities import NOW, accepted
from tests.support.builders.events import event

pytestmark = pytest.mark.anyio
YEAR = 2025
SHARED = "ab" * 32


@pytest.fixture
async def fold(database_url: str) -> AsyncIterator[Fold]:
    """Either database with three units, of which one has a former code."""
    async with folding(database_url, load_directory(SHIPPED)) as made:
        recoded = event(
            "code", "unit.recoded", subject="H44.3", data={"code": "X9", "effective": "2025-01-01"}
        )
        await made.fold(accepted([registered(f"H44.{n}") for n in (1, 2, 3)] + [recoded]))
        yield made


def evident(unit: str, item: str) -> dict[str, Any]:
    """An item that was made public, with the shared file as evidence."""
    made = published(unit, item)
    evidence = [{"document": "Kế hoạch", "sha256": SHARED}, {"document": "không mã băm"}]
    return {**made, "data": {**made["data"], "evidence": evidence}}


def signs_of(fold: Fold, at: int = NOW) -> Signs:
    """The signs of a process at an instant."""
    return Signs(fold.db, Snapshots(fold.db, fold.folder.rubrics), fixed(at))


async def test_events_are_those_that_count_under_whatever_code_they_were_sent(fold: Fold) -> None:
    """Two codes of a unit are one unit; what was retracted and other years are left out."""
    pair = [evident("H44.1", "a"), evident("H44.2", "a")]
    await fold.fold(accepted(pair))
    assert (await signs_of(fold).of(YEAR)).signs.documents == ()
    await fold.fold(accepted([evident("X9", "a"), evident("H44.3", "b")]))
    (sign,) = (await signs_of(fold).of(YEAR)).signs.documents
    assert (sign.digest.hex(), sign.units) == (SHARED, ("H44.1", "H44.2", "H44.3"))
    assert (sign.number, {each.kind for each in sign.sample}) == (4, {"disclosure.published"})
    assert (await signs_of(fold).of(YEAR + 1)).signs.events == 0
    retraction = event(
        "r", "event.retracted", subject="H44.1", source=pair[0]["source"],
        data={"source": pair[0]["source"], "id": pair[0]["id"], "reason": "nhầm"},
    )  # fmt: skip
    await fold.fold(accepted([retraction]))
    assert (await signs_of(fold).of(YEAR)).signs.documents == ()


async def test_what_was_read_is_kept_for_a_minute_and_the_stamp(
    fold: Fold, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without new events for ever; with them not before a minute has passed."""
    now = NOW
    cache = Signs(fold.db, Snapshots(fold.db, fold.folder.rubrics), lambda: now)
    first = await cache.of(YEAR)
    now += 10 * FRESH_US
    assert await cache.of(YEAR) is first
    now = NOW + FRESH_US - 1
    entries = [published("H44.1", f"{n}") for n in range(WINDOW_LEAST)]
    await fold.fold(accepted(entries))
    assert await cache.of(YEAR) is first
    now += 1
    second = await cache.of(YEAR)
    assert second.at == now and second.signs.events == WINDOW_LEAST and second.signs.complete
    for year in range(2010, 2010 + signs.YEARS_MAX):
        await cache.of(year)
    assert await cache.of(YEAR) is not second
    monkeypatch.setattr(signs, "EVENTS_MAX", WINDOW_LEAST - 1)
    bounded = (await signs_of(fold).of(YEAR)).signs
    assert (bounded.events, bounded.complete) == (WINDOW_LEAST - 1, False)


async def test_what_a_door_recorded_at_once_is_asked_whatever_times_are_claimed(
    fold: Fold,
) -> None:
    """The events claim a day each; the door recorded them in one moment."""
    entries = [
        published("H44.1", f"{n}", time=f"2025-{n % 12 + 1:02}-{n % 27 + 1:02}T08:00:00+07:00")
        for n in range(WINDOW_LEAST)
    ]
    await fold.fold(accepted(entries))
    (sign,) = (await signs_of(fold).of(YEAR)).signs.mass
    assert (sign.unit, sign.since, sign.number) == ("H44.1", NOW, WINDOW_LEAST)
