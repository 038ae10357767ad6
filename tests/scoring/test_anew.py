"""Books folded anew by workers: healed wherever they were spoiled, and else left as they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.chassis.clock import fixed
from services.chassis.errors import DatabaseAway
from services.chassis.rows import FileSource
from services.scoring import queries, store
from services.scoring.errors import WorkerDied
from services.scoring.fold import Book
from services.scoring.handlers import Folder
from services.scoring.ledger import WRONG_PLANS
from services.scoring.recount import Accepted, ratings
from services.scoring.refold import groups, refold_by
from services.scoring.workers import Workers, workers
from tests.scoring.cities import NOW, accepted, city, compared, rubrics
from tests.scoring.folding import Fold, folding

pytestmark = pytest.mark.anyio


@pytest.fixture
async def fold(tmp_path: Path, database_url: str) -> AsyncIterator[Fold]:
    """A folded city of a year with mergers, on either database."""
    async with folding(database_url, rubrics(1, tmp_path)[1]) as made:
        await made.fold(accepted(city(3, 8, 400)[0]))
        yield made


async def rebuilt(fold: Fold, team: Workers) -> int:
    """Folds every book of every year anew."""
    async with fold.db.write() as conn:
        place, registry = await store.lock(conn), await queries.registry(conn)
        years = {row[0] for row in await conn.execute(text("SELECT year FROM books"))}
        wanted = [Book(unit, year) for unit in sorted(registry.units) for year in sorted(years)]
        rules = fold.folder.rubrics
        team.know(fold.db.source(*WRONG_PLANS), registry, rules)
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


@given(
    st.sets(st.builds(Book, st.sampled_from("ABCDEFGHIJ"), st.integers(2024, 2027))),
    st.integers(1, 8),
    st.integers(1, 50),
)
def test_groups_hold_each_book_once_and_one_year(
    wanted: set[Book], workers: int, most: int
) -> None:
    """However many workers and books there are, no group is empty or larger than it may be."""
    found = list(groups(sorted(wanted, key=lambda book: book.year), workers, most))
    assert sorted(book for group in found for book in group) == sorted(wanted)
    assert all(0 < len(group) <= most for group in found)
    assert all(len({book.year for book in group}) == 1 for group in found)


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


async def test_a_worker_that_loses_the_database_says_so(fold: Fold, tmp_path: Path) -> None:
    """The sentence is that of a database that is away, and everything stays as it was."""
    before = await fold.held()
    async with workers() as team, fold.db.write() as conn:
        nowhere = FileSource(str(tmp_path / "nowhere" / "scoring.db"))
        registry = await queries.registry(conn)
        team.know(nowhere, registry, fold.folder.rubrics)
        with pytest.raises(DatabaseAway, match="unable to open database file"):
            await refold_by(team, conn, registry, [Book("H44.1.1", 2025)], 1)
    assert await fold.held() == before


async def test_other_rubrics_fold_everything_anew_at_the_start(
    tmp_path: Path, database_url: str
) -> None:
    """Ratings are those of the new rubrics, as if it had always been they."""
    events, year = city(4, 8, 300)
    said = accepted(events)
    async with folding(database_url, rubrics(1, tmp_path)[1]) as fold:
        await fold.fold(said)
        _, others = rubrics(4, tmp_path)
        fold.folder = Folder(fold.db, others, fixed(NOW))
        await fold.folder.prepare()
        assert compared(await fold.ratings(year)) == compared(ratings(Accepted(said), others, year))
