"""A year as of an instant: only what was recorded by then, whatever came afterwards.

Planted mistakes show that the comparison sees them.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from contracts import envelope
from contracts.envelope import Recorded
from services.chassis.driver_rows import FileRows
from services.scoring.fold.registry import Registry
from services.scoring.queries import as_of as as_of_queries
from services.scoring.queries.events import EVERY_SUBJECT
from services.scoring.ratings.json import rating_members
from services.scoring.ratings.recount import Accepted
from services.scoring.readmodel import as_of as past
from services.scoring.readmodel.as_of import AsOf
from services.scoring.rubrics.model import Rubrics
from services.scoring.store import book_inputs
from services.scoring.store.book_inputs import LedgerPast
from tests.scoring.folding import Fold, folding, split
from tests.support.builders.cities import NOW, accepted, city, rating_answers, rubrics

pytestmark = pytest.mark.anyio
STEP = 1_000_000


def recorded_at(event: Recorded, instant: int) -> Recorded:
    """The event as a door would have recorded it at another instant."""
    return envelope.decode(envelope.with_recordedtime(event.raw, instant))


def random_history(seed: int) -> tuple[list[Recorded], int]:
    """A city whose events were recorded in any order, and its year.

    Some of the registry comes when practice is over, and some retractions come last.
    """
    events, year = city(seed, 8, 400)
    rng = random.Random(seed)
    shuffled = rng.sample(accepted(events), len(accepted(events)))
    late = {"unit": 1, "event": 2}
    shuffled.sort(key=lambda event: late.get(event.kind.domain, 0) * (rng.random() < 0.5))
    start = NOW - len(shuffled) * STEP
    return [recorded_at(e, start + n * STEP) for n, e in enumerate(shuffled)], year


async def differences(
    fold: Fold, events: list[Recorded], year: int, ours: Rubrics, rng: random.Random
) -> list[str]:
    """The units whose rating as of random instants differs from a recomputation."""
    engine, differing = AsOf(fold.db, ours), []
    for latest in (events, events, events[-24:], events[-6:]):
        instant = rng.choice(latest).recorded + rng.choice([-1, 0, STEP - 1])
        snapshot = await engine.snapshot(year, instant)
        ratings = {key: rating_members(snapshot.rating(key)) for key in snapshot.standings}
        known = Accepted(event for event in events if event.recorded <= instant)
        expected = rating_answers(known, ours, year)
        for unit in ratings.keys() | expected.keys():
            rating = {**ratings.get(unit, {}), "as_of": None}
            if rating != expected.get(unit):
                differing.append(unit)
    return differing


@pytest.mark.parametrize("seed", range(6))
async def test_a_random_city_as_of_random_instants_is_what_was_recorded_by_then(
    seed: int, tmp_path: Path
) -> None:
    """Retractions, mergers, codes and late events included; every member of every rating."""
    events, year = random_history(seed)
    rng, ours = random.Random(seed), rubrics(seed, tmp_path)[1]
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", ours) as fold:
        for batch in split(events, [150, 150]):
            await fold.fold(batch)
        assert await differences(fold, events, year, ours, rng) == []


def _by_time(until: int) -> str:
    return f"time <= {int(until)}"


def _retracted_today(self: Any, row: Any) -> bool:
    return bool(row[4])


async def _no_later_retraction(conn: Any, year: int, until: int) -> set[str]:
    select = f"SELECT DISTINCT subject FROM ledger WHERE year = {year} AND recorded > {until}"
    return {row[0] for row in await conn.execute(text(f"{select} AND part <> 2"))}


FAULTS: dict[str, tuple[Any, str, Any]] = {
    "by the time of the event": (book_inputs, "recorded_by", _by_time),
    "retractions of today": (LedgerPast, "retracts", _retracted_today),
    "nothing that was retracted later": (
        as_of_queries, "later_subjects", _no_later_retraction,
    ),
    "the registry of today": (Registry, "changed_since", lambda self, before: frozenset()),
    "heirs as they are today": (Registry, "pooling", lambda self, key, year: ()),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_planted_fault_is_caught(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison is worth something: it sees each of these mistakes."""
    owner, name, wrong = FAULTS[fault]
    caught = False
    for seed in range(12):
        events, year = random_history(seed)
        rng, ours = random.Random(seed), rubrics(seed, tmp_path)[1]
        async with folding(f"sqlite:///{tmp_path / f'{seed}.db'}", ours) as fold:
            await fold.fold(events)
            with monkeypatch.context() as patched:
                patched.setattr(owner, name, wrong)
                caught = bool(await differences(fold, events, year, ours, rng))
        if caught:
            break
    assert caught


