"""The council's commands on both databases: one transaction each, whoever calls at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from contracts import moments
from contracts.envelope import decode
from services.chassis import outbox
from services.chassis.clock import fixed
from services.chassis.database.engine import Database
from services.chassis.database.url import normal_url
from services.scoring.errors import RubricsReplaced, YearUnknown
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from services.scoring.rubrics.model import Rubrics
from services.scoring.sealing.commands import StageCommands, StageOrder, StageRefused
from services.scoring.store import position, stages
from services.scoring.year.stages import YearState
from tests.scoring.folding import Fold, folding
from tests.scoring.year_events import year_of_two_versions

pytestmark = pytest.mark.anyio
NOW = moments.instant("2026-01-05T10:00:00+07:00")
RUBRICS = load_directory(SHIPPED)
FIRST = StageOrder("1/NQ-HĐND", "2026-01-04", "Công bố kết quả", "Hội đồng")


def with_days(*days: int) -> Rubrics:
    """The shipped rubrics with these periods of replies."""
    items = zip(RUBRICS.items, days, strict=True)
    return Rubrics(tuple(replace(rubric, reply_days=number) for rubric, number in items))


@asynccontextmanager
async def council(
    url: str, rubrics: Rubrics = RUBRICS
) -> AsyncIterator[tuple[Fold, StageCommands]]:
    """An empty database with the fold and the commands on it."""
    async with folding(url, rubrics) as fold:
        yield fold, StageCommands(fold.db, rubrics, fixed(NOW))


async def state_in(db: Database, year: int = 2025) -> YearState:
    """Where a year stands."""
    async with db.read() as conn:
        return await stages.load(conn, year)


async def announced(db: Database) -> list[bytes]:
    """The events about years in the outbox, in order."""
    async with db.read() as conn:
        return [entry.body for entry in await outbox.messages(conn, "danchu.events.", 0, 100)]


async def test_a_published_year_says_so_before_any_event_was_folded(database_url: str) -> None:
    """The decision, its event in the outbox, and a stamp by which others look again."""
    async with council(database_url, with_days(3, 10)) as (fold, commands):
        async with fold.db.read() as conn:
            stamp = (await position.load(conn)).stamp
        decision = await commands.publish(2025, FIRST)
        state = await state_in(fold.db)
        assert state.decisions == (decision,) and state.stage == "provisional"
        assert (decision.at, decision.cut_off) == (NOW, NOW)
        assert moments.local_time(decision.reply_until or 0) == "2026-01-16T00:00:00+07:00"
        assert (await Snapshots(fold.db, fold.folder.rubrics).of(2025)).stage == "provisional"
        async with fold.db.read() as conn:
            assert (await position.load(conn)).stamp == stamp + 1
        (body,) = await announced(fold.db)
        event = decode(body)
        assert (event.recorded, event.year, event.event.subject) == (NOW, 2025, "CITY")
        assert event.event.source == "urn:danchu:records:scoring"
        await fold.fold([body])
        assert (await state_in(fold.db)) == state


async def test_a_rebuild_from_the_outbox_of_an_empty_database_gives_the_same_year(
    database_url: str, tmp_path: Path
) -> None:
    """Published, sealed, reopened and published again: stages, versions, decisions, seals."""
    sealed = year_of_two_versions()[1]
    async with council(database_url) as (fold, commands):
        await commands.publish(2025, FIRST)
        await fold.fold([sealed])
        commands.clock = fixed(sealed.recorded + 1)
        await commands.reopen(2025, FIRST._replace(decision="3/NQ"))
        await commands.publish(2025, FIRST._replace(decision="4/NQ"))
        bodies = await announced(fold.db)
        whole = await state_in(fold.db)
    assert (whole.stage, whole.version, len(whole.seals)) == ("provisional", 2, 1)
    async with folding(f"sqlite:///{tmp_path / 'empty.db'}", RUBRICS) as empty:
        for body in [*reversed(bodies), sealed.raw]:
            await empty.fold([body])
        assert await state_in(empty.db) == whole


async def test_of_many_calls_at_once_each_is_answered_as_if_it_were_alone(
    database_url: str,
) -> None:
    """By two replicas: one decision for all that are the same; numbers are used once."""
    async with council(database_url) as (fold, first):
        db = Database(normal_url(database_url), "scoring")
        try:
            second = StageCommands(db, RUBRICS, fixed(NOW))
            both = [first, second] * 3
            same = await asyncio.gather(*(each.publish(2025, FIRST) for each in both))
            others = await asyncio.gather(
                *(each.publish(2025, FIRST._replace(by=f"p{n}")) for n, each in enumerate(both)),
                return_exceptions=True,
            )
        finally:
            await db.close()
        assert same == [same[0]] * 6 and len(await announced(fold.db)) == 1
        assert all(isinstance(each, StageRefused) for each in others)
        assert (await state_in(fold.db)).decisions == (same[0],)


async def test_a_new_cut_off_begins_a_new_period_and_a_used_number_is_refused(
    database_url: str,
) -> None:
    """From provisional to provisional; the first call again still gets the first answer."""
    async with council(database_url) as (fold, commands):
        first = await commands.publish(2025, FIRST)
        commands.clock = fixed(NOW - 3_600_000_000)  # a clock that was set back
        second = await commands.publish(2025, FIRST._replace(decision="2/NQ", date="2026-02-01"))
        assert second.at == first.at + 1 == second.cut_off
        assert (second.reply_until or 0) > (first.reply_until or 0)
        assert await commands.publish(2025, FIRST) == first
        with pytest.raises(StageRefused) as refused:
            await commands.publish(2025, FIRST._replace(reason="Lý do khác"))
        assert refused.value.possible == ["provisional", "sealed"]
        (because,) = refused.value.because
        assert (because.kind, because.members["decision"]) == ("year", "1/NQ-HĐND")
        assert (await state_in(fold.db)).cut_off == second.cut_off
        await commands.publish(2026, FIRST)  # numbers are used once a year


async def test_a_year_is_reopened_only_when_it_is_sealed(database_url: str) -> None:
    """The refusal says the stage and what is possible instead."""
    async with council(database_url) as (fold, commands):
        with pytest.raises(StageRefused) as refused:
            await commands.reopen(2025, FIRST)
        assert refused.value.possible == ["provisional"]
        assert refused.value.because[0].members == {"stage": "open", "version": 1}
        with pytest.raises(YearUnknown):
            await commands.publish(2024, FIRST)
        await fold.fold(year_of_two_versions()[:2])
        with pytest.raises(StageRefused):
            await commands.publish(2025, FIRST)
        reopened = await commands.reopen(2025, FIRST)
        assert (reopened.version, (await state_in(fold.db)).stage) == (2, "reopened")


async def test_a_command_that_fails_before_its_commit_leaves_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a decision, nor an event, nor a stamp; rubrics that others replaced are refused."""
    async with council(database_url) as (fold, commands):

        async def die(*_: object) -> None:
            raise ZeroDivisionError

        with monkeypatch.context() as patch:
            patch.setattr(stages, "add", die)
            with pytest.raises(ZeroDivisionError):
                await commands.publish(2025, FIRST)
        assert await announced(fold.db) == [] and (await state_in(fold.db)).decisions == ()
        commands.rubrics = Rubrics(RUBRICS.items[:1])
        with pytest.raises(RubricsReplaced):
            await commands.publish(2025, FIRST)
        commands.rubrics = RUBRICS
        assert (await commands.publish(2025, FIRST)).at == NOW


async def test_without_reply_days_the_period_ends_with_the_cut_off(database_url: str) -> None:
    """Whatever the date of the decision."""
    async with council(database_url, with_days(0, 0)) as (_, commands):
        decision = await commands.publish(2025, FIRST._replace(date="2026-12-31"))
        assert decision == structs.replace(decision, reply_until=decision.cut_off)
