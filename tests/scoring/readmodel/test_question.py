"""The parts of one answer share what was read for it; no answer is older than its question."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Scope

from services.chassis.clock import fixed
from services.scoring.queries import books, events
from services.scoring.readmodel.question import OneQuestion, one_question, renew_question
from services.scoring.readmodel.reader import Reading
from services.scoring.readmodel.snapshot import Snapshot
from services.scoring.readmodel.snapshots import Snapshots
from services.scoring.rubrics.loader import SHIPPED, load_directory
from tests.scoring.folding import Fold, folding
from tests.scoring.readmodel.test_snapshot import YEAR, event, register
from tests.support.builders.cities import NOW, accepted

pytestmark = pytest.mark.anyio


class Looks:
    """The looks at the last commit that were taken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.number = 0
        whole = books.last_stamp

        async def counted(db: Any) -> int:
            self.number += 1
            return await whole(db)

        monkeypatch.setattr(books, "last_stamp", counted)


@asynccontextmanager
async def commune(folder: Path) -> AsyncIterator[tuple[Fold, Reading]]:
    """A commune, folded, and the queries about it."""
    rubrics = load_directory(SHIPPED)
    async with folding(f"sqlite:///{folder / 'x.db'}", rubrics) as fold:
        await fold.fold(accepted(register("A", "2025-01-01")))
        yield fold, Reading(fold.db, Snapshots(fold.db, rubrics), fixed(NOW))


def held(number: int) -> list[Any]:
    """An activity of the commune, by which its points move."""
    time = f"2025-0{number}-01T00:00:00Z"
    return accepted(
        [event(f"{number}", "communication.held", "A", time, activity=f"{number}", form="portal")]
    )


async def test_one_look_serves_a_whole_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several years and parts of a page; the next question looks again, and sees what came."""
    looks = Looks(monkeypatch)
    async with commune(tmp_path) as (fold, reading):
        with one_question():
            for year in (YEAR, YEAR - 1, YEAR):
                await reading.snapshot(year)
            before = (await reading.snapshot(YEAR)).rating("A").total
        assert looks.number == 1
        await fold.fold(held(1))
        with one_question():
            after = [(await reading.snapshot(YEAR)).rating("A").total for _ in range(2)]
        assert looks.number == 2
        assert after[0] == after[1] > before


async def test_whoever_waited_for_an_event_sees_it(tmp_path: Path) -> None:
    """What was read before the wait is too old for what follows it."""
    async with commune(tmp_path) as (fold, reading):
        with one_question():
            before = (await reading.snapshot(YEAR)).rating("A").total
            (done,) = held(1)
            await fold.fold([done])
            assert (await reading.snapshot(YEAR)).rating("A").total == before
            await reading.wait_for_receipts([done.receipt])
            assert (await reading.snapshot(YEAR)).rating("A").total > before


@pytest.mark.parametrize(("method", "looks_taken"), [("GET", 1), ("HEAD", 1), ("POST", 2)])
async def test_a_request_that_only_reads_is_one_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, looks_taken: int
) -> None:
    """One that writes looks again, since it may have changed what it reads; so do its followers."""
    looks = Looks(monkeypatch)
    async with commune(tmp_path) as (_, reading):

        async def page(*_: object) -> None:
            for year in (YEAR, YEAR - 1):
                await reading.snapshot(year)

        async def nothing() -> Message:
            return {"type": "http.disconnect"}

        async def nowhere(_: Message) -> None:
            pass

        scope: Scope = {"type": "http", "method": method}
        await OneQuestion(page)(scope, nothing, nowhere)
        assert looks.number == looks_taken
        await reading.snapshot(YEAR)
        assert looks.number == looks_taken + 1


async def test_questions_at_the_same_time_do_not_share_their_beginning(tmp_path: Path) -> None:
    """The later one of two sees what was committed between them."""
    async with commune(tmp_path) as (fold, reading):
        begun, folded = asyncio.Event(), asyncio.Event()

        async def early() -> int:
            with one_question():
                await reading.snapshot(YEAR)
                begun.set()
                await folded.wait()
                return (await reading.snapshot(YEAR)).rating("A").total

        first = asyncio.create_task(early())
        await begun.wait()
        await fold.fold(held(2))
        folded.set()
        with one_question():
            second = (await reading.snapshot(YEAR)).rating("A").total
        assert await first <= second > 0


async def test_years_are_read_while_others_are_brought_up_to_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both answer: an earlier question from memory, and the later one what was committed."""
    async with commune(tmp_path) as (fold, reading):
        for year in (YEAR, YEAR - 1):
            await reading.snapshot(year)
        refreshing, may_end = asyncio.Event(), asyncio.Event()
        whole = events.decisions

        async def slow(*arguments: Any) -> Any:
            refreshing.set()
            await may_end.wait()
            return await whole(*arguments)

        monkeypatch.setattr(events, "decisions", slow)
        with one_question():
            before = (await reading.snapshot(YEAR)).rating("A").total
            await fold.fold(held(3))
            later = asyncio.create_task(ask_now(reading))
            async with asyncio.timeout(60):
                await refreshing.wait()
            async with asyncio.timeout(60):  # it does not wait for the later one
                assert (await reading.snapshot(YEAR)).rating("A").total == before
        may_end.set()
        assert (await later).rating("A").total > before


async def ask_now(reading: Reading) -> Snapshot:
    """The year for a question of now."""
    with one_question():
        return await reading.snapshot(YEAR)


async def test_to_renew_question_without_a_question_is_nothing() -> None:
    """A program that asks outside of any request is always asked now."""
    renew_question()
    with one_question():
        renew_question()