async def test_a_snapshot_of_the_past_is_computed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Instants between which nothing of the year was recorded share one; others are dropped."""
    events, year = random_history(1)
    ours = rubrics(1, tmp_path)[1]
    monkeypatch.setattr(past, "SNAPSHOTS_MAX", 2)
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", ours) as fold:
        await fold.fold(events)
        engine = AsOf(fold.db, ours)
        instant = events[200].recorded
        first = await engine.snapshot(year, instant)
        again = await engine.snapshot(year, instant + 1)
        assert again.standings is first.standings
        assert (again.as_of, first.as_of) == (instant + 1, instant)
        for other in (events[100], events[300]):
            await engine.snapshot(year, other.recorded)
        assert (await engine.snapshot(year, instant)).standings is not first.standings


async def test_readers_of_a_year_that_is_not_settled_share_a_computation_that_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes while one runs waits for the next, with what has come meanwhile."""
    events, year = random_history(1)
    ours = rubrics(1, tmp_path)[1]
    begun, go_on, computations = asyncio.Event(), asyncio.Event(), 0
    compute = past._compute

    async def slow(*values: Any) -> Any:
        nonlocal computations
        computations += 1
        begun.set()
        await go_on.wait()
        return await compute(*values)

    monkeypatch.setattr(past, "_compute", slow)
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", ours) as fold:
        await fold.fold(events[:200])
        engine, instant = AsOf(fold.db, ours), events[-1].recorded

        def readers() -> list[asyncio.Task[Any]]:
            read = engine.snapshot
            tasks = (read(year, instant, settled=False) for _ in range(5))
            return [asyncio.create_task(task) for task in tasks]

        first = readers()
        await begun.wait()
        later = readers()
        await fold.fold(events[200:])
        go_on.set()
        snapshots = await asyncio.gather(*first, *later)
        assert computations == 2
        assert len({id(snapshot.standings) for snapshot in snapshots}) == 2
        expected = rating_answers(Accepted(events), ours, year)
        ratings = {key: snapshots[-1].rating(key) for key in snapshots[-1].standings}
        assert {k: {**rating_members(r), "as_of": None} for k, r in ratings.items()} == expected
        await engine.snapshot(year, instant, settled=False)
        assert computations == 3


async def test_the_past_of_one_unit_is_read_by_its_own_indexes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite reads neither the year of the city nor the ledger whole."""
    events, year = random_history(1)
    ours = rubrics(1, tmp_path)[1]
    statements: list[str] = []
    among = FileRows.among

    async def noted(self: FileRows, select: str, values: Any, kind: str) -> Any:
        statements.append(f"{select} IN ('x')")
        return await among(self, select, values, kind)

    monkeypatch.setattr(FileRows, "among", noted)
    async with folding(f"sqlite:///{tmp_path / 'x.db'}", ours) as fold:
        await fold.fold(events)
        instant = events[-20].recorded
        snapshot = await AsOf(fold.db, ours).snapshot(year, instant)
        unit = next(iter(snapshot.standings))
        statements.clear()
        async with fold.db.read() as conn:
            await past.cells(conn, snapshot, unit, instant)
            await past.decisions(conn, snapshot, unit, instant)
            statements.append(f"{as_of_queries.DECISIONS.format(year=year)} {EVERY_SUBJECT}")
            plans = {
                select: str((await conn.execute(text(f"EXPLAIN QUERY PLAN {select}"))).all())
                for select in statements
            }
    assert len(plans) == 4
    indexes = ("ledger_unit (", "ledger_unit_retractions (", "ledger_said (")
    unfit = {s: plan for s, plan in plans.items() if not any(index in plan for index in indexes)}
    assert unfit == {}
