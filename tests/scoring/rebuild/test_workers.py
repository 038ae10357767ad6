"""Books folded anew by workers: healed wherever they were spoiled, and else left as they are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.chassis.clock import fixed
from services.chassis.driver_rows import FileSource
from services.chassis.errors import DatabaseAway
from services.scoring.errors import WorkerDied
from services.scoring.fold.books import Book
from services.scoring.fold.registry import Registry
from services.scoring.handlers.folder import Folder, repair_marks
from services.scoring.queries import books as book_queries
from services.scoring.ratings.recount import Accepted
from services.scoring.rebuild.inputs import BookResult
from services.scoring.rebuild.refold import refold_by, split
from services.scoring.rebuild.workers import Workers, workers
from services.scoring.store import position
from services.scoring.store.position import BAD_PLANS
from tests.conftest import eventually
from tests.scoring.folding import Fold, folding
from tests.support.builders.cities import NOW, accepted, city, compared, rating_answers, rubrics

pytestmark = pytest.mark.anyio
GROUP = 5000
SECONDS = 60


@pytest.fixture
async def fold(tmp_path: Path, database_url: str) -> AsyncIterator[Fold]:
    """A folded city of a year with mergers, on either database."""
    async with folding(database_url, rubrics(1, tmp_path)[1]) as result:
        await result.fold(accepted(city(3, 8, 400)[0]))
        yield result


async def rebuilt(fold: Fold, team: Workers) -> int:
    """Folds every book of every year anew."""
    await repair_marks(fold.db)
    async with fold.db.write() as conn:
        place, registry = await position.lock(conn), await book_queries.registry(conn)
        years = {row[0] for row in await conn.execute(text("SELECT year FROM books"))}
        wanted = [Book(unit, year) for unit in sorted(registry.units) for year in sorted(years)]
        rules = fold.folder.rubrics
        team.send_context(fold.db.source(*BAD_PLANS), registry, rules)
        return await refold_by(team, conn, registry, wanted, place.stamp + 1)


async def rows(fold: Fold) -> Any:
    """The facts with the numbers of their rows."""
    async with fold.db.read() as conn:
        return sorted((await conn.execute(text("SELECT id, cell, said FROM facts"))).all())


SPOILED = {
    "lost": "DELETE FROM facts WHERE id % 3 = 0",
    "stored twice": "INSERT INTO facts (cell, said) SELECT cell, said FROM facts WHERE id % 5 = 0",
    "under another cell": "UPDATE facts SET cell = cell + 1 WHERE id % 7 = 0",
    "of another content": "UPDATE facts SET said = '[' || said WHERE id % 7 = 0",
    "with other tallies": "UPDATE books SET tallies = '{}'",
    "without their book": "DELETE FROM books WHERE id % 2 = 0",
    "of retracted events": "UPDATE ledger SET retracted = false",
}


@pytest.mark.parametrize("name", SPOILED)
async def test_spoiled_facts_are_what_the_ledger_gives_again(name: str, fold: Fold) -> None:
    """Facts and tallies are the same bytes as before, whatever was done to them."""
    before = await fold.held()
    async with fold.db.write() as conn:
        await conn.execute(text(SPOILED[name]))
    async with fold.db.write() as conn:
        await conn.execute(
            text("DELETE FROM facts WHERE (cell >> 32) NOT IN (SELECT id FROM books)")
        )
    async with workers() as team:
        assert await rebuilt(fold, team) > 300
    assert await fold.held() == before


@given(st.integers(0, 300), st.integers(1, 8), st.integers(1, 50))
def test_groups_hold_each_book_once_in_order(books: int, workers: int, most: int) -> None:
    """However many workers and books there are, no group is empty or larger than it may be."""
    wanted = [Book(f"H44.{number}", 2025) for number in range(books)]
    groups = list(split(wanted, workers, most))
    assert [book for group in groups for book in group] == wanted
    assert all(0 < len(group) <= most for group in groups)


async def test_what_is_right_already_is_not_written_again(fold: Fold) -> None:
    """The rows of the facts stay the same rows."""
    before = await rows(fold)
    async with workers() as team:
        await rebuilt(fold, team)
    assert await rows(fold) == before


async def test_a_worker_that_dies_leaves_everything_as_it_was(fold: Fold) -> None:
    """The transaction is given up with a sentence, and the next rebuild succeeds."""
    right = await fold.held()
    async with fold.db.write() as conn:
        await conn.execute(text("DELETE FROM facts"))
    spoiled = await fold.held()
    async with workers() as team:
        team._all[0].kill()
        with pytest.raises(WorkerDied, match="nothing was changed"):
            await rebuilt(fold, team)
    assert await fold.held() == spoiled
    async with workers() as team:
        await rebuilt(fold, team)
    assert await fold.held() == right


async def test_a_failure_beside_waiting_answers_ends_the_workers(fold: Fold) -> None:
    """Whatever a worker still had to say: a process is not over before its pipes are."""
    registry = Registry(())
    books = [Book(f"H44.9.{number}", 2025) for number in range(GROUP)]

    async def take(result: BookResult) -> None:
        process: Any = team._all[0]
        await eventually(lambda: _paused(process._transport.get_pipe_transport(1)))
        raise DatabaseAway("the disk is full")

    async with asyncio.timeout(SECONDS):
        with pytest.raises(DatabaseAway, match="the disk is full"):
            async with workers() as team:
                team.send_context(fold.db.source(), registry, fold.folder.rubrics)
                await team.compute([books], take)
    assert all(process.returncode is not None for process in team._all)


async def _paused(reader: Any) -> bool:
    return bool(reader._paused)


async def test_a_worker_that_loses_the_database_says_so(fold: Fold, tmp_path: Path) -> None:
    """The sentence is that of a database that is away, and everything stays as it was."""
    before = await fold.held()
    async with workers() as team, fold.db.write() as conn:
        nowhere = FileSource(str(tmp_path / "nowhere" / "scoring.db"))
        registry = await book_queries.registry(conn)
        team.send_context(nowhere, registry, fold.folder.rubrics)
        with pytest.raises(DatabaseAway, match="the file cannot be opened"):
            await refold_by(team, conn, registry, [Book("H44.1.1", 2025)], 1)
    assert await fold.held() == before


async def test_a_worker_whose_statement_is_wrong_dies_and_is_not_waited_for(
    fold: Fold, tmp_path: Path
) -> None:
    """A database without our tables is no database that is away: no waiting cures it."""
    async with workers() as team, fold.db.write() as conn:
        registry = await book_queries.registry(conn)
        team.send_context(FileSource(str(tmp_path / "empty.db")), registry, fold.folder.rubrics)
        with pytest.raises(WorkerDied):
            await refold_by(team, conn, registry, [Book("H44.1.1", 2025)], 1)


async def test_other_rubrics_fold_everything_anew_at_the_start(
    tmp_path: Path, database_url: str
) -> None:
    """Ratings are those of the new rubrics, as if it had always been they."""
    events, year = city(4, 8, 300)
    deliveries = accepted(events)
    async with folding(database_url, rubrics(1, tmp_path)[1]) as fold:
        await fold.fold(deliveries)
        _, others = rubrics(4, tmp_path)
        fold.folder = Folder(fold.db, others, fixed(NOW))
        await fold.folder.prepare()
        assert compared(await fold.ratings(year)) == compared(
            rating_answers(Accepted(deliveries), others, year)
        )
