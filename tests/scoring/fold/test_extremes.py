"""No accepted event can end the fold or a query, whatever its values: the whole road at its bounds.

Decoding, registry, facts, tallies, rating, sheet and list of events, in any order of arrival.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import text

from contracts.catalog import CANONICAL
from contracts.envelope import Recorded
from services.chassis.auth.credentials import Credential
from services.chassis.clock import fixed
from services.scoring.fold.cells import OWN, POOLED
from services.scoring.ratings.sheet.json import sheet_members
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rebuild.refold import refold
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import position
from tests.scoring.fold.extremes import (
    TIMES,
    UNITS,
    YEARS,
    cities,
    each,
    event,
    recorded,
    registration,
)
from tests.scoring.folding import Fold, folding
from tests.support.builders.cities import NOW

pytestmark = pytest.mark.anyio


async def answers(fold: Fold) -> None:
    """Asks for everything of every year; what cannot be said raises."""
    snapshots = Snapshots(fold.db, fold.folder.rubrics)
    reading = Reading(fold.db, snapshots, fixed(NOW))
    for year in YEARS:
        snapshot = await snapshots.of(year)
        page = await reading.list(year, Credential("hr"), None, None, None, "total", 100, None)
        assert len(page.items) == len(snapshot.standings)
        for key in snapshot.standings:
            for view in (None, OWN, POOLED):
                json.dumps(sheet_members(await reading.sheet(year, key, view)))
            await reading.events(snapshot, snapshot.registry.units[key], None, 1000)


async def emptied(fold: Fold) -> None:
    """The database as at first, for the next events of the same test."""
    async with fold.db.write() as conn:
        for table in ("ledger", "retractions", "books", "facts", "quarantine", "outbox"):
            await conn.execute(text(f"DELETE FROM {table}"))
        await conn.execute(text("UPDATE position SET registry_stamp = registry_stamp + 1"))


async def refolded(fold: Fold) -> None:
    """Everything folded anew from the ledger."""
    async with fold.db.write() as conn:
        place = await position.lock(conn)
        registry = fold.folder._registry
        await refold(conn, registry, fold.folder.rubrics, registry.units, place.stamp + 1)


async def fold_all(fold: Fold, events: Sequence[Recorded]) -> None:
    """Folds event after event and all at once, and asks."""
    for one in events:
        await fold.fold([one])
    await answers(fold)
    held = await fold.held()
    await emptied(fold)
    await fold.fold(events)
    assert await fold.held() == held
    await emptied(fold)


@pytest.mark.parametrize("older", [False, True])
async def test_every_bound_of_every_type_is_folded_and_shown(
    older: bool, database_url: str
) -> None:
    """As doors take them now, and as an older stream may hold them."""
    events = each(older)
    assert {one.kind.short for one in events} == set(CANONICAL)
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        units = [registration(unit) for unit in UNITS]
        await fold.fold(units + [one for one in events if one.kind.domain != "unit"])
        await answers(fold)
        registry = [one for one in events if one.kind.domain == "unit"]
        for start in range(0, len(registry), 25):
            await fold.fold(registry[start : start + 25])
        await answers(fold)
        held = await fold.held()
        await refolded(fold)
        assert await fold.held() == held


async def test_a_duty_due_on_the_last_day_of_the_calendar_has_a_sheet(tmp_path: Path) -> None:
    """The day after it has no date, and yet is when the duty would be late."""
    sent = event(
        CANONICAL["disclosure.due"], "d", TIMES[2], UNITS[1], {"item": "k", "due": "9999-12-31"}
    )
    duty = recorded(sent, older=True)
    assert duty is not None
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED)) as fold:
        await fold.fold([registration(UNITS[1]), duty])
        await answers(fold)


def test_any_events_at_their_bounds_in_any_order(tmp_path: Path) -> None:
    """Whatever comes together, the fold goes on, and order and batches change nothing."""
    with asyncio.Runner() as runner:
        manager = folding(f"sqlite:///{tmp_path / 'x.db'}", load_directory(SHIPPED))
        fold = runner.run(manager.__aenter__())

        @settings(
            max_examples=12, deadline=None, derandomize=True, database=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(cities())
        def check(events: Sequence[Recorded]) -> None:
            runner.run(fold_all(fold, events))

        try:
            check()
        finally:
            runner.run(manager.__aexit__(None, None, None))
