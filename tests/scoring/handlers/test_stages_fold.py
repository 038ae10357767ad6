"""The fold meets the decisions on a year's stages, on both databases."""

from __future__ import annotations

import random

import pytest

from services.chassis import outbox
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.store import position, stages
from services.scoring.year.stages import YearDecision, YearState
from tests.scoring.folding import Fold, folding
from tests.scoring.test_road import registered
from tests.scoring.year_events import year_of_two_versions
from tests.support.builders.cities import accepted

pytestmark = pytest.mark.anyio


async def state(fold: Fold) -> YearState:
    """Where 2025 stands in the database."""
    async with fold.db.read() as conn:
        return await stages.load(conn, 2025)


async def test_stages_and_versions_do_not_depend_on_order_batches_or_repetition(
    database_url: str,
) -> None:
    """After every decision in any order, some of them twice, the year is sealed as version 2."""
    events = year_of_two_versions()
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        for seed in range(3):
            order = random.Random(seed).choices(events, k=3) + random.Random(seed).sample(events, 5)
            for event in order:
                await fold.fold([event])
        year = await state(fold)
        async with fold.db.read() as conn:
            rubrics = await stages.rubrics(conn, 2025, 1)
    assert (year.stage, year.version) == ("sealed", 2)
    assert [seal.note for seal in year.seals] == [e.event.data.note for e in (events[1], events[4])]
    assert [decision.at for decision in year.decisions] == [event.recorded for event in events]
    assert [(rubric.id, rubric.text) for rubric in rubrics] == [("commune", "id: commune\n")]


async def test_a_decision_that_a_command_saved_is_the_same_when_the_stream_brings_it(
    database_url: str,
) -> None:
    """The row is there before the event, or after; the time is that of the event."""
    event = year_of_two_versions()[0]
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        async with fold.db.write() as conn:
            early = YearDecision(stage="provisional", version=1, decision="1/QĐ", at=1)
            await stages.add(conn, event.identity, 2025, early)
        await fold.fold([event])
        assert [decision.at for decision in (await state(fold)).decisions] == [event.recorded]


async def test_a_rating_has_the_stage_and_version_of_its_year(database_url: str) -> None:
    """Another process sees a new stage at its next look, though no unit has changed."""
    rubrics = load_directory(SHIPPED)
    async with folding(database_url, rubrics) as fold:
        await fold.fold(accepted([registered("H44.1")]))
        snapshots = Snapshots(fold.db, rubrics)
        first = (await snapshots.of(2025)).rating_json("H44.1")
        for event, stage, version in zip(
            year_of_two_versions(),
            ("provisional", "sealed", "reopened", "provisional", "sealed"),
            (1, 1, 2, 2, 2),
            strict=True,
        ):
            await fold.fold([event])
            rating = (await snapshots.of(2025)).rating("H44.1")
            assert (rating.stage, rating.version) == (stage, version)
            assert (await snapshots.of(2026)).rating("H44.1").stage == "open"
        assert rating.labels.stage.en == "Sealed"
        assert (await snapshots.of(2025)).rating_json("H44.1") != first
        async with fold.db.read() as conn:
            assert (await position.load(conn)).folded == 6


async def test_a_database_made_again_has_the_decisions_in_its_outbox(database_url: str) -> None:
    """As sent, once each, with their bytes and places; what a command announced stays as it is."""
    events = year_of_two_versions()
    async with folding(database_url, load_directory(SHIPPED)) as fold:
        for _ in range(2):
            await fold.fold([*accepted([registered("H44.1")]), *events])
        async with fold.db.read() as conn:
            entries = await outbox.messages(conn, "danchu.events.", 0, 100)
            waiting = await outbox.backlog(conn, 0)
            place = await outbox.last_place(conn, outbox.Group(None), 1)
    assert [entry.body for entry in entries] == [event.raw for event in events]
    assert all(entry.is_sent for entry in entries) and waiting.waiting == 0
    assert place is not None and place.generation == 0
